/**
 * A debug session: requests in, responses and events out. It is the same for stdio, TCP and the process of an editor.
 */
import { type Frame, placeOf, type Thread } from '../emulator/runtime/code';
import { DebugSession } from '@vscode/debugadapter/lib/debugSession';
import { Event, Response } from '@vscode/debugadapter/lib/messages';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type * as z from 'zod/mini';
import type { Place } from '../emulator/findings/place';
import type { Program } from '../emulator/language/program';
import type { Outcome } from '../emulator/runtime/stop';
import { ErrorOrigins } from '../emulator/runtime/error-origins';
import { updatesOf } from '../emulator/diagnosis/update-report';
import type { Run } from '../emulator/run/run';
import type { Future } from '../emulator/timeline/futures';
import { Timeline } from '../emulator/timeline/timeline';
import { statusOf } from '../emulator/presentation/status';
import { runTimeline, timelineLink } from './run-timeline';
import { MemoryViews } from './memory-views';
import { MemoryMoments } from '../emulator/presentation/memory/moments';
import { AttachedImage } from './attach';
import { Breakpoints } from './breakpoints/breakpoints';
import { HitCounts } from './breakpoints/conditions/hit-count';
import type { RunWithBreakpoints } from './breakpoints/run';
import { BreakpointRequests } from './breakpoints/requests';
import { CAPABILITIES, OF_IMAGES } from './capabilities';
import type { MessagePort } from './stdio';
import { diagnosisListener, exceptionInfoOf } from './diagnoses';
import { refusalOf, RequestError } from './errors';
import { BY_DEFAULT, stopsAt, type Chosen } from './filters';
import type { Host as RunHost } from '../emulator/runtime/host/host';
import type { Host } from './host';
import { incoming } from './incoming';
import { Inspection, serveInspection } from './inspection';
import { launchConfiguration, load, startOf, ProgramErrors, start, type LaunchConfiguration } from './launch';
import { ramOf, readMemory } from './memory';
import { Output } from './output';
import type { Answer, Serve } from './answer';
import { parsed, REQUESTS, type Arguments } from './requests';
import { changeText, whenText } from './data/change-text';
import { GoingToCauses } from './cause';
import { ConsoleFunctions } from './data/console';
import { DataTravel } from './data/travel';
import { GoingBack } from './going-back';
import { LoadedSources } from './loaded-sources';
import { markCourse } from './course-marks';
import { Marks } from './marks';
import { RunControl, type Halt, type RunEvents } from './run-control';
import { Past } from './past';
import { Progress } from './progress';
import { contentOf, Sources } from './source';
import { Stepping } from './stepping';
import { stoppedBody } from './stopped-event';

const MIB = 2 ** 20;

/** A run and its inspection. */
interface Debuggee {
    readonly config: LaunchConfiguration;
    readonly control: RunControl;
    readonly inspection: Inspection;
    readonly origins: ErrorOrigins;
    /** A new run of the same scenario. */
    readonly again: () => Run;
    /** What breakpoints need of it; undefined: it has none. */
    readonly bound: RunWithBreakpoints | undefined;
}

export class LusDebugSession extends DebugSession implements MessagePort, RunEvents {
    private readonly handlers = new Map<string, (args: unknown) => Answer>();
    private readonly sources: Sources;
    private readonly output: Output;
    private readonly loadedSources: LoadedSources;
    private readonly breakpoints: Breakpoints;
    private readonly breakpointRequests: BreakpointRequests;
    private readonly marks = new Marks();
    private readonly consoleFunctions = new ConsoleFunctions(
        () => this.stopped(),
        () => this.stoppedInTime(),
        ({ uri, start }) => this.sources.placeText(uri, start),
    );
    private filters = stopsAt(BY_DEFAULT);
    private program: Program | undefined;
    private debuggee: Debuggee | undefined;
    private image: AttachedImage | undefined;
    private configured = false;
    private clientInvalidates = false;
    readonly progress: Progress;
    private readonly past = new Past((name, body) => this.event(name, body));
    /** The futures of a run whose outcomes were said. */
    private readonly saidOutcomes = new WeakSet<Future>();
    /** Set by the transport if the client does not keep up with the messages. */

    congested: () => boolean = () => false;

