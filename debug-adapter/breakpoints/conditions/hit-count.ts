/** A condition on the number of times a breakpoint was reached: `3`, `>= 2`, `% 2` (every second time). */
import { ProgramError } from '../../../emulator/language/values';

export class HitCount {
    private readonly rule: (hits: number) => boolean;
    private hits = 0;

    /** @throws ProgramError if the text is not such a condition */
    constructor(text: string) {
        this.rule = ruleOf(text);
    }

    /** Counts a hit; true if the condition holds. */
    reached(): boolean {
        this.hits++;
        return this.rule(this.hits);
    }

    /** Another run begins. */
    reset(): void {
        this.hits = 0;
    }
}

function ruleOf(text: string): (hits: number) => boolean {
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
