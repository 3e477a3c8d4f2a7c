/** What is wrong with a handover, where, and what comes of it in a kernel that boots from it. */
import type { Int } from '../machine/int';

/**
 * What a kernel of the same version does with it:
 * `panic`: it panics while it comes up, or faults where it is used;
 * `lost`: it comes up as if nothing had been handed over, and gives the memory to others without a word;
 * `fails`: a system call gives an error, and what it was for stays held until the next boot;
 * `corrupt`: it goes on with wrong data;
 * `held`: memory that nobody gets back before the next boot;
 * `none`: nothing that one would notice.
 */
export type Consequence = 'panic' | 'lost' | 'fails' | 'corrupt' | 'held' | 'none';

export interface HandoverFinding {
    /** Stable, for tools: `radix-node-outside`. */
    readonly code: string;
    /** Physical address, or for findings about the file its offset; undefined if there is no one place. */
    readonly address: Int | undefined;
    /** What is wrong: one sentence, without what comes of it. */
    readonly text: string;
    readonly consequence: Consequence;
    /** What the next kernel does: half a sentence, or nothing where the consequence says it all. */
    readonly effect: string | undefined;
}

/** Damage repeats itself: this many findings are kept, and counted after that. */
const LIMIT = 500;
/** Of one code. */
const LIMIT_OF_CODE = 20;

/** Collects findings. */
export class Findings {
    private readonly kept: HandoverFinding[] = [];
    private readonly counts = new Map<string, { count: number; consequence: Consequence }>();

    add(code: string, address: Int | undefined, text: string, consequence: Consequence, effect?: string): void {
        const known = this.counts.get(code);
        const count = (known?.count ?? 0) + 1;
        this.counts.set(code, { count, consequence: known?.consequence ?? consequence });
        if (count <= LIMIT_OF_CODE && this.kept.length < LIMIT) {
            this.kept.push({ code, address, text, consequence, effect });
        }
    }

    /** All that is kept, and for codes of which there were more how many. */
    list(): readonly HandoverFinding[] {
        const more = [...this.counts].filter(
            ([code, { count }]) => count > this.kept.filter((f) => f.code === code).length,
        );
        return [
            ...this.kept,
            ...more.map(
                ([code, { count, consequence }]): HandoverFinding => ({
                    code,
                    address: undefined,
                    text: `there are ${count} findings of this kind in all`,
                    consequence,
                    effect: undefined,
                }),
            ),
        ];
    }
}

const WORST: readonly Consequence[] = ['panic', 'lost', 'fails', 'corrupt', 'held', 'none'];

/** The worst that comes of all of them; undefined if there are none. */
export function worst(findings: readonly HandoverFinding[]): Consequence | undefined {
    return WORST.find((c) => findings.some((f) => f.consequence === c));
}

/** What a consequence is called in a sentence about the next kernel. */
export const CONSEQUENCE_TEXT: Readonly<Record<Consequence, string>> = {
    panic: 'the next kernel panics',
    lost: 'everything is lost silently',
    fails: 'a call fails in the next kernel',
    corrupt: 'the next kernel works with wrong data',
    held: 'memory stays held until the next boot',
    none: 'nothing comes of it',
};
