/** Writes output files, but never over an input. */
import { closeSync, constants, fstatSync, ftruncateSync, lstatSync, openSync, statSync, writeSync } from 'node:fs';
import { BadArguments } from './options';

/** The identities of the files that this process has read. */
const inputs = new Set<string>();

function identity(stats: { readonly dev: bigint; readonly ino: bigint }): string {
    return `${stats.dev} ${stats.ino}`;
}

/** Records a file as an input, which must not be overwritten. */
export function noteInput(file: string): void {
    const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
    if (stats?.isFile() === true) {
        inputs.add(identity(stats));
    }
}

/**
 * Creates or overwrites a file.
 * @param write gets its descriptor
 * @param links whether a symbolic link of that name is followed: not if the command chooses the name itself
 * @throws BadArguments if it cannot be written, or is an input
 */
export function writeOutput(name: string, write: (fd: number) => void, links: 'follow' | 'refuse' = 'follow'): void {
    if (links === 'refuse' && lstatSync(name, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
        throw new BadArguments(`${name} is a symbolic link, and lus does not write through it. Remove the link.`);
    }
    const noFollow = links === 'refuse' ? (constants.O_NOFOLLOW ?? 0) : 0;
    try {
        const fd = openSync(name, constants.O_WRONLY | constants.O_CREAT | noFollow, 0o666);
        try {
            const stats = fstatSync(fd, { bigint: true });
            if (inputs.has(identity(stats))) {
                throw new BadArguments(`${name} is also an input of this command. Write to another file.`);
            }
            if (stats.isFile()) {
                ftruncateSync(fd, 0);
            }
            write(fd);
        } finally {
            closeSync(fd);
        }
    } catch (e) {
        if (e instanceof BadArguments) {
            throw e;
        }
        throw new BadArguments(`${name} cannot be written: ${e instanceof Error ? e.message : String(e)}.`);
    }
}

/** Writes all data; a single writeSync() may write less. */
export function writeAll(fd: number, data: string | Uint8Array): void {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    for (let done = 0; done < bytes.length; ) {
        done += writeSync(fd, bytes, done);
    }
}
