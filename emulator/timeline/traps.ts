/** Breakpoints, as a timeline knows them: operations that ask whether to stop before them. */
import type { Frame } from '../runtime/code';

/**
 * How the run comes by: `forward` for the user, `search` for a stop that lies behind, `again` only to get to a place,
 * where nothing counts but what is counted.
 */
export type Passing = 'forward' | 'search' | 'again';

export interface Traps {
    /** Some operation asks. */
    readonly any: boolean;
    /** Some of them count how often the run comes by. */
    readonly counting: boolean;
    /**
     * The topmost frame stands before such an operation.
     * @returns the numbers of the breakpoints that stop here
     */
    reached(frame: Frame, passing: Passing): readonly number[];
}
