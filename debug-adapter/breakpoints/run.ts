/** A run as its breakpoints see it, and what they have to say. */
import type { Frame } from '../../emulator/runtime/code';
import type { Host } from '../../emulator/runtime/host/host';
import type { Timeline } from '../../emulator/timeline/timeline';
import type { HitCounts } from './conditions/hit-count';

export interface RunWithBreakpoints {
    readonly host: Host;
    readonly counts: HitCounts;
    readonly timeline: Timeline;
}

/** What breakpoints have to say while the run goes on. */
export interface BreakpointOutput {
    /** A log point's line. */
    logged(line: string, frame: Frame): void;
    /** A condition that has no value. */
    complained(line: string, frame: Frame): void;
}
