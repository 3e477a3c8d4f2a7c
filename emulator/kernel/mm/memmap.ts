/**
 * The page metadata of one kernel (its struct pages). By section of 64 rows of 512 pages, created on first write; a
 * section has one entry for each row that is completely of one kind (part of a folio of order 9 or more, or 512 equal
 * pages), and otherwise 512 entries of 18 bytes. Sections and rows are those of the emulator, not of the kernel, and
 * independent of the page size.
 */
import type { Hasher } from '../../machine/hash';
import { type Journal, JournaledRecord, Slots } from '../../machine/journal';
import { type PfnRange, rangeOf, withoutRange, withRange } from './page-ranges';
import {
    ALLOCATED,
    LAST_INDEX,
    PRESERVED,
    ROWS,
    ROW_ORDER,
    ROW_PAGES,
    Records,
    SECTION_PAGES,
    Section,
    TAIL,
    UNSET,
} from './page-records';

/** Page flags (include/linux/page-flags.h) that are visible. */
export const PG_DIRTY = 1;
export const PG_UPTODATE = 2;
export const PG_LOCKED = 4;
export const PG_SWAPBACKED = 8;
/** A page of a hugetlb pool; the kernel uses a page type for this. */
export const PG_HUGETLB = 64;

/** A value that is the start of no row: every page is below it. */
const NOWHERE = Number.MAX_SAFE_INTEGER;

/** pfn % ROW_PAGES; the operator is slow for numbers of more than 31 bits. */
function pageIn(pfn: number): number {
    return pfn & (ROW_PAGES - 1);
}

/** Index of the row of its section that contains a page. */
function rowIn(pfn: number): number {
    return (pfn / ROW_PAGES) & (ROWS - 1);
}

/** 2^order; faster than the operator for orders that occur. */
export function orderPages(order: number): number {
    return order < 31 ? 1 << order : 2 ** order;
}

/** The state of a page in the kernel. `preserved`: reserved for KHO, not restored yet. */
export type PageState = 'free' | 'allocated' | 'reserved' | 'preserved';

export type PageRunVisitor = (start: number, end: number, state: 'allocated' | 'preserved', owner: number) => void;

export class Memmap extends JournaledRecord {
    /** Permanent boot-time reservations of the kernel: image, memmap, per-CPU areas. Sorted. */
    readonly reserved: readonly PfnRange[] = [];
    /** Pageblocks of MIGRATE_CMA: the scratch areas. Sorted. All others are treated alike, movable or unmovable. */
    readonly cma: readonly PfnRange[] = [];
    private readonly sections: Slots<Section>;
    /** The position that {@link locate} found. */
    private found: Records;
    private readonly nothing: Records;
    /**
     * The row that was read last, its first page, and the epoch in which this is valid: the next page is mostly in it,
     * too.
     */
    private row: Records;
    private rowStart = NOWHERE;
    private rowEpoch = -1;

    constructor(private readonly journal: Journal) {
        super(journal);
        this.sections = new Slots<Section>(journal);
        this.nothing = new Records(journal, 1);
        this.found = this.nothing;
        this.row = this.nothing;
    }

    // Queries of any page.

    stateOf(pfn: number): PageState {
        const i = this.locate(pfn);
        switch (this.found.state[i]) {
            case ALLOCATED:
                return 'allocated';
            case PRESERVED:
                return 'preserved';
            default:
                return rangeOf(this.reserved, pfn) ? 'reserved' : 'free';
        }
    }

    isAllocated(pfn: number): boolean {
        const i = this.locate(pfn);
        return this.found.state[i] === ALLOCATED;
    }

    /** The head of the folio that contains a page; the page itself if it is in none. */
    headOf(pfn: number): number {
        const order = this.orderOf(pfn);
        return order === 0 ? pfn : pfn - (pfn % orderPages(order));
    }

    /** The order of the folio that contains a page. */
    orderOf(pfn: number): number {
        const i = this.locate(pfn);
        return this.found.order[i]! & ~TAIL;
    }

    /** The owner of a page (of its folio); 0 if it has none. */
    ownerOf(pfn: number): number {
        let i = this.locate(pfn);
        const order = this.found.order[i]! & ~TAIL;
        if (order !== 0) {
            i = this.locate(pfn - (pfn % orderPages(order)));
        }
        if (this.found.state[i] === UNSET) {
            return rangeOf(this.reserved, pfn)?.owner ?? 0;
        }
        return this.found.owner[i]!;
    }

