/** Breakpoints as traps: operations before which the run asks whether to stop. */
import type { Frame } from '../runtime/code';

/**
 * The purpose of the execution: `forward` is for the user, `search` looks for a stop in the past, and `again` repeats
 * execution to reach a position, where only hits are counted.
 */
export type Passing = 'forward' | 'search' | 'again';

export interface Traps {
    /** Whether there are traps. */
    readonly any: boolean;
    /** Whether some of them count hits. */
    readonly counting: boolean;
    /**
     * The topmost frame is before an operation with a trap.
     * @returns the numbers of the breakpoints that stop here
     */
    reached(frame: Frame, passing: Passing): readonly number[];
}
