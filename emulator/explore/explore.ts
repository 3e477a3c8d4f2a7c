/**
 * Explores a scenario: all its courses within bounds on faults and switches, those with the fewest first, and their
 * outcomes as classes, each with its shortest course.
 */
import type { Program } from '../language/program';
import type { Tried } from '../run/tried';
import { Course, type CourseOptions } from './course';
import { coverageOf, type Covered } from './coverage';
import { Frontier, type Part } from './frontier';
import type { Bounds } from './item';
import { Lessons } from './reduction';
import { classesOf, type OutcomeClass } from './results';
import { STATE_BYTES, Visited } from './visited';
import { Walk } from './walk';

export interface ExploreOptions extends CourseOptions, Bounds {
    readonly tried: Tried;
    /** Operations after which a course counts as one that hangs. */
    readonly limit: number;
    /** Memory for the states that it has been in. Bytes. */
    readonly memory: number;
}

export interface Exploration {
    readonly scenario: string;
    readonly classes: readonly OutcomeClass[];
    readonly coverage: readonly Covered[];
    /** Every course within the bounds was tried, up to states that the search had been in. */
    readonly complete: boolean;
    /** Which part of the search this is; null for all of it. */
    readonly part: Part | null;
    /** All courses with so many faults and switches together were tried; −1: not even the usual one; null: all. */
    readonly completeUpTo: number | null;
    /** How many courses are still to be gone on with. */
    readonly left: number;
    readonly branches: number;
    /** How many switches were left out, because they cannot change an outcome. */
    readonly switchesLeftOut: number;
    readonly ends: number;
    readonly states: number;
    /** The most states that find room. */
    readonly room: number;
    /** Whether it has stopped because they were used up. */
    readonly full: boolean;
}

/** How many states find room. @param memory in bytes */
function roomFor(memory: number): number {
    return Math.floor(memory / STATE_BYTES);
}

/** What a search has found so far. */
export function explorationOf(
    scenario: string,
    frontier: Frontier,
    options: Pick<ExploreOptions, 'faults' | 'switches' | 'memory'>,
): Exploration {
    const { graph } = frontier;
    const room = roomFor(options.memory);
    return {
        scenario,
        classes: classesOf(graph, options, frontier.complete && !frontier.part),
        coverage: coverageOf(graph, options, frontier.complete, frontier.switchesLeftOut > 0),
        complete: frontier.complete,
        part: frontier.part,
        completeUpTo: frontier.completeUpTo,
        left: frontier.left,
        branches: graph.branches,
        switchesLeftOut: frontier.switchesLeftOut,
        ends: graph.ends,
        states: graph.size - 1,
        room,
        full: graph.size - 1 >= room,
    };
}

/** An exploration on this thread. */
export class Explorer {
    readonly frontier: Frontier;
    readonly visited: Visited;
    private readonly course: Course;
    private walk: Walk | null = null;

    /**
     * @param frontier where it goes on from
     * @throws UsageError if the scenario cannot be run
     */
    constructor(
        program: Program,
        private readonly options: ExploreOptions,
        frontier?: Frontier,
    ) {
        this.course = new Course(program, options, options.tried);
        this.frontier = frontier ?? new Frontier(options.tried.orders ? new Lessons() : null);
        this.visited = new Visited(roomFor(options.memory));
        this.frontier.enterInto(this.visited);
    }

    get scenario(): string {
        return this.course.scenario.name.value;
    }

    /** What is known so far. */
    get result(): Exploration {
        return explorationOf(this.scenario, this.frontier, this.options);
    }

    /** Puts what a search that runs has found into the frontier. */
    settle(): void {
        if (this.walk) {
            this.frontier.give(this.walk.hand([]), 0);
        }
    }

    /** How many courses are known that are to be gone on with. */
    get left(): number {
        return this.walk ? this.frontier.waiting + this.walk.left : this.frontier.left;
    }

    /** Yields so often that whoever drives it can look at the time, and stop. */
    *run(): Generator<void, void> {
        const { frontier, visited, options } = this;
        const walk = new Walk(this.course, visited, options, options.limit);
        this.walk = walk;
        try {
            while (!frontier.complete && !visited.full) {
                const items = frontier.take(Infinity);
                for (const _ of walk.walk(items, frontier.known)) {
                    if (visited.full) {
                        break;
                    }
                    yield;
                }
                frontier.give(walk.take());
            }
        } finally {
            this.walk = null;
            frontier.give(walk.take());
            walk.close();
        }
    }
}
