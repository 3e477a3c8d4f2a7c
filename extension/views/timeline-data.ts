/** What the timeline draws, and the messages between it and the extension. */
import type { PackedLanes } from '../../emulator/trace/packed-lanes';

/** A run. */
export interface TimelineRun {
    readonly title: string;
    readonly lanes: PackedLanes;
    /** The time of the stop, in nanoseconds. A run with it is being debugged: a click goes to a moment of it. */
    readonly now?: number;
    /** Moments that the user has named. Nanoseconds. */
    readonly marks?: readonly { readonly name: string; readonly at: number }[];
}

export interface TimelineData {
    /** One, or two that are compared. */
    readonly runs: readonly TimelineRun[];
}

/** From the extension: new data; or a request for the picture as SVG. */
export type ToView = { readonly type: 'show'; readonly data: TimelineData } | { readonly type: 'svg' };

/** To the extension: the script listens; the user has chosen a moment, in nanoseconds; or the picture. */
export type FromView =
    | { readonly type: 'ready' }
    | { readonly type: 'go'; readonly time: number }
    | { readonly type: 'compare' }
    | { readonly type: 'svg'; readonly text: string };
