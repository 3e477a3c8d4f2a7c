/** AF_UNIX stream sockets: unconnected ones, and pairs with the bytes that are on their way (net/unix/af_unix.c). */
import { Bytes } from '../../machine/bytes';
import { costId } from '../../machine/costs';
import type { Hasher } from '../../machine/hash';
import { type Journal, JournaledRecord } from '../../machine/journal';
import type { KernelCore } from './core';
import { type Err, err } from '../release/errno';
import { counted } from '../../text/text';
import { O_NONBLOCK, O_RDWR, S_IFSOCK } from './fcntl';
import { allocFile, type FileOps, type OpenFile } from './file';
import { Inode } from './inode';

const COPY = costId('copy');

const EAGAIN = err('EAGAIN');
const ECONNRESET = err('ECONNRESET');
const EINVAL = err('EINVAL');
const EISCONN = err('EISCONN');
const ENOSPC = err('ENOSPC');
const ENOTCONN = err('ENOTCONN');
const EPIPE = err('EPIPE');

/** How many bytes can be on their way to an end (net.core.wmem_default), without the overhead of the kernel. */
export const SOCKET_CAPACITY = 212992;

/** One side of a pair. */
interface Side {
    readonly open: boolean;
    /** What was sent to it and not read yet. */
    readonly received: Bytes;
    /** The other end was closed with bytes that it had not read: the next read without bytes fails once. */
    readonly reset: boolean;
}

const CLOSED: Side = { open: false, received: Bytes.zero(0), reset: false };
const OPEN: Side = { ...CLOSED, open: true };

/** Two connected sockets. */
export class SocketPair extends JournaledRecord {
    /** Replaced, never changed in place. */
    readonly sides: readonly [Side, Side] = [OPEN, CLOSED];

    display(): string {
        const bytes = this.sides.reduce((n, s) => n + s.received.length, 0);
        return `${counted(bytes, 'byte')} on the way`;
    }

    hash(hasher: Hasher): void {
        for (const { open, received, reset } of this.sides) {
            hasher
                .u32((open ? 1 : 0) + (reset ? 2 : 0))
                .num(received.length)
                .bytes(received.toUint8Array());
        }
    }
}

/** A connected socket: which end of a pair it is. */
export class SocketEnd {
    constructor(
        readonly pair: SocketPair,
        readonly side: 0 | 1,
    ) {}

    get here(): Side {
        return this.pair.sides[this.side];
    }

    get there(): Side {
        return this.pair.sides[this.side === 0 ? 1 : 0];
    }

    display(): string {
        return `${counted(this.here.received.length, 'byte')} to read, the other end is ${this.there.open ? 'open' : 'closed'}`;
    }
}

/** Replaces one or both sides of the pair of an end. */
function edit(journal: Journal, { pair, side }: SocketEnd, here: Partial<Side>, there: Partial<Side> = {}): void {
    const [a, b] = pair.sides;
    journal.edit<SocketPair>(pair).sides =
        side === 0
            ? [
                  { ...a, ...here },
                  { ...b, ...there },
              ]
            : [
                  { ...a, ...there },
                  { ...b, ...here },
              ];
}

function endOf({ priv }: OpenFile): SocketEnd | null {
    return priv instanceof SocketEnd ? priv : null;
}

/** Where the kernel would block the caller, a read or write fails with EAGAIN instead, as with pipes. */
const socketOps: FileOps = {
    positioned: false,
    read(k, file, _pos, length) {
        const end = endOf(file);
        if (!end) {
            return EINVAL;
        }
        const { received, reset } = end.here;
        if (received.length === 0 && length > 0) {
            if (reset) {
                edit(k.journal, end, { reset: false });
                return ECONNRESET;
            }
            return end.there.open ? EAGAIN : received;
        }
        edit(k.journal, end, { received: received.slice(Math.min(length, received.length)) });
        return received.slice(0, Math.min(length, received.length));
    },
    write(k, file, _pos, data) {
        const end = endOf(file);
        if (!end) {
            return ENOTCONN;
        }
        if (!end.there.open) {
            return EPIPE;
        }
        const { received } = end.there;
        const room = Math.min(SOCKET_CAPACITY - received.length, data.length);
        if (room === 0) {
            return data.length === 0 ? 0 : EAGAIN;
        }
        edit(k.journal, end, {}, { received: Bytes.concat(received, data.slice(0, room)) });
        return room;
    },
    release(k, file) {
        const end = endOf(file);
        if (end) {
            edit(k.journal, end, CLOSED, { reset: end.there.open && end.here.received.length > 0 });
        }
    },
};

function socketFile(k: KernelCore, flags: number): OpenFile {
    const inode = new Inode(k.journal, k.ids.nextInode(k.journal), 'socket', S_IFSOCK + 0o777);
    return allocFile(k, 'socket', socketOps, inode, O_RDWR | (flags & O_NONBLOCK), `socket:[${inode.ino}]`);
}

/** Creates an unconnected socket, with one reference. */
export function makeSocket(k: KernelCore): OpenFile {
    return socketFile(k, 0);
}

/** Creates one end of a pair whose other end is closed as long as there is none. One reference. */
export function makeSocketEnd(k: KernelCore, flags: number): OpenFile {
    const file = socketFile(k, flags);
    k.journal.edit(file).priv = new SocketEnd(new SocketPair(k.journal), 0);
    return file;
}

/** Creates the other end, with one reference. @returns EISCONN if there is one, EINVAL for other files */
export function makeOtherEnd(k: KernelCore, first: OpenFile, flags: number): OpenFile | Err {
    const end = endOf(first);
    if (!end) {
        return EINVAL;
    }
    if (end.there.open) {
        return EISCONN;
    }
    const file = socketFile(k, flags);
    k.journal.edit(file).priv = new SocketEnd(end.pair, end.side === 0 ? 1 : 0);
    edit(k.journal, end, {}, OPEN);
    return file;
}

/** Bytes that an end has not read, for its handler: from `at` on, fewer at the end. */
export function peekSocket(k: KernelCore, { here: { received } }: SocketEnd, at: number, length: number): Bytes {
    const part = received.slice(Math.min(at, received.length), Math.min(at + length, received.length));
    k.clock.chargeBytes(COPY, part.length);
    return part;
}

/** Appends to what an end that is being restored has received. @returns ENOSPC if it does not fit */
export function fillSocket(k: KernelCore, end: SocketEnd, data: Bytes): 0 | Err {
    const { received } = end.here;
    if (received.length + data.length > SOCKET_CAPACITY) {
        return ENOSPC;
    }
    k.clock.chargeBytes(COPY, data.length);
    edit(k.journal, end, { received: Bytes.concat(received, data) });
    return 0;
}
