/**
 * What an exploration has found, as a graph: its nodes are states at which a choice is near, its edges the ways from
 * one to the next or to an end, with the choices on them. The graph of a complete search does not depend on the order
 * in which it was found, so that several threads and machines can find it together, and each part may come twice.
 */
import { type Choice, codeOf, type Price } from '../run/choices';
import { keyOfOutcome, type Outcome } from './outcome';

/** The node where the scenario begins. */
export const START = 0;

/** A choice that comes up somewhere. */
export interface Question {
    readonly what: string;
    readonly alternatives: readonly string[];
    /** The index of the alternative that is taken if nothing else is asked for. */
    readonly usual: number;
    readonly price: Price;
    /** The statement of the process: file and offset. */
    readonly place: string;
}

/**
 * A part of a graph as plain data. An edge: the state that it begins at; 1 if it leads to an end; the state or the
 * index of the outcome that it leads to; then for each choice on it the index of its question and its code.
 */
export interface GraphPart {
    readonly questions: readonly Question[];
    readonly outcomes: readonly Outcome[];
    readonly edges: readonly (readonly number[])[];
}

/** Where the choices begin in an edge of a part. */
const CHOICES = 3;

/** Gives equal values the same number. */
class Numbering<T> {
    readonly all: T[] = [];
    private readonly numbers = new Map<string, number>();

    constructor(private readonly keyOf: (value: T) => string) {}

    of(value: T): number {
        const key = this.keyOf(value);
        let number = this.numbers.get(key);
        if (number === undefined) {
            number = this.all.push(value) - 1;
            this.numbers.set(key, number);
        }
        return number;
    }
}

function keyOfQuestion({ what, alternatives, usual, price, place }: Question): string {
    return `${what}\0${alternatives.join('\0')}\0${usual}\0${price}\0${place}`;
}

/** Collects edges, to hand them on as a part. */
export class Collector {
    private questions = new Numbering(keyOfQuestion);
    private outcomes = new Numbering(keyOfOutcome);
    private edges: (readonly number[])[] = [];

    get size(): number {
        return this.edges.length;
    }

    add(from: number, to: number | Outcome, choices: readonly Choice[]): void {
        const end = typeof to !== 'number';
        const edge = [from, end ? 1 : 0, end ? this.outcomes.of(to) : to];
        for (const choice of choices) {
            const { what, alternatives, usual, price, place } = choice;
            edge.push(this.questions.of({ what, alternatives, usual, price, place }), codeOf(choice));
        }
        this.edges.push(edge);
    }

    /** What was collected since the last call. */
    take(): GraphPart {
        const part = { questions: this.questions.all, outcomes: this.outcomes.all, edges: this.edges };
        this.questions = new Numbering(keyOfQuestion);
        this.outcomes = new Numbering(keyOfOutcome);
        this.edges = [];
        return part;
    }
}

export interface Edge {
    /** The index of a node, or of an outcome. */
    readonly to: number;
    readonly isEnd: boolean;
    /** For each choice the index of its question and its code, alternately. */
    readonly choices: readonly number[];
}

export class StateGraph {
    private readonly allQuestions = new Numbering(keyOfQuestion);
    private readonly allOutcomes = new Numbering(keyOfOutcome);
    private readonly numbers = new Map<number, number>();
    private readonly states: number[] = [];
    /** By the number of the node that they begin at. */
    private readonly out: Edge[][] = [];
    private edgeCount = 0;
    private endCount = 0;

    constructor() {
        this.node(START);
    }

    get questions(): readonly Question[] {
        return this.allQuestions.all;
    }

    get outcomes(): readonly Outcome[] {
        return this.allOutcomes.all;
    }

    /** The number of nodes; the first one is {@link START}. */
    get size(): number {
        return this.states.length;
    }

    /** Courses that went on to an end, or to a state that was known: each node was found by one edge. */
    get branches(): number {
        return this.edgeCount - (this.size - 1);
    }

    /** Of the branches, those to an end. */
    get ends(): number {
        return this.endCount;
    }

    /** In the order of their choices, the usual ones first. */
    edgesOf(node: number): readonly Edge[] {
        return this.out[node] ?? [];
    }

    /** The fingerprints of the states. */
    get fingerprints(): readonly number[] {
        return this.states;
    }

    add(part: GraphPart): void {
        const questions = part.questions.map((q) => this.allQuestions.of(q));
        const outcomes = part.outcomes.map((o) => this.allOutcomes.of(o));
        for (const edge of part.edges) {
            const [from = START, kind = 0, to = START] = edge;
            const choices = edge.slice(CHOICES).map((n, i) => (i % 2 === 0 ? (questions[n] ?? 0) : n));
            const isEnd = kind === 1;
            const target = isEnd ? (outcomes[to] ?? 0) : this.node(to);
            this.addEdge(this.node(from), { to: target, isEnd, choices });
        }
    }

    private addEdge(from: number, edge: Edge): void {
        const edges = this.out[from] ?? [];
        // the same choices from the same state lead to the same place
        const at = edges.findIndex((e) => compareChoices(e.choices, edge.choices) >= 0);
        const next = edges[at];
        if (next && compareChoices(next.choices, edge.choices) === 0) {
            return;
        }
        edges.splice(at < 0 ? edges.length : at, 0, edge);
        this.edgeCount++;
        this.endCount += edge.isEnd ? 1 : 0;
    }

    private node(state: number): number {
        let number = this.numbers.get(state);
        if (number === undefined) {
            number = this.states.push(state) - 1;
            this.numbers.set(state, number);
            this.out.push([]);
        }
        return number;
    }

    /** All of it as one part. */
    part(): GraphPart {
        return {
            questions: this.questions,
            outcomes: this.outcomes,
            edges: this.out.flatMap((edges, from) =>
                edges.map((e) => [
                    this.states[from] ?? START,
                    e.isEnd ? 1 : 0,
                    e.isEnd ? e.to : (this.states[e.to] ?? START),
                    ...e.choices,
                ]),
            ),
        };
    }
}

/** By the codes of the choices. */
function compareChoices(a: readonly number[], b: readonly number[]): number {
    for (let i = 1; i < a.length || i < b.length; i += 2) {
        const difference = (a[i] ?? -1) - (b[i] ?? -1);
        if (difference !== 0) {
            return difference;
        }
    }
    return 0;
}