    /** @param onExit called after the client has disconnected */
    constructor(
        private readonly host: Host,
        private readonly onExit: () => void = () => undefined,
    ) {
        super();
        this.progress = new Progress(
            () => host.now(),
            (name, body) => this.event(name, body),
        );
        this.sources = new Sources(host, () => this.program?.files);
        this.loadedSources = new LoadedSources(this.sources, (name, body) => this.event(name, body));
        this.output = new Output(this.sources, (body) => this.event('output', body));
        this.breakpoints = new Breakpoints(this.sources, {
            logged: (line, frame) => this.fromFrame('stdout', line, frame),
            complained: (line, frame) => this.fromFrame('stderr', line, frame),
        });
        this.breakpointRequests = new BreakpointRequests(
            this.sources,
            this.breakpoints,
            () => this.debuggee?.control.run.executable,
            (args) => this.stopped().dataOf(args),
        );
        this.register();
    }

    // ------------------------------------------------------------ messages

    /** Handles a message of the client, as a {@link MessagePort} gets it. */
    receive(message: unknown): void {
        const is = incoming(message);
        if (is.kind === 'request') {
            this.answer(is.seq, is.command, is.args);
        } else if (is.kind === 'refused') {
            this.refuse(is.seq, is.command, is.error);
        } else if (is.kind === 'invalid') {
            this.output.line(
                'stderr',
                'The debug adapter has ignored a message that is not a request of the protocol.',
            );
        }
    }

    override handleMessage(message: unknown): void {
        this.receive(message);
    }

    override shutdown(): void {
        this.debuggee?.control.abandon();
    }

    /** Sends the one response to a request. */
    private answer(seq: number, command: string, args: unknown): void {
        const { image } = this;
        const ofImage = image?.answerer(command);
        const handler = ofImage ? (given: unknown): Answer => ({ body: ofImage(given) }) : this.handlers.get(command);
        let answer: Answer;
        try {
            if (!handler) {
                throw new RequestError('unknownRequest', `This debug adapter does not support the request ${command}.`);
            }
            answer = handler(args);
        } catch (e) {
            this.refuse(seq, command, e);
            return;
        }
        if (answer.later) {
            answer.later((body) => this.answerLater(seq, command, body));
            return;
        }
        this.respond(seq, command, answer.body === undefined ? {} : { body: answer.body });
        try {
            answer.after?.();
        } catch (e) {
            this.broke(e);
        }
    }

    private answerLater(seq: number, command: string, body: () => object): void {
        try {
            this.respond(seq, command, { body: body() });
        } catch (e) {
            this.refuse(seq, command, e);
        }
    }

    private refuse(seq: number, command: string, error: unknown): void {
        this.respond(seq, command, refusalOf(error));
    }

    private respond(
        seq: number,
        command: string,
        more: Partial<Pick<DebugProtocol.Response, 'success' | 'message' | 'body'>>,
    ): void {
        const response = new Response({ seq, type: 'request', command });
        this.sendResponse(Object.assign(response, more));
    }

    private event(name: string, body?: object): void {
        this.sendEvent(new Event(name, body));
    }

    // ------------------------------------------------------------ requests

    private serve<T>(command: string, schema: z.ZodMiniType<T>, handle: (args: T) => Answer): void {
        this.handlers.set(command, (args) => handle(parsed(schema, args, command)));
    }

