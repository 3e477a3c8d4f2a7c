/** Eventfds: a counter as a file (fs/eventfd.c). */
import { Bytes } from '../../machine/bytes';
import { type Journal, JournaledRecord } from '../../machine/journal';
import { anonFile } from './anon';
import type { KernelCore } from './core';
import { err } from '../release/errno';
import { EFD_NONBLOCK, EFD_SEMAPHORE, O_RDWR } from './fcntl';
import type { FileOps, OpenFile } from './file';

const EAGAIN = err('EAGAIN');
const EINVAL = err('EINVAL');

/** The counter of an eventfd stays below this value. */
const ULLONG_MAX = 2n ** 64n - 1n;

class EventCounter extends JournaledRecord {
    constructor(
        journal: Journal,
        readonly count: bigint,
        /** EFD_SEMAPHORE: a read takes one, not all. */
        readonly semaphore: boolean,
    ) {
        super(journal);
    }
}

function counterOf(file: OpenFile): EventCounter {
    if (!(file.priv instanceof EventCounter)) {
        throw new TypeError(`file ${file.id} (${file.kind}) is not an eventfd`);
    }
    return file.priv;
}

/** fs/eventfd.c; EAGAIN where the kernel would block, as with pipes. */
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
        const bytes = new Uint8Array(8);
        const taken = counter.semaphore ? 1n : counter.count;
        new DataView(bytes.buffer).setBigUint64(0, taken, true);
        k.journal.edit(counter).count = counter.count - taken;
        return Bytes.of(bytes);
    },
    write(k, file, _pos, data) {
        const counter = counterOf(file);
        if (data.length < 8) {
            return EINVAL;
        }
        const bytes = data.slice(0, 8).toUint8Array();
        const add = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
        if (add === ULLONG_MAX) {
            return EINVAL;
        }
        if (ULLONG_MAX - counter.count <= add) {
            return EAGAIN;
        }
        k.journal.edit(counter).count = counter.count + add;
        return 8;
    },
    // noop_llseek: any origin is accepted and nothing changes
    llseek: (_k, file) => file.pos,
};

/** A new eventfd, with one reference. @param flags EFD_SEMAPHORE, EFD_NONBLOCK */
export function makeEventfd(k: KernelCore, count = 0, flags = 0): OpenFile {
    const file = anonFile(k, 'eventfd', '[eventfd]', O_RDWR | (flags & EFD_NONBLOCK), eventfdOps);
    k.journal.edit(file).priv = new EventCounter(k.journal, BigInt(count), (flags & EFD_SEMAPHORE) !== 0);
    return file;
}
