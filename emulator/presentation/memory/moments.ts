/**
 * The memory of a run at its kexecs. A map is made when a kernel jumps, because afterwards the next kernel has reused
 * the memory and the page metadata of the old one is gone. Only a run that is looked at has this observer: a map takes
 * some milliseconds for each GiB of memory in small folios.
 */
import { JournaledList } from '../../machine/journal';
import type { Kernel } from '../../kernel/kernel';
import type { Host } from '../../runtime/host/host';
import type { Observer, Phase } from '../../runtime/listener';
import { memoryMap } from './build';
import type { MemoryMap } from './map';
import { NO_POINTERS, pointersOf, type Pointers } from './pointers';

/** The memory at a moment. */
export interface Moment {
    /** The number of the kernel, from 1; 0: none has booted. */
    readonly kernel: number;
    /** Empty: none is running. */
    readonly release: string;
    /** Nanoseconds of the machine's clock. */
    readonly time: number;
    readonly map: MemoryMap;
    readonly pointers: Pointers;
}

/** The most kexecs that are kept: the last ones. */
const MOST = 8;

export class MemoryMoments implements Observer {
    private readonly list: JournaledList<Moment>;

    constructor(private readonly host: Host) {
        this.list = new JournaledList(host.machine.journal);
    }

    /** Watches a run that is about to start. */
    static attach(host: Host): MemoryMoments {
        const moments = new MemoryMoments(host);
        host.listeners.observe(moments);
        return moments;
    }

    /** The observer of a run; null if it is not looked at. */
    static of(host: Host): MemoryMoments | null {
        return host.listeners.observer(MemoryMoments);
    }

    phase(phase: Phase): void {
        if (phase === 'jump') {
            const moment = momentOf(this.host, this.before);
            if (this.list.length === MOST) {
                this.list.shift();
            }
            this.list.push(moment);
        }
    }

    /** The kexec that led to the running kernel; undefined: it was booted otherwise, or nothing is kept of it. */
    get before(): Moment | undefined {
        const last = this.list.at(-1);
        return last?.kernel === this.host.machine.boots - 1 ? last : undefined;
    }
}

/** The memory of a run now. @param before the kexec that led to the running kernel */
export function momentOf(host: Host, before: Moment | undefined): Moment {
    const { machine } = host;
    const kernel: Kernel | null = host.kernel;
    return {
        kernel: machine.boots,
        release: kernel?.desc.release ?? '',
        time: machine.clock.now,
        map: memoryMap({ machine, kernel }, before?.map),
        pointers: kernel ? pointersOf(host, kernel) : NO_POINTERS,
    };
}
