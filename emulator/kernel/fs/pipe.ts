/** Pipes, and unconnected sockets: files that cannot be preserved (fs/pipe.c, net/unix/af_unix.c). */
import { Bytes } from '../../machine/bytes';
import { JournaledRecord } from '../../machine/journal';
import type { KernelCore } from './core';
import { err } from '../release/errno';
import { O_RDONLY, O_RDWR, O_WRONLY, S_IFIFO, S_IFSOCK } from './fcntl';
import { allocFile, type FileOps, type OpenFile } from './file';
import { Inode } from './inode';

const EAGAIN = err('EAGAIN');
const EPIPE = err('EPIPE');
const EINVAL = err('EINVAL');
const ENOTCONN = err('ENOTCONN');

/** Capacity of a pipe (fs/pipe.c: 16 pages). */
const PIPE_CAPACITY = 65536;

/** The content of a pipe and the numbers of its readers and writers. */
class Pipe extends JournaledRecord {
    readonly data: Bytes = Bytes.zero(0);
    readonly readers: number = 1;
    readonly writers: number = 1;
}

function pipeOf(file: OpenFile): Pipe {
    if (!(file.priv instanceof Pipe)) {
        throw new TypeError(`file ${file.id} (${file.kind}) is not a pipe`);
    }
    return file.priv;
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
    write(k, file, _pos, data) {
        const pipe = pipeOf(file);
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
        const part = data.slice(0, room);
        k.journal.edit(pipe).data = Bytes.concat(pipe.data, part);
        return part.length;
    },
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
    const file = allocFile(k, 'pipe', pipeOps, end.inode, flags, end.name);
    const pipe = pipeOf(end);
    k.journal.edit(file).priv = pipe;
    count(k, pipe, file, 1);
    return file;
}

/** Creates a pipe: its read end and its write end, with one reference each. */
export function makePipe(k: KernelCore): { readonly read: OpenFile; readonly write: OpenFile } {
    const inode = new Inode(k.journal, k.ids.nextInode(k.journal), 'pipe', S_IFIFO + 0o600);
    const pipe = new Pipe(k.journal);
    const name = `pipe:[${inode.ino}]`;
    const read = allocFile(k, 'pipe', pipeOps, inode, O_RDONLY, name);
    const write = allocFile(k, 'pipe', pipeOps, inode, O_WRONLY, name);
    k.journal.edit(read).priv = pipe;
    k.journal.edit(write).priv = pipe;
    return { read, write };
}

/** An unconnected AF_UNIX stream socket (net/unix/af_unix.c). */
const socketOps: FileOps = {
    positioned: false,
    read: () => EINVAL,
    write: () => ENOTCONN,
};

/** Creates an unconnected AF_UNIX stream socket, with one reference. */
export function makeSocket(k: KernelCore): OpenFile {
    const inode = new Inode(k.journal, k.ids.nextInode(k.journal), 'socket', S_IFSOCK + 0o777);
    return allocFile(k, 'socket', socketOps, inode, O_RDWR, `socket:[${inode.ino}]`);
}
