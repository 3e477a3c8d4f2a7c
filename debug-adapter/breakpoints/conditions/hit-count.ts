/** A condition on the number of times a breakpoint was reached: `3`, `>= 2`, `% 2` (every second time). */
import { ProgramError } from '../../../emulator/language/values';
import { JournaledMap, type Journal } from '../../../emulator/machine/journal';

/** @throws ProgramError if the text is not such a condition */
export function hitRule(text: string): (hits: number) => boolean {
    const [, op = '==', digits = ''] = /^\s*(==|=|>=|>|<=|<|%)?\s*(\d+)\s*$/.exec(text) ?? [];
    const n = Number(digits);
    if (digits === '' || (op === '%' && n === 0)) {
        throw new ProgramError(`A hit count must be a number such as 3, >= 2 or % 2, not "${text.trim()}".`);
    }
    switch (op) {
        case '>=':
            return (hits) => hits >= n;
        case '>':
            return (hits) => hits > n;
        case '<=':
            return (hits) => hits <= n;
        case '<':
            return (hits) => hits < n;
        case '%':
            return (hits) => hits % n === 0;
        default:
            return (hits) => hits === n;
    }
}

/** The number of hits, and the position of the last one. */
interface Hits {
    readonly count: number;
    readonly at: number;
}

/**
 * The number of hits of each breakpoint since the beginning of the run. It is part of the state that going back
 * restores.
 */
export class HitCounts {
    private readonly hits: JournaledMap<number, Hits>;

    constructor(journal: Journal) {
        this.hits = new JournaledMap(journal);
    }

    /** Counts a hit, at most once for each position. @returns the number of hits */
    reached(breakpoint: number, position: number): number {
        const { count, at } = this.hits.get(breakpoint) ?? { count: 0, at: -1 };
        if (at === position) {
            return count;
        }
        this.hits.set(breakpoint, { count: count + 1, at: position });
        return count + 1;
    }
}
