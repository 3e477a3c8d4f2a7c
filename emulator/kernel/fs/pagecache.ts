/** Page caches: the pages of a file by offset (mm/filemap.c). */
import type { PageGeometry } from '../../machine/arch';
import type { Journal, Saveable } from '../../machine/journal';
import { Hasher } from '../../machine/hash';
import { JournaledRecord } from '../../machine/journal';
import { Remembered, Stamp } from '../../machine/remembered';

/**
 * Pages of a leaf, and the order of a folio that fills one: 2 MiB in pages of 4 KiB. A constant of the emulator, the
 * same for every page size.
 */
const LEAF = 512;
const LEAF_ORDER = 9;
/** Leaves of a row. */
const ROW = 512;

/**
 * The pages of a part of a file. An entry is 0 for a hole, otherwise the page frame number plus one. If the pages are
 * at the beginning of the part and their page frames are consecutive, as in most parts, no entries are stored.
 */
class Leaf implements Saveable {
    epoch: number;
    count = 0;
    /** Null: the first `count` pages have the page frames from `first` on, and the others are holes. */
    private pfns: Float64Array | null = null;
    private first = 0;
    private readonly remembered = new Remembered();

    constructor(private readonly journal: Journal) {
        this.epoch = journal.epoch;
    }

    entry(i: number): number {
        return this.pfns ? this.pfns[i]! : i < this.count ? this.first + i + 1 : 0;
    }

    /** Fills holes with pages. */
    put(at: number, pfn: number, n: number): void {
        if (!this.pfns && at === this.count && (at === 0 || pfn === this.first + at)) {
            this.first = pfn - at;
        } else {
            const pfns = this.entries();
            for (let k = 0; k < n; k++) {
                pfns[at + k] = pfn + k + 1;
            }
        }
        this.count += n;
    }

    /** Removes pages. */
    clear(at: number, n: number): void {
        if (this.pfns || at + n < this.count) {
            this.entries().fill(0, at, at + n);
        }
        this.count -= n;
    }

    isVacant(at: number, n: number): boolean {
        return this.pfns ? !this.pfns.subarray(at, at + n).some((entry) => entry !== 0) : at >= this.count;
    }

    /** The index of the first page at or after an entry, or −1. */
    next(from: number): number {
        for (let i = from; i < LEAF; i++) {
            if (this.entry(i) !== 0) {
                return i;
            }
        }
        return -1;
    }

    /** How many pages from an entry on, at most `most`, have consecutive page frames from `pfn` on. */
    runFrom(at: number, pfn: number, most: number): number {
        const end = Math.min(at + most, LEAF);
        if (!this.pfns) {
            return pfn === this.first + at ? Math.max(0, Math.min(end, this.count) - at) : 0;
        }
        let i = at;
        while (i < end && this.pfns[i] === pfn + i - at + 1) {
            i++;
        }
        return i - at;
    }

    private entries(): Float64Array {
        if (!this.pfns) {
            this.pfns = Float64Array.from({ length: LEAF }, (_, i) => this.entry(i));
        }
        return this.pfns;
    }

    fingerprint(): number {
        return this.remembered.of(this.journal, this, null, () =>
            numbersIn(new Hasher(), LEAF, (i) => this.entry(i)).value(),
        );
    }

    save(): unknown {
        return { pfns: this.pfns?.slice() ?? null, first: this.first, count: this.count };
    }

    load(saved: unknown): void {
        Object.assign(this, saved);
    }
}

/** Adds the entries that are not holes. */
function numbersIn(hasher: Hasher, length: number, entryAt: (i: number) => number): Hasher {
    for (let i = 0; i < length; i++) {
        const entry = entryAt(i);
        if (entry !== 0) {
            hasher.u32(i).num(entry);
        }
    }
    return hasher;
}

