/**
 * Checkpoints of a run: a cache that makes going back quick, within a budget of memory. Whatever has none is reached by
 * executing from the one before, so that all of them but the first could go at any time.
 */
import type { Interpreter } from '../runtime/interpreter';
import type { Frame, Thread } from '../runtime/code';
import type { Checkpoint } from '../runtime/stop';
import type { Journal } from '../machine/journal';

/** More than this many take time themselves, wherever one is looked for. */
const MOST = 500;
/** Milliseconds within which no gap is long. */
const SHORT = 20;
/** What a frame takes besides its slots, and a slot. Bytes, estimates. */
const FRAME_BYTES = 200;
const SLOT_BYTES = 16;

/** Who runs, and what is on the stacks, at a position: live, or as a checkpoint has it. */
export interface Stacks {
    readonly current: Thread;
    /** The threads that take turns. */
    readonly turns: readonly Thread[];
    of(thread: Thread): readonly Frame[];
}

export interface Kept extends Stacks {
    /** The position of the run. */
    readonly at: number;
    /** How many changes the user had made up to there. */
    readonly changes: number;
    readonly checkpoint: Checkpoint;
    /** How long the run takes from the one before to here. Milliseconds. */
    cost: number;
    /** The stacks that it has copied. Bytes. */
    readonly stackBytes: number;
    /** What the journal has saved since, up to the next one. Bytes. */
    saved: number;
}

export class Checkpoints {
    private readonly list: Kept[] = [];
    private total = 0;

    /** @param budget bytes */
    constructor(
        private readonly interpreter: Interpreter,
        private readonly journal: Journal,
        private readonly budget: number,
    ) {
        journal.weighing = true;
    }

    /** What they take. Bytes, an estimate. */
    get bytes(): number {
        const last = this.list.at(-1);
        return this.total + (last ? this.journal.bytesOf(last.checkpoint.mark) - last.saved : 0);
    }

    get count(): number {
        return this.list.length;
    }

    /**
     * Keeps one of where the run stands.
     * @param cost milliseconds that the run has taken since the one before
     * @returns what was saved since then, in bytes
     */
    keep(changes: number, cost: number): number {
        const saved = this.close();
        const { interpreter } = this;
        const checkpoint = interpreter.checkpoint();
        const stacks = new Map(checkpoint.threads.map(({ thread, frames }) => [thread, frames]));
        const entry: Kept = {
            checkpoint,
            cost,
            at: checkpoint.ticks,
            changes,
            current: checkpoint.current,
            turns: interpreter.scheduler.threads,
            of: (thread) => stacks.get(thread) ?? [],
            stackBytes: bytesOf(checkpoint),
            saved: 0,
        };
        this.list.push(entry);
        this.total += entry.stackBytes;
        this.thin();
        return saved;
    }

    /** The last one before a position; undefined: there is none. */
    before(position: number): Kept | undefined {
        return this.list.findLast((e) => e.at < position);
    }

    /** The last one at a position or before it, with at most so many changes. @throws RangeError: there is none */
    upTo(position: number, changes: number): Kept {
        const found = this.list.findLast((e) => e.at <= position && e.changes <= changes);
        if (!found) {
            throw new RangeError(`no checkpoint is kept up to position ${position}`);
        }
        return found;
    }

    /** The run goes back to one, which stays; those after it are gone. */
    restore(kept: Kept): void {
        const index = this.list.indexOf(kept);
        if (index < 0) {
            throw new RangeError(`no checkpoint is kept of position ${kept.at}`);
        }
        this.interpreter.restore(kept.checkpoint);
        for (const gone of this.list.splice(index + 1)) {
            this.total -= gone.saved + gone.stackBytes;
        }
        this.total -= kept.saved;
        kept.saved = 0;
    }

    /** All but the first are forgotten. */
    forget(): void {
        while (this.list.length > 1) {
            this.drop(this.list.length - 1);
        }
    }

    /** Takes up what the journal has saved since the last one. @returns how much */
    private close(): number {
        const last = this.list.at(-1);
        return last ? this.weigh(last) : 0;
    }

    private weigh(entry: Kept): number {
        const saved = this.journal.bytesOf(entry.checkpoint.mark);
        this.total += saved - entry.saved;
        entry.saved = saved;
        return saved;
    }

    /** The further back, the fewer stay: a gap is to be short for its distance from here, both in time. */
    private thin(): void {
        while (this.list.length > 2 && (this.total > this.budget || this.list.length > MOST)) {
            let least = 1;
            let smallest = Infinity;
            let distance = 0;
            for (let i = this.list.length - 2; i > 0; i--) {
                const later = this.list[i + 1]?.cost ?? 0;
                const gap = later + (this.list[i]?.cost ?? 0);
                distance += later;
                if (gap / (distance + SHORT) < smallest) {
                    smallest = gap / (distance + SHORT);
                    least = i;
                }
            }
            this.drop(least);
        }
    }

    private drop(index: number): void {
        const [gone] = this.list.splice(index, 1);
        const older = this.list[index - 1];
        const later = this.list[index];
        if (gone && older) {
            this.total -= gone.saved + gone.stackBytes;
            if (later) {
                later.cost += gone.cost;
            }
            this.interpreter.forget(gone.checkpoint);
            this.weigh(older);
        }
    }
}

function bytesOf({ threads }: Checkpoint): number {
    return threads
        .flatMap(({ frames }) => frames)
        .reduce((sum, { slots }) => sum + FRAME_BYTES + slots.length * SLOT_BYTES, 0);
}