    /** MIGRATE_CMA, or any other type. */
    isCma(pfn: number): boolean {
        return this.cma.length > 0 && rangeOf(this.cma, pfn) !== undefined;
    }

    // Queries of the head of a folio.

    refs(head: number): number {
        const i = this.locate(head);
        return this.found.refs[i]!;
    }

    setRefs(head: number, refs: number): void {
        const i = this.locateForWrite(head);
        this.found.refs[i] = refs;
    }

    pins(head: number): number {
        const i = this.locate(head);
        return this.found.pins[i]!;
    }

    setPins(head: number, pins: number): void {
        const i = this.locateForWrite(head);
        this.found.pins[i] = pins;
    }

    /** The OR of PG_… flags. */
    flags(head: number): number {
        const i = this.locate(head);
        return this.found.flags[i]!;
    }

    setFlags(head: number, flags: number): void {
        const i = this.locateForWrite(head);
        this.found.flags[i] = flags;
    }

    index(head: number): number {
        const i = this.locate(head);
        return this.found.index[i]!;
    }

    setIndex(head: number, index: number): void {
        const i = this.locateForWrite(head);
        this.found.index[i] = Math.min(index, LAST_INDEX);
    }

    /** A folio is added to a page cache at page offset `index`: it gets references, flags and the owner of the file. */
    addToCache(head: number, index: number, refs: number, flags: number, owner: number): void {
        const i = this.locateForWrite(head);
        const { found } = this;
        found.index[i] = Math.min(index, LAST_INDEX);
        found.refs[i] = found.refs[i]! + refs;
        found.flags[i] = found.flags[i]! | flags;
        found.owner[i] = owner;
    }

    setOwner(head: number, owner: number): void {
        const i = this.locateForWrite(head);
        this.found.owner[i] = owner;
    }

    /** KHO's mark in page->private: the order of the preserved block that starts here, or −1. */
    khoOrder(pfn: number): number {
        const i = this.locate(pfn);
        // A summary entry holds the mark of the first page of its row.
        return this.found.mark.length === ROWS && pageIn(pfn) !== 0 ? -1 : this.found.mark[i]! - 1;
    }

    // Changes of whole folios and runs.

    /** Makes the 2^order pages from `pfn` on one allocated folio with one reference. */
    initFolio(pfn: number, order: number, owner: number): void {
        if (order >= ROW_ORDER) {
            const rows = orderPages(order - ROW_ORDER);
            for (let i = 0; i < rows; i++) {
                this.setRow(pfn + i * ROW_PAGES, ALLOCATED, i === 0 ? order : order | TAIL, i === 0 ? 1 : 0, owner);
            }
            return;
        }
        const row = this.rowForWrite(pfn);
        const at = pageIn(pfn);
        row.clearEntry(at);
        row.state[at] = ALLOCATED;
        row.order[at] = order;
        row.refs[at] = 1;
        row.owner[at] = owner;
        for (let i = at + 1, end = at + (1 << order); i < end; i++) {
            row.clearEntry(i);
            row.state[i] = ALLOCATED;
            row.order[i] = order | TAIL;
        }
    }

    /** Makes each of `count` pages from `pfn` on a separate allocated page with one reference. */
    initPages(pfn: number, count: number, owner: number): void {
        this.fill(pfn, count, ALLOCATED, 1, owner);
    }

    /**
     * Makes `count` pages from `pfn` on separate allocated folios of a page cache with one reference: the first is at
     * page offset `index`.
     */
    initCached(pfn: number, count: number, owner: number, flags: number, index: number): void {
        for (let done = 0; done < count; ) {
            const row = this.rowForWrite(pfn + done);
            const at = pageIn(pfn + done);
            const n = Math.min(ROW_PAGES - at, count - done);
            row.initCached(at, at + n, owner, flags, index + done);
            done += n;
        }
    }

    /** Clears the metadata of these pages: they are free. */
    clear(pfn: number, count: number): void {
        this.fill(pfn, count, UNSET, 0, 0);
    }

    /** Clears the metadata of these pages, which was set page by page: they are free. */
    clearEach(pfn: number, count: number): void {
        for (let done = 0; done < count; ) {
            const row = this.rowForWrite(pfn + done);
            const at = pageIn(pfn + done);
            const n = Math.min(ROW_PAGES - at, count - done);
            row.clearEntries(at, at + n);
            done += n;
        }
    }