/** A piece of a file: for each of its leaves the first page frame number plus one, if a folio fills it, or the leaf. */
class Row implements Saveable {
    epoch: number;
    huge = new Float64Array(ROW);
    leaves: (Leaf | null)[] = new Array<Leaf | null>(ROW).fill(null);
    count = 0;
    /** When one of its leaves has changed last. */
    private readonly below: Stamp;
    private readonly remembered = new Remembered();

    constructor(private readonly journal: Journal) {
        this.epoch = journal.epoch;
        this.below = new Stamp(journal);
    }

    /** Must be called before a change of one of its leaves. */
    touch(leaf: Leaf): void {
        if (leaf.epoch !== this.journal.epoch) {
            this.journal.touch(leaf);
            this.journal.touch(this.below);
        }
    }

    fingerprint(): number {
        return this.remembered.of(this.journal, this, this.below, () => {
            const hasher = numbersIn(new Hasher(), ROW, (i) => this.huge[i]!);
            this.leaves.forEach((leaf, i) => {
                if (leaf) {
                    hasher.u32(i).num(leaf.fingerprint());
                }
            });
            return hasher.value();
        });
    }

    save(): unknown {
        return { huge: this.huge.slice(), leaves: this.leaves.slice(), count: this.count };
    }

    load(saved: unknown): void {
        Object.assign(this, saved);
    }
}

/**
 * The pages of a file by page offset (struct address_space). Folios of order 9 are one entry, larger ones several;
 * smaller ones have an entry per page, unless their page frames are consecutive.
 */
export class PageCache extends JournaledRecord {
    /** Pages in the cache, in folios of any size (nrpages). */
    readonly pages: number = 0;
    private readonly rows: ReadonlyMap<number, Row> = new Map();
    /** The keys of `rows`, ascending. */
    private readonly keys: readonly number[] = [];
    /** The row that was looked up last. Saved and loaded with `rows`, so it is one of them or absent. */
    private lastKey = -1;
    private lastRow: Row | undefined;

    constructor(
        private readonly journal: Journal,
        private readonly page: PageGeometry,
    ) {
        super(journal);
    }

    /** Their memory in units of 512 bytes, as st_blocks counts it. */
    get blocks(): number {
        return this.blocksOf(this.pages);
    }

    /** So many pages in the same units. */
    blocksOf(pages: number): number {
        return pages * (this.page.size / 512);
    }

    /** The page frame at page offset `index`, or −1 for a hole. */
    at(index: number): number {
        const key = Math.floor(index / (ROW * LEAF));
        const row = this.row(key);
        if (!row) {
            return -1;
        }
        const i = index - key * ROW * LEAF;
        const slot = i >> 9;
        const first = row.huge[slot] ?? 0;
        if (first > 0) {
            return first - 1 + (i & 511);
        }
        const leaf = row.leaves[slot];
        return leaf ? leaf.entry(i & 511) - 1 : -1;
    }

    /** The offset after the entry at `index`. */
    behind(index: number): number {
        return this.isHuge(index) ? index + LEAF - (index % LEAF) : index + 1;
    }

    /** True if the leaf around `index` is one entry. */
    private isHuge(index: number): boolean {
        const key = Math.floor(index / (ROW * LEAF));
        const row = this.row(key);
        return row !== undefined && (row.huge[(index - key * ROW * LEAF) >> 9] ?? 0) > 0;
    }

    /**
     * True if none of the `2^order` pages from `index` on is cached; `index` is a multiple of their number.
     */
    isVacant(index: number, order: number): boolean {
        if (order === 0) {
            return this.at(index) < 0;
        }
        if (order < LEAF_ORDER) {
            const row = this.row(Math.floor(index / (ROW * LEAF)));
            const slot = Math.floor(index / LEAF) % ROW;
            const leaf = row?.leaves[slot];
            const from = index % LEAF;
            return (row?.huge[slot] ?? 0) === 0 && leaf?.isVacant(from, 2 ** order) !== false;
        }
        const end = index + 2 ** order;
        for (let at = index; at < end; at += LEAF) {
            const key = Math.floor(at / (ROW * LEAF));
            const row = this.row(key);
            const slot = (at - key * ROW * LEAF) >> 9;
            if (row !== undefined && (row.huge[slot] !== 0 || row.leaves[slot] !== null)) {
                return false;
            }
        }
        return true;
    }

