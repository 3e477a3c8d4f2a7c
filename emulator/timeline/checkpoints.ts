/**
 * Checkpoints of a run: a cache for going back fast, within a budget of memory. All other positions are reached by
 * executing from the checkpoint before them, so that all checkpoints except the first can be dropped at any time.
 */
import type { Interpreter } from '../runtime/interpreter';
import type { Frame, Thread } from '../runtime/code';
import type { Checkpoint } from '../runtime/stop';
import type { Journal } from '../machine/journal';

/** The most checkpoints: searching through more takes too long. */
const MOST = 500;
/** Gaps that take at most this time to execute are never too long. Milliseconds. */
const SHORT = 20;
/** The sizes of a frame without its slots, and of a slot. Bytes, estimates. */
const FRAME_BYTES = 200;
const SLOT_BYTES = 16;

/** The running thread and the stacks at a position: live, or from a checkpoint. */
export interface Stacks {
    readonly current: Thread;
    /** The threads that run in turns. */
    readonly turns: readonly Thread[];
    of(thread: Thread): readonly Frame[];
}

export interface Kept extends Stacks {
    /** The position of the run. */
    readonly at: number;
    /** The number of the user's changes up to there. */
    readonly changes: number;
    readonly checkpoint: Checkpoint;
    /** The duration of the run from the previous checkpoint. Milliseconds. */
    cost: number;
    /** The size of the copied stacks. Bytes. */
    readonly stackBytes: number;
    /** The size of the journal from here to the next checkpoint. Bytes. */
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

    /** Their total size. Bytes, an estimate. */
    get bytes(): number {
        const last = this.list.at(-1);
        return this.total + (last ? this.journal.bytesOf(last.checkpoint.mark) - last.saved : 0);
    }

    get count(): number {
        return this.list.length;
    }

    /**
     * Adds a checkpoint of the present state.
     * @param cost duration of the run since the previous one, in milliseconds
     * @returns the size of the journal since then, in bytes
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

    /** The last one before a position, if there is one. */
    before(position: number): Kept | undefined {
        return this.list.findLast((e) => e.at < position);
    }

    /** The last one at or before a position with at most this number of changes. @throws RangeError if there is none */
    upTo(position: number, changes: number): Kept {
        const found = this.list.findLast((e) => e.at <= position && e.changes <= changes);
        if (!found) {
            throw new RangeError(`no checkpoint is kept up to position ${position}`);
        }
        return found;
    }

    /** Restores a checkpoint, which is kept; those after it are removed. */
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

    /** Removes all but the first. */
    forget(): void {
        while (this.list.length > 1) {
            this.drop(this.list.length - 1);
        }
    }

    /** Adds the size of the journal since the last checkpoint to it. @returns that size */
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

    /** Removes checkpoints so that gaps grow with the distance from the present position, both measured as time. */
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
