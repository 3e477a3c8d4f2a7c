/**
 * The states that an exploration has been in, by fingerprint, with the faults and switches that were left there. With
 * as many of both or fewer, nothing new comes from a state.
 */

/** Entries in a map of JavaScript, at most: 2^24 less some room. */
const MOST = 16_000_000;
/** Estimated bytes of an entry. */
const ENTRY_BYTES = 48;

/** What a course may still have. */
export interface Left {
    readonly faults: number;
    readonly switches: number;
}

const SCALE = 2 ** 20;

export class Visited {
    private readonly states = new Map<number, number | readonly number[]>();
    private readonly most: number;
    /** States that were not noted because the memory is used up. */
    forgotten = 0;

    /** @param bytes the most memory that it takes */
    constructor(bytes: number) {
        this.most = Math.min(MOST, Math.floor(bytes / ENTRY_BYTES));
    }

    get count(): number {
        return this.states.size;
    }

    /** Estimated memory. Bytes. */
    get bytes(): number {
        return this.count * ENTRY_BYTES;
    }

    /** Notes that the search goes on from a state. @returns whether it has done so before, with as much left */
    enter(state: number, left: Left): boolean {
        const now = pack(left);
        const before = this.states.get(state);
        if (before === undefined) {
            if (this.states.size < this.most) {
                this.states.set(state, now);
            } else {
                this.forgotten++;
            }
            return false;
        }
        const all = typeof before === 'number' ? [before] : before;
        if (all.some((b) => covers(b, now))) {
            return true;
        }
        const rest = all.filter((b) => !covers(now, b));
        this.states.set(state, rest.length > 0 ? [...rest, now] : now);
        return false;
    }

    clear(): void {
        this.states.clear();
    }
}

function pack({ faults, switches }: Left): number {
    return Math.min(faults, SCALE - 1) * SCALE + Math.min(switches, SCALE - 1);
}

function covers(a: number, b: number): boolean {
    return Math.floor(a / SCALE) >= Math.floor(b / SCALE) && a % SCALE >= b % SCALE;
}
