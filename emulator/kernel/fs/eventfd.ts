/** Eventfds: a counter as a file (fs/eventfd.c). */
import { Bytes } from '../../machine/bytes';
import { JournaledRecord } from '../../machine/journal';
import { anonFile } from './anon';
import type { KernelCore } from './core';
import { err } from '../release/errno';
import { O_RDWR } from './fcntl';
import type { FileOps, OpenFile } from './file';

const EAGAIN = err('EAGAIN');
const EINVAL = err('EINVAL');

/** The counter of an eventfd stays below this value. */
const ULLONG_MAX = 2n ** 64n - 1n;

class EventCounter extends JournaledRecord {
    readonly count: bigint = 0n;
}

function counterOf(file: OpenFile): EventCounter {
    if (!(file.priv instanceof EventCounter)) {
        throw new TypeError(`file ${file.id} (${file.kind}) is not an eventfd`);
    }
    return file.priv;
}

/** fs/eventfd.c, without EFD_SEMAPHORE; EAGAIN where the kernel would block, as with pipes. */
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
        new DataView(bytes.buffer).setBigUint64(0, counter.count, true);
        k.journal.edit(counter).count = 0n;
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

/** Creates an eventfd with count 0 and one reference. */
export function makeEventfd(k: KernelCore): OpenFile {
    const file = anonFile(k, 'eventfd', '[eventfd]', O_RDWR, eventfdOps);
    k.journal.edit(file).priv = new EventCounter(k.journal);
    return file;
}
