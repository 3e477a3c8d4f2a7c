/**
 * The page allocator: a buddy system with orders 0 to MAX_PAGE_ORDER for each node (mm/page_alloc.c). Where the kernel
 * takes the block freed last, this one takes the lowest, so that a run depends only on the program.
 */
import type { PageGeometry } from '../../machine/arch';
import type { Clock } from '../../machine/clock';
import { costId } from '../../machine/costs';
import type { Hasher } from '../../machine/hash';
import { ALLOCATED, FREED, type PageHistory } from '../../machine/history';
import { type Journal, JournaledRecord } from '../../machine/journal';
import type { Machine } from '../../machine/machine';
import type { PhysicalMemory } from '../../machine/memory';
import { FreeSet } from './free-set';
import { type Memmap, orderPages } from './memmap';

export const PAGE_ALLOC = costId('page_alloc');
const PAGE_FREE = costId('page_free');
const ZERO = costId('zero');

/** The pages of a node: page frames [start, end), with or without holes. */
export interface NodeSpan {
    readonly node: number;
    readonly start: number;
    readonly end: number;
}

/** 2^order free pages. */
export interface FreeBlock {
    readonly pfn: number;
    readonly order: number;
}

export interface AllocOptions {
    /** The node to try first; the others follow in ascending order. */
    readonly node?: number;
    /** Only that node. */
    readonly strict?: boolean;
    /** Movable: it can lie in CMA pageblocks (tried last). Kernel allocations are not movable. */
    readonly movable?: boolean;
    /** See {@link Owners}. */
    readonly owner: number;
    readonly zero?: boolean;
}

/** Free pages of a node, inside or outside of CMA pageblocks. */
export interface FreePages {
    readonly node: number;
    readonly cma: boolean;
    readonly pages: number;
}

/** An allocation that failed, and what was free then. */
export interface AllocationFailure {
    readonly order: number;
    readonly options: AllocOptions;
    readonly injected: boolean;
    readonly free: readonly FreePages[];
}

/** Called before every allocation; true makes it fail with ENOMEM. Its state is journaled by its owner. */
export type AllocInjection = (order: number, options: AllocOptions) => boolean;

/** The free blocks of a node, either in CMA pageblocks or outside. */
class Zone extends JournaledRecord {
    readonly freePages: number = 0;
    private readonly base: number;
    private readonly sets: FreeSet[] = [];

    constructor(
        private readonly journal: Journal,
        readonly span: NodeSpan,
        readonly cma: boolean,
        readonly maxOrder: number,
    ) {
        super(journal);
        this.base = span.start - (span.start % 2 ** maxOrder);
        for (let order = 0; order <= maxOrder; order++) {
            this.sets.push(new FreeSet(journal, Math.ceil((span.end - this.base) / 2 ** order) + 1));
        }
    }

    alloc(order: number): number {
        for (let o = order; o <= this.maxOrder; o++) {
            const set = this.sets[o]!;
            if (set.count === 0) {
                continue;
            }
            let i = set.lowest();
            set.remove(i);
            while (o > order) {
                o--;
                i *= 2;
                this.sets[o]!.add(i + 1);
            }
            this.journal.edit(this).freePages -= 1 << order;
            return this.base + i * (1 << order);
        }
        return -1;
    }

    /**
     * Allocates the pages that `most` allocations of single pages would get, while their page frames are consecutive.
     * @returns the first page and their number, which is 0 if no page is free
     */
    allocRun(most: number): { readonly pfn: number; readonly count: number } {
        // every page of the lowest of the smallest blocks comes before those of the others
        const smallest = this.sets.findIndex((set) => set.count > 0);
        if (smallest < 0) {
            return { pfn: -1, count: 0 };
        }
        const order = Math.min(smallest, Math.floor(Math.log2(most)));
        return { pfn: this.alloc(order), count: 2 ** order };
    }

    /** The first page of the highest free block of at least this order, or −1. */
    highest(order: number): number {
        let best = -1;
        for (let o = order; o <= this.maxOrder; o++) {
            const i = this.sets[o]!.highest();
            if (i >= 0) {
                best = Math.max(best, this.base + (i + 1) * 2 ** o - 2 ** order);
            }
        }
        return best;
    }

    /** Takes 2^order free pages out of any free block. False if they are not all free. */
    take(pfn: number, order: number): boolean {
        for (let o = order; o <= this.maxOrder; o++) {
            let i = Math.floor((pfn - this.base) / 2 ** o);
            if (!this.sets[o]!.has(i)) {
                continue;
            }
            this.sets[o]!.remove(i);
            while (o > order) {
                o--;
                i = Math.floor((pfn - this.base) / 2 ** o);
                this.sets[o]!.add(i % 2 === 0 ? i + 1 : i - 1);
            }
            this.journal.edit(this).freePages -= 2 ** order;
            return true;
        }
        return false;
    }

