/** Writes the handovers of runs to files. */
import * as path from 'node:path';
import { gzipSync } from 'node:zlib';
import { writeAll, writeOutput } from './output-file';

/**
 * The bytes that are compressed at a time; a larger file consists of several gzip members, which readers concatenate.
 */
const MEMBER = 64 * 1024 * 1024;

/** The files of one command: `handover.elf.gz`, `handover-2.elf.gz`, … in the order of the jumps. */
export class HandoverFiles {
    private jumps = 0;
    private written = 0;

    constructor(private readonly name: string) {}

    /** @throws BadArguments if a file cannot be written */
    save(image: Iterable<Uint8Array> | undefined): void {
        this.jumps++;
        if (!image) {
            return;
        }
        this.written++;
        const name = numbered(this.name, this.written);
        writeOutput(name, (fd) => {
            for (const bytes of name.endsWith('.gz') ? compressed(image) : image) {
                writeAll(fd, bytes);
            }
        });
    }

    /** The summary for the user, in one sentence. */
    summary(): string {
        if (this.written === 0) {
            return this.jumps === 0
                ? 'There was no kexec, so no handover was saved.'
                : 'No kexec had a handover, so nothing was saved.';
        }
        const last = this.written === 1 ? '' : ` … ${numbered(this.name, this.written)}`;
        return `Saved ${this.written === 1 ? 'the handover' : `${this.written} handovers`}: ${this.name}${last}`;
    }
}

/** The name with a number before its extensions; the first has no number. */
export function numbered(name: string, n: number): string {
    const { dir, base } = path.parse(name);
    const dot = base.indexOf('.', 1);
    const stem = dot < 0 ? base : base.slice(0, dot);
    return n === 1 ? name : path.join(dir, `${stem}-${n}${base.slice(stem.length)}`);
}

function* compressed(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
    let waiting: Uint8Array[] = [];
    let size = 0;
    for (const chunk of chunks) {
        waiting.push(chunk);
        size += chunk.length;
        if (size >= MEMBER) {
            yield gzipSync(Buffer.concat(waiting));
            waiting = [];
            size = 0;
        }
    }
    if (size > 0) {
        yield gzipSync(Buffer.concat(waiting));
    }
}
