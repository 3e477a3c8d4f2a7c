/** What the timeline draws, and the messages between it and the extension. */
import type { Lanes } from '../../emulator/trace/lanes';

export interface TimelineData {
    readonly title: string;
    readonly lanes: Lanes;
    /** The time of the stop, in nanoseconds; undefined: the run stands alone. */
    readonly now: number | undefined;
}

/** From the extension: new data. */
export interface ShowMessage {
    readonly type: 'show';
    readonly data: TimelineData;
}

/** To the extension: the script listens; or the user has chosen a moment, in nanoseconds. */
export type ViewMessage = { readonly type: 'ready' } | { readonly type: 'go'; readonly time: number };
