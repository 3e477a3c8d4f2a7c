/** A set of page frames, for maps of physical memory: ranges are added and removed whole. */

/** Page frames of a chunk. */
const CHUNK = 32768;

/** A chunk that is completely in the set, or the bits of its pages. */
type Chunk = 'all' | Uint8Array;

/** Called with page frames [start, end) that are all in the set, or all not. */
type Part = (start: number, end: number, inside: boolean) => void;

export class PageSet {
    private readonly chunks = new Map<number, Chunk>();

    /** Adds the page frames [start, end). */
    add(start: number, end: number): void {
        this.fill(start, end, true);
    }

    /** Removes the page frames [start, end). */
    remove(start: number, end: number): void {
        this.fill(start, end, false);
    }

    has(pfn: number): boolean {
        let found = false;
        this.split(pfn, pfn + 1, (_start, _end, inside) => {
            found = inside;
        });
        return found;
    }

    /** Calls back for the largest parts of [start, end) that are in the set or not, ascending. */
    split(start: number, end: number, part: Part): void {
        let from = start;
        let inside = false;
        const next = (at: number, is: boolean): void => {
            if (is !== inside) {
                if (at > from) {
                    part(from, at, inside);
                }
                from = at;
                inside = is;
            }
        };
        for (let at = start; at < end; ) {
            const number = Math.floor(at / CHUNK);
            const base = number * CHUNK;
            const to = Math.min(end, base + CHUNK);
            const chunk = this.chunks.get(number);
            if (chunk === undefined || chunk === 'all') {
                next(at, chunk === 'all');
            } else {
                splitBits(chunk, at - base, to - base, (i, is) => next(base + i, is));
            }
            at = to;
        }
        if (end > from) {
            part(from, end, inside);
        }
    }

    private fill(start: number, end: number, on: boolean): void {
        for (let at = start; at < end; ) {
            const number = Math.floor(at / CHUNK);
            const base = number * CHUNK;
            const to = Math.min(end, base + CHUNK);
            if (to - at === CHUNK) {
                if (on) {
                    this.chunks.set(number, 'all');
                } else {
                    this.chunks.delete(number);
                }
            } else {
                fillBits(this.bitsOf(number), at - base, to - base, on);
            }
            at = to;
        }
    }

    private bitsOf(number: number): Uint8Array {
        const chunk = this.chunks.get(number);
        if (chunk instanceof Uint8Array) {
            return chunk;
        }
        const bits = new Uint8Array(CHUNK / 8).fill(chunk === 'all' ? 0xff : 0);
        this.chunks.set(number, bits);
        return bits;
    }
}

function splitBits(bits: Uint8Array, from: number, to: number, next: (at: number, is: boolean) => void): void {
    for (let i = from; i < to; ) {
        const byte = bits[i >> 3] ?? 0;
        if ((i & 7) === 0 && to - i >= 8 && (byte === 0 || byte === 0xff)) {
            next(i, byte !== 0);
            i += 8;
        } else {
            next(i, (byte & (1 << (i & 7))) !== 0);
            i++;
        }
    }
}

function fillBits(bits: Uint8Array, from: number, to: number, on: boolean): void {
    const set = (i: number): void => {
        const byte = bits[i >> 3] ?? 0;
        bits[i >> 3] = on ? byte | (1 << (i & 7)) : byte & ~(1 << (i & 7));
    };
    let i = from;
    for (; i < to && (i & 7) !== 0; i++) {
        set(i);
    }
    const whole = to - ((to - i) & 7);
    bits.fill(on ? 0xff : 0, i >> 3, whole >> 3);
    for (i = Math.max(i, whole); i < to; i++) {
        set(i);
    }
}