    /** How many of `most` pages from `pfn` on are folios of one page with one reference and of the same owner. */
    singlesFrom(pfn: number, most: number): number {
        const owner = this.ownerOf(pfn);
        for (let n = 0; n < most; n++) {
            const i = this.locate(pfn + n);
            const { state, order, refs, owner: owners } = this.found;
            if (state[i] !== ALLOCATED || order[i] !== 0 || refs[i] !== 1 || owners[i] !== owner) {
                return n;
            }
        }
        return most;
    }

    /**
     * Pins folios of one page from `pfn` on, at most `most`, until another folio follows.
     * @returns their number
     */
    pinPages(pfn: number, most: number): number {
        let done = 0;
        while (done < most) {
            const row = this.rowForWrite(pfn + done);
            const at = pageIn(pfn + done);
            const end = Math.min(ROW_PAGES, at + most - done);
            let i = at;
            for (; i < end && row.order[i] === 0; i++) {
                row.refs[i] = row.refs[i]! + 1;
                row.pins[i] = row.pins[i]! + 1;
            }
            done += i - at;
            if (i < end) {
                break;
            }
        }
        return done;
    }

    /** How many folios of one page from `pfn` on, at most `most`, have a flag. */
    flaggedFrom(pfn: number, most: number, flag: number): number {
        for (let n = 0; n < most; n++) {
            const i = this.locate(pfn + n);
            if (this.found.order[i] !== 0 || (this.found.flags[i]! & flag) === 0) {
                return n;
            }
        }
        return most;
    }

    /**
     * Marks a block of 2^order pages as preserved by the previous kernel, its head with KHO's magic and the order. As
     * in the kernel, a later, smaller block at the same head overwrites the head's mark and nothing else.
     */
    stampPreserved(pfn: number, order: number, owner: number): void {
        if (order >= ROW_ORDER && pageIn(pfn) === 0) {
            this.fill(pfn, orderPages(order), PRESERVED, 0, owner);
            const i = this.locateForWrite(pfn, true);
            this.found.mark[i] = order + 1;
            return;
        }
        const row = this.rowForWrite(pfn);
        const at = pageIn(pfn);
        if (order === 0) {
            row.state[at] = PRESERVED;
            row.owner[at] = owner;
        } else {
            this.fill(pfn, orderPages(order), PRESERVED, 0, owner);
        }
        row.mark[at] = order + 1;
    }

    /** Marks each of `count` pages from `pfn` on as a preserved block of its own. */
    stampPages(pfn: number, count: number, owner: number): void {
        for (let done = 0; done < count; ) {
            const row = this.rowForWrite(pfn + done);
            const at = pageIn(pfn + done);
            const end = Math.min(ROW_PAGES, at + count - done);
            row.stampPages(at, end, owner);
            done += end - at;
        }
    }

    /** Removes the mark from a block's head, as initializing the page does; the block stays preserved. */
    loseMark(pfn: number): void {
        const i = this.locateForWrite(pfn, true);
        this.found.mark[i] = 0;
    }

    /** Sets the permanent boot-time reservations, in ascending order. A page that two share is of the later one. */
    setReserved(ranges: readonly PfnRange[]): void {
        const kept: PfnRange[] = [];
        for (const range of ranges) {
            for (let last = kept.at(-1); last && last.end > range.start; last = kept.at(-1)) {
                kept.pop();
                if (last.start < range.start) {
                    kept.push({ ...last, end: range.start });
                }
            }
            if (range.start < range.end) {
                kept.push(range);
            }
        }
        this.journal.edit(this).reserved = kept;
    }

    /** Frees boot-time reservations. */
    release(start: number, end: number): void {
        this.journal.edit(this).reserved = withoutRange(this.reserved, start, end);
    }

    markCma(start: number, end: number): void {
        this.journal.edit(this).cma = withRange(this.cma, { start, end, owner: 0 });
    }