    /** The first cached page at or after `index` and at most `last`; −1 if there is none. */
    next(index: number, last: number): number {
        const { keys } = this;
        for (let i = this.firstKey(Math.floor(index / (ROW * LEAF))); i < keys.length; i++) {
            const key = keys[i] ?? 0;
            const base = key * ROW * LEAF;
            if (base > last) {
                return -1;
            }
            const found = this.nextInRow(key, Math.max(index - base, 0));
            if (found >= 0) {
                return base + found <= last ? base + found : -1;
            }
        }
        return -1;
    }

    /**
     * Adds `2^order` pages from `pfn` at `index`, where nothing may be cached; `index` is a multiple of their number.
     */
    insert(index: number, pfn: number, order: number): void {
        if (order > LEAF_ORDER) {
            this.insert(index, pfn, order - 1);
            this.insert(index + 2 ** (order - 1), pfn + 2 ** (order - 1), order - 1);
            return;
        }
        const key = Math.floor(index / (ROW * LEAF));
        const row = this.rowForWrite(key);
        const i = index - key * ROW * LEAF;
        const slot = i >> 9;
        const n = 2 ** order;
        if (n === LEAF) {
            this.journal.touch(row);
            row.huge[slot] = pfn + 1;
            row.count++;
        } else {
            this.leafForWrite(row, slot).put(i & 511, pfn, n);
        }
        this.journal.edit<PageCache>(this).pages += n;
    }

    /** Adds `count` folios of one page, from `pfn` on, at the page offsets from `index` on, which must be holes. */
    insertMany(index: number, pfn: number, count: number): void {
        for (let done = 0; done < count; ) {
            const at = index + done;
            const key = Math.floor(at / (ROW * LEAF));
            const i = at - key * ROW * LEAF;
            const from = i & (LEAF - 1);
            const n = Math.min(LEAF - from, count - done);
            this.leafForWrite(this.rowForWrite(key), i >> 9).put(from, pfn + done, n);
            done += n;
        }
        this.journal.edit<PageCache>(this).pages += count;
    }

    /**
     * Removes `2^order` pages from `index` on. The entry of a leaf can only be removed as a whole: {@link split} it
     * before.
     */
    remove(index: number, order: number): void {
        if (order > LEAF_ORDER) {
            this.remove(index, order - 1);
            this.remove(index + 2 ** (order - 1), order - 1);
            return;
        }
        const key = Math.floor(index / (ROW * LEAF));
        const row = this.rowForWrite(key);
        const i = index - key * ROW * LEAF;
        const slot = i >> 9;
        const n = 2 ** order;
        if (n === LEAF) {
            this.journal.touch(row);
            row.huge[slot] = 0;
            row.leaves[slot] = null;
            row.count--;
        } else {
            this.removeFromLeaf(row, i, n);
        }
        this.journal.edit<PageCache>(this).pages -= n;
        if (row.count === 0) {
            this.dropRow(key);
        }
    }

    /** How many pages from `index` on, at most `most`, are cached and have consecutive page frames from `pfn` on. */
    runFrom(index: number, pfn: number, most: number): number {
        let n = 0;
        while (n < most) {
            const at = index + n;
            const key = Math.floor(at / (ROW * LEAF));
            const row = this.row(key);
            const i = at - key * ROW * LEAF;
            const left = Math.min(LEAF - (i & 511), most - n);
            const first = row?.huge[i >> 9] ?? 0;
            const same =
                first > 0
                    ? first - 1 + (i & 511) === pfn + n
                        ? left
                        : 0
                    : (row?.leaves[i >> 9]?.runFrom(i & 511, pfn + n, left) ?? 0);
            n += same;
            if (same < left) {
                break;
            }
        }
        return n;
    }

