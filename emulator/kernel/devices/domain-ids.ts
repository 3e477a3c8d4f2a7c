/** The ids with which the IOMMU tags its cache, as a kernel allocates them. */
import type { Hasher } from '../../machine/hash';
import { type Journal, JournaledRecord, JournaledList, JournaledMap } from '../../machine/journal';

export class DomainIds extends JournaledRecord {
    readonly next: number = 1;
    /** Ids of domains of the previous kernel: the hardware may have cached entries with them. */
    private readonly reserved: JournaledMap<number, true>;
    /** Freed ids, ascending. */
    private readonly free: JournaledList<number>;
    /** Ids that were allocated a second time. */
    private readonly again: JournaledMap<number, true>;

    /** @param reuses whether freed ids are allocated again, the lowest first (ida_alloc()) */
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

    /** Another domain had this id before. */
    wasGivenBefore(id: number): boolean {
        return this.again.has(id);
    }

    /** @returns false: the id is taken */
    reserve(id: number): boolean {
        if (id <= 0 || this.reserved.has(id) || (id < this.next && !this.free.items.includes(id))) {
            return false;
        }
        this.free.remove(id);
        this.reserved.set(id, true);
        return true;
    }

    give(id: number): void {
        // ids from `next` on are free anyway
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
