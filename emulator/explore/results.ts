/**
 * What the graph of an exploration says: its outcomes with the shortest course to each and how many courses lead there.
 * It depends on the graph only, not on the order in which it was found.
 */
import type { Deviation } from '../language/choice';
import { pickOf } from '../run/choices';
import type { Edge, StateGraph } from './graph';
import type { Bounds } from './item';
import { HANGING, type Outcome } from './outcome';

/** Courses with the same outcome. */
export interface OutcomeClass {
    readonly outcome: Outcome;
    /**
     * How many of the tried courses within the bounds have this outcome, without the courses that come back to a state.
     */
    readonly count: number;
    /** The course with the fewest faults and switches, of these with the fewest faults, of these the first. */
    readonly example: readonly Deviation[];
    readonly faults: number;
    readonly switches: number;
}

/** An edge with the node that it begins at. */
interface Step {
    readonly from: number;
    readonly edge: Edge;
}

/** @param complete whether nothing is left to be found: then a state from which no way leads to an end hangs */
export function classesOf(graph: StateGraph, bounds: Bounds, complete: boolean): OutcomeClass[] {
    const distances = distancesOf(graph);
    const shortest = shortestWays(graph, distances);
    const counts = countsOf(graph, bounds);
    const classes = [...shortest.ends].map(([outcome, step]): OutcomeClass => {
        const way = [...wayTo(step.from, shortest.into), step.edge];
        return classOf(graph, graph.outcomes[outcome] ?? HANGING, counts.get(outcome) ?? 0, way);
    });
    const hanging = complete ? hangs(graph, distances) : undefined;
    if (hanging !== undefined) {
        classes.push(classOf(graph, HANGING, 1, wayTo(hanging, shortest.into)));
    }
    return classes.sort((a, b) => a.faults + a.switches - b.faults - b.switches || a.faults - b.faults);
}

function classOf(graph: StateGraph, outcome: Outcome, count: number, way: readonly Edge[]): OutcomeClass {
    const numbers = new Map<string, number>();
    const example: Deviation[] = [];
    const price = { fault: 0, switch: 0, free: 0 };
    for (const { question, code } of way.flatMap((edge) => choicesOf(graph, edge))) {
        const { what, alternatives, usual } = question;
        const number = numbers.get(what) ?? 0;
        numbers.set(what, number + 1);
        if (code !== 0) {
            example.push({ what, number, pick: alternatives[pickOf(code, usual)] ?? '' });
            price[question.price]++;
        }
    }
    return { outcome, count, example, faults: price.fault, switches: price.switch };
}

function choicesOf(
    { questions }: StateGraph,
    { choices }: Edge,
): { readonly question: StateGraph['questions'][number]; readonly code: number }[] {
    return choices.flatMap((n, i) => {
        const question = questions[n];
        return i % 2 === 0 && question ? [{ question, code: choices[i + 1] ?? 0 }] : [];
    });
}

/** Faults weigh a little more than switches: of courses with as many of both together, that with fewer faults. */
const FAULT = 1 + 2 ** -20;

function weightOf({ questions }: StateGraph, { choices }: Edge, only?: 'switch'): number {
    let weight = 0;
    for (let i = 0; i < choices.length; i += 2) {
        if (choices[i + 1] !== 0) {
            const price = questions[choices[i] ?? 0]?.price;
            weight += price === 'switch' ? 1 : price === 'fault' && only === undefined ? FAULT : 0;
        }
    }
    return weight;
}

/** The least weight of a course to each node; Infinity where none leads. */
function distancesOf(graph: StateGraph): Float64Array {
    const distances = new Float64Array(graph.size).fill(Infinity);
    distances[0] = 0;
    // most edges weigh nothing: what is reached with the same weight comes first
    const waiting = new Map<number, number[]>([[0, [0]]]);
    while (waiting.size > 0) {
        const least = Math.min(...waiting.keys());
        const nodes = waiting.get(least) ?? [];
        waiting.delete(least);
        for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
            if (distances[node] !== least) {
                continue;
            }
            for (const edge of graph.edgesOf(node)) {
                const distance = least + weightOf(graph, edge);
                if (edge.isEnd || distance >= (distances[edge.to] ?? 0)) {
                    continue;
                }
                distances[edge.to] = distance;
                if (distance === least) {
                    nodes.push(edge.to);
                } else {
                    waiting.set(distance, [...(waiting.get(distance) ?? []), edge.to]);
                }
            }
        }
    }
    return distances;
}

interface Ways {
    /** The last step of the shortest course to each node. */
    readonly into: ReadonlyMap<number, Step>;
    /** The last step of the shortest course to each outcome. */
    readonly ends: ReadonlyMap<number, Step>;
}

