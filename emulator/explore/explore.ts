/**
 * Explores a scenario: all its courses within growing bounds on faults and switches, and their outcomes as classes,
 * each with its shortest course.
 */
import type { Program } from '../language/program';
import type { Deviation } from '../language/choice';
import { deviationsOf } from '../run/choices';
import type { Tried } from '../run/tried';
import { Course, type CourseOptions } from './course';
import { Coverage } from './coverage';
import { keyOfOutcome, type Outcome } from './outcome';
import { type Found, Search } from './search';
import { type Left, Visited } from './visited';

export interface ExploreOptions extends CourseOptions {
    readonly tried: Tried;
    /** The most faults of a course. */
    readonly faults: number;
    /** The most switches of a course from a process that could continue; Infinity for all orders. */
    readonly switches: number;
    /** Operations after which a course counts as one that hangs. */
    readonly limit: number;
    /** Memory for the states that it has been in. Bytes. */
    readonly memory: number;
}

/** Courses with the same outcome. */
export interface OutcomeClass {
    readonly outcome: Outcome;
    /** How many courses ended so in the last round that has reached one. */
    count: number;
    /** The course with the fewest faults, of these with the fewest switches, of these the first. */
    readonly example: readonly Deviation[];
    readonly faults: number;
    readonly switches: number;
}

export interface Exploration {
    readonly scenario: string;
    readonly classes: readonly OutcomeClass[];
    readonly coverage: Coverage;
    /** Every course within the bounds was tried, up to states that it had been in. */
    readonly complete: boolean;
    /** The bounds up to which the search is complete; null if not even the smallest is. */
    readonly completeUpTo: Left | null;
    /** The bounds that the search was at when it was cut short; null if it is complete. */
    readonly cutShortAt: Left | null;
    readonly branches: number;
    readonly ends: number;
    readonly states: number;
    /** States that found no room in the memory. */
    readonly forgotten: number;
}

/** Bounds on switches before all of them. */
const FEW_SWITCHES = [0, 1, 2, 3];

export class Explorer {
    readonly coverage = new Coverage();
    private readonly byKey = new Map<string, OutcomeClass>();
    private readonly visited: Visited;
    private readonly course: Course;
    private complete = false;
    private upTo: Left | null = null;
    private at: Left | null = null;
    private branches = 0;
    private ends = 0;
    private states = 0;

    /** @throws UsageError if the scenario cannot be run */
    constructor(
        program: Program,
        private readonly options: ExploreOptions,
    ) {
        this.visited = new Visited(options.memory);
        this.course = new Course(program, options, options.tried);
    }

    /** What is known so far. */
    get result(): Exploration {
        return {
            scenario: this.course.scenario.name.value,
            classes: [...this.byKey.values()],
            coverage: this.coverage,
            complete: this.complete,
            completeUpTo: this.upTo,
            cutShortAt: this.complete ? null : this.at,
            branches: this.branches,
            ends: this.ends,
            states: this.states,
            forgotten: this.visited.forgotten,
        };
    }

    /** Yields so often that whoever drives it can look at the time, and stop. */
    *run(): Generator<void, void> {
        const { options } = this;
        for (let faults = 0; ; faults++) {
            let bounded = { faults: 0, switches: 0 };
            for (const switches of [...FEW_SWITCHES.filter((n) => n < options.switches), options.switches]) {
                this.at = { faults, switches };
                bounded = yield* this.round({ faults, switches });
                this.upTo = this.at;
                if (bounded.switches === 0) {
                    break;
                }
            }
            if (bounded.faults === 0 || faults >= options.faults) {
                break;
            }
        }
        this.complete = true;
    }

    private *round(bounds: Left): Generator<void, { faults: number; switches: number }> {
        this.visited.clear();
        const counts = new Map<string, number>();
        const search = new Search(this.course, this.visited, bounds, this.options.limit, {
            chosen: (choice) => this.coverage.add(choice),
            ended: (found) => {
                const key = this.ended(found);
                counts.set(key, (counts.get(key) ?? 0) + 1);
                const of = this.byKey.get(key);
                if (of) {
                    of.count = counts.get(key) ?? 0;
                }
            },
        });
        const { branches, ends } = this;
        for (const _ of search.run()) {
            this.branches = branches + search.counts.branches;
            this.ends = ends + search.counts.ends;
            this.states = Math.max(this.states, this.visited.count);
            yield;
        }
        this.branches = branches + search.counts.branches;
        this.ends = ends + search.counts.ends;
        return search.counts.bounded;
    }

    private ended(found: Found): string {
        const { outcome, faults, switches } = found;
        const key = keyOfOutcome(outcome);
        const before = this.byKey.get(key);
        if (!before || faults < before.faults || (faults === before.faults && switches < before.switches)) {
            const example = deviationsOf(found.choices);
            this.byKey.set(key, { outcome, count: before?.count ?? 0, example, faults, switches });
        }
        return key;
    }
}
