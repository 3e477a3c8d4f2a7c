/** The requests that go back in a run, or to any other moment of it. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Thread } from '../emulator/runtime/code';
import { isShippedKernelCode } from '../emulator/runtime/stepping';
import type { Stop } from '../emulator/runtime/stop';
import type { TimelineEvent } from '../emulator/timeline/event-log';
import type { Events } from '../emulator/timeline/events';
import type { Timeline } from '../emulator/timeline/timeline';
import type { Travel } from '../emulator/timeline/travel';
import type { Answer, Serve } from './answer';
import type { Breakpoints } from './breakpoints/breakpoints';
import { RequestError } from './errors';
import { answered } from './history-search';
import type { Inspection } from './inspection';
import type { Marks, NamedMark } from './marks';
import { REQUESTS, type Arguments } from './requests';
import type { Halt, RunControl } from './run-control';
import type { Sources } from './source';

/** At most as many events as one request gets. */
const MAX_EVENTS = 1000;

/** A stopped run that one can go back in. */
interface Stopped {
    readonly control: RunControl;
    readonly timeline: Timeline;
    readonly inspection: Inspection;
    /** Whether a step into a call passes over the kernel code that ships with the emulator. */
    readonly skipKernelCode: boolean;
}

/** What a session lends. */
export interface Surroundings {
    readonly sources: Sources;
    readonly breakpoints: Breakpoints;
    readonly marks: Marks;
    /** @throws RequestError where the run does not stand, or has no history */
    stopped(): Stopped;
    lineOf(thread: Thread): string;
    /** Tells the user something. */
    say(text: string): void;
}

export class GoingBack {
    constructor(private readonly session: Surroundings) {}

    serve(serve: Serve): void {
        serve('stepBack', REQUESTS.stepBack, (args) => this.step('next', args));
        serve('lus/stepBackInto', REQUESTS['lus/stepBackInto'], (args) => this.stepInto(args));
        serve('lus/stepBackOut', REQUESTS['lus/stepBackOut'], (args) => this.step('out', args));
        serve('reverseContinue', REQUESTS.reverseContinue, () =>
            this.travel(({ timeline }) => this.back(timeline, timeline.runBack())),
        );
        serve('restartFrame', REQUESTS.restartFrame, ({ frameId }) => this.restartFrame(frameId));
        serve('lus/goToBeginning', REQUESTS['lus/goToBeginning'], () => this.goTo(() => 0));
        serve('lus/goToEnd', REQUESTS['lus/goToEnd'], () => this.goTo(({ end }) => end));
        serve('lus/runBackTo', REQUESTS['lus/runBackTo'], (args) => this.runBackTo(args));
        serve('lus/undoChange', REQUESTS['lus/undoChange'], () => this.undo());
        serve('lus/mark', REQUESTS['lus/mark'], ({ name }) => ({ body: this.mark(name) }));
        serve('lus/marks', REQUESTS['lus/marks'], () => ({ body: { marks: this.marks() } }));
        serve('lus/goToMark', REQUESTS['lus/goToMark'], ({ name }) => this.goToMark(name));
        serve('lus/events', REQUESTS['lus/events'], (args) => this.events(args));
        serve('lus/goToEvent', REQUESTS['lus/goToEvent'], ({ id }) => this.goToEvent(id));
        serve('lus/goToTime', REQUESTS['lus/goToTime'], ({ time }) => this.goToTime(time));
    }

    // ------------------------------------------------------------ going

    private travel(how: (stopped: Stopped) => Travel<Halt>): Answer {
        const stopped = this.session.stopped();
        return {
            after: () => {
                stopped.inspection.changed();
                stopped.control.travel(how(stopped));
            },
        };
    }

    private stepInto(args: Arguments<'stepBack'>): Answer {
        const { control, skipKernelCode } = this.session.stopped();
        const { threads, current } = control.run.host.interpreter;
        const thread = threads.find((t) => t.id === args.threadId) ?? current;
        return this.step(skipKernelCode && !isShippedKernelCode(thread.top) ? 'in own code' : 'in', args);
    }

    private step(
        kind: 'in' | 'in own code' | 'next' | 'out',
        { threadId, granularity }: Arguments<'stepBack'>,
    ): Answer {
        return this.travel(({ timeline, control }) => {
            const { threads, current } = control.run.host.interpreter;
            const thread = threads.find((t) => t.id === threadId) ?? current;
            const lineOf = granularity === 'line' ? (t: Thread): string => this.session.lineOf(t) : undefined;
            return this.back(timeline, timeline.stepBack(kind, thread, lineOf));
        });
    }

    private *back(timeline: Timeline, search: Travel<Stop | null>): Travel<Halt> {
        const stop = yield* search;
        const { thread } = stop && stop.reason !== 'end' ? stop : { thread: timeline.thread };
        if (!stop || stop.reason === 'end') {
            this.session.say('The run is at its beginning. Nothing before it would have stopped it.');
            return { reason: 'beginning', thread };
        }
        return stop.reason === 'step' ? { reason: 'step back', thread } : { ...stop, back: true };
    }

    private goTo(where: (timeline: Timeline) => number): Answer {
        return this.travel(({ timeline, control }) => this.arriving(control, timeline.goTo(where(timeline))));
    }

    private *arriving(control: RunControl, travel: Travel<void>, reason: 'goto' | 'restart' = 'goto'): Travel<Halt> {
        yield* travel;
        const { position, thread } = control.timeline ?? { position: 0, thread: control.run.host.interpreter.current };
        return control.endHalt() ?? { reason: position === 0 ? 'beginning' : reason, thread };
    }