    /**
     * All memory that is not free, in ascending order within its kind: first boot-time reservations, then folio by
     * folio, or row by row if a whole row is of one kind. For display.
     */
    *owned(): Generator<{
        readonly pfn: number;
        readonly count: number;
        readonly owner: number;
        readonly state: PageState;
    }> {
        for (const r of this.reserved) {
            yield { pfn: r.start, count: r.end - r.start, owner: r.owner, state: 'reserved' };
        }
        for (const [i, section] of this.sections.list.entries()) {
            for (let k = 0; section && k < ROWS; k++) {
                const row = section.rows[k];
                const pfn = i * SECTION_PAGES + k * ROW_PAGES;
                if (row) {
                    yield* this.ownedIn(row, pfn);
                } else if (section.summary.state[k] !== UNSET) {
                    yield { pfn, count: ROW_PAGES, owner: this.ownerOf(pfn), state: this.stateOf(pfn) };
                }
            }
        }
    }

    /**
     * Calls back for allocated and preserved memory from `start` to `end`, ascending, in the largest runs of one state
     * and owner. Looks at rows that are of one kind only once, so that it is fast with terabytes.
     */
    runsIn(start: number, end: number, visit: PageRunVisitor): void {
        let [from, to, state, owner] = [0, 0, UNSET, 0];
        // the large folio that was met last: its other rows need not look for its head
        let [folioEnd, folioOwner] = [0, 0];
        const ownerIn = (pfn: number, order: number, own: number): number => {
            if ((order & ~TAIL) < ROW_ORDER) {
                return own;
            }
            if (pfn >= folioEnd) {
                const head = this.headOf(pfn);
                [folioEnd, folioOwner] = [head + orderPages(order & ~TAIL), this.ownerOf(pfn)];
            }
            return folioOwner;
        };
        const add = (pfn: number, count: number, s: number, o: number): void => {
            if (pfn !== to || s !== state || o !== owner) {
                const [first, last] = [Math.max(from, start), Math.min(to, end)];
                if (state !== UNSET && first < last) {
                    visit(first, last, state === ALLOCATED ? 'allocated' : 'preserved', owner);
                }
                [from, state, owner] = [pfn, s, o];
            }
            to = pfn + count;
        };
        const last = Math.min(this.sections.list.length - 1, Math.floor((end - 1) / SECTION_PAGES));
        for (let i = Math.floor(start / SECTION_PAGES); i <= last; i++) {
            const section = this.sections.list[i];
            for (let k = 0; section && k < ROWS; k++) {
                const pfn = i * SECTION_PAGES + k * ROW_PAGES;
                const row = section.rows[k];
                if (pfn + ROW_PAGES <= start || pfn >= end) {
                    continue;
                }
                if (row) {
                    for (let at = 0; at < ROW_PAGES; ) {
                        const [s, order] = [row.state[at]!, row.order[at]!];
                        const count = order < ROW_ORDER ? orderPages(order) : 1;
                        add(pfn + at, count, s, ownerIn(pfn + at, order, row.owner[at]!));
                        at += count;
                    }
                } else {
                    const { state: states, order, owner: owners } = section.summary;
                    add(pfn, ROW_PAGES, states[k]!, ownerIn(pfn, order[k]!, owners[k]!));
                }
            }
        }
        add(end, 0, UNSET, 0);
    }

    private *ownedIn(row: Records, first: number): ReturnType<Memmap['owned']> {
        for (let at = 0; at < ROW_PAGES; ) {
            const state = row.state[at];
            const count = state === ALLOCATED ? Math.min(2 ** this.orderOf(first + at), ROW_PAGES - at) : 1;
            if (state !== UNSET) {
                yield {
                    pfn: first + at,
                    count,
                    owner: this.ownerOf(first + at),
                    state: state === ALLOCATED ? 'allocated' : 'preserved',
                };
            }
            at += count;
        }
    }

    hash(hasher: Hasher): void {
        this.sections.list.forEach((section, i) => {
            if (section) {
                hasher.u32(i).num(section.fingerprint());
            }
        });
        for (const r of [...this.reserved, ...this.cma]) {
            hasher.num(r.start).num(r.end).num(r.owner);
        }
    }

    // Internals.

    /** Finds a page's entry for reading: sets `found`, returns the index in it. */
    private locate(pfn: number): number {
        const at = pfn - this.rowStart;
        if (at >= 0 && at < ROW_PAGES && this.rowEpoch === this.journal.epoch) {
            this.found = this.row;
            return at;
        }
        return this.locateAnew(pfn);
    }

