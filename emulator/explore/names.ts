/** Names of outcomes: what they differ in. */
import { counted } from '../text/text';
import { type Observation, OK } from './observations';
import type { Outcome } from './outcome';

const MISSING = 'is not reached';
/** Differences that a name lists all. */
const MOST = 6;

/** A system call or a line of the log in all outcomes: where it stands, and how often it came there before. */
interface Point {
    readonly by: string;
    readonly what: string;
    readonly line: number;
}

/** The observations by the key of their point. */
function byPoint(
    observations: readonly Observation[],
    lineOf: LineOf,
    points: Map<string, Point>,
): Map<string, string> {
    const found = new Map<string, string>();
    const seen = new Map<string, number>();
    for (const o of observations) {
        const where = `${o.by} ${o.what} ${o.place?.uri ?? ''} ${o.place?.start ?? -1}`;
        const number = seen.get(where) ?? 0;
        seen.set(where, number + 1);
        const key = `${where} ${number}`;
        points.set(key, { by: o.by, what: o.what, line: o.place ? lineOf(o.place.uri, o.place.start) : 0 });
        found.set(key, o.result);
    }
    return found;
}

/** Of many parts those that went well are only counted. */
function shortened(parts: readonly { readonly label: string; readonly result: string }[]): string[] {
    const told = parts.length <= MOST ? parts : parts.filter((p) => p.result !== OK);
    const rest = parts.length - told.length;
    return [...(rest > 0 ? [`${counted(rest, 'call')} ok`] : []), ...told.map((p) => `${p.label}: ${p.result}`)];
}

/** The line of an offset in a file, from 1. */
export type LineOf = (uri: string, offset: number) => number;

/**
 * The names of outcomes, in their order: `vmm preserve_fd (line 18): EBUSY; other close (line 19): does not return`. A
 * point that is equal in all outcomes is left out, and so are points after one that does not return.
 */
export function namesOf(outcomes: readonly Outcome[], lineOf: LineOf): string[] {
    const points = new Map<string, Point>();
    const all = outcomes.map((o) => byPoint(o.observations, lineOf, points));
    const differing = [...points].filter(([key]) => new Set(all.map((found) => found.get(key))).size > 1);
    const several = new Set<string>();
    const once = new Set<string>();
    for (const [, { by, what }] of differing) {
        const name = `${by} ${what}`;
        (once.has(name) ? several : once).add(name);
    }
    return outcomes.map((outcome, i) => {
        const ended = new Set<string>();
        const parts: { readonly label: string; readonly result: string }[] = [];
        for (const [key, { by, what, line }] of differing) {
            const result = all[i]?.get(key);
            if (ended.has(by)) {
                continue;
            }
            if (result === undefined) {
                ended.add(by);
            }
            const label = several.has(`${by} ${what}`) && line > 0 ? `${by} ${what} (line ${line})` : `${by} ${what}`;
            parts.push({ label, result: result ?? MISSING });
        }
        const findings = outcomes.some((o) => o.findings.join() !== outcome.findings.join()) ? outcome.findings : [];
        return [...shortened(parts), ...findings].join('; ');
    });
}