    /** The free blocks inside of 2^order pages that are not part of a larger free block. */
    *freeIn(pfn: number, order: number): Generator<FreeBlock> {
        if (this.sets[order]!.has(Math.floor((pfn - this.base) / 2 ** order))) {
            yield { pfn, order };
        } else if (order > 0) {
            yield* this.freeIn(pfn, order - 1);
            yield* this.freeIn(pfn + 2 ** (order - 1), order - 1);
        }
    }

    free(pfn: number, order: number): void {
        this.journal.edit(this).freePages += 1 << order;
        let o = order;
        let i = (pfn - this.base) >>> order;
        while (o < this.maxOrder) {
            const set = this.sets[o]!;
            const buddy = (i ^ 1) >>> 0;
            if (!set.has(buddy)) {
                break;
            }
            set.remove(buddy);
            i >>>= 1;
            o++;
        }
        this.sets[o]!.add(i);
    }

    /** Adds whole blocks of the highest order at once; they were never free before. */
    freeLargest(start: number, end: number): void {
        this.journal.edit(this).freePages += end - start;
        const pages = 2 ** this.maxOrder;
        this.sets[this.maxOrder]!.addRange((start - this.base) / pages, (end - this.base) / pages);
    }

    isFree(pfn: number): boolean {
        return this.sets.some((set, order) => set.has(Math.floor((pfn - this.base) / 2 ** order)));
    }

    counts(): number[] {
        return this.sets.map((set) => set.count);
    }

    hash(hasher: Hasher): void {
        hasher.num(this.freePages);
        for (const set of this.sets) {
            set.hash(hasher);
        }
    }
}

export class PageAllocator extends JournaledRecord {
    /** Fault injection (like fail_page_alloc). */
    inject: AllocInjection | undefined;
    /** Whether further calls of {@link inject} by the present operation have no effect and can be left out. */
    injectsNothing: (() => boolean) | undefined;
    /** The clock that is charged; none by default. */
    clock: Clock | undefined;
    /** Pages that the allocator was given since boot, the MemTotal of the kernel. */
    readonly managedPages: number = 0;
    /**
     * The last allocation of the present system call that failed, even if another one then replaced it; or why memory
     * was refused although pages are free.
     */
    readonly lastFailure: AllocationFailure | string | null = null;
    readonly page: PageGeometry;
    private readonly journal: Journal;
    private readonly memory: PhysicalMemory;
    private readonly history: PageHistory;
    private readonly normal: readonly Zone[];
    private readonly cma: readonly Zone[];

    constructor(
        { journal, memory, history, page }: Pick<Machine, 'journal' | 'memory' | 'history' | 'page'>,
        private readonly memmap: Memmap,
        spans: readonly NodeSpan[],
    ) {
        super(journal);
        this.page = page;
        this.journal = journal;
        this.memory = memory;
        this.history = history;
        this.normal = spans.map((span) => new Zone(journal, span, false, page.maxOrder));
        this.cma = spans.map((span) => new Zone(journal, span, true, page.maxOrder));
    }

    /** Allocates a folio of 2^order pages with one reference; returns the first page frame, or −1 (ENOMEM). */
    alloc(order: number, options: AllocOptions): number {
        if (order > this.page.maxOrder || this.inject?.(order, options)) {
            return this.fails(order, options, order <= this.page.maxOrder);
        }
        let pfn = this.fromZones(this.normal, order, options);
        if (pfn < 0 && options.movable) {
            pfn = this.fromZones(this.cma, order, options);
        }
        if (pfn < 0) {
            return this.fails(order, options, false);
        }
        this.clock?.charge(PAGE_ALLOC);
        this.memmap.initFolio(pfn, order, options.owner);
        this.history.add(ALLOCATED, pfn, 1 << order, options.owner);
        if (options.zero) {
            const { size } = this.page;
            this.clock?.chargeBytes(ZERO, size << order);
            this.memory.zero(pfn * size, size << order);
        }
        return pfn;
    }

    /**
     * Allocates at most `most` single pages like {@link alloc}, as long as their page frames are consecutive and
     * outside of CMA pageblocks. The caller initializes their metadata.
     * @returns the first page and their number; undefined if they must be allocated one by one
     */
    allocRun(most: number, owner: number): { readonly pfn: number; readonly count: number } | undefined {
        if ((this.inject && this.injectsNothing?.() !== true) || this.history.watcher !== null) {
            return undefined;
        }
        const zone = this.normal.find((z) => z.freePages > 0);
        const run = zone?.allocRun(most);
        if (run) {
            this.clock?.charge(PAGE_ALLOC, run.count);
            this.history.addEach(ALLOCATED, run.pfn, run.count, owner);
        }
        return run;
    }