    private register(): void {
        this.serve('initialize', REQUESTS.initialize, (args) => this.initialize(args));
        this.serve('launch', REQUESTS.launch, (args) => this.launch(args));
        this.serve('attach', REQUESTS.attach, (args) => this.attach(args));
        this.serve('restart', REQUESTS.restart, (args) => this.restart(args?.arguments));
        this.serve('configurationDone', REQUESTS.configurationDone, () => ({ after: () => this.beginWhenReady(true) }));
        this.serve('disconnect', REQUESTS.disconnect, () => ({ after: () => this.leave() }));
        this.serve('terminate', REQUESTS.terminate, () => ({ after: () => this.terminate() }));
        this.serve('setExceptionBreakpoints', REQUESTS.setExceptionBreakpoints, (args) => this.setFilters(args));
        this.serve('pause', REQUESTS.pause, () => {
            const { control } = this.running();
            return { after: () => control.pause() };
        });
        this.serve('cancel', REQUESTS.cancel, ({ progressId }) => {
            if (progressId !== undefined && this.progress.shows(progressId)) {
                this.running().control.pause();
            }
            return {};
        });
        this.serve('lus/status', REQUESTS['lus/status'], () => ({ body: statusOf(this.running().control.run.host) }));
        this.serve('threads', REQUESTS.threads, () => ({ body: { threads: this.threads() } }));
        this.serve('source', REQUESTS.source, (args) => ({ body: contentOf(sources, args) }));
        this.serve('loadedSources', REQUESTS.loadedSources, () =>
            this.loadedSources.answer(this.debuggee?.control.run.host),
        );
        this.serve('exceptionInfo', REQUESTS.exceptionInfo, () => this.exceptionInfo());
        this.serve('readMemory', REQUESTS.readMemory, (args) => ({
            body: readMemory(ramOf(this.running().control.run.host.machine), args),
        }));
        const { sources, breakpoints, marks } = this;
        this.serve('lus/timeline', REQUESTS['lus/timeline'], ({ packed = false }) => ({
            body: runTimeline(this.stoppedInTime(), this.running().again, marks, packed),
        }));
        const serve: Serve = (command, schema, handle) => this.serve(command, schema, handle);
        const say = (text: string, place?: Place): void => this.output.at('console', text, place);
        this.breakpointRequests.serve(serve);
        serveInspection(
            serve,
            () => this.stopped(),
            (args) => this.consoleFunctions.evaluate(args),
        );
        new Stepping({ stopped: () => this.standing(), say }).serve(serve);
        const surroundings = {
            sources,
            breakpoints,
            marks,
            stopped: () => this.stoppedInTime(),
            lineOf: (thread: Thread) => this.lineOf(thread),
            say,
        };
        new GoingBack(surroundings).serve(serve);
        new DataTravel(surroundings).serve(serve);
        new GoingToCauses(surroundings).serve(serve);
        new MemoryViews({
            sources,
            marks,
            stopped: () => ({ inspection: this.stopped(), control: this.running().control }),
        }).serve(serve);
    }

    private initialize({
        linesStartAt1,
        columnsStartAt1,
        pathFormat,
        supportsInvalidatedEvent,
        supportsProgressReporting,
    }: Arguments<'initialize'>): Answer {
        this.sources.format = {
            lineBase: linesStartAt1 === false ? 0 : 1,
            columnBase: columnsStartAt1 === false ? 0 : 1,
            pathsAreUris: pathFormat === 'uri',
        };
        this.clientInvalidates = supportsInvalidatedEvent ?? false;
        this.progress.enabled = supportsProgressReporting ?? false;
        return { body: CAPABILITIES };
    }

    // ------------------------------------------------------------ beginning and end

    private launch(args: unknown): Answer {
        if (this.debuggee || this.image) {
            throw new RequestError(
                'alreadyDebugging',
                'This session has already launched a scenario. Restart it, or start another session.',
            );
        }
        this.debuggee = this.prepared(launchConfiguration(args));
        return {
            after: () => {
                this.rebind();
                this.event('initialized');
                this.past.offer(this.debuggee?.control.timeline !== null);
                this.beginWhenReady(false);
            },
        };
    }

    /** Opens a memory image: the session stays stopped at its handover. */
    private attach(args: unknown): Answer {
        if (this.debuggee || this.image) {
            throw new RequestError(
                'alreadyDebugging',
                'This session is already in use. Start another session for the image.',
            );
        }
        const image = AttachedImage.open(this.host, this.sources, args);
        this.image = image;
        return {
            after: () => {
                this.event('initialized');
                this.past.offer(false);
                this.event('capabilities', { capabilities: OF_IMAGES });
                for (const { category, text } of image.report) {
                    this.output.line(category, text);
                }
                this.beginWhenReady(false);
            },
        };
    }

