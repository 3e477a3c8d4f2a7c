/** Preserved memory, as listed by the tree of a handover. */
import type { PageGeometry } from '../../machine/arch';
import { RunList, type BlockRun } from './runs';

/** No kernel makes a tree with runs of more blocks. */
const RUNS_LIMIT = 1_000_000;

/** All set bits of a tree. Built once, in the order of the walk. */
export class PreservedMemory {
    private readonly list = new RunList();
    private readonly orders = new Map<number, { runs: BlockRun[]; blocks: number }>();
    private ascending: readonly [number, { readonly runs: readonly BlockRun[]; readonly blocks: number }][] = [];
    private merged: readonly { start: number; end: number }[] | undefined;
    /** Bits set. */
    entries = 0;
    /** Pages; a page with two bits counts twice. */
    pages = 0;
    /** The tree is larger than any real one; the rest of it was not read. */
    full = false;

    /** @param page the unit of its page frame numbers */
    constructor(private readonly page: PageGeometry) {}

    add(pfn: number, order: number): void {
        if (this.list.length >= RUNS_LIMIT) {
            this.full = true;
            return;
        }
        this.list.add(pfn, order);
        this.entries++;
        this.pages += 2 ** order;
    }

    /** Called once after everything was added. */
    finish(): void {
        for (const run of this.list) {
            let of = this.orders.get(run.order);
            if (!of) {
                of = { runs: [], blocks: 0 };
                this.orders.set(run.order, of);
            }
            of.runs.push(run);
            of.blocks += run.blocks;
        }
        this.ascending = [...this.orders].sort(([a], [b]) => a - b);
    }

    /** Blocks of each order, ascending. */
    byOrder(): ReadonlyMap<number, number> {
        return new Map(this.ascending.map(([order, { blocks }]) => [order, blocks]));
    }

    /** In the order of the tree: the largest orders first, then ascending addresses. */
    runs(): readonly BlockRun[] {
        return [...this.list];
    }

    /** Disjoint ranges of page frames, ascending. */
    ranges(): readonly { readonly start: number; readonly end: number }[] {
        this.merged ??= this.list.union();
        return this.merged;
    }

    /**
     * The order in KHO's mark on a page frame; undefined if no block begins there. If several bits represent blocks
     * that begin at the page, the kernel's walk leaves the mark of the smallest.
     */
    orderAt(pfn: number): number | undefined {
        for (const [order, { runs }] of this.ascending) {
            const run = lastAtOrBefore(runs, pfn, (r) => r.pfn);
            const offset = run ? pfn - run.pfn : -1;
            if (run && offset >= 0 && offset < run.blocks * 2 ** order && offset % 2 ** order === 0) {
                return order;
            }
        }
        return undefined;
    }

    /** The first preserved range that contains a byte of [pa, pa+size); undefined if there is none. */
    overlap(pa: number, size: number): { readonly start: number; readonly end: number } | undefined {
        const ranges = this.ranges();
        const first = Math.floor(pa / this.page.size);
        const at = indexAtOrBefore(ranges, first, (r) => r.start);
        const before = ranges[at];
        const hit = before && before.end > first ? before : ranges[at + 1];
        return size > 0 && hit && hit.start * this.page.size < pa + size ? hit : undefined;
    }

    /** True if the page at an address is preserved, anywhere in a block. */
    covers(pa: number): boolean {
        const pfn = Math.floor(pa / this.page.size);
        const range = lastAtOrBefore(this.ranges(), pfn, (r) => r.start);
        return range !== undefined && pfn < range.end;
    }
}

/** By binary search in a list that ascends in `key`. */
function lastAtOrBefore<T>(list: readonly T[], value: number, key: (item: T) => number): T | undefined {
    return list[indexAtOrBefore(list, value, key)];
}

function indexAtOrBefore<T>(list: readonly T[], value: number, key: (item: T) => number): number {
    let low = 0;
    let high = list.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        const item = list[middle];
        if (item !== undefined && key(item) <= value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low - 1;
}
