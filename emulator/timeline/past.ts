/** What is searched in a run by going over it again: the changes of data, and everything that has happened. */
import type { Host } from '../runtime/host/host';
import type { Checkpoints, Kept } from './checkpoints';
import type { DataWatch } from './data-watch';
import { Events } from './events';
import { Probe } from './probe';
import type { Travel } from './travel';
import type { Change, Watch } from './watch';

/** The timeline, as far as a search needs it. */
export interface Going {
    position(): number;
    /** The furthest position that the run has been at. */
    end(): number;
    setBackTo(kept: Kept): void;
    /** Goes over known ground to a position. */
    over(position: number): Travel<void>;
    goTo(position: number): Travel<void>;
}

export class Past {
    private readonly events: Events;

    constructor(
        private readonly host: Host,
        private readonly checkpoints: Checkpoints,
        private readonly data: DataWatch,
        private readonly going: Going,
    ) {
        this.events = new Events(host);
    }

    /** The user changes the run at a position: what comes after it is another future's. */
    cut(position: number): void {
        this.events.cut(position);
    }

    // ------------------------------------------------------------ events

    /** Those that were collected before, and that no change has cut off. */
    get knownEvents(): Events {
        return this.events;
    }

    /** Whether there may be events that are not among those. */
    get hasUnknownEvents(): boolean {
        return this.events.upTo < this.going.end();
    }

    /** What has happened up to the furthest position. The run stands where it was. */
    *allEvents(): Travel<Events> {
        if (this.hasUnknownEvents) {
            const position = this.going.position();
            yield* this.collect();
            yield* this.going.goTo(position);
        }
        return this.events;
    }

    private *collect(): Travel<void> {
        const { events, going } = this;
        const { listeners } = this.host;
        const { upTo } = events;
        const end = going.end();
        const kept = this.checkpoints.upTo(Math.max(upTo, 0), Infinity);
        if (upTo >= 0) {
            going.setBackTo(kept);
            yield* going.over(upTo);
        }
        listeners.observe(events);
        try {
            if (upTo < 0) {
                // what the user has changed at the beginning is made again here
                going.setBackTo(kept);
            }
            yield* going.over(end);
        } finally {
            listeners.withdraw(events);
            events.listenedUpTo(going.position());
        }
    }

    // ------------------------------------------------------------ data

    /**
     * The last change of data up to the present position, where the run stands again afterwards; undefined: there is
     * none.
     */
    *lastChangeOf(watch: Watch): Travel<Change | undefined> {
        const now = this.going.position();
        const found = yield* this.lastUpTo(watch, now);
        yield* this.going.goTo(now);
        return found;
    }

    private *lastUpTo(watch: Watch, position: number): Travel<Change | undefined> {
        const { checkpoints, going } = this;
        const { journal } = this.host.machine;
        const probe = new Probe(this.host, watch, 'last');
        let last = position;
        while (last >= probe.begins) {
            const trace = probe.trace();
            let kept = checkpoints.before(last);
            while (kept && journal.epochAfter(kept.checkpoint.mark) > trace.epoch) {
                kept = checkpoints.before(kept.at);
            }
            if (!kept) {
                return undefined;
            }
            going.setBackTo(kept);
            if (trace.count === undefined || trace.count !== probe.trace().count) {
                yield* this.searchFor(probe, last);
                const [found] = probe.all;
                if (found) {
                    return found;
                }
                going.setBackTo(kept);
            }
            last = kept.at;
        }
        return undefined;
    }

    /** All changes of data in what has run so far, the first one first; the run stands where it was. */
    *changesOf(watch: Watch): Travel<Pick<Probe, 'all' | 'forgotten'>> {
        const { going } = this;
        const now = going.position();
        const probe = new Probe(this.host, watch, 'all');
        going.setBackTo(this.checkpoints.upTo(0, Infinity));
        yield* this.searchFor(probe, going.end());
        yield* going.goTo(now);
        return probe;
    }

    private *searchFor(probe: Probe, last: number): Travel<void> {
        this.data.searchFor(probe);
        try {
            yield* this.going.over(last);
        } finally {
            this.data.searchFor(null);
        }
    }
}
