/** The run of breakpoints, and their output. */
import type { Frame } from '../../emulator/runtime/code';
import type { Host } from '../../emulator/runtime/host/host';
import type { Timeline } from '../../emulator/timeline/timeline';
import type { HitCounts } from './conditions/hit-count';

export interface RunWithBreakpoints {
    readonly host: Host;
    readonly counts: HitCounts;
    readonly timeline: Timeline;
}

/** Output of breakpoints during a run. */
export interface BreakpointOutput {
    /** The line of a log point. */
    logged(line: string, frame: Frame): void;
    /** A condition that cannot be evaluated. */
    complained(line: string, frame: Frame): void;
}
