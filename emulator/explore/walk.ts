/**
 * Walks through the courses of a run from the places that items give: depth first, back to the nearest checkpoint of
 * the machine and on from there. It does not go on from a state that the search has been in.
 */
import { SCHEDULE } from '../machine/chooser';
import { type Choice, codeOf } from '../run/choices';
import type { Checkpoint } from '../runtime/stop';
import type { Position } from '../runtime/touching/touches';
import type { Course } from './course';
import type { Yield } from './frontier';
import { Collector } from './graph';
import { type Bounds, commonLength, comparePaths, costOf, type Item, otherwise } from './item';
import type { Outcome } from './outcome';
import { Reduction, type TouchedData } from './reduction';
import type { Visited } from './visited';

/** The operations between two looks at the time. */
const SLICE = 200_000;
/** Checkpoints of a course. With more, every second one is given up. */
const MOST_CHECKPOINTS = 1024;

interface Base {
    readonly checkpoint: Checkpoint;
    readonly position: number;
}

/**
 * A choice whose alternatives are switches. Whether they are left out is decided when the running thread has executed
 * its next piece (see reduction.ts).
 */
interface Undecided {
    readonly alternatives: readonly Item[];
    readonly cost: number;
    /** The state in which the running thread continues. */
    readonly state: number;
    readonly positions: readonly Position[];
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
    private undecided: Undecided | null = null;
    /** Null: the walk tries all alternatives. */
    private reduction: Reduction | null = null;
    private known: readonly TouchedData[] | null = null;

    /**
     * @param course stands at the place from which all courses go on
     * @param limit operations after which a course hangs
     * @param onEnd hears of every end
     */
    constructor(
        private readonly course: Course,
        private readonly visited: Visited,
        private readonly bounds: Bounds,
        private readonly limit: number,
        private readonly onEnd: (outcome: Outcome) => void = () => undefined,
    ) {
        course.decider.stops = true;
        course.decider.mostFaults = bounds.faults;
        this.bases = [{ checkpoint: course.host.interpreter.checkpoint(), position: 0 }];
    }

    /** Yields between two branches, and now and then within a long one. */
    *walk(items: readonly Item[], known: readonly TouchedData[] | null): Generator<void, void> {
        if (known !== this.known) {
            this.known = known;
            this.reduction = known && new Reduction(known);
        }
        this.items = items.toSorted((a, b) => comparePaths(b.path, a.path));
        for (let item = this.items.pop(); item; item = this.items.pop()) {
            yield* this.follow(item);
        }
    }

    /** Ends a walk. @returns what it has found, and what it has not done */
    take(): Yield {
        this.lookAhead();
        const rest = this.at ? [this.at, ...this.items] : this.items;
        this.at = null;
        this.items = [];
        return this.hand(rest);
    }

    /** What it has found so far. */
    hand(rest: readonly Item[]): Yield {
        const { later } = this;
        this.later = [];
        return { found: this.found.take(), rest, later, lesson: this.reduction?.take() ?? null };
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
        const { course } = this;
        const { decider } = course;
        let position = this.goBack(item);
        let { from } = item;
        this.at = item;
        this.begin(item.path, position);
        for (;;) {
            if (!this.runOn()) {
                yield;
                continue;
            }
            const { ended } = this;
            const { made } = decider;
            course.atJunction = false;
            if (position >= item.start) {
                this.decide();
                const outcome = ended ? course.outcome() : null;
                const to = outcome ?? course.state();
                this.found.add(from, to, made);
                this.addAlternatives(item, from, position, made, to);
                if (outcome) {
                    this.onEnd(outcome);
                }
                if (typeof to !== 'number' || !this.visited.enter(to)) {
                    this.begin(item.path, position + made.length + 1);
                    this.lookAhead();
                    break;
                }
                from = to;
                this.at = { ...item, from, start: position + made.length + 1, given: 0 };
            } else if (ended) {
                throw new RangeError('an item does not lead to its state');
            }
            position += made.length + 1;
            this.keep(position);
            this.begin(item.path, position);
            yield;
        }
        this.at = null;
        yield;
    }

    /** The run goes on from a position. */
    private begin(path: readonly number[], position: number): void {
        this.course.decider.follow(path, position);
        this.course.host.touches?.take();
    }

    /** @returns false if it has only used up its time, true at a state or an end */
    private runOn(): boolean {
        const { course, limit } = this;
        const { interpreter } = course.host;
        interpreter.run(Math.min(SLICE, limit - interpreter.ticks));
        return this.ended || course.decider.stopped || course.atJunction;
    }

    private get ended(): boolean {
        const { interpreter } = this.course.host;
        return interpreter.outcome !== null || interpreter.ticks >= this.limit;
    }

    /** Executes the next piece only to decide about the alternatives of the last choice. */
    private lookAhead(): void {
        const { undecided, course } = this;
        if (!undecided) {
            return;
        }
        // the run is directly after the choice, or within the piece
        while (!this.runOn()) {
            // to the next place
        }
        course.atJunction = false;
        this.decide();
    }

    /** The thread has executed a piece: adds the alternatives of the choice before it, or leaves them out. */
    private decide(): void {
        const { undecided, reduction, course, bounds } = this;
        const { touches, injections } = course.host;
        if (!reduction || !touches) {
            return;
        }
        if (this.ended && !course.host.interpreter.outcome) {
            // the course is too long: the outcome depends on how far the other threads are
            touches.everything();
        }
        const pieces = touches.take();
        reduction.hear(pieces);
        this.undecided = null;
        if (!undecided) {
            return;
        }
        const [piece] = pieces;
        const [own, ...others] = undecided.positions;
        // if a fault is offered within the piece, the piece is not the same in all courses
        const faults = injections.trials?.happened ?? 0;
        const only = course.decider.made.every(
            (c) => c.what === SCHEDULE || (c.price === 'fault' && faults >= bounds.faults),
        );
        const { alternatives, cost, state } = undecided;
        const whole = only && piece?.whole === true && piece.by === own?.by && piece.number === own.number;
        if (!whole || !reduction.leavesOut(piece, others, state, alternatives.length)) {
            this.add(alternatives, cost);
        }
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

    private addAlternatives(
        item: Item,
        from: number,
        position: number,
        made: readonly Choice[],
        to: number | Outcome,
    ): void {
        const given = position === item.start ? item.given : 0;
        for (const [i, choice] of made.entries()) {
            if (i < given) {
                continue;
            }
            const others: Item[] = [];
            for (let pick = choice.alternatives.length - 1; pick >= 0; pick--) {
                const code = codeOf({ picked: pick, usual: choice.usual });
                const other = code === 0 ? null : otherwise(item, from, position, i, choice, code, this.bounds);
                if (other) {
                    others.push(other);
                }
            }
            const last = i === made.length - 1 && typeof to === 'number';
            const isSwitch = choice.what === SCHEDULE && choice.price === 'switch';
            if (this.reduction && last && isSwitch && others.length > 0) {
                const positions = this.course.host.touches?.positions() ?? [];
                if (this.reduction.neverLeavesOut(positions.slice(1))) {
                    this.add(others, costOf(item));
                    continue;
                }
                this.undecided = { alternatives: others, cost: costOf(item), state: to, positions };
            } else {
                this.add(others, costOf(item));
            }
        }
    }

    /** @param cost that of the present items */
    private add(items: readonly Item[], cost: number): void {
        for (const item of items) {
            (costOf(item) > cost ? this.later : this.items).push(item);
        }
    }
}
