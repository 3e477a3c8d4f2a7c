/** Writes the memory images of runs to files: handovers, and the memory of crashed kernels. */
import * as path from 'node:path';
import { gzipSync } from 'node:zlib';
import { writeAll, writeOutput } from './output-file';

/**
 * The bytes that are compressed at a time; a larger file consists of several gzip members, which readers concatenate.
 */
const MEMBER = 64 * 1024 * 1024;

/** What is in the files, as the summary names it. */
interface Words {
    readonly one: string;
    readonly many: string;
    /** There was no occasion to write one; there was, but without anything to write. */
    readonly none: string;
    readonly empty: string;
}

const HANDOVER: Words = {
    one: 'the handover',
    many: 'handovers',
    none: 'There was no kexec, so no handover was saved.',
    empty: 'No kexec had a handover, so nothing was saved.',
};
export const VMCORE: Words = {
    one: 'the dump',
    many: 'dumps',
    none: 'No capture kernel called save_vmcore(), so no dump was saved.',
    empty: '',
};

/** The files of one command: `handover.elf.gz`, `handover-2.elf.gz`, … in the order of the jumps. */
export class HandoverFiles {
    private jumps = 0;
    private written = 0;

    constructor(
        private readonly name: string,
        private readonly words: Words = HANDOVER,
    ) {}

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
            return this.jumps === 0 ? this.words.none : this.words.empty;
        }
        const last = this.written === 1 ? '' : ` … ${numbered(this.name, this.written)}`;
        return `Saved ${this.written === 1 ? this.words.one : `${this.written} ${this.words.many}`}: ${this.name}${last}`;
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
