/**
 * The intervals of checkpoints: short enough for going back fast, long enough not to slow down the run. The time is
 * looked at after a number of operations that takes about one interval.
 */

/** The minimum interval between two checkpoints, in milliseconds of execution. */
const PERIOD = 2;
/** The minimum ratio of the time for execution to the time for checkpoints. */
const SHARE = 20;
/** Bytes copied per millisecond. */
const COPIED = 1e6;

/** The fewest and the most operations after which the time is looked at. */
const FEWEST = 16;
const MOST = 8192;

export class Pace {
    /** Milliseconds of execution since the last checkpoint. */
    private ran = 0;
    private period = PERIOD;
    private chunk = MOST;

    /** After so many operations {@link ranFor} should be called. */
    get operations(): number {
        return this.chunk;
    }

    ranFor(ms: number, operations: number): void {
        this.ran += ms;
        // slow operations come in groups: the next ones are probably as slow
        const fitting = Math.floor((operations * PERIOD) / ms);
        this.chunk = Math.max(FEWEST, Math.min(ms > PERIOD ? fitting : 2 * this.chunk, MOST));
    }

    get time(): number {
        return this.ran;
    }

    get due(): boolean {
        return this.ran >= this.period;
    }

    /**
     * A checkpoint was made.
     * @param ms its duration
     * @param bytes the size of the journal since the previous one, which is the estimate for the next
     */
    kept(ms: number, bytes: number): void {
        this.ran = 0;
        this.period = Math.max(PERIOD, SHARE * (ms + bytes / COPIED));
    }
}
