/** The ids that the IOMMU tags its cache with, as a kernel gives them out. */
import type { Hasher } from '../../machine/hash';
import { type Journal, JournaledRecord, JournaledList, JournaledMap } from '../../machine/journal';

export class DomainIds extends JournaledRecord {
    readonly next: number = 1;
    /** Of domains that the previous kernel has left: the hardware may have them cached. */
    private readonly reserved: JournaledMap<number, true>;
    /** Given back, ascending. */
    private readonly free: JournaledList<number>;
    /** Given out a second time. */
    private readonly again: JournaledMap<number, true>;

    /** @param reuses whether ids that are given back are given out again, the lowest first (ida_alloc()) */
    constructor(
        private readonly journal: Journal,
        private readonly reuses: boolean,
    ) {
        super(journal);
        this.reserved = new JournaledMap(journal);
        this.free = new JournaledList(journal);
        this.again = new JournaledMap(journal);
    }

    take(): number {
        const again = this.free.shift();
        if (again !== undefined) {
            this.again.set(again, true);
            return again;
        }
        const e = this.journal.edit<DomainIds>(this);
        while (this.reserved.has(this.next)) {
            e.next++;
        }
        return e.next++;
    }

    /** Another domain had it before. */
    wasGivenBefore(id: number): boolean {
        return this.again.has(id);
    }

    /** @returns false: it is taken */
    reserve(id: number): boolean {
        if (id <= 0 || this.reserved.has(id) || (id < this.next && !this.free.items.includes(id))) {
            return false;
        }
        this.free.remove(id);
        this.reserved.set(id, true);
        return true;
    }

    give(id: number): void {
        // behind `next` it would come by itself
        const later = this.reserved.delete(id) && id >= this.next;
        if (!this.reuses || later) {
            return;
        }
        const ids = [...this.free, id].sort((a, b) => a - b);
        this.free.clear();
        for (const i of ids) {
            this.free.push(i);
        }
    }

    hash(hasher: Hasher): void {
        hasher.num(this.next);
        for (const id of [...this.reserved.keys(), -1, ...this.free, -1, ...this.again.keys()]) {
            hasher.num(id);
        }
    }
}