    private restartFrame(frameId: number): Answer {
        const { inspection } = this.session.stopped();
        const { thread, index } = inspection.frame(frameId);
        return this.travel(({ timeline, control }) =>
            this.arriving(control, timeline.restart(thread, index), 'restart'),
        );
    }

    private runBackTo({ source, line, column }: Arguments<'lus/runBackTo'>): Answer {
        const { sources, breakpoints } = this.session;
        const { lineBase, columnBase } = sources.format;
        const uri = sources.uriOf(source);
        if (uri === undefined) {
            throw new RequestError('noSuchSource', 'This source has no path.');
        }
        const place = { uri, line: line - lineBase, column: column === undefined ? undefined : column - columnBase };
        this.session.stopped();
        const problem = breakpoints.setCursor({ kind: 'line', ...place });
        if (problem !== undefined) {
            breakpoints.setCursor(undefined);
            throw new RequestError('noSuchPlace', problem);
        }
        return this.travel(({ timeline }) => this.toCursor(timeline));
    }

    private *toCursor(timeline: Timeline): Travel<Halt> {
        const { breakpoints } = this.session;
        try {
            const halt = yield* this.back(timeline, timeline.runBack());
            if (halt.reason !== 'breakpoint') {
                return halt;
            }
            const { thread } = halt;
            const ids = halt.ids.filter((id) => !breakpoints.isCursor(id));
            return ids.length > 0 ? { reason: 'breakpoint', thread, ids } : { reason: 'goto', thread };
        } finally {
            breakpoints.setCursor(undefined);
        }
    }

    // ------------------------------------------------------------ changes

    private undo(): Answer {
        const change = this.session.stopped().timeline.lastChange;
        if (!change) {
            throw new RequestError('nothingToUndo', 'Nothing was changed in this run.');
        }
        return this.travel(({ timeline, control }) => {
            this.session.say(`Undone: ${change.text}. What came after this moment is as it was before the change.`);
            return this.arriving(control, timeline.undo());
        });
    }

    // ------------------------------------------------------------ marks

    private mark(name: string | undefined): object {
        const { timeline, control } = this.session.stopped();
        const { marks } = this.session;
        const given = name?.trim() ?? '';
        const mark = {
            name: given === '' ? marks.freeName() : given,
            mark: timeline.mark(),
            time: control.run.host.machine.clock.now,
            place: timeline.place,
        };
        marks.add(mark);
        return this.shownMark(mark);
    }

    private marks(): object[] {
        return this.session.marks.all.map((m) => this.shownMark(m));
    }

    private shownMark({ name, mark, time, place }: NamedMark): object {
        const { timeline } = this.session.stopped();
        return { name, position: mark.at, time, reachable: timeline.reaches(mark), ...this.shownPlace(place) };
    }

    private goToMark(name: string): Answer {
        const { timeline } = this.session.stopped();
        const found = this.session.marks.reachable(name, timeline);
        return this.goTo(() => found.mark.at);
    }

    // ------------------------------------------------------------ events

    /** The run may have to be executed again to collect its events. */
    private events(args: Arguments<'lus/events'>): Answer {
        const { control, timeline, inspection } = this.session.stopped();
        const { past } = timeline;
        const body = (events: Events): object => this.shownEvents(events, args);
        return past.hasUnknownEvents
            ? { later: (give) => control.travel(answered(past.allEvents(), inspection, give, body)) }
            : { body: body(past.knownEvents) };
    }

    private shownEvents(
        { all, forgotten }: Events,
        { filter, kinds, start = 0, count = MAX_EVENTS }: Arguments<'lus/events'>,
    ): object {
        const words = (filter ?? '').toLowerCase().split(/\s+/);
        const found = all.filter((e) => {
            const all = `${e.text} ${e.who} ${e.kind} kernel ${e.boot + 1}`.toLowerCase();
            return (kinds === undefined || kinds.includes(e.kind)) && words.every((w) => all.includes(w));
        });
        const events = found.slice(start, start + Math.min(count, MAX_EVENTS)).map((e) => this.shownEvent(e));
        return { events, total: found.length, forgotten };
    }

    private shownEvent({ id, kind, at, time, boot, who, text, place }: TimelineEvent): object {
        return { id, kind, position: at, time, kernel: boot + 1, who, text, ...this.shownPlace(place) };
    }

    private goToEvent(id: number): Answer {
        const event = this.session.stopped().timeline.past.knownEvents.withId(id);
        if (!event) {
            throw new RequestError('noSuchPlace', `Event ${id} does not exist.`);
        }
        return this.travel(({ timeline, control }) => this.arriving(control, timeline.goToStatement(event.at)));
    }

    /** Goes to the last thing that happened up to a time; before the first one, to the beginning. */
    private goToTime(time: number): Answer {
        return this.travel(({ timeline, control }) => this.arriving(control, this.toTime(timeline, time)));
    }

    private *toTime(timeline: Timeline, time: number): Travel<void> {
        const { all } = yield* timeline.past.allEvents();
        yield* timeline.goToStatement(all.findLast((e) => e.time <= time)?.at ?? 0);
    }

    private shownPlace(place: NamedMark['place']): Pick<DebugProtocol.StackFrame, 'source'> & { line?: number } {
        const { sources } = this.session;
        return place ? { source: sources.source(place.uri), line: sources.range(place.uri, place).line } : {};
    }
}