    /** Loads, checks and starts a program; reports all findings if there are errors. */
    private prepared(config: LaunchConfiguration): Debuggee {
        this.sources.copyTo(config.kernelSources);
        const program = load(this.host, this.sources.uriOfPath(config.program), config.program);
        this.program = program;
        try {
            const run = start(program, config);
            const counts = new HitCounts(run.host.machine.journal);
            if (!config.noDebug) {
                MemoryMoments.attach(run.host);
            }
            const timeline = config.noDebug
                ? null
                : new Timeline(run.host, {
                      budget: config.history * MIB,
                      now: () => this.host.now(),
                      traps: this.breakpoints,
                  });
            if (timeline) {
                markCourse(run, timeline, this.marks, config);
            }
            const control = new RunControl(run, timeline, config.stopAtEnd, this, this.host);
            const thread = (reason: string, threadId: number): void => {
                if (control.state !== 'gone') {
                    this.event('thread', { reason, threadId });
                }
            };
            run.host.listeners.report(
                this.output.listener({
                    threadStarted: ({ id }) => thread('started', id),
                    threadEnded: ({ id }) => thread('exited', id),
                }),
            );
            const origins = ErrorOrigins.observe(run.host);
            run.host.listeners.report(diagnosisListener(this.output, this.sources, timeline !== null));
            control.setFilters(config.noDebug ? new Set() : this.filters.stops);
            return {
                config,
                control,
                origins,
                again: () => start(program, config),
                bound: timeline ? { host: run.host, counts, timeline } : undefined,
                inspection: new Inspection(
                    run.host,
                    this.sources,
                    { invalidated: () => this.invalidated(), hasLiveUpdateView: config.views.includes('liveUpdate') },
                    (text, make) => this.change(control, text, make),
                ),
            };
        } catch (e) {
            if (e instanceof ProgramErrors) {
                for (const d of program.diagnostics) {
                    this.output.finding(d);
                }
            }
            throw e;
        }
    }

    private rebind(): void {
        for (const b of this.breakpoints.bind(this.debuggee?.bound)) {
            this.event('breakpoint', { reason: 'changed', breakpoint: this.breakpointRequests.shown(b) });
        }
    }

    /** The run begins after both the launch and the configuration of breakpoints, in any order. */
    private beginWhenReady(done: boolean): void {
        this.configured ||= done;
        const { debuggee } = this;
        if (this.configured && this.image) {
            this.event('stopped', {
                reason: 'entry',
                description: 'Stopped at the handover',
                threadId: 1,
                allThreadsStopped: true,
            });
            return;
        }
        if (this.configured && debuggee?.control.state === 'ready') {
            debuggee.control.begin(debuggee.config.stopOnEntry && !debuggee.config.noDebug);
        }
    }

    private restart(args: unknown): Answer {
        const old = this.running();
        const next = this.prepared(args === undefined ? old.config : launchConfiguration(args));
        return {
            after: () => {
                old.control.abandon();
                this.keepMarks(old, next);
                this.debuggee = next;
                this.rebind();
                this.past.offer(next.control.timeline !== null);
                this.beginWhenReady(false);
            },
        };
    }

    /** Marks outlive a restart of the same scenario. */
    private keepMarks(old: Debuggee, next: Debuggee): void {
        const [before, now] = [old.control.timeline, next.control.timeline];
        const same = startOf(old.config, old.control.run) === startOf(next.config, next.control.run);
        for (const { name } of before && now ? this.marks.restarted(before, now, same) : []) {
            const why = same ? 'it was set after a change' : 'the scenario has changed';
            this.output.line('console', `The mark ${JSON.stringify(name)} is lost: ${why}.`);
        }
    }

    private terminate(): void {
        if (this.debuggee && this.debuggee.control.state === 'over') {
            return; // it has said so
        }
        this.debuggee?.control.abandon();
        this.event('terminated');
    }

    private leave(): void {
        this.debuggee?.control.abandon();
        this.onExit();
    }

    // ------------------------------------------------------------ events of the run

    halted(halt: Halt): void {
        const { control, inspection } = this.running();
        const { outcome } = control.run.host.interpreter;
        inspection.changed();
        if (outcome) {
            this.sayOutcome(outcome);
        }
        this.past.stands(control);
        this.loadedSources.stopped(control.run.host);
        for (const { name, change } of halt.reason === 'breakpoint' ? this.breakpoints.dataStopsOf(halt.ids) : []) {
            this.output.at('console', `${changeText(name, change)} (${whenText(change)})`, change.place);
        }
        this.event('stopped', stoppedBody(halt, this.breakpoints));
    }