    /** Removes `count` folios of one page from `index` on. */
    removeMany(index: number, count: number): void {
        for (let done = 0; done < count; ) {
            const at = index + done;
            const key = Math.floor(at / (ROW * LEAF));
            const row = this.rowForWrite(key);
            const i = at - key * ROW * LEAF;
            const n = Math.min(LEAF - (i & (LEAF - 1)), count - done);
            this.removeFromLeaf(row, i, n);
            if (row.count === 0) {
                this.dropRow(key);
            }
            done += n;
        }
        this.journal.edit<PageCache>(this).pages -= count;
    }

    private removeFromLeaf(row: Row, i: number, n: number): void {
        const slot = i >> 9;
        const leaf = this.leafForWrite(row, slot);
        leaf.clear(i & (LEAF - 1), n);
        if (leaf.count === 0) {
            this.journal.touch(row);
            row.leaves[slot] = null;
            row.count--;
        }
    }

    /** Replaces the entry of the leaf around `index` by an entry per page: its folio was split. */
    split(index: number): void {
        const key = Math.floor(index / (ROW * LEAF));
        const row = this.rowForWrite(key);
        const slot = (index - key * ROW * LEAF) >> 9;
        const first = row.huge[slot] ?? 0;
        if (first > 0) {
            this.journal.touch(row);
            row.huge[slot] = 0;
            row.count--;
            this.leafForWrite(row, slot).put(0, first - 1, LEAF);
        }
    }

    /** Adds the entries, in a time that depends on what has changed since the last time. */
    hash(hasher: Hasher): void {
        for (const key of this.keys) {
            hasher.num(key).num(this.rows.get(key)?.fingerprint() ?? 0);
        }
    }

    private nextInRow(key: number, from: number): number {
        const row = this.rows.get(key);
        if (!row) {
            return -1;
        }
        for (let slot = from >> 9, i = from & 511; slot < ROW; slot++, i = 0) {
            if ((row.huge[slot] ?? 0) > 0) {
                return slot * LEAF + i;
            }
            const leaf = row.leaves[slot];
            if (leaf) {
                const next = leaf.next(i);
                if (next >= 0) {
                    return slot * LEAF + next;
                }
            }
        }
        return -1;
    }

    /** The position in `keys` of the first key that is not below `key`. */
    private firstKey(key: number): number {
        let low = 0;
        let high = this.keys.length;
        while (low < high) {
            const mid = (low + high) >> 1;
            if ((this.keys[mid] ?? 0) < key) {
                low = mid + 1;
            } else {
                high = mid;
            }
        }
        return low;
    }

    private row(key: number): Row | undefined {
        if (key === this.lastKey) {
            return this.lastRow;
        }
        const row = this.rows.get(key);
        if (row) {
            this.lastKey = key;
            this.lastRow = row;
        }
        return row;
    }

    private rowForWrite(key: number): Row {
        const row = this.row(key);
        if (row) {
            return row;
        }
        const added = new Row(this.journal);
        this.replaceRows(new Map(this.rows).set(key, added));
        return added;
    }

    private dropRow(key: number): void {
        const rows = new Map(this.rows);
        rows.delete(key);
        this.replaceRows(rows);
    }

    /** The map is replaced, never changed in place: a saved copy of this record keeps the old one. */
    private replaceRows(rows: ReadonlyMap<number, Row>): void {
        this.journal.touch(this);
        this.lastKey = -1;
        this.lastRow = undefined;
        Object.assign(this, { rows, keys: [...rows.keys()].sort((a, b) => a - b) });
    }

    private leafForWrite(row: Row, slot: number): Leaf {
        const leaf = row.leaves[slot];
        if (leaf) {
            row.touch(leaf);
            return leaf;
        }
        const added = new Leaf(this.journal);
        this.journal.touch(row);
        row.leaves[slot] = added;
        row.count++;
        return added;
    }
}
