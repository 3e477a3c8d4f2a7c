/** When to keep a checkpoint: often enough that going back is quick, and seldom enough that nobody notices. */

/** Milliseconds of running between two checkpoints, at least. */
const PERIOD = 2;
/** For each part of the time that checkpoints take there are so many parts of running. */
const SHARE = 20;
/** Bytes that are copied in a millisecond. */
const COPIED = 1e6;

export class Pace {
    /** Milliseconds since the last checkpoint in which the run went on. */
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
     * A checkpoint was kept.
     * @param ms what that took
     * @param bytes what was saved since the one before: as much is to be expected until the next
     */
    kept(ms: number, bytes: number): void {
        this.ran = 0;
        this.period = Math.max(PERIOD, SHARE * (ms + bytes / COPIED));
    }
}
