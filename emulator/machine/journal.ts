/**
 * The undo journal that makes the whole emulated host cheap to checkpoint.
 *
 * Every piece of mutable state is a {@link Saveable}. Before its first change in an epoch it gives the journal a copy
 * of itself; going back to a mark loads those copies, newest first. State that has not changed since a mark costs
 * nothing, and objects keep their identity, so state can refer to state by plain references.
 */
import { bytesOf } from './weight';

/** State that can save a copy of itself and load it back in place. */
export interface Saveable {
    /** The epoch of the last save (or of creation). Managed by the journal. */
    epoch: number;
    /** A copy of everything that may change. Must not be affected by later changes. */
    save(): unknown;
    /** Puts a copy made by {@link save} back. The journal may load the same copy only once. */
    load(saved: unknown): void;
}

/** `T` with its fields writable: what {@link Journal.edit} hands out. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * A record: its own enumerable fields are its state. Declare fields `readonly` and change them through {@link
 * Journal.edit}.
 */
export abstract class JournaledRecord implements Saveable {
    epoch: number;

    constructor(journal: Journal) {
        this.epoch = journal.epoch;
    }

    save(): unknown {
        return { ...this };
    }

    load(saved: unknown): void {
        Object.assign(this, saved);
    }
}

/** A point to which {@link Journal.restore} can go back. */
export interface Mark {
    readonly serial: number;
}

interface Entry {
    readonly target: Saveable;
    readonly saved: unknown;
    /** The target's epoch before this save. */
    readonly before: number;
}

/** The saves between one mark and the next. */
interface Segment {
    readonly mark: Mark;
    /** The first epoch in which something was saved here. */
    epoch: number;
    entries: Entry[];
    /** Estimated bytes of the entries; counted only while {@link Journal.weighing}. */
    bytes: number;
}

/** Estimated bytes of an entry without the saved value. */
const ENTRY_BYTES = 64;

export class Journal {
    /**
     * Increases at every mark and restore; never part of the emulated state. Caches of journaled data are valid for one
     * epoch.
     */
    epoch = 1;
    /** Whether to count the memory that marks keep alive; see {@link bytesOf}. */
    weighing = false;
    /** How often something was saved before its first change in an epoch: grows with every change in a new epoch. */
    saves = 0;
    /** Called when {@link saves} grows. */
    onSave: (() => void) | null = null;
    private segments: Segment[] = [];
    private serial = 0;

    /** Must be called before the first change to `target` in this epoch; calling it again is free. */
    touch(target: Saveable): void {
        if (target.epoch !== this.epoch) {
            this.save(target);
        }
    }

    /** Saves a record before a change and returns it writable. */
    edit<T extends Saveable>(target: T): Mutable<T> {
        if (target.epoch !== this.epoch) {
            this.save(target);
        }
        return target;
    }

    /** Marks this moment. From now on changes are saved until the mark is restored or dropped. */
    mark(): Mark {
        const mark = { serial: ++this.serial };
        this.epoch++;
        this.segments.push({ mark, epoch: this.epoch, entries: [], bytes: 0 });
        return mark;
    }

    /** From now on every change is the first one again, so that {@link saves} tells whether there is one. */
    newEpoch(): void {
        this.epoch++;
    }

    /** The first epoch after a mark: what has not changed since then was saved or created in an earlier one. */
    epochAfter(mark: Mark): number {
        return this.segmentAt(this.indexOf(mark)).epoch;
    }

    /** Estimated bytes of the saves between a mark and the next outstanding one, if they are counted. */
    bytesOf(mark: Mark): number {
        return this.segmentAt(this.indexOf(mark)).bytes;
    }

    /**
     * Goes back to `mark`, which stays valid; later marks become invalid.
     * @throws RangeError if the mark is not outstanding.
     */
    restore(mark: Mark): void {
        const at = this.indexOf(mark);
        for (let i = this.segments.length - 1; i >= at; i--) {
            const { entries } = this.segmentAt(i);
            for (let k = entries.length - 1; k >= 0; k--) {
                const { target, saved, before } = entries[k]!;
                target.load(saved);
                target.epoch = before;
            }
        }
        this.segments.length = at + 1;
        this.epoch++;
        Object.assign(this.segmentAt(at), { epoch: this.epoch, entries: [], bytes: 0 });
    }

    /** Drops a mark. Copies that an older mark still needs are kept for that one. */

