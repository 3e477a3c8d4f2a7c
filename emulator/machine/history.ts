/** The history of the pages of physical memory, for observers. */
import type { Hasher } from './hash';
import type { Journal, Saveable } from './journal';
import type { OwnerWatcher } from './watching';

const PAGE_EVENTS = [
    'allocated',
    'freed',
    'preserved',
    'unpreserved',
    'inherited',
    'restored',
    'reserved',
    'released',
] as const;
export type PageEventKind = (typeof PAGE_EVENTS)[number];

/** An event of a run of pages. */
export interface PageEvent {
    readonly pfn: number;
    readonly count: number;
    readonly kind: PageEventKind;
    /** See {@link Owners}. */
    readonly owner: number;
    /** The number of the running kernel, from 1: {@link Machine.boots} at that time. */
    readonly kernel: number;
    /** The observer's step numbers of the first and last of the merged events. */
    readonly firstStep: number;
    readonly lastStep: number;
    /** The observer's number of the thread. */
    readonly thread: number;
}

/** Entries that may still grow; older ones never change. */
const OPEN = 4;
const FIELDS = 7;

/**
 * The history of the pages' owners: an append-only log of runs of pages. Events of neighbouring pages in a row are
 * merged into one entry, so a loop over a million folios costs little. Going back truncates the log.
 */
export class PageHistory implements Saveable {
    epoch: number;
    /** Returns the number of the current step; part of the observer's state, not of this one's. */
    stepOf: () => number = () => 0;
    /** Returns the number of the running thread: events of two concurrent threads are not merged. */
    threadOf: () => number = () => 0;
    /** Called when pages are freed; part of the observer's state, too. */
    onFreed: ((pfn: number, count: number) => void) | null = null;
    /** Told of each event; null: nobody watches. Not part of the state. */
    watcher: OwnerWatcher | null = null;
    private entries = 0;
    /** Entries below this index never grow. */
    private sealed = 0;
    /** Per entry: pfn, count, kind | owner * 16, boot, first step, last step, thread. */
    private data = new Float64Array(64 * FIELDS);

    constructor(
        private readonly journal: Journal,
        private readonly bootOf: () => number,
    ) {
        this.epoch = journal.epoch;
    }

    /** Number of entries. */
    get length(): number {
        return this.entries;
    }

    /** No later event is merged with an earlier one: what follows is the work of another callback. */
    seal(): void {
        this.journal.touch(this);
        this.sealed = this.entries;
    }

    add(kind: number, pfn: number, count: number, owner: number): void {
        this.journal.touch(this);
        if (kind === FREED && this.onFreed) {
            this.onFreed(pfn, count);
        }
        if (this.watcher !== null) {
            this.watcher(kind, pfn, count, owner);
        }
        const what = owner * 16 + kind;
        const boot = this.bootOf();
        const step = this.stepOf();
        const thread = this.threadOf();
        let data = this.data;
        const oldest = Math.max(this.sealed, this.entries - OPEN);
        for (let i = this.entries - 1; i >= oldest; i--) {
            const at = i * FIELDS;
            const from = data[at]!;
            const n = data[at + 1]!;
            if (data[at + 2] === what && data[at + 3] === boot && data[at + 6] === thread) {
                if (from + n === pfn) {
                    data[at + 1] = n + count;
                    data[at + 5] = step;
                    return;
                }
                if (pfn + count === from) {
                    data[at] = pfn;
                    data[at + 1] = n + count;
                    data[at + 5] = step;
                    return;
                }
            }
            if (pfn < from + n && from < pfn + count) {
                // An event of the same pages follows: order matters, so no older entry may grow.
                break;
            }
        }
        const at = this.entries * FIELDS;
        if (at === data.length) {
            this.data = new Float64Array(data.length * 2);
            this.data.set(data);
            data = this.data;
        }
        data[at] = pfn;
        data[at + 1] = count;
        data[at + 2] = what;
        data[at + 3] = boot;
        data[at + 4] = step;
        data[at + 5] = step;
        data[at + 6] = thread;
        this.entries++;
    }

    /** Adds an event for each of `count` pages from `pfn` on, in this order. Requires that no watcher is set. */
    addEach(kind: number, pfn: number, count: number, owner: number): void {
        for (let i = 0; i < count; i++) {
            this.add(kind, pfn + i, 1, owner);
            const at = (this.entries - 1) * FIELDS;
            const rest = count - i - 1;
            const next = pfn + i + 1;
            if (
                this.data[at]! + this.data[at + 1]! === next &&
                this.data[at + 2] === owner * 16 + kind &&
                this.data[at + 3] === this.bootOf() &&
                this.data[at + 6] === this.threadOf()
            ) {
                // the newest entry grows with each page that follows
                this.data[at + 1] = this.data[at + 1]! + rest;
                if (kind === FREED && rest > 0) {
                    this.onFreed?.(next, rest);
                }
                return;
            }
        }
    }

    /** The events of a page, oldest first. Linear in the length of the log. */
    of(pfn: number): PageEvent[] {
        const events: PageEvent[] = [];
        for (let i = 0; i < this.entries; i++) {
            const from = this.data[i * FIELDS]!;
            if (pfn >= from && pfn < from + this.data[i * FIELDS + 1]!) {
                events.push(this.at(i));
            }
        }
        return events;
    }

    /** The number of events of [pfn, pfn+count), for each page. */
    countOf(pfn: number, count: number): number {
        let n = 0;
        for (let at = 0; at < this.entries * FIELDS; at += FIELDS) {
            const from = this.data[at]!;
            n += Math.max(0, Math.min(from + this.data[at + 1]!, pfn + count) - Math.max(from, pfn));
        }
        return n;
    }

    /** The entry with this index. */
    at(index: number): PageEvent {
        const at = index * FIELDS;
        const what = this.data[at + 2] ?? 0;
        return {
            pfn: this.data[at] ?? 0,
            count: this.data[at + 1] ?? 0,
            kind: PAGE_EVENTS[what % 16] ?? 'allocated',
            owner: Math.floor(what / 16),
            kernel: this.data[at + 3] ?? 0,
            firstStep: this.data[at + 4] ?? 0,
            lastStep: this.data[at + 5] ?? 0,
            thread: this.data[at + 6] ?? 0,
        };
    }

    hash(hasher: Hasher): void {
        hasher.u32(this.entries);
        hasher.u32(this.sealed);
        for (let i = 0; i < this.entries * FIELDS; i++) {
            hasher.num(this.data[i]!);
        }
    }

    save(): unknown {
        const oldest = Math.max(0, this.entries - OPEN);
        return {
            entries: this.entries,
            sealed: this.sealed,
            open: this.data.slice(oldest * FIELDS, this.entries * FIELDS),
        };
    }

    load(saved: unknown): void {
        if (
            typeof saved === 'object' &&
            saved &&
            'entries' in saved &&
            'sealed' in saved &&
            'open' in saved &&
            typeof saved.entries === 'number' &&
            typeof saved.sealed === 'number' &&
            saved.open instanceof Float64Array
        ) {
            this.entries = saved.entries;
            this.sealed = saved.sealed;
            this.data.set(saved.open, saved.entries * FIELDS - saved.open.length);
        }
    }
}

/** What happens to pages, by its number. */
export function pageEventOf(kind: number): PageEventKind {
    return PAGE_EVENTS[kind] ?? 'allocated';
}

export const ALLOCATED = 0;
export const FREED = 1;
export const PRESERVED = 2;
export const UNPRESERVED = 3;
export const INHERITED = 4;
export const RESTORED = 5;
export const RESERVED = 6;
export const RELEASED = 7;
