/**
 * How far an exploration is: the graph of what it has found, and the items that are still to be done. Items with fewer
 * faults and switches come first, so that a state is first reached with the fewest.
 */
import { type GraphPart, StateGraph } from './graph';
import { compareItems, costOf, FIRST_ITEM, type Item } from './item';
import { type Lesson, Lessons, type SavedLessons, type TouchedData } from './reduction';
import { hasCircle } from './results';
import type { Visited } from './visited';

/** What a walk hands on. */
export interface Yield {
    readonly found: GraphPart;
    /** What it was given, or came across, and has not done. */
    readonly rest: readonly Item[];
    /** What comes after the present items. */
    readonly later: readonly Item[];
    /** What it has learned for leaving out switches; null if it tries all switches. */
    readonly lesson: Lesson | null;
}

/** A frontier as plain data. */
export interface SavedFrontier {
    readonly graph: GraphPart;
    readonly cost: number;
    readonly items: readonly Item[];
    readonly later: readonly Item[];
    readonly part: Part | null;
    /** Null: the search tries all switches. */
    readonly lessons: SavedLessons | null;
}

/** One of several parts of a search. */
export interface Part {
    /** From 1. */
    readonly index: number;
    readonly count: number;
}

export class Frontier {
    graph = new StateGraph();
    /** The faults and switches of the present items. */
    private cost = 0;
    private items: Item[] = [FIRST_ITEM];
    private later: Item[] = [];
    /** Of which it is a part; null for a whole search. */
    part: Part | null = null;
    /** Items that somebody works on. */
    private given = 0;
    /** The states of the present round. */
    private visited: Visited | null = null;

    /** @param lessons what the search learns for leaving out switches; null: it tries all switches */
    constructor(private lessons: Lessons | null = null) {}

    /** All parts of the same search, or one that goes on. */
    static joined(parts: readonly SavedFrontier[]): Frontier {
        const saved = parts.length === 1 ? parts[0] : undefined;
        const frontier = new Frontier(saved?.lessons ? new Lessons(saved.lessons) : null);
        frontier.part = saved?.part ?? null;
        const open = parts.filter((p) => p.items.length + p.later.length > 0);
        for (const { graph } of parts) {
            frontier.graph.add(graph);
        }
        frontier.cost = open.length > 0 ? Math.min(...open.map((p) => p.cost)) : Math.max(...parts.map((p) => p.cost));
        frontier.items = [];
        for (const item of open.flatMap((p) => [...p.items, ...p.later])) {
            (costOf(item) <= frontier.cost ? frontier.items : frontier.later).push(item);
        }
        return frontier;
    }

    /** Keeps one of several parts of what is to be done. */
    keep(part: Part): void {
        const { index, count } = part;
        this.part = part;
        const mine = new Set(
            [...this.items, ...this.later].sort(compareItems).filter((_, i) => i % count === index - 1),
        );
        this.items = this.items.filter((i) => mine.has(i));
        this.later = this.later.filter((i) => mine.has(i));
    }

    saved(): SavedFrontier {
        const { graph, cost, items, later, part, lessons } = this;
        return { graph: graph.part(), cost, items, later, part, lessons: lessons?.saved() ?? null };
    }

    /** What walks know for leaving out switches; null: they try all switches. */
    get known(): readonly TouchedData[] | null {
        return this.lessons?.known ?? null;
    }

    /** How often the search has begun again, because it had left out a switch that can change an outcome. */
    get rounds(): number {
        return this.lessons?.rounds ?? 0;
    }

    /** How many switches were left out, because they cannot change an outcome. */
    get switchesLeftOut(): number {
        return this.lessons?.switches ?? 0;
    }

    get complete(): boolean {
        return this.left === 0;
    }

    get left(): number {
        return this.waiting + this.given;
    }

    /** How many items nobody works on. */
    get waiting(): number {
        return this.items.length + this.later.length;
    }

    /** All courses with so many faults and switches together were tried; null: all. */
    get completeUpTo(): number | null {
        return this.complete ? null : this.cost - 1;
    }

    /** Notes the states of the graph. When the search begins again, they are forgotten. */
    enterInto(visited: Visited): void {
        this.visited = visited;
        // the first one is the beginning
        for (const state of this.graph.fingerprints.slice(1)) {
            visited.enter(state);
        }
    }

    /** Items to do now, at most so many. Everything that was taken must be given back before the next ones come. */
    take(most: number): Item[] {
        if (this.items.length === 0 && this.given === 0 && this.later.length > 0) {
            this.advance();
        }
        const taken = this.items.splice(0, most);
        this.given += taken.length;
        return taken;
    }

    /** What came of items that were taken. @param taken how many; by default all */
    give({ found, rest, later, lesson }: Yield, taken = this.given): void {
        this.graph.add(found);
        this.given -= taken;
        // one by one: there can be more than a call may have arguments
        for (const item of rest) {
            this.items.push(item);
        }
        for (const item of later) {
            this.later.push(item);
        }
        if (lesson) {
            this.lessons?.add(lesson);
        }
        if (this.items.length === 0 && this.given === 0) {
            this.review();
        }
    }

    /** All courses within a bound were tried: begins again if a switch that can change an outcome was left out. */
    private review(): void {
        const { lessons } = this;
        if (!lessons) {
            return;
        }
        const circular = lessons.switches > 0 && hasCircle(this.graph);
        if (!circular && !lessons.mistaken) {
            return;
        }
        if (circular) {
            this.lessons = null;
        } else {
            lessons.advance();
        }
        this.graph = new StateGraph();
        this.cost = 0;
        this.items = [FIRST_ITEM];
        this.later = [];
        this.visited?.clear();
    }

    /** To the items with more faults and switches. */
    private advance(): void {
        this.cost = Math.min(...this.later.map(costOf), Infinity);
        this.items = this.later.filter((i) => costOf(i) === this.cost).sort(compareItems);
        this.later = this.later.filter((i) => costOf(i) !== this.cost);
    }
}
