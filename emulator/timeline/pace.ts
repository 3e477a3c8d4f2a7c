/** The intervals of checkpoints: short enough for going back fast, long enough not to slow down the run. */

/** The minimum interval between two checkpoints, in milliseconds of execution. */
const PERIOD = 2;
/** The minimum ratio of the time for execution to the time for checkpoints. */
const SHARE = 20;
/** Bytes copied per millisecond. */
const COPIED = 1e6;

export class Pace {
    /** Milliseconds of execution since the last checkpoint. */
    private ran = 0;
    private period = PERIOD;

    ranFor(ms: number): void {
        this.ran += ms;
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
