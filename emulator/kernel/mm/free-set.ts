/**
 * A set of small integers that finds its lowest member fast: a bitmap with summaries, in chunks created on first use.
 */
import { Hasher } from '../../machine/hash';
import { type Journal, type Saveable, Slots } from '../../machine/journal';
import { Remembered } from '../../machine/remembered';

const CHUNK_BITS = 1 << 15;
const WORDS = 1024;
/** A chunk: 1024 words of members, 32 words with a bit per word, and one word with a bit for each of those. */
const TOP = WORDS + 32;

class Chunk implements Saveable {
    epoch: number;
    readonly data = new Int32Array(TOP + 1);
    private readonly remembered = new Remembered();

    constructor(private readonly journal: Journal) {
        this.epoch = journal.epoch;
    }

    fingerprint(): number {
        return this.remembered.of(this.journal, this, null, () => {
            const hasher = new Hasher();
            for (const word of this.data) {
                hasher.u32(word);
            }
            return hasher.value();
        });
    }

    save(): unknown {
        return this.data.slice();
    }

    load(saved: unknown): void {
        if (saved instanceof Int32Array) {
            this.data.set(saved);
        }
    }
}

export class FreeSet implements Saveable {
    epoch: number;
    /** Number of members. */
    count = 0;
    /** No chunk before this word of `used` has members. */
    private hint = 0;
    /** A bit for each chunk that has members. */
    private used: Int32Array;
    private readonly chunks: Slots<Chunk>;
    private readonly remembered = new Remembered();

    /** A set whose members are below `size`. */
    constructor(
        private readonly journal: Journal,
        size: number,
    ) {
        this.epoch = journal.epoch;
        this.used = new Int32Array(Math.ceil(Math.ceil(size / CHUNK_BITS) / 32));
        this.chunks = new Slots<Chunk>(journal);
    }

    has(i: number): boolean {
        const chunk = this.chunks.list[Math.floor(i / CHUNK_BITS)];
        const bit = i & (CHUNK_BITS - 1);
        return chunk !== undefined && (chunk.data[bit >>> 5]! & (1 << (bit & 31))) !== 0;
    }

    /** Adds an integer that is not a member yet. */
    add(i: number): void {
        const number = Math.floor(i / CHUNK_BITS);
        const { data } = this.chunkForWrite(number);
        const bit = i & (CHUNK_BITS - 1);
        const word = bit >>> 5;
        data[word] = data[word]! | (1 << (bit & 31));
        data[WORDS + (word >>> 5)] = data[WORDS + (word >>> 5)]! | (1 << (word & 31));
        data[TOP] = data[TOP]! | (1 << (word >>> 5));
        this.journal.touch(this);
        const at = number >>> 5;
        this.used[at] = this.used[at]! | (1 << (number & 31));
        if (at < this.hint) {
            this.hint = at;
        }
        this.count++;
    }

    /** Adds [start, end), none of which is a member yet. */
    addRange(start: number, end: number): void {
        let i = start;
        while (i < end && i % 32 !== 0) {
            this.add(i++);
        }
        for (; i + 32 <= end; i += 32) {
            this.add(i);
            const { data } = this.chunkForWrite(Math.floor(i / CHUNK_BITS));
            data[(i % CHUNK_BITS) >>> 5] = -1;
            this.count += 31;
        }
        while (i < end) {
            this.add(i++);
        }
    }

    /** Removes a member. */
    remove(i: number): void {
        const number = Math.floor(i / CHUNK_BITS);
        const { data } = this.chunkForWrite(number);
        const bit = i & (CHUNK_BITS - 1);
        const word = bit >>> 5;
        this.journal.touch(this);
        this.count--;
        if ((data[word] = data[word]! & ~(1 << (bit & 31))) === 0) {
            const mid = WORDS + (word >>> 5);
            if ((data[mid] = data[mid]! & ~(1 << (word & 31))) === 0) {
                if ((data[TOP] = data[TOP]! & ~(1 << (word >>> 5))) === 0) {
                    this.used[number >>> 5] = this.used[number >>> 5]! & ~(1 << (number & 31));
                }
            }
        }
    }

    /** The lowest member, or −1. */
    lowest(): number {
        if (this.count === 0) {
            return -1;
        }
        let at = this.hint;
        while (this.used[at] === 0) {
            at++;
        }
        if (at !== this.hint) {
            this.journal.touch(this);
            this.hint = at;
        }
        const number = at * 32 + lowestBit(this.used[at]!);
        const { data } = this.chunks.list[number]!;
        const mid = lowestBit(data[TOP]!);
        const word = mid * 32 + lowestBit(data[WORDS + mid]!);
        return number * CHUNK_BITS + word * 32 + lowestBit(data[word]!);
    }

    /** The highest member, or −1. */
    highest(): number {
        if (this.count === 0) {
            return -1;
        }
        let at = this.used.length - 1;
        while (this.used[at] === 0) {
            at--;
        }
        const number = at * 32 + highestBit(this.used[at]!);
        const { data } = this.chunks.list[number]!;
        const mid = highestBit(data[TOP]!);
        const word = mid * 32 + highestBit(data[WORDS + mid]!);
        return number * CHUNK_BITS + word * 32 + highestBit(data[word]!);
    }

    /** All members, ascending. */
    *members(): Generator<number> {
        for (let c = 0; c < this.chunks.list.length; c++) {
            const chunk = this.chunks.list[c];
            for (let w = 0; chunk && w < WORDS; w++) {
                for (let bits = chunk.data[w]!; bits !== 0; bits &= bits - 1) {
                    yield c * CHUNK_BITS + w * 32 + lowestBit(bits);
                }
            }
        }
    }

    /** Its members. Each change of a chunk changes the count, too, so that the set is saved with it. */
    hash(hasher: Hasher): void {
        const value = this.remembered.of(this.journal, this, null, () => {
            const all = new Hasher().num(this.count);
            this.chunks.list.forEach((chunk, i) => {
                if (chunk && chunk.data[TOP] !== 0) {
                    all.u32(i).num(chunk.fingerprint());
                }
            });
            return all.value();
        });
        hasher.num(value);
    }

    save(): unknown {
        return { count: this.count, hint: this.hint, used: this.used.slice() };
    }

    load(saved: unknown): void {
        Object.assign(this, saved);
    }

    private chunkForWrite(number: number): Chunk {
        let chunk = this.chunks.list[number];
        if (chunk) {
            if (chunk.epoch !== this.journal.epoch) {
                this.journal.touch(chunk);
            }
            return chunk;
        }
        chunk = new Chunk(this.journal);
        this.journal.touch(this.chunks);
        while (this.chunks.list.length < number) {
            this.chunks.list.push(undefined);
        }
        this.chunks.list[number] = chunk;
        return chunk;
    }
}

function lowestBit(word: number): number {
    return 31 - Math.clz32(word & -word);
}

function highestBit(word: number): number {
    return 31 - Math.clz32(word);
}
