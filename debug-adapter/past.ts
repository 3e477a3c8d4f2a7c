/** What a client is told of a run that stands in its past: where, and once it is back. */
import type { Timeline } from '../emulator/timeline/timeline';
import { WITHOUT_PAST, CAPABILITIES } from './capabilities';
import type { RunControl } from './run-control';

export class Past {
    /** The client shows that the run stands in the past. */
    private shown = false;
    /** The client believes that there is a past. */
    private offered = true;

    constructor(private readonly event: (name: string, body: object) => void) {}

    /** Something is there to debug. @param exists whether it has a past that one can go back to */
    offer(exists: boolean): void {
        if (exists !== this.offered) {
            this.offered = exists;
            const { supportsStepBack, supportsRestartFrame } = exists ? CAPABILITIES : WITHOUT_PAST;
            this.event('capabilities', { capabilities: { supportsStepBack, supportsRestartFrame } });
        }
    }

    /** A run stands somewhere. Clients that never go back hear nothing of it. */
    stands({ timeline, run }: RunControl): void {
        const inThePast = timeline?.inThePast === true;
        if (timeline && (inThePast || this.shown)) {
            this.shown = inThePast;
            this.event('lus/position', positionOf(timeline, run.host.machine.clock.now));
        }
    }
}

/** Times in nanoseconds of the machine's clock; positions in operations that were executed up to there. */
function positionOf(timeline: Timeline, time: number): object {
    const { inThePast, position, end, endTime } = timeline;
    return { inThePast, position, end, time, endTime };
}
