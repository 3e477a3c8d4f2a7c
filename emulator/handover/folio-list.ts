/** The folios of a memfd, in a compact form: there may be millions. */

export interface FolioEntry {
    /** First page frame. */
    readonly pfn: number;
    /** MEMFD_LUO_FOLIO_DIRTY 1, MEMFD_LUO_FOLIO_UPTODATE 2. */
    readonly flags: number;
    /** Page offset in the file. */
    readonly index: number;
    /** From the tree of preserved memory; −1 if no preserved block begins there. */
    readonly order: number;
}

export class FolioList {
    private pfns = new Float64Array(64);
    private indices = new Float64Array(64);
    private flags = new Uint16Array(64);
    private orders = new Int8Array(64);
    private count = 0;

    push(entry: FolioEntry): void {
        if (this.count === this.pfns.length) {
            this.grow();
        }
        this.pfns[this.count] = entry.pfn;
        this.indices[this.count] = entry.index;
        this.flags[this.count] = entry.flags;
        this.orders[this.count] = entry.order;
        this.count++;
    }

    private grow(): void {
        const size = this.count * 2;
        const pfns = new Float64Array(size);
        const indices = new Float64Array(size);
        const flags = new Uint16Array(size);
        const orders = new Int8Array(size);
        pfns.set(this.pfns);
        indices.set(this.indices);
        flags.set(this.flags);
        orders.set(this.orders);
        this.pfns = pfns;
        this.indices = indices;
        this.flags = flags;
        this.orders = orders;
    }

    get length(): number {
        return this.count;
    }

    at(i: number): FolioEntry | undefined {
        return i >= 0 && i < this.count
            ? {
                  pfn: this.pfns[i] ?? 0,
                  flags: this.flags[i] ?? 0,
                  index: this.indices[i] ?? 0,
                  order: this.orders[i] ?? -1,
              }
            : undefined;
    }

    *[Symbol.iterator](): Generator<FolioEntry> {
        for (let i = 0; i < this.count; i++) {
            const entry = this.at(i);
            if (entry) {
                yield entry;
            }
        }
    }

    /** Folios of each order, ascending; −1 counts those that are not preserved. */
    byOrder(): ReadonlyMap<number, number> {
        const counts = new Map<number, number>();
        for (let i = 0; i < this.count; i++) {
            const order = this.orders[i] ?? -1;
            counts.set(order, (counts.get(order) ?? 0) + 1);
        }
        return new Map([...counts].sort(([a], [b]) => a - b));
    }
}