    private fails(order: number, options: AllocOptions, injected: boolean): -1 {
        const free = [...this.normal, ...this.cma].map(({ span, cma, freePages }) => ({
            node: span.node,
            cma,
            pages: freePages,
        }));
        this.journal.edit<PageAllocator>(this).lastFailure = { order, options, injected, free };
        return -1;
    }

    /** Memory is refused for another reason than a lack of pages. */
    refuse(reason: string): void {
        this.journal.edit<PageAllocator>(this).lastFailure = reason;
    }

    /** A system call begins. */
    forgetFailure(): void {
        if (this.lastFailure !== null) {
            this.journal.edit<PageAllocator>(this).lastFailure = null;
        }
    }

    /**
     * Allocates the highest free 2^order pages of a node, inside or outside of CMA pageblocks, as compaction's free
     * scanner does (mm/compaction.c, isolate_freepages()); returns the first page frame, or −1 if there are none above
     * `above`.
     */
    allocHighest(order: number, node: number, above: number, owner: number): number {
        let best: Zone | undefined;
        let pfn = above;
        for (const zone of [...this.normal, ...this.cma]) {
            const found = zone.span.node === node ? zone.highest(order) : -1;
            if (found > pfn) {
                best = zone;
                pfn = found;
            }
        }
        if (!best?.take(pfn, order)) {
            return -1;
        }
        this.memmap.initFolio(pfn, order, owner);
        this.history.add(ALLOCATED, pfn, 1 << order, owner);
        return pfn;
    }

    /**
     * Possible starts of ranges of `count` pages, a multiple of the largest block: aligned, in one node, and without
     * pageblocks of CMA. Ascending.
     */
    ranges(count: number, node: number | undefined): number[] {
        const starts: number[] = [];
        for (const { span } of this.normal) {
            for (let at = Math.ceil(span.start / count) * count; at + count <= span.end; at += count) {
                if (
                    (node === undefined || span.node === node) &&
                    !this.memmap.cma.some((r) => r.start < at + count && at < r.end)
                ) {
                    starts.push(at);
                }
            }
        }
        return starts;
    }

    /** Number of free pages of a range of {@link ranges}. */
    freeIn(start: number, count: number): number {
        let free = 0;
        for (const block of this.blocksIn(start, count)) {
            free += 2 ** block.order;
        }
        return free;
    }

    /** Takes the free memory of such a range out of the allocator. */
    isolate(start: number, count: number): FreeBlock[] {
        const blocks = [...this.blocksIn(start, count)];
        for (const { pfn, order } of blocks) {
            this.zoneOf(pfn).take(pfn, order);
        }
        return blocks;
    }

    /** Takes 2^order pages that were just freed out of the allocator. */
    isolateBlock(pfn: number, order: number): FreeBlock {
        this.zoneOf(pfn).take(pfn, order);
        return { pfn, order };
    }

    /** Returns what {@link isolate} took. */
    putBack(blocks: readonly FreeBlock[]): void {
        for (const { pfn, order } of blocks) {
            this.zoneOf(pfn).free(pfn, order);
        }
    }

    /** Makes isolated pages one folio with one reference. */
    claim(pfn: number, order: number, owner: number): void {
        this.clock?.charge(PAGE_ALLOC);
        this.memmap.initFolio(pfn, order, owner);
        this.history.add(ALLOCATED, pfn, orderPages(order), owner);
    }

    private *blocksIn(start: number, count: number): Generator<FreeBlock> {
        const { maxOrder } = this.page;
        for (let at = start; at < start + count; at += 2 ** maxOrder) {
            yield* this.zoneOf(at).freeIn(at, maxOrder);
        }
    }

    /** The node of a page. */
    nodeOf(pfn: number): number {
        return this.zoneOf(pfn).span.node;
    }

    /**
     * Frees `count` single pages from `pfn` on at once, with the effect of {@link free} for each.
     * @returns false if the caller must free them one by one
     */
    freeRun(pfn: number, count: number): boolean {
        const { memmap, history, clock } = this;
        const owner = memmap.ownerOf(pfn);
        const zone = this.zoneOf(pfn);
        if (
            history.watcher !== null ||
            clock?.mergesUnits([PAGE_FREE], count) === false ||
            pfn + count > zone.span.end ||
            memmap.cma.some((range) => range.start < pfn + count && pfn < range.end)
        ) {
            return false;
        }
        clock?.charge(PAGE_FREE, count);
        history.addEach(FREED, pfn, count, owner);
        memmap.clearEach(pfn, count);
        for (let at = pfn; at < pfn + count; ) {
            let order = 0;
            while (order < zone.maxOrder && at % (2 << order) === 0 && at + (2 << order) <= pfn + count) {
                order++;
            }
            zone.free(at, order);
            at += 2 ** order;
        }
        return true;
    }

