/**
 * The states that an exploration has been in, by fingerprint, in memory that several threads can share: a table of
 * fixed size, so that its memory is bounded.
 */

/** Words of the head: the number of states, and whether the threads are to return. */
const HEAD = 4;
const COUNT = 0;
const STOP = 1;
const HUNGRY = 2;
const WORDS = 2;
/** The part of the table that may be in use: a search in a fuller one takes long. */
const LOAD = 0.75;

/** Estimated bytes of a state: in this table, and in the graph with what leads to it. */
export const STATE_BYTES = 400;

export class Visited {
    private readonly words: Int32Array;
    private readonly mask: number;
    private readonly most: number;

    /** @param memory of another thread's {@link memory}, or a number of states that find room in a new one */
    constructor(memory: SharedArrayBuffer | number) {
        const size = typeof memory === 'number' ? 2 ** Math.ceil(Math.log2(Math.max(memory / LOAD, 64))) : 0;
        this.words = new Int32Array(
            typeof memory === 'number' ? new SharedArrayBuffer((HEAD + size * WORDS) * 4) : memory,
        );
        this.mask = (this.words.length - HEAD) / WORDS - 1;
        this.most = typeof memory === 'number' ? memory : Math.floor((this.mask + 1) * LOAD);
    }

    get memory(): SharedArrayBuffer {
        const { buffer } = this.words;
        if (!(buffer instanceof SharedArrayBuffer)) {
            throw new RangeError('the table is in shared memory');
        }
        return buffer;
    }

    get count(): number {
        return Atomics.load(this.words, COUNT);
    }

    /** Whether another state finds no room. */
    get full(): boolean {
        return this.count >= this.most;
    }

    /** Whether all threads that share it are to return what they have not done. */
    get stopping(): boolean {
        return Atomics.load(this.words, STOP) !== 0;
    }

    set stopping(on: boolean) {
        Atomics.store(this.words, STOP, on ? 1 : 0);
    }

    /** How many threads have nothing to do: the others give away a part of what they have. */
    get hungry(): number {
        return Atomics.load(this.words, HUNGRY);
    }

    set hungry(count: number) {
        Atomics.store(this.words, HUNGRY, count);
    }

    /** One of them gets something. */
    feed(): void {
        Atomics.sub(this.words, HUNGRY, 1);
    }

    /** Forgets all states. No other thread may use it meanwhile. */
    clear(): void {
        this.words.fill(0, HEAD);
        Atomics.store(this.words, COUNT, 0);
    }

    /** Notes a state. @param state a fingerprint of 53 bits @returns whether it is new */
    enter(state: number): boolean {
        const { words, mask } = this;
        const low = state | 0 || 1;
        const high = Math.floor(state / 2 ** 32) + 1;
        let at = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1) >>> 0;
        for (; ; at++) {
            const i = HEAD + (at & mask) * WORDS;
            const before = Atomics.compareExchange(words, i, 0, low);
            if (before === 0) {
                Atomics.store(words, i + 1, high);
                Atomics.add(words, COUNT, 1);
                return true;
            }
            if (before === low) {
                let found = Atomics.load(words, i + 1);
                while (found === 0) {
                    // another thread is about to write it
                    found = Atomics.load(words, i + 1);
                }
                if (found === high) {
                    return false;
                }
            }
        }
    }
}
