/** The requests that go to the last or the next change of data. */
import type { Place } from '../../emulator/findings/place';
import type { Change } from '../../emulator/timeline/watch';
import type { Timeline } from '../../emulator/timeline/timeline';
import type { Travel } from '../../emulator/timeline/travel';
import type { Answer, Serve } from '../answer';
import type { Breakpoints } from '../breakpoints/breakpoints';
import { RequestError } from '../errors';
import type { Inspection } from '../inspection';
import { REQUESTS, type Arguments } from '../requests';
import type { Halt, RunControl } from '../run-control';
import { changeText, whenText } from './change-text';
import { type DataId, dataIdText } from './data-id';
import { subjectOf, watchOf } from './subject';

/** A stopped run with a history. */
export interface Stopped {
    readonly control: RunControl;
    readonly timeline: Timeline;
    readonly inspection: Inspection;
}

/** Functions of the session. */
export interface Surroundings {
    readonly breakpoints: Breakpoints;
    /** @throws RequestError if the run does not stand, or has no history */
    stopped(): Stopped;
    /** Tells the user something. */
    say(text: string, place?: Place): void;
}

export class DataTravel {
    constructor(private readonly session: Surroundings) {}

    serve(serve: Serve): void {
        serve('lus/goToLastChange', REQUESTS['lus/goToLastChange'], (args) => this.goToLast(args));
        serve('lus/goToNextChange', REQUESTS['lus/goToNextChange'], (args) => this.goToNext(args));
    }

    private goToLast(args: Arguments<'lus/goToLastChange'>): Answer {
        const { control, timeline, inspection } = this.session.stopped();
        const data = dataOf(inspection, args);
        return {
            after: () => {
                inspection.changed();
                control.travel(this.toLast(timeline, data));
            },
        };
    }

    /** To the statement that made the data what it is, before it does so. */
    private *toLast(timeline: Timeline, data: DataId): Travel<Halt> {
        const change = yield* timeline.past.lastChangeOf(watchOf(data));
        if (!change) {
            const text = `${data.name} has not changed since the beginning of the run.`;
            this.session.say(text);
            return { reason: 'goto', thread: timeline.thread, description: 'No earlier change', text };
        }
        yield* timeline.goToStatement(change.at);
        return {
            reason: 'goto',
            thread: timeline.thread,
            description: 'The last change',
            text: this.told(data, change),
        };
    }

    private goToNext(args: Arguments<'lus/goToNextChange'>): Answer {
        const { control, inspection } = this.session.stopped();
        const { breakpoints } = this.session;
        const data = dataOf(inspection, args);
        return {
            after: () => {
                inspection.changed();
                const { access } = watchOf(data);
                const [dataId, subject] = [dataIdText(data), subjectOf(data)];
                breakpoints.setCursor({ kind: 'data', dataId, name: data.name, access, subject });
                control.goUntil((halt) => this.atNext(data, halt));
            },
        };
    }

    /** The run has stopped: at the next change, or for another reason. */
    private atNext(data: DataId, halt: Halt | undefined): Halt | undefined {
        const { breakpoints } = this.session;
        const ids = halt?.reason === 'breakpoint' ? halt.ids : [];
        const [change] = breakpoints.dataStopsOf(ids.filter((id) => breakpoints.isCursor(id)));
        const others = ids.filter((id) => !breakpoints.isCursor(id));
        breakpoints.setCursor(undefined);
        if (!halt || (halt.reason === 'end' && !change)) {
            this.session.say(`${data.name} does not change up to the end of the run.`);
            return halt;
        }
        const { thread } = halt;
        if (others.length > 0) {
            return { reason: 'breakpoint', thread, ids: others };
        }
        return change
            ? { reason: 'goto', thread, description: 'The next change', text: this.told(data, change.change) }
            : halt;
    }

    private told(data: DataId, change: Change): string {
        const text = changeText(data.name, change);
        this.session.say(`${text} (${whenText(change)})`, change.place);
        return text;
    }
}

/** @throws RequestError with the reason if the data cannot be watched */
export function dataOf(inspection: Inspection, args: Arguments<'dataBreakpointInfo'>): DataId {
    const data = inspection.dataOf(args);
    if (typeof data === 'string') {
        throw new RequestError('noSuchPlace', data);
    }
    return data;
}