    drop(mark: Mark): void {
        const at = this.indexOf(mark);
        const [gone] = this.segments.splice(at, 1);
        const older = this.segments[at - 1];
        for (const entry of (older && gone?.entries) ?? []) {
            if (older && entry.before < older.epoch) {
                older.entries.push(entry);
                older.bytes += this.weightOf(entry.saved);
            }
        }
    }

    private indexOf(mark: Mark): number {
        const at = this.segments.findLastIndex((s) => s.mark === mark);
        if (at < 0) {
            throw new RangeError(`mark ${mark.serial} is not outstanding`);
        }
        return at;
    }

    private segmentAt(index: number): Segment {
        const segment = this.segments[index];
        if (!segment) {
            throw new RangeError(`there is no mark ${index}`);
        }
        return segment;
    }

    private save(target: Saveable): void {
        const before = target.epoch;
        target.epoch = this.epoch;
        this.saves++;
        this.onSave?.();
        const open = this.segments[this.segments.length - 1];
        // a target that was saved or created after the mark needs no further save
        if (open && before < open.epoch) {
            const saved = target.save();
            open.entries.push({ target, saved, before });
            open.bytes += this.weightOf(saved);
        }
    }

    private weightOf(saved: unknown): number {
        return this.weighing ? ENTRY_BYTES + bytesOf(saved) : 0;
    }
}

/** A journaled list. */
export class JournaledList<T> implements Saveable {
    epoch: number;
    private list: T[];

    constructor(
        private readonly journal: Journal,
        items: readonly T[] = [],
    ) {
        this.epoch = journal.epoch;
        this.list = [...items];
    }

    get items(): readonly T[] {
        return this.list;
    }

    get length(): number {
        return this.list.length;
    }

    at(index: number): T | undefined {
        return this.list.at(index);
    }

    push(item: T): void {
        this.journal.touch(this);
        this.list.push(item);
    }

    pop(): T | undefined {
        this.journal.touch(this);
        return this.list.pop();
    }

    shift(): T | undefined {
        this.journal.touch(this);
        return this.list.shift();
    }

    set(index: number, item: T): void {
        this.journal.touch(this);
        this.list[index] = item;
    }

    /** Removes the first occurrence; returns whether there was one. */
    remove(item: T): boolean {
        const at = this.list.indexOf(item);
        if (at < 0) {
            return false;
        }
        this.journal.touch(this);
        this.list.splice(at, 1);
        return true;
    }

    clear(): void {
        if (this.list.length > 0) {
            this.journal.touch(this);
            this.list.length = 0;
        }
    }

    [Symbol.iterator](): IterableIterator<T> {
        return this.list[Symbol.iterator]();
    }

    save(): unknown {
        return this.list.slice();
    }

    load(saved: unknown): void {
        this.list = saved as T[];
    }
}

/** A journaled array with gaps, for lazily created entries: touch it before `list` changes. */
export class Slots<T> implements Saveable {
    epoch: number;
    list: (T | undefined)[] = [];

    constructor(journal: Journal) {
        this.epoch = journal.epoch;
    }

    save(): unknown {
        return this.list.slice();
    }

    load(saved: unknown): void {
        this.list = saved as (T | undefined)[];
    }
}

/** A journaled map; iterates in order of insertion. */
export class JournaledMap<K, V> implements Saveable {
    epoch: number;
    private map: Map<K, V>;

    constructor(
        private readonly journal: Journal,
        entries: Iterable<readonly [K, V]> = [],
    ) {
        this.epoch = journal.epoch;
        this.map = new Map(entries);
    }

    get size(): number {
        return this.map.size;
    }

    get(key: K): V | undefined {
        return this.map.get(key);
    }

    has(key: K): boolean {
        return this.map.has(key);
    }

    set(key: K, value: V): void {
        this.journal.touch(this);
        this.map.set(key, value);
    }

    delete(key: K): boolean {
        if (!this.map.has(key)) {
            return false;
        }
        this.journal.touch(this);
        return this.map.delete(key);
    }

    clear(): void {
        if (this.map.size > 0) {
            this.journal.touch(this);
            this.map.clear();
        }
    }

    keys(): IterableIterator<K> {
        return this.map.keys();
    }

    values(): IterableIterator<V> {
        return this.map.values();
    }

    entries(): IterableIterator<[K, V]> {
        return this.map.entries();
    }

    [Symbol.iterator](): IterableIterator<[K, V]> {
        return this.map.entries();
    }

    save(): unknown {
        return new Map(this.map);
    }

    load(saved: unknown): void {
        this.map = saved as Map<K, V>;
    }
}
