/** Breakpoints: traps, operations before which the run asks whether to stop; and data that is watched. */
import type { Frame } from '../runtime/code';
import type { Change, Watch } from './watch';

/**
 * The purpose of the execution: `forward` is for the user, `search` looks for a stop in the past, and `again` repeats
 * execution to reach a position, where only hits are counted.
 */
export type Passing = 'forward' | 'search' | 'again';

export interface Traps {
    /** Whether there are traps, or data is watched. */
    readonly any: boolean;
    /** Whether some of them count hits. */
    readonly counting: boolean;
    /** The data that is watched. The same list as long as it is the same data. */
    readonly watches: readonly Watch[];
    /**
     * The topmost frame is before an operation with a trap.
     * @returns the numbers of the breakpoints that stop here
     */
    reached(frame: Frame, passing: Passing): readonly number[];
    /** The same where data has changed; the operation is over, and there may be no frame left. */
    changed(watch: Watch, change: Change, frame: Frame | undefined, passing: Passing): readonly number[];
}
