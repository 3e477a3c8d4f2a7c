/**
 * Walks through the courses of a run from the places that items give: depth first, back to the nearest checkpoint of
 * the machine and on from there. It does not go on from a state that the search has been in.
 */
import { type Choice, codeOf } from '../run/choices';
import type { Checkpoint } from '../runtime/stop';
import type { Course } from './course';
import type { Yield } from './frontier';
import { Collector } from './graph';
import { type Bounds, commonLength, comparePaths, costOf, type Item, otherwise } from './item';
import type { Outcome } from './outcome';
import type { Visited } from './visited';

/** The operations between two looks at the time. */
const SLICE = 200_000;
/** Checkpoints of a course. With more, every second one is given up. */
const MOST_CHECKPOINTS = 1024;

interface Base {
    readonly checkpoint: Checkpoint;
    readonly position: number;
}

export class Walk {
    private readonly found = new Collector();
    /** Items with a fault or a switch more than those that it was given. */
    private later: Item[] = [];
    private items: Item[] = [];
    private readonly bases: Base[];
    /** The path of the course that the machine is on. */
    private path: readonly number[] = [];
    /** What the walk is at, and how far it is with it; null between two items. */
    private at: Item | null = null;

    /**
     * @param course stands at the place from which all courses go on
     * @param limit operations after which a course hangs
     * @param ended hears of every end
     */
    constructor(
        private readonly course: Course,
        private readonly visited: Visited,
        private readonly bounds: Bounds,
        private readonly limit: number,
        private readonly ended: (outcome: Outcome) => void = () => undefined,
    ) {
        course.decider.stops = true;
        course.decider.mostFaults = bounds.faults;
        this.bases = [{ checkpoint: course.host.interpreter.checkpoint(), position: 0 }];
    }

    /** Yields between two branches, and now and then within a long one. */
    *walk(items: readonly Item[]): Generator<void, void> {
        this.items = items.toSorted((a, b) => comparePaths(b.path, a.path));
        for (let item = this.items.pop(); item; item = this.items.pop()) {
            yield* this.follow(item);
        }
    }

    /** Ends a walk. @returns what it has found, and what it has not done */
    take(): Yield {
        const rest = this.at ? [this.at, ...this.items] : this.items;
        this.at = null;
        this.items = [];
        return this.hand(rest);
    }

    /** What it has found so far. */
    hand(rest: readonly Item[]): Yield {
        const { later } = this;
        this.later = [];
        return { found: this.found.take(), rest, later };
    }

    /** Gives away half of what is to be done. */
    share(): Item[] {
        return this.items.splice(0, Math.floor(this.items.length / 2));
    }

    /** How much of what it has found was not handed on. */
    get pending(): number {
        return this.found.size;
    }

    /** How many courses are to be gone on with. */
    get left(): number {
        return this.items.length + this.later.length + (this.at ? 1 : 0);
    }

    /** Back to where it began. */
    close(): void {
        const [first] = this.bases;
        if (first) {
            const { decider, host } = this.course;
            host.interpreter.restore(first.checkpoint);
            host.interpreter.forget(first.checkpoint);
            decider.stops = false;
            decider.follow([], 0);
        }
    }

    private *follow(item: Item): Generator<void, void> {
        const { course, limit } = this;
        const { decider } = course;
        const { interpreter } = course.host;
        let position = this.goBack(item);
        let { from } = item;
        this.at = item;
        decider.follow(item.path, position);
        for (;;) {
            interpreter.run(Math.min(SLICE, limit - interpreter.ticks));
            const ended = interpreter.outcome !== null || interpreter.ticks >= limit;
            const { made } = decider;
            if (!ended && !decider.stopped && !course.atJunction) {
                yield;
                continue;
            }
            course.atJunction = false;
            if (position >= item.start) {
                const outcome = ended ? course.outcome() : null;
                const to = outcome ?? course.state();
                this.found.add(from, to, made);
                this.addAlternatives(item, from, position, made);
                if (outcome) {
                    this.ended(outcome);
                }
                if (typeof to !== 'number' || !this.visited.enter(to)) {
                    break;
                }
                from = to;
                this.at = { ...item, from, start: position + made.length + 1, given: 0 };
            } else if (ended) {
                throw new RangeError('an item does not lead to its state');
            }
            position += made.length + 1;
            this.keep(position);
            decider.follow(item.path, position);
            yield;
        }
        this.at = null;
        yield;
    }

    /** To the last checkpoint on the way to the state of an item. @returns its position */
    private goBack({ path, start }: Item): number {
        const { bases } = this;
        const common = Math.min(commonLength(this.path, path), start);
        while (bases.length > 1 && (bases.at(-1)?.position ?? 0) > common) {
            bases.pop();
        }
        const base = bases.at(-1);
        if (!base) {
            throw new RangeError('a walk has its first checkpoint');
        }
        this.path = path;
        this.course.host.interpreter.restore(base.checkpoint);
        this.course.atJunction = false;
        return base.position;
    }

    private keep(position: number): void {
        const { interpreter } = this.course.host;
        this.bases.push({ checkpoint: interpreter.checkpoint(), position });
        if (this.bases.length > MOST_CHECKPOINTS) {
            const kept = this.bases.filter((b, i) => {
                const stays = i % 2 === 0;
                if (!stays) {
                    interpreter.forget(b.checkpoint);
                }
                return stays;
            });
            this.bases.splice(0, Infinity, ...kept);
        }
    }

    private addAlternatives(item: Item, from: number, position: number, made: readonly Choice[]): void {
        const given = position === item.start ? item.given : 0;
        for (const [i, choice] of made.entries()) {
            if (i < given) {
                continue;
            }
            for (let pick = choice.alternatives.length - 1; pick >= 0; pick--) {
                const code = codeOf({ picked: pick, usual: choice.usual });
                const other = code === 0 ? null : otherwise(item, from, position, i, choice, code, this.bounds);
                if (other) {
                    (costOf(other) > costOf(item) ? this.later : this.items).push(other);
                }
            }
        }
    }
}
