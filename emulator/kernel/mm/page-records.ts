/**
 * Storage of page metadata (see {@link Memmap}): entries in typed arrays, saved before their first change in an epoch.
 */
import { Hasher } from '../../machine/hash';
import type { Journal, Saveable } from '../../machine/journal';
import { Remembered, Stamp } from '../../machine/remembered';

/** Pages of a row, which one summary entry covers, and the order of a folio that fills one. */
export const ROW_PAGES = 512;
export const ROW_ORDER = 9;
/** Rows of a section. */
export const ROWS = 64;
export const SECTION_PAGES = ROW_PAGES * ROWS;

/** States of an entry. */
export const UNSET = 0;
export const ALLOCATED = 1;
export const PRESERVED = 2;
/** The value stored for every page offset that does not fit into 32 bits. */
export const LAST_INDEX = 2 ** 32 - 1;
/** Flag in an entry's order: not the head. */
export const TAIL = 0x80;

/** Metadata of `count` pages, or of `count` rows. */
export class Records implements Saveable {
    epoch: number;
    readonly refs: Int32Array;
    readonly owner: Uint32Array;
    /** The page's offset in its file, in pages; 2^32−1 stands for more. */
    readonly index: Uint32Array;
    readonly pins: Uint16Array;
    readonly state: Uint8Array;
    /** The folio's order in its head, order | TAIL in every other page of it. */
    readonly order: Uint8Array;
    /** KHO's mark in page->private: 0 none, else 1 + order. */
    readonly mark: Uint8Array;
    readonly flags: Uint8Array;
    private readonly all: Uint8Array;
    private readonly remembered = new Remembered();

    constructor(
        private readonly journal: Journal,
        count: number,
    ) {
        this.epoch = journal.epoch;
        const buffer = new ArrayBuffer(count * 18);
        this.all = new Uint8Array(buffer);
        this.refs = new Int32Array(buffer, 0, count);
        this.owner = new Uint32Array(buffer, count * 4, count);
        this.index = new Uint32Array(buffer, count * 8, count);
        this.pins = new Uint16Array(buffer, count * 12, count);
        this.state = new Uint8Array(buffer, count * 14, count);
        this.order = new Uint8Array(buffer, count * 15, count);
        this.mark = new Uint8Array(buffer, count * 16, count);
        this.flags = new Uint8Array(buffer, count * 17, count);
    }

    copyEntry(from: Records, source: number, target: number): void {
        this.refs[target] = from.refs[source]!;
        this.owner[target] = from.owner[source]!;
        this.index[target] = from.index[source]!;
        this.pins[target] = from.pins[source]!;
        this.state[target] = from.state[source]!;
        this.order[target] = from.order[source]!;
        this.mark[target] = from.mark[source]!;
        this.flags[target] = from.flags[source]!;
    }

    clearEntry(at: number): void {
        this.refs[at] = 0;
        this.owner[at] = 0;
        this.index[at] = 0;
        this.pins[at] = 0;
        this.state[at] = UNSET;
        this.order[at] = 0;
        this.mark[at] = 0;
        this.flags[at] = 0;
    }

    /** The entries [from, to) of pages that the previous kernel preserved one by one. */
    stampPages(from: number, to: number, owner: number): void {
        this.state.fill(PRESERVED, from, to);
        this.owner.fill(owner, from, to);
        this.mark.fill(1, from, to);
    }

    clearEntries(from: number, to: number): void {
        for (const array of [this.refs, this.owner, this.index, this.pins, this.order, this.mark, this.flags]) {
            array.fill(0, from, to);
        }
        this.state.fill(UNSET, from, to);
    }

    /** The entries [from, to) of separate folios with one reference, at page offsets of a file from `index` on. */
    initCached(from: number, to: number, owner: number, flags: number, index: number): void {
        this.refs.fill(1, from, to);
        this.owner.fill(owner, from, to);
        this.pins.fill(0, from, to);
        this.state.fill(ALLOCATED, from, to);
        this.order.fill(0, from, to);
        this.mark.fill(0, from, to);
        this.flags.fill(flags, from, to);
        for (let i = from; i < to; i++) {
            this.index[i] = Math.min(index + i - from, LAST_INDEX);
        }
    }

    fingerprint(): number {
        return this.remembered.of(this.journal, this, null, () => new Hasher().bytes(this.all).value());
    }

    save(): unknown {
        return this.all.slice();
    }

    load(saved: unknown): void {
        if (saved instanceof Uint8Array) {
            this.all.set(saved);
        }
    }
}

export class Section implements Saveable {
    epoch: number;
    readonly summary: Records;
    rows: (Records | undefined)[];
    /** When its summary or the entries of a row have changed last. */
    private readonly below: Stamp;
    private readonly remembered = new Remembered();

    constructor(private readonly journal: Journal) {
        this.epoch = journal.epoch;
        this.below = new Stamp(journal);
        this.summary = new Records(journal, ROWS);
        this.rows = new Array<Records | undefined>(ROWS).fill(undefined);
    }

    /** Must be called before a change of its summary or of one of its rows. */
    touch(records: Records): void {
        if (records.epoch !== this.journal.epoch) {
            this.journal.touch(records);
            this.journal.touch(this.below);
        }
    }

    /** Computed again only after a change. */
    fingerprint(): number {
        return this.remembered.of(this.journal, this, this.below, () => {
            const hasher = new Hasher().num(this.summary.fingerprint());
            this.rows.forEach((row, k) => {
                if (row) {
                    hasher.u32(k).num(row.fingerprint());
                }
            });
            return hasher.value();
        });
    }

    save(): unknown {
        return { rows: this.rows.slice() };
    }

    load(saved: unknown): void {
        Object.assign(this, saved);
    }
}
