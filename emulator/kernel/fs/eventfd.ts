/** Eventfds: a counter as a file (fs/eventfd.c). */
import { Bytes } from '../../machine/bytes';
import type { Hasher } from '../../machine/hash';
import { type Int, intOf } from '../../machine/int';
import { type Journal, JournaledRecord } from '../../machine/journal';
import { anonFile } from './anon';
import type { KernelCore } from './core';
import { err } from '../release/errno';
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from './fcntl';
import type { FileOps, OpenFile } from './file';

const EAGAIN = err('EAGAIN');
const EINVAL = err('EINVAL');

/** The counter of an eventfd stays below this value. */
const ULLONG_MAX = 2n ** 64n - 1n;

/** EFD_SEMAPHORE, EFD_NONBLOCK, EFD_CLOEXEC (include/uapi/linux/eventfd.h). */
export const EFD_SEMAPHORE = 1;
export const EFD_NONBLOCK = O_NONBLOCK;
export const EFD_CLOEXEC = O_CLOEXEC;

/** The flags of an eventfd; they share no bit. */
const EFD_FLAGS = EFD_SEMAPHORE + EFD_NONBLOCK + EFD_CLOEXEC;

/** The counter behind an eventfd (struct eventfd_ctx). */
export class EventCounter extends JournaledRecord {
    readonly count: bigint;

    constructor(
        journal: Journal,
        count: Int,
        /** The OR of EFD_…, as it was created. fcntl() changes the file, not these. */
        readonly flags: number,
    ) {
        super(journal);
        this.count = BigInt(count);
    }

    display(): string {
        return `count ${this.count}`;
    }

    get isSemaphore(): boolean {
        return (this.flags & EFD_SEMAPHORE) !== 0;
    }

    hash(hasher: Hasher): void {
        hasher.int(intOf(this.count)).num(this.flags);
    }
}

function counterOf(file: OpenFile): EventCounter {
    if (!(file.priv instanceof EventCounter)) {
        throw new TypeError(`file ${file.id} (${file.kind}) is not an eventfd`);
    }
    return file.priv;
}

/** fs/eventfd.c; EAGAIN where the kernel would block, as with pipes. A write must have 8 bytes exactly. */
const eventfdOps: FileOps = {
    positioned: false,
    read(k, file, _pos, length) {
        const counter = counterOf(file);
        if (length < 8) {
            return EINVAL;
        }
        if (counter.count === 0n) {
            return EAGAIN;
        }
        const taken = counter.isSemaphore ? 1n : counter.count;
        const bytes = new Uint8Array(8);
        new DataView(bytes.buffer).setBigUint64(0, taken, true);
        k.journal.edit<EventCounter>(counter).count = counter.count - taken;
        return Bytes.of(bytes);
    },
    write(k, file, _pos, data) {
        const counter = counterOf(file);
        if (data.length !== 8) {
            return EINVAL;
        }
        const bytes = data.toUint8Array();
        const add = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
        if (add === ULLONG_MAX) {
            return EINVAL;
        }
        if (ULLONG_MAX - counter.count <= add) {
            return EAGAIN;
        }
        k.journal.edit<EventCounter>(counter).count = counter.count + add;
        return 8;
    },
    // noop_llseek: any origin is accepted and nothing changes
    llseek: (_k, file) => file.pos,
};

/** Whether these are flags of an eventfd: EINVAL otherwise. */
export function areEventfdFlags(flags: number): boolean {
    return (flags & EFD_FLAGS) === flags;
}

/**
 * Creates an eventfd with one reference (do_eventfd()).
 * @param count only its lower 32 bits count: the kernel passes it on as an unsigned int
 * @param flags the OR of EFD_…; EFD_CLOEXEC is for the descriptor
 */
export function makeEventfd(k: KernelCore, count: Int, flags: number): OpenFile {
    const file = anonFile(k, 'eventfd', '[eventfd]', O_RDWR | (flags & EFD_NONBLOCK), eventfdOps);
    k.journal.edit(file).priv = new EventCounter(k.journal, BigInt.asUintN(32, BigInt(count)), flags);
    return file;
}