    /** Says how the scenario has come out; once in every future that it has. */
    private sayOutcome(outcome: Outcome): void {
        const { control, config, origins } = this.running();
        const { run, timeline } = control;
        if (!timeline || !this.saidOutcomes.has(timeline.future)) {
            if (timeline) {
                this.saidOutcomes.add(timeline.future);
            }
            const origin = outcome.failure ? origins.of(outcome.failure) : null;
            this.output.outcome(run.scenario.name.value, outcome, origin);
            this.output.updates(updatesOf(run.host), timelineLink(config, run));
        }
    }

    ended(outcome: Outcome): void {
        this.sayOutcome(outcome);
        this.event('exited', { exitCode: outcome.passed ? 0 : 1 });
        this.event('terminated');
    }

    broke(error: unknown): void {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.output.line('stderr', `This is a bug in the emulator: ${text}`);
        this.event('exited', { exitCode: 1 });
        this.event('terminated');
    }

    lineOf(thread: Thread): string {
        const place = thread.top && placeOf(thread.top);
        return place ? `${place.uri}:${this.sources.position(place.uri, place.start).line}` : '';
    }

    private invalidated(): void {
        if (this.clientInvalidates) {
            // after the response to the assignment
            this.host.later(() => this.event('invalidated', { areas: ['variables'] }));
        }
    }

    private fromFrame(category: 'stdout' | 'stderr', line: string, frame: Frame | undefined): void {
        this.output.at(category, line, frame && placeOf(frame));
    }

    // ------------------------------------------------------------ exceptions

    private setFilters(chosen: Chosen): Answer {
        this.filters = stopsAt(chosen);
        if (this.debuggee && !this.debuggee.config.noDebug) {
            this.debuggee.control.setFilters(this.filters.stops);
        }
        return { body: { breakpoints: this.filters.answers } };
    }

    private exceptionInfo(): Answer {
        const { control, origins } = this.running();
        const { exception } = control;
        if (!exception) {
            throw new RequestError('notAtException', 'The run has not stopped at an exception.');
        }
        return { body: exceptionInfoOf(exception, origins.of(exception), this.sources) };
    }

    // ------------------------------------------------------------ running

    private running(): Debuggee {
        if (!this.debuggee) {
            throw new RequestError('notLaunched', 'No scenario has been launched.');
        }
        return this.debuggee;
    }

    /**
     * The inspection of a stopped run. The run must not continue meanwhile, because trial calls execute and undo code.
     */
    private stopped(): Inspection {
        const { control, inspection } = this.running();
        if (control.state === 'running') {
            throw stillRunning();
        }
        return inspection;
    }

    /** A run that can continue. @throws RequestError if it does not stand, or is over */
    private standing(): { control: RunControl; inspection: Inspection; skipKernelCode: boolean } {
        const { control, inspection, config } = this.running();
        if (control.state !== 'stopped') {
            throw control.state === 'running' ? stillRunning() : new RequestError('over', 'The scenario is over.');
        }
        return { control, inspection, skipKernelCode: config.skipKernelCode };
    }

    /** A run that stands, and that one can go back in. */
    private stoppedInTime(): ReturnType<LusDebugSession['standing']> & { timeline: Timeline } {
        const standing = this.standing();
        const { timeline } = standing.control;
        if (!timeline) {
            throw new RequestError('noHistory', 'This run was started without debugging and has no history.');
        }
        return { ...standing, timeline };
    }

    private threads(): DebugProtocol.Thread[] {
        const { inspection, control } = this.debuggee ?? {};
        const past = control?.timeline?.inThePast === true ? ' (in the past)' : '';
        return (inspection?.threads() ?? []).map(({ id, name }) => ({ id, name: `${name}${past}` }));
    }

    /** The user changes the run where it stands. */
    private change<T>(control: RunControl, text: string, make: (host: RunHost) => T): T {
        if (!control.timeline) {
            return make(control.run.host);
        }
        const { result, cutsOff } = control.timeline.change(text, make);
        if (cutsOff) {
            this.output.line(
                'console',
                `${text} changes the past: what came after this moment is cut off. "Undo Change in the Past" restores it.`,
            );
            this.past.stands(control);
        }
        return result;
    }
}

function stillRunning(): RequestError {
    return new RequestError('running', 'The scenario is running. Pause it first.');
}
