/** Pipes, which no released kernel preserves (fs/pipe.c). */
import { Bytes } from '../../machine/bytes';
import { costId } from '../../machine/costs';
import type { Hasher } from '../../machine/hash';
import { JournaledRecord } from '../../machine/journal';
import type { KernelCore } from './core';
import { type Err, err } from '../release/errno';
import { O_RDONLY, O_WRONLY, S_IFIFO } from './fcntl';
import { allocFile, type FileOps, type OpenFile } from './file';
import { Inode } from './inode';

const COPY = costId('copy');

const EAGAIN = err('EAGAIN');
const EBADF = err('EBADF');
const EPIPE = err('EPIPE');
const EINVAL = err('EINVAL');
const ENOSPC = err('ENOSPC');

/** Capacity of a pipe in bytes (fs/pipe.c: 16 pages). */
export const PIPE_CAPACITY = 65536;

/** The content of a pipe and the numbers of its readers and writers (struct pipe_inode_info). */
export class Pipe extends JournaledRecord {
    readonly data: Bytes = Bytes.zero(0);
    readonly readers: number = 0;
    readonly writers: number = 0;

    display(): string {
        return `${this.data.length} of ${PIPE_CAPACITY} bytes, ${this.readers} for reading, ${this.writers} for writing`;
    }

    hash(hasher: Hasher): void {
        hasher.num(this.readers).num(this.writers).num(this.data.length).bytes(this.data.toUint8Array());
    }
}

function pipeOf(file: OpenFile): Pipe {
    if (!(file.priv instanceof Pipe)) {
        throw new TypeError(`file ${file.id} (${file.kind}) is not a pipe`);
    }
    return file.priv;
}

/** @returns how many bytes there was room for; EPIPE without a reader, EAGAIN if it is full */
function writePipe(k: KernelCore, pipe: Pipe, data: Bytes): number | Err {
    if (data.length === 0) {
        return 0;
    }
    if (pipe.readers === 0) {
        return EPIPE;
    }
    const room = PIPE_CAPACITY - pipe.data.length;
    if (room === 0) {
        return EAGAIN;
    }
    const part = data.slice(0, Math.min(room, data.length));
    k.journal.edit(pipe).data = Bytes.concat(pipe.data, part);
    return part.length;
}

/**
 * A pipe (fs/pipe.c). Where the kernel would block the caller, a read or write fails with EAGAIN instead, as with
 * O_NONBLOCK: in a scenario, no other process could wake the caller at that moment.
 */
const pipeOps: FileOps = {
    positioned: false,
    read(k, file, _pos, length) {
        const pipe = pipeOf(file);
        if (pipe.data.length === 0) {
            return pipe.writers === 0 || length === 0 ? Bytes.zero(0) : EAGAIN;
        }
        const taken = pipe.data.slice(0, length);
        k.journal.edit(pipe).data = pipe.data.slice(length);
        return taken;
    },
    write: (k, file, _pos, data) => writePipe(k, pipeOf(file), data),
    release(k, file) {
        count(k, pipeOf(file), file, -1);
    },
};

/** Counts an open file among the readers and writers of its pipe. */
function count(k: KernelCore, pipe: Pipe, { readable, writable }: OpenFile, by: 1 | -1): void {
    const edit = k.journal.edit(pipe);
    edit.readers += readable ? by : 0;
    edit.writers += writable ? by : 0;
}

/** Opens a pipe once more, by its link under /proc (fs/pipe.c, fifo_open()). */
export function reopenPipe(k: KernelCore, end: OpenFile, flags: number): OpenFile {
    return openEnd(k, end.inode, pipeOf(end), flags, end.name);
}

/**
 * Creates a pipe with one open file, with one reference.
 * @param flags access mode and status flags of the file
 */
export function makePipeEnd(k: KernelCore, flags: number): OpenFile {
    const inode = new Inode(k.journal, k.ids.nextInode(k.journal), 'pipe', S_IFIFO + 0o600);
    return openEnd(k, inode, new Pipe(k.journal), flags, `pipe:[${inode.ino}]`);
}

/** Creates a pipe: its read end and its write end, with one reference each. */
export function makePipe(k: KernelCore): { readonly read: OpenFile; readonly write: OpenFile } {
    const read = makePipeEnd(k, O_RDONLY);
    return { read, write: reopenPipe(k, read, O_WRONLY) };
}

/**
 * tee(2): copies what is in a pipe to another one, without taking it out (fs/splice.c). EINVAL unless they are two
 * pipes, EBADF unless they can be read and written; the errors of a write, and EAGAIN where the kernel would block.
 */
export function teePipe(k: KernelCore, from: OpenFile, to: OpenFile, length: number): number | Err {
    if (!from.readable || !to.writable) {
        return EBADF;
    }
    if (!(from.priv instanceof Pipe) || !(to.priv instanceof Pipe) || from.priv === to.priv) {
        return EINVAL;
    }
    const part = peekPipe(k, from.priv, 0, length);
    if (part.length === 0) {
        return from.priv.writers === 0 || length === 0 ? 0 : EAGAIN;
    }
    return writePipe(k, to.priv, part);
}

/** Bytes that are in a pipe, for a handler, without taking them out: from `at` on, fewer at the end. */
export function peekPipe(k: KernelCore, { data }: Pipe, at: number, length: number): Bytes {
    const part = data.slice(Math.min(at, data.length), Math.min(at + length, data.length));
    k.clock.chargeBytes(COPY, part.length);
    return part;
}

/** Appends bytes to a pipe that is being restored. @returns ENOSPC if they do not fit */
export function fillPipe(k: KernelCore, pipe: Pipe, data: Bytes): 0 | Err {
    if (pipe.data.length + data.length > PIPE_CAPACITY) {
        return ENOSPC;
    }
    k.clock.chargeBytes(COPY, data.length);
    k.journal.edit(pipe).data = Bytes.concat(pipe.data, data);
    return 0;
}

function openEnd(k: KernelCore, inode: Inode, pipe: Pipe, flags: number, name: string): OpenFile {
    const file = allocFile(k, 'pipe', pipeOps, inode, flags, name);
    k.journal.edit(file).priv = pipe;
    count(k, pipe, file, 1);
    return file;
}
