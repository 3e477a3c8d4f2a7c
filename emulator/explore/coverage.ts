/** Which choices an exploration has met, and which of their alternatives it has taken: a table from its graph. */
import { SCHEDULE, TIMER } from '../machine/chooser';
import type { Price } from '../run/choices';
import { counted } from '../text/text';
import type { StateGraph } from './graph';
import type { Bounds } from './item';

export interface Covered {
    readonly what: string;
    /** The alternative; empty where each place has others: the order of processes, for example. */
    readonly alternative: string;
    /** At how many places of the scenario the choice came up. */
    readonly met: number;
    /** At how many of them it was taken. */
    readonly taken: number;
    /** Why it was not taken at the others; null if there are none. */
    readonly reason: string | null;
}

interface Entry {
    readonly what: string;
    readonly alternative: string;
    readonly met: Set<string>;
    readonly taken: Set<string>;
    readonly price: Price;
}

/**
 * Why a search has not taken a choice that it has met.
 * @param reduced whether the search leaves out switches that cannot change an outcome
 */
function reasonOf(
    { what, met, taken, price }: Entry,
    { faults, switches }: Bounds,
    complete: boolean,
    reduced: boolean,
): string | null {
    if (taken.size === met.size) {
        return null;
    }
    if (!complete) {
        return 'the search is not complete';
    }
    if (price === 'fault') {
        return `only after ${counted(faults, 'fault')}, the most of a course`;
    }
    const bound = switches === Infinity ? null : `only after ${counted(switches, 'switch')}, the most of a course`;
    if (what === SCHEDULE && reduced) {
        return bound === null ? 'no outcome depends on it' : `no outcome depends on it, or ${bound}`;
    }
    return bound;
}

/** In the order of the names. @param reduced whether the search leaves out switches */
export function coverageOf(graph: StateGraph, bounds: Bounds, complete: boolean, reduced: boolean): Covered[] {
    const entries = new Map<string, Entry>();
    const taken = codesTaken(graph);
    graph.questions.forEach(({ what, alternatives, usual, price, place }, question) => {
        alternatives.forEach((alternative, i) => {
            if (i === usual) {
                return;
            }
            const shown = what === SCHEDULE || what === TIMER ? '' : alternative;
            const key = `${what}\0${shown}`;
            const entry = entries.get(key) ?? { what, alternative: shown, met: new Set(), taken: new Set(), price };
            entries.set(key, entry);
            entry.met.add(place);
            if (taken[question]?.has(i + 1)) {
                entry.taken.add(place);
            }
        });
    });
    return [...entries.values()]
        .map((entry) => ({
            what: entry.what,
            alternative: entry.alternative,
            met: entry.met.size,
            taken: entry.taken.size,
            reason: reasonOf(entry, bounds, complete, reduced),
        }))
        .sort((a, b) => (a.what < b.what ? -1 : a.what > b.what ? 1 : a.alternative < b.alternative ? -1 : 1));
}

/** The codes that were taken of each question. */
function codesTaken(graph: StateGraph): Set<number>[] {
    const taken = graph.questions.map(() => new Set<number>());
    for (let node = 0; node < graph.size; node++) {
        for (const { choices } of graph.edgesOf(node)) {
            for (let i = 0; i < choices.length; i += 2) {
                taken[choices[i] ?? 0]?.add(choices[i + 1] ?? 0);
            }
        }
    }
    return taken;
}
