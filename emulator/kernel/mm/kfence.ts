/**
 * The pool of KFENCE (mm/kfence/core.c), which takes single allocations of the slab allocator, by default one in
 * 100 ms. The kernel takes the pool from its early memory.
 */
import { type Journal, JournaledMap, JournaledRecord } from '../../machine/journal';
import type { Machine } from '../../machine/machine';
import type { Memblock } from './memblock';

export const KFENCE_POOL = 'KFENCE pool';
/** CONFIG_KFENCE_NUM_OBJECTS. */
const OBJECTS = 255;
/** CONFIG_KFENCE_SAMPLE_INTERVAL, in nanoseconds. */
const SAMPLE_INTERVAL = 100_000_000;
/** sizeof(struct kfence_metadata) with CONFIG_MEMCG, for each object. */
const METADATA = 1160;

/** Bytes of the pool: a page for each object, with a guard page before it, and two pages more. */
export function kfencePoolSize(page: number): number {
    return (OBJECTS + 1) * 2 * page;
}

/** Bytes of what describes the objects. */
export function kfenceMetadataSize(page: number): number {
    return Math.ceil((OBJECTS * METADATA) / page) * page;
}

/**
 * A pool whose samples are all allocations of KHO. Which allocation is sampled depends on the others of the kernel,
 * which the emulator does not make: the first allocation of KHO in each interval is.
 */
export class KfencePool extends JournaledRecord {
    /** The number of the object that was given out last. */
    readonly last: number = -1;
    /** Nanoseconds of the machine's clock: the next sample is not before. */
    readonly opens: number = 0;
    private readonly taken: JournaledMap<number, true>;
    private readonly journal: Journal;

    private constructor(
        private readonly machine: Machine,
        private readonly base: number,
    ) {
        super(machine.journal);
        this.journal = machine.journal;
        this.taken = new JournaledMap(machine.journal);
    }

    /** The pool that a kernel has allocated; undefined if it has none. */
    static of(machine: Machine, memblock: Memblock): KfencePool | undefined {
        const region = memblock.reserved.find((r) => r.owner === KFENCE_POOL);
        return region && new KfencePool(machine, region.base);
    }

    /** Addresses of the objects that are in use, in the order in which they were allocated. */
    get objects(): Iterable<number> {
        return this.taken.keys();
    }

    holds(pa: number): boolean {
        return this.taken.has(pa);
    }

    /** The address of a zeroed object of at most a page; undefined if this allocation is not sampled. */
    sample(): number | undefined {
        const { machine, taken } = this;
        if (machine.now < this.opens || taken.size === OBJECTS) {
            return undefined;
        }
        const { size } = machine.page;
        let next = this.last;
        let pa: number;
        do {
            next = (next + 1) % OBJECTS;
            pa = this.base + (next + 1) * 2 * size;
        } while (taken.has(pa));
        const edited = this.journal.edit<KfencePool>(this);
        edited.last = next;
        edited.opens = machine.now + SAMPLE_INTERVAL;
        taken.set(pa, true);
        machine.memory.zero(pa, size);
        return pa;
    }

    free(pa: number): void {
        this.taken.delete(pa);
    }
}
