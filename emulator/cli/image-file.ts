/** Memory images of the host: opened piece by piece where they are plain, unpacked where they are compressed. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { type ByteSource, sourceOf } from '../machine/core-file';
import { unreadable } from './files';
import { isGzip, unpacked } from './gzip';
import { BadArguments } from './options';

/** @throws BadArguments where the file cannot be read or unpacked */
export function openImage(name: string): ByteSource {
    let fd: number;
    try {
        fd = openSync(name, 'r');
    } catch (e) {
        throw new BadArguments(unreadable(name, e));
    }
    const stat = fstatSync(fd);
    if (stat.isDirectory()) {
        closeSync(fd);
        throw new BadArguments(`${name} is a folder, not a memory image.`);
    }
    const start = new Uint8Array(2);
    readSync(fd, start, 0, 2, 0);
    if (!isGzip(start)) {
        // Stays open as long as the process: images may be larger than memory.
        return { length: stat.size, read: (offset, length) => readAt(fd, offset, length) };
    }
    closeSync(fd);
    try {
        return sourceOf(unpacked(readFileSync(name)));
    } catch (e) {
        throw new BadArguments(`${name} cannot be unpacked: ${e instanceof Error ? e.message : String(e)}.`);
    }
}

function readAt(fd: number, offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
        const n = readSync(fd, bytes, done, length - done, offset + done);
        if (n === 0) {
            break;
        }
        done += n;
    }
    return bytes.subarray(0, done);
}
