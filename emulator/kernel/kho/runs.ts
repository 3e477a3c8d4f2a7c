/**
 * Preserved blocks, as runs of neighbours of one order: the contents of the incoming tree, kept for accounting and
 * display.
 */
import { orderPages } from '../mm/memmap';

export interface BlockRun {
    /** The first page frame. */
    readonly pfn: number;
    readonly order: number;
    /** Number of blocks of 2^order pages. */
    readonly blocks: number;
}

const FIELDS = 3;

/** Collects blocks in the order of the tree's walk. Not changed after that. */
export class RunList {
    private data = new Float64Array(32 * FIELDS);
    private count = 0;

    add(pfn: number, order: number): void {
        const last = (this.count - 1) * FIELDS;
        if (
            this.count > 0 &&
            this.data[last + 1] === order &&
            this.data[last]! + this.data[last + 2]! * orderPages(order) === pfn
        ) {
            this.data[last + 2] = this.data[last + 2]! + 1;
            return;
        }
        const at = this.count * FIELDS;
        if (at === this.data.length) {
            const larger = new Float64Array(this.data.length * 2);
            larger.set(this.data);
            this.data = larger;
        }
        this.data[at] = pfn;
        this.data[at + 1] = order;
        this.data[at + 2] = 1;
        this.count++;
    }

    /** Adds `count` pages from `pfn` on, each of them as a block of its own. */
    addPages(pfn: number, count: number): void {
        this.add(pfn, 0);
        const last = (this.count - 1) * FIELDS;
        this.data[last + 2] = this.data[last + 2]! + count - 1;
    }

    get length(): number {
        return this.count;
    }

    at(index: number): BlockRun {
        const at = index * FIELDS;
        return { pfn: this.data[at] ?? 0, order: this.data[at + 1] ?? 0, blocks: this.data[at + 2] ?? 0 };
    }

    *[Symbol.iterator](): Generator<BlockRun> {
        for (let i = 0; i < this.count; i++) {
            yield this.at(i);
        }
    }

    /** The pages of all runs as disjoint sorted ranges of page frames; overlaps count once. */
    union(): { start: number; end: number }[] {
        const ranges = [...this]
            .map((r) => ({ start: r.pfn, end: r.pfn + r.blocks * 2 ** r.order }))
            .sort((a, b) => a.start - b.start);
        const merged: { start: number; end: number }[] = [];
        for (const range of ranges) {
            const last = merged[merged.length - 1];
            if (last && range.start <= last.end) {
                last.end = Math.max(last.end, range.end);
            } else {
                merged.push({ ...range });
            }
        }
        return merged;
    }
}

/** Collects consecutive single pages and visits them as one run. Call {@link end} after the last page. */
export class PagesInRow {
    private first = 0;
    private count = 0;

    constructor(private readonly visit: (pfn: number, count: number) => void) {}

    add(pfn: number): void {
        if (this.count === 0 || pfn !== this.first + this.count) {
            this.end();
            this.first = pfn;
        }
        this.count++;
    }

    end(): void {
        const { first, count } = this;
        if (count > 0) {
            this.count = 0;
            this.visit(first, count);
        }
    }
}
