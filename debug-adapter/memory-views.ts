/** The requests `lus/memory` and `lus/page`: physical memory by owner, and what is known of a page. */
import { MemoryMoments, momentOf } from '../emulator/presentation/memory/moments';
import { pageInfo, type PageInfo } from '../emulator/presentation/memory/page';
import type { NamedMoment } from '../emulator/presentation/memory/picture';
import { runPicture, standingOf, type Standing } from '../emulator/presentation/memory/standing';
import type { Future } from '../emulator/timeline/futures';
import type { Timeline } from '../emulator/timeline/timeline';
import type { Travel } from '../emulator/timeline/travel';
import type { Answer, Serve } from './answer';
import { RequestError } from './errors';
import { answered } from './history-search';
import type { Inspection } from './inspection';
import type { Marks } from './marks';
import { REQUESTS, type Arguments } from './requests';
import type { RunControl } from './run-control';
import type { Sources } from './source';

interface Stopped {
    readonly control: RunControl;
    readonly inspection: Inspection;
}

/** Functions of the session. */
export interface Surroundings {
    readonly sources: Sources;
    readonly marks: Marks;
    /** @throws RequestError if the run does not stand */
    stopped(): Stopped;
}

/** The most moments that are kept for comparisons. */
const MOST_OTHERS = 4;

/** What one stop of a run shows. */
interface Shown {
    readonly control: RunControl;
    /** Another one after every change that the user makes. */
    readonly future: Future | undefined;
    readonly ticks: number;
    readonly standing: Standing;
}

export class MemoryViews {
    private shown: Shown | undefined;
    /** Moments that were compared, by position in a future. */
    private readonly others = new Map<number, NamedMoment>();
    private othersOf: Future | undefined;

    constructor(private readonly session: Surroundings) {}

    serve(serve: Serve): void {
        serve('lus/memory', REQUESTS['lus/memory'], (args) => this.memory(args));
        serve('lus/page', REQUESTS['lus/page'], ({ address }) => ({ body: this.page(address) }));
    }

    /** The memory at this stop; made by the first request of a stop. */
    private standing({ control }: Stopped): Standing {
        const { host } = control.run;
        const { ticks } = host.interpreter;
        const future = control.timeline?.future;
        const { shown } = this;
        if (shown?.control === control && shown.ticks === ticks && shown.future === future) {
            return shown.standing;
        }
        const standing = standingOf(host, MemoryMoments.of(host)?.before);
        this.shown = { control, ticks, future, standing };
        return standing;
    }

    private memory({ windows, buckets, compare }: Arguments<'lus/memory'>): Answer {
        const stopped = this.session.stopped();
        const { control } = stopped;
        const standing = this.standing(stopped);
        const body = (other: NamedMoment | undefined): object =>
            runPicture(control.run.scenario.name.value, standing, other, { windows, buckets });
        if (!compare) {
            return { body: body(undefined) };
        }
        const { timeline } = control;
        if (!timeline || control.state !== 'stopped') {
            throw new RequestError(
                'noHistory',
                'This run has no history: memory can only be compared with the last kexec.',
            );
        }
        const { name, at } = this.momentAt(timeline, compare);
        if (this.othersOf !== timeline.future) {
            this.others.clear();
            this.othersOf = timeline.future;
        }
        const known = this.others.get(at);
        if (known) {
            return { body: body({ ...known, name }) };
        }
        const visit = this.visit(stopped, timeline, { name, at });
        return { later: (give) => control.travel(answered(visit, stopped.inspection, give, body)) };
    }

    /** A mark or an event. */
    private momentAt(
        timeline: Timeline,
        { mark, event }: NonNullable<Arguments<'lus/memory'>['compare']>,
    ): { readonly name: string; readonly at: number } {
        if (mark !== undefined) {
            return { name: `at the mark ${mark}`, at: this.session.marks.reachable(mark, timeline).mark.at };
        }
        const found = event === undefined ? undefined : timeline.past.knownEvents.withId(event);
        if (!found) {
            throw new RequestError('noSuchPlace', 'Name a mark or an event of this run to compare with.');
        }
        return { name: found.text, at: found.at };
    }

    /** Goes to a moment, copies its memory, and comes back. */
    private *visit(
        { control }: Stopped,
        timeline: Timeline,
        { name, at }: { readonly name: string; readonly at: number },
    ): Travel<NamedMoment> {
        const { host } = control.run;
        const now = timeline.position;
        yield* timeline.goTo(at);
        const there = { ...momentOf(host, MemoryMoments.of(host)?.before), name };
        yield* timeline.goTo(now);
        const [oldest] = this.others.keys();
        if (this.others.size >= MOST_OTHERS && oldest !== undefined) {
            this.others.delete(oldest);
        }
        this.others.set(at, there);
        return there;
    }

    private page(address: number): object {
        const stopped = this.session.stopped();
        return this.pageBody(pageInfo(stopped.control.run.host, this.standing(stopped), address));
    }

    /** With places as the protocol has them. */
    private pageBody(info: PageInfo): object {
        const { sources } = this.session;
        return {
            ...info,
            memoryReference: `0x${info.address.toString(16)}`,
            history: info.history.map(({ place, ...line }) => ({
                ...line,
                ...(place ? { source: sources.source(place.uri), line: sources.range(place.uri, place).line } : {}),
            })),
        };
    }
}
