/** Errors in a handover, their places, and their consequences in a kernel that boots from it. */
import { counted } from '../text/text';
import type { Int } from '../machine/int';

/**
 * What a kernel of the same version does:
 * `panic`: it panics during boot, or faults when it uses the data;
 * `lost`: it boots as if nothing had been handed over, and reuses the memory silently;
 * `fails`: a system call fails, and its resource stays reserved until the next cold boot;
 * `corrupt`: it continues with wrong data;
 * `held`: memory stays reserved until the next cold boot;
 * `none`: no visible effect.
 */
export type Consequence = 'panic' | 'lost' | 'fails' | 'corrupt' | 'held' | 'none';

export interface HandoverFinding {
    /** Stable, for tools: `radix-node-outside`. */
    readonly code: string;
    /** Physical address, or for findings about the file its offset; undefined if there is no single place. */
    readonly address: Int | undefined;
    /** The error in one sentence, without its consequence. */
    readonly text: string;
    readonly consequence: Consequence;
    /** What the next kernel does, as a clause; undefined if the consequence says it all. */
    readonly effect: string | undefined;
}

/** The most findings that are kept; more are only counted. */
const LIMIT = 500;
/** The same for findings of one code. */
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

    /** The kept findings, and the total for codes with more. */
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
                    text: `${counted(count, 'finding')} of this kind in total`,
                    consequence,
                    effect: undefined,
                }),
            ),
        ];
    }
}

const WORST: readonly Consequence[] = ['panic', 'lost', 'fails', 'corrupt', 'held', 'none'];

/** The worst consequence; undefined if there are no findings. */
export function worst(findings: readonly HandoverFinding[]): Consequence | undefined {
    return WORST.find((c) => findings.some((f) => f.consequence === c));
}

/** The text of a consequence. */
export const CONSEQUENCE_TEXT: Readonly<Record<Consequence, string>> = {
    panic: 'the next kernel panics',
    lost: 'everything is lost silently',
    fails: 'a call fails in the next kernel',
    corrupt: 'the next kernel works with wrong data',
    held: 'memory stays reserved until the next cold boot',
    none: 'it has no effect',
};
