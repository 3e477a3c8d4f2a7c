/**
 * The intervals of checkpoints: short enough for going back fast, long enough not to slow down the run. The time is
 * looked at after a number of operations that takes about one interval.
 *
 * A search executes every operation by a closure, and checks before each operation whether it is the one searched for.
 * That takes much longer than the run took if the run used generated code. So before a search, the stretch is executed
 * again with generated code, to keep checkpoints that are closer together.
 */

/** The minimum interval between two checkpoints, in milliseconds of execution. */
const PERIOD = 2;
/** The minimum ratio of the time for execution to the time for checkpoints. */
const SHARE = 20;
/** The maximum interval in operations, where the ratio permits it. */
const FAR = 4_000_000;
/** The interval in operations when a stretch is executed again for a search. */
export const NEAR = 8_000;
/** Operations per millisecond of a search. */
const SEARCHED = 30_000;
/** Bytes copied per millisecond. */
const COPIED = 1e6;

/** The fewest and the most operations after which the time is looked at. */
const FEWEST = 16;
const MOST = 8192;

export class Pace {
    /** Milliseconds of execution since the last checkpoint. */
    private ran = 0;
    /** Operations since the last checkpoint. */
    private executed = 0;
    /** Milliseconds of execution after which the next checkpoint pays off. */
    private share = 0;
    /** How long the last checkpoint took, in milliseconds. */
    private last = Infinity;
    private chunk = MOST;
    /** The run is executed again for a search. */
    forSearch = false;

    /** After so many operations {@link ranFor} should be called. */
    get operations(): number {
        return this.chunk;
    }

    ranFor(ms: number, operations: number): void {
        this.ran += ms;
        this.executed += operations;
        // slow operations come in groups: the next ones are probably as slow
        const fitting = Math.floor((operations * PERIOD) / ms);
        this.chunk = Math.max(FEWEST, Math.min(ms > PERIOD ? fitting : 2 * this.chunk, MOST));
    }

    /** An estimate of how long a search from the last checkpoint to the present position takes, in milliseconds. */
    get time(): number {
        return Math.max(this.ran, this.executed / SEARCHED);
    }

    get due(): boolean {
        const { ran, executed, share, forSearch } = this;
        return forSearch ? executed >= NEAR : ran >= share && (ran >= PERIOD || executed >= FAR);
    }

    /**
     * A checkpoint was made.
     * @param ms its duration
     * @param bytes the size of the journal since the previous one, which is the estimate for the next
     */
    kept(ms: number, bytes: number): void {
        this.ran = 0;
        this.executed = 0;
        // a single checkpoint may take long for another reason, such as garbage collection
        this.share = SHARE * (Math.min(ms, this.last) + bytes / COPIED);
        this.last = ms;
    }
}