    /** Frees 2^order pages, regardless of references. Their contents stay until they are written. */
    free(pfn: number, order: number): void {
        const pages = orderPages(order);
        this.clock?.charge(PAGE_FREE);
        this.history.add(FREED, pfn, pages, this.memmap.ownerOf(pfn));
        this.memmap.clear(pfn, pages);
        const { maxOrder } = this.page;
        if (order > maxOrder) {
            for (let at = 0; at < pages; at += 2 ** maxOrder) {
                this.zoneOf(pfn + at).free(pfn + at, maxOrder);
            }
            return;
        }
        this.zoneOf(pfn).free(pfn, order);
    }

    /**
     * Gives the allocator pages [start, end) that it never had: boot memory, scratch areas, neighbours of restored
     * pages.
     */
    release(start: number, end: number): void {
        for (let pfn = start; pfn < end; ) {
            const zone = this.zoneOf(pfn);
            // Up to where the migrate type changes.
            let limit = Math.min(end, zone.span.end);
            for (const range of this.memmap.cma) {
                if (range.start > pfn && range.start < limit) {
                    limit = range.start;
                } else if (range.end > pfn && range.end < limit) {
                    limit = range.end;
                }
            }
            releaseTo(zone, pfn, limit);
            pfn = limit;
        }
        this.addManaged(end - start);
    }

    /** Counts pages as managed: those that KHO restored. */
    addManaged(pages: number): void {
        this.journal.edit(this).managedPages += pages;
    }

    /** Allocates a given page, as for a test or a hardware-poisoned page; false if it is not free. */
    takePage(pfn: number, owner: number): boolean {
        if (!this.zoneOf(pfn).take(pfn, 0)) {
            return false;
        }
        this.memmap.initFolio(pfn, 0, owner);
        this.history.add(ALLOCATED, pfn, 1, owner);
        return true;
    }

    isFree(pfn: number): boolean {
        return this.zoneOf(pfn).isFree(pfn);
    }

    /** Number of free pages, of one node or of all, including CMA ones. */
    freePages(node?: number): number {
        return [...this.normal, ...this.cma].reduce(
            (sum, z) => sum + (node === undefined || z.span.node === node ? z.freePages : 0),
            0,
        );
    }

    /** Number of free pages in CMA pageblocks. */
    freeCmaPages(node?: number): number {
        return this.cma.reduce((sum, z) => sum + (node === undefined || z.span.node === node ? z.freePages : 0), 0);
    }

    /** Free blocks by order (as /proc/buddyinfo), for each node ordinary and CMA ones. */
    buddyinfo(): { node: number; cma: boolean; blocks: number[] }[] {
        return [...this.normal, ...this.cma].map((z) => ({ node: z.span.node, cma: z.cma, blocks: z.counts() }));
    }

    hash(hasher: Hasher): void {
        hasher.num(this.managedPages);
        for (const zone of [...this.normal, ...this.cma]) {
            zone.hash(hasher);
        }
    }

    private fromZones(zones: readonly Zone[], order: number, options: AllocOptions): number {
        const { node } = options;
        if (node !== undefined) {
            for (const zone of zones) {
                if (zone.span.node === node) {
                    const pfn = zone.alloc(order);
                    if (pfn >= 0) {
                        return pfn;
                    }
                }
            }
            if (options.strict) {
                return -1;
            }
        }
        for (const zone of zones) {
            const pfn = zone.alloc(order);
            if (pfn >= 0) {
                return pfn;
            }
        }
        return -1;
    }

    private zoneOf(pfn: number): Zone {
        const zones = this.memmap.isCma(pfn) ? this.cma : this.normal;
        for (const zone of zones) {
            if (pfn >= zone.span.start && pfn < zone.span.end) {
                return zone;
            }
        }
        throw new RangeError(`page frame 0x${pfn.toString(16)} is in no node`);
    }
}

/** Frees [start, end) in the largest aligned blocks, as memblock_free_all does. */
function releaseTo(zone: Zone, start: number, end: number): void {
    const { maxOrder } = zone;
    const largest = 2 ** maxOrder;
    let pfn = start;
    while (pfn < end) {
        if (pfn % largest === 0 && end - pfn >= largest) {
            const largestEnd = end - (end % largest);
            zone.freeLargest(pfn, largestEnd);
            pfn = largestEnd;
            continue;
        }
        let order = 0;
        while (order < maxOrder && pfn % 2 ** (order + 1) === 0 && pfn + 2 ** (order + 1) <= end) {
            order++;
        }
        zone.free(pfn, order);
        pfn += 2 ** order;
    }
}