/** Depth first in the order of the choices, along edges of shortest courses only: the first course comes first. */
function shortestWays(graph: StateGraph, distances: Float64Array): Ways {
    const into = new Map<number, Step>();
    const ends = new Map<number, Step & { readonly weight: number }>();
    const seen = new Uint8Array(graph.size);
    const stack: { readonly node: number; next: number }[] = [{ node: 0, next: 0 }];
    seen[0] = 1;
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
        const { node } = top;
        const edge = graph.edgesOf(node)[top.next++];
        if (!edge) {
            stack.pop();
            continue;
        }
        const weight = (distances[node] ?? Infinity) + weightOf(graph, edge);
        if (edge.isEnd) {
            const before = ends.get(edge.to);
            if (!before || weight < before.weight) {
                ends.set(edge.to, { from: node, edge, weight });
            }
        } else if (!seen[edge.to] && weight === distances[edge.to]) {
            seen[edge.to] = 1;
            into.set(edge.to, { from: node, edge });
            stack.push({ node: edge.to, next: 0 });
        }
    }
    return { into, ends };
}

function wayTo(node: number, into: ReadonlyMap<number, Step>): Edge[] {
    const way: Edge[] = [];
    for (let step = into.get(node); step; step = into.get(step.from)) {
        way.push(step.edge);
    }
    return way.reverse();
}

/** Numbers of courses within the bounds, by outcome. */
function countsOf(graph: StateGraph, { switches }: Bounds): ReadonlyMap<number, number> {
    const { order, back } = topological(graph);
    // with a bound on switches, courses are counted by how many they have
    const width = switches === Infinity ? 1 : switches + 1;
    const courses = new Map<number, Float64Array>([[0, new Float64Array(width).fill(1, 0, 1)]]);
    const counts = new Map<number, number>();
    for (const node of order) {
        const here = courses.get(node);
        courses.delete(node);
        if (!here) {
            continue;
        }
        for (const edge of graph.edgesOf(node)) {
            const more = switches === Infinity ? 0 : weightOf(graph, edge, 'switch');
            if (edge.isEnd) {
                const count = here.subarray(0, Math.max(width - more, 0)).reduce((sum, n) => sum + n, 0);
                counts.set(edge.to, (counts.get(edge.to) ?? 0) + count);
            } else if (!back.has(edge)) {
                const there = courses.get(edge.to) ?? new Float64Array(width);
                courses.set(edge.to, there);
                for (let i = more; i < width; i++) {
                    there[i] = (there[i] ?? 0) + (here[i - more] ?? 0);
                }
            }
        }
    }
    return counts;
}

/** Whether a course can come back to a state. */
export function hasCircle(graph: StateGraph): boolean {
    return topological(graph).back.size > 0;
}

/** The nodes so that edges lead onwards, except those that close a circle. */
function topological(graph: StateGraph): { readonly order: readonly number[]; readonly back: ReadonlySet<Edge> } {
    const ON_THE_WAY = 1;
    const DONE = 2;
    const state = new Uint8Array(graph.size);
    const order: number[] = [];
    const back = new Set<Edge>();
    const stack: { readonly node: number; next: number }[] = [{ node: 0, next: 0 }];
    state[0] = ON_THE_WAY;
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
        const { node } = top;
        const edge = graph.edgesOf(node)[top.next++];
        if (!edge) {
            state[node] = DONE;
            order.push(node);
            stack.pop();
        } else if (!edge.isEnd && state[edge.to] === ON_THE_WAY) {
            back.add(edge);
        } else if (!edge.isEnd && state[edge.to] === 0) {
            state[edge.to] = ON_THE_WAY;
            stack.push({ node: edge.to, next: 0 });
        }
    }
    return { order: order.reverse(), back };
}

/** The nearest node from which no way leads to an end; undefined if there is none. */
function hangs(graph: StateGraph, distances: Float64Array): number | undefined {
    const into: number[][] = Array.from({ length: graph.size }, () => []);
    const ending: number[] = [];
    for (let node = 0; node < graph.size; node++) {
        for (const edge of graph.edgesOf(node)) {
            (edge.isEnd ? ending : (into[edge.to] ?? [])).push(node);
        }
    }
    const ends = new Uint8Array(graph.size);
    for (let node = ending.pop(); node !== undefined; node = ending.pop()) {
        if (!ends[node]) {
            ends[node] = 1;
            ending.push(...(into[node] ?? []));
        }
    }
    let found: number | undefined;
    for (let node = 0; node < graph.size; node++) {
        const nearer =
            found === undefined ||
            (distances[node] ?? Infinity) < (distances[found] ?? Infinity) ||
            (distances[node] === distances[found] &&
                (graph.fingerprints[node] ?? 0) < (graph.fingerprints[found] ?? 0));
        if (!ends[node] && nearer) {
            found = node;
        }
    }
    return found;
}