    private locateAnew(pfn: number): number {
        const number = Math.floor(pfn / SECTION_PAGES);
        const section = this.sections.list[number];
        if (!section) {
            this.found = this.nothing;
            return 0;
        }
        const rowIndex = rowIn(pfn);
        const row = section.rows[rowIndex];
        if (row) {
            this.found = row;
            const at = pageIn(pfn);
            this.remember(row, pfn - at);
            return at;
        }
        this.found = section.summary;
        return rowIndex;
    }

    private remember(row: Records, start: number): void {
        this.row = row;
        this.rowStart = start;
        this.rowEpoch = this.journal.epoch;
    }

    /**
     * The same for writing: a summary is changed only for the head of a large folio (or, `uniform`, the first page of a
     * row).
     */
    private locateForWrite(pfn: number, uniform = false): number {
        const at = pfn - this.rowStart;
        if (
            at >= 0 &&
            at < ROW_PAGES &&
            this.rowEpoch === this.journal.epoch &&
            this.row.epoch === this.journal.epoch
        ) {
            this.found = this.row;
            return at;
        }
        return this.locateForWriteAnew(pfn, uniform);
    }

    private locateForWriteAnew(pfn: number, uniform: boolean): number {
        const section = this.sectionForWrite(pfn);
        const rowIndex = rowIn(pfn);
        const row = section.rows[rowIndex];
        if (!row && pageIn(pfn) === 0) {
            const order = section.summary.order[rowIndex]!;
            if (uniform || (order >= ROW_ORDER && order < TAIL)) {
                section.touch(section.summary);
                this.found = section.summary;
                return rowIndex;
            }
        }
        this.found = this.rowForWrite(pfn);
        return pageIn(pfn);
    }

    private sectionForWrite(pfn: number): Section {
        const number = Math.floor(pfn / SECTION_PAGES);
        let section = this.sections.list[number];
        if (!section) {
            this.journal.touch(this.sections);
            section = new Section(this.journal);
            const list = this.sections.list;
            while (list.length < number) {
                list.push(undefined);
            }
            list[number] = section;
        }
        return section;
    }

    /** The entries of a row, one per page; a summary is expanded into them. */
    private rowForWrite(pfn: number): Records {
        const section = this.sectionForWrite(pfn);
        const rowIndex = rowIn(pfn);
        let row = section.rows[rowIndex];
        if (row) {
            section.touch(row);
            this.remember(row, pfn - pageIn(pfn));
            return row;
        }
        row = new Records(this.journal, ROW_PAGES);
        const { summary } = section;
        if (summary.state[rowIndex] !== UNSET) {
            const order = summary.order[rowIndex]!;
            for (let i = 0; i < ROW_PAGES; i++) {
                row.copyEntry(summary, rowIndex, i);
            }
            row.mark.fill(0, 1);
            if (order !== 0 && order < TAIL) {
                row.refs.fill(0, 1);
                row.pins.fill(0, 1);
                row.order.fill(order | TAIL, 1);
            }
        }
        this.journal.touch(section);
        section.rows[rowIndex] = row;
        return row;
    }

    private setRow(pfn: number, state: number, order: number, refs: number, owner: number): void {
        const section = this.sectionForWrite(pfn);
        const rowIndex = rowIn(pfn);
        if (section.rows[rowIndex]) {
            this.journal.touch(section);
            section.rows[rowIndex] = undefined;
            this.rowStart = NOWHERE;
        }
        const { summary } = section;
        section.touch(summary);
        summary.clearEntry(rowIndex);
        summary.state[rowIndex] = state;
        summary.order[rowIndex] = order;
        summary.refs[rowIndex] = refs;
        summary.owner[rowIndex] = owner;
    }

    private fill(pfn: number, count: number, state: number, refs: number, owner: number): void {
        for (let done = 0; done < count; ) {
            const at = pageIn(pfn + done);
            if (at === 0 && count - done >= ROW_PAGES) {
                if (state !== UNSET || this.sections.list[Math.floor((pfn + done) / SECTION_PAGES)]) {
                    this.setRow(pfn + done, state, 0, refs, owner);
                }
                done += ROW_PAGES;
                continue;
            }
            const row = this.rowForWrite(pfn + done);
            const n = Math.min(ROW_PAGES - at, count - done);
            for (let i = at; i < at + n; i++) {
                row.clearEntry(i);
                row.state[i] = state;
                row.refs[i] = refs;
                row.owner[i] = owner;
            }
            done += n;
        }
    }
}
