/** Tells the client whether the run is in its past, and at which position. */
import type { Timeline } from '../emulator/timeline/timeline';
import { WITHOUT_PAST, CAPABILITIES } from './capabilities';
import type { RunControl } from './run-control';

export class Past {
    /** The client shows that the run is in the past. */
    private shown = false;
    /** The client was told that the run has a history. */
    private offered = true;

    constructor(private readonly event: (name: string, body: object) => void) {}

    /** Debugging begins. @param exists whether the run has a history to go back in */
    offer(exists: boolean): void {
        if (exists !== this.offered) {
            this.offered = exists;
            const { supportsStepBack, supportsRestartFrame } = exists ? CAPABILITIES : WITHOUT_PAST;
            this.event('capabilities', { capabilities: { supportsStepBack, supportsRestartFrame } });
        }
    }

    /** The run has stopped. Nothing is sent to clients that never go back. */
    stands({ timeline, run }: RunControl): void {
        const inThePast = timeline?.inThePast === true;
        if (timeline && (inThePast || this.shown)) {
            this.shown = inThePast;
            this.event('lus/position', positionOf(timeline, run.host.machine.clock.now));
        }
    }
}

/** Times in nanoseconds of the machine's clock; positions in operations executed up to there. */
function positionOf(timeline: Timeline, time: number): object {
    const { inThePast, position, end, endTime } = timeline;
    return { inThePast, position, end, time, endTime };
}
