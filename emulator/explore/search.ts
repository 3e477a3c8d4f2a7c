/**
 * Goes through all courses of a run within bounds, depth first: to the end, back to the last choice that has another
 * alternative, on from a checkpoint of the machine before it. A state that it has been in is not gone on from again.
 */
import type { Checkpoint } from '../runtime/stop';
import { type Choice, countOf } from '../run/choices';
import type { Course } from './course';
import type { Outcome } from './outcome';
import type { Left, Visited } from './visited';

/** The operations between two looks at the time. */
const SLICE = 200_000;

/** A choice with alternatives that are still to be tried. */
interface Fork {
    readonly base: Checkpoint;
    /** The choices between the checkpoint and this one, as indices. */
    readonly before: readonly number[];
    readonly choice: Choice;
    /** The alternatives to try, the next one last. */
    readonly rest: number[];
    /** The number of choices of the course before this one. */
    readonly depth: number;
}

export interface Found {
    readonly outcome: Outcome;
    readonly choices: readonly Choice[];
    readonly faults: number;
    readonly switches: number;
    /** The number of operations of the course. */
    readonly operations: number;
}

/** What a search tells while it goes on. */
export interface Heard {
    /** A choice came up for which there is a bound, or an alternative was taken. */
    chosen(choice: Choice): void;
    ended(found: Found): void;
}

export interface Counts {
    /** Courses that went on to an end, or to a state that was known. */
    branches: number;
    /** Of these, to an end. */
    ends: number;
    /** Alternatives that were not tried because of a bound. */
    bounded: { faults: number; switches: number };
}

export class Search {
    readonly counts: Counts = { branches: 0, ends: 0, bounded: { faults: 0, switches: 0 } };
    private readonly forks: Fork[] = [];
    private readonly path: Choice[] = [];

    /**
     * @param course stands at a place from which all courses go on
     * @param bounds the most faults and switches of a course
     * @param limit operations after which a course hangs
     */
    constructor(
        private readonly course: Course,
        private readonly visited: Visited,
        private readonly bounds: Left,
        private readonly limit: number,
        private readonly heard: Heard,
    ) {}

    /** Yields between two branches, and now and then within a long one. */
    *run(): Generator<void, void> {
        const { interpreter } = this.course.host;
        const { decider } = this.course;
        const start = interpreter.checkpoint();
        decider.stops = true;
        decider.follow([]);
        let base = start;
        let forced: readonly number[] = [];
        for (;;) {
            const { limit } = this;
            interpreter.run(Math.min(SLICE, limit - interpreter.ticks));
            const ended = interpreter.outcome !== null || interpreter.ticks >= limit;
            const { made } = decider;
            let known = false;
            if (made.length > 0 || this.course.atJunction) {
                this.course.atJunction = false;
                const forks = this.addForks(base, made, forced.length);
                this.path.push(...made);
                known = !ended && this.visited.enter(this.course.state(), this.left);
                if (!ended && !known) {
                    const before = base;
                    base = interpreter.checkpoint();
                    if (forks === 0 && before !== start && this.forks.at(-1)?.base !== before) {
                        interpreter.forget(before);
                    }
                    decider.follow([]);
                    forced = [];
                }
            }
            if (ended) {
                this.end();
            }
            if (ended || known) {
                this.counts.branches++;
                const fork = this.back();
                if (!fork) {
                    break;
                }
                ({ base } = fork);
                forced = fork.picks;
                interpreter.restore(base);
                decider.follow(forced);
            }
            yield;
        }
        interpreter.restore(start);
        interpreter.forget(start);
        decider.stops = false;
    }

    /** Choices after the first ones, which are known. @returns how many forks there are */
    private addForks(base: Checkpoint, made: readonly Choice[], known: number): number {
        let count = 0;
        made.forEach((choice, i) => {
            if (i < known) {
                return;
            }
            this.heard.chosen(choice);
            const depth = this.path.length + i;
            const rest = this.alternatives(choice, [...this.path, ...made.slice(0, i)]);
            if (rest.length > 0) {
                this.forks.push({ base, before: made.slice(0, i).map((c) => c.picked), choice, rest, depth });
                count++;
            }
        });
        return count;
    }

    private alternatives(choice: Choice, path: readonly Choice[]): number[] {
        const all = choice.alternatives.map((_, i) => i).filter((i) => i !== choice.usual);
        const { price } = choice;
        if (price === 'free') {
            return all.reverse();
        }
        const bound = price === 'fault' ? this.bounds.faults : this.bounds.switches;
        if (countOf(path, price) >= bound) {
            this.counts.bounded[price === 'fault' ? 'faults' : 'switches'] += all.length;
            return [];
        }
        return all.reverse();
    }

    private get left(): Left {
        return {
            faults: this.bounds.faults - countOf(this.path, 'fault'),
            switches: this.bounds.switches - countOf(this.path, 'switch'),
        };
    }

    /** To the last fork. */
    private back(): { readonly base: Checkpoint; readonly picks: readonly number[] } | undefined {
        const fork = this.forks.at(-1);
        const next = fork?.rest.pop();
        if (!fork || next === undefined) {
            return undefined;
        }
        if (fork.rest.length === 0) {
            this.forks.pop();
        }
        this.path.length = fork.depth - fork.before.length;
        this.heard.chosen({ ...fork.choice, picked: next });
        return { base: fork.base, picks: [...fork.before, next] };
    }

    private end(): void {
        this.counts.ends++;
        const faults = countOf(this.path, 'fault');
        this.heard.ended({
            outcome: this.course.outcome(),
            choices: this.path.slice(),
            faults,
            switches: countOf(this.path, 'switch'),
            operations: this.course.host.interpreter.ticks,
        });
    }
}
