/** Searches in what has run so far, by executing it again: for changes of data, and for the list of events. */
import type { Host } from '../runtime/host/host';
import type { Checkpoints, Kept } from './checkpoints';
import type { DataWatch } from './data-watch';
import { Events } from './events';
import { Probe } from './probe';
import type { Travel } from './travel';
import type { Change, Watch } from './watch';

/** The parts of the timeline that a search uses. */
export interface Going {
    position(): number;
    /** The furthest position that the run has been at. */
    end(): number;
    setBackTo(kept: Kept): void;
    /** Executes again what has run before, up to a position. */
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

    /** The user changes the run at a position: the events after it are removed. */
    cut(position: number): void {
        this.events.cut(position);
    }

    // ------------------------------------------------------------ events

    /** The events collected so far, without those that a change has cut off. */
    get knownEvents(): Events {
        return this.events;
    }

    /** Whether events may have happened that were not collected yet. */
    get hasUnknownEvents(): boolean {
        return this.events.upTo < this.going.end();
    }

    /** All events up to the furthest position. Afterwards the run is at its present position again. */
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
                // this makes the user's changes at the beginning again, which are events, too
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
     * The last change of data up to the present position; undefined if there is none. Afterwards the run is at its
     * present position again.
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

    /** All changes of data in what has run so far, the first one first. Afterwards the run is where it was before. */
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
