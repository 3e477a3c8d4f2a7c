/**
 * A debug session: requests in, responses and events out. It is the same for stdio, TCP and the process of an editor.
 */
import { type Frame, placeOf, type Thread } from '../emulator/runtime/code';
import { DebugSession } from '@vscode/debugadapter/lib/debugSession';
import { Event, Response } from '@vscode/debugadapter/lib/messages';
import type { DebugProtocol } from '@vscode/debugprotocol';
import * as z from 'zod/mini';
import type { Program } from '../emulator/language/program';
import { LIBRARY_SOURCES } from '../emulator/std/texts';
import { ProgramError } from '../emulator/language/values';
import type { Outcome } from '../emulator/runtime/stop';
import { updatesOf } from '../emulator/diagnosis/update-report';
import { AttachedImage } from './attach';
import type { Breakpoint, LineWish } from './breakpoints/breakpoint';
import { Breakpoints, NOT_YET } from './breakpoints/breakpoints';
import { statementsOf } from './breakpoints/places';
import { CAPABILITIES } from './capabilities';
import type { MessagePort } from './stdio';
import { diagnosisListener, exceptionInfoOf } from './diagnoses';
import { ERRORS, RequestError } from './errors';
import { BY_DEFAULT, pausedOn, stopsAt, type Chosen } from './filters';
import type { Host } from './host';
import { Inspection } from './inspection';
import { launchConfiguration, load, ProgramErrors, start, type LaunchConfiguration } from './launch';
import { ramOf, readMemory } from './memory';
import { Output } from './output';
import { parsed, REQUESTS, type Arguments } from './requests';
import { RunControl, type Halt, type RunEvents } from './run-control';
import { Sources } from './source';

/** The body of a response, and an action after it is sent. */
interface Answer {
    readonly body?: object | undefined;
    readonly after?: () => void;
}

const requestSchema = z.looseObject({
    type: z.literal('request'),
    seq: z.number(),
    command: z.string(),
    arguments: z.optional(z.unknown()),
});

/** A run and its inspection. */
interface Debuggee {
    readonly config: LaunchConfiguration;
    readonly control: RunControl;
    readonly inspection: Inspection;
}

export class LusDebugSession extends DebugSession implements MessagePort, RunEvents {
    private readonly handlers = new Map<string, (args: unknown) => Answer>();
    private readonly sources: Sources;
    private readonly output: Output;
    private readonly breakpoints: Breakpoints;
    private filters = stopsAt(BY_DEFAULT);
    private program: Program | undefined;
    private debuggee: Debuggee | undefined;
    private image: AttachedImage | undefined;
    private configured = false;
    private clientInvalidates = false;
    /** Set by the transport if the client does not keep up with the messages. */
    congested: () => boolean = () => false;

    /** @param onExit called after the client has disconnected */
    constructor(
        private readonly host: Host,
        private readonly onExit: () => void = () => undefined,
    ) {
        super();
        this.sources = new Sources(host, () => this.program?.files);
        this.output = new Output(this.sources, (body) => this.event('output', body));
        this.breakpoints = new Breakpoints(this.sources, {
            logged: (line, frame) => this.fromFrame('stdout', line, frame),
            complained: (line, frame) => this.fromFrame('stderr', line, frame),
        });
        this.register();
    }

    // ------------------------------------------------------------ messages

    /** Handles a message of the client; undefined stands for an invalid one. */
    receive(message: unknown): void {
        const request = requestSchema.safeParse(message);
        if (request.success) {
            this.answer(request.data.seq, request.data.command, request.data.arguments);
            return;
        }
        const { seq } =
            typeof message === 'object' && message !== null && 'seq' in message ? message : { seq: undefined };
        const type = typeof message === 'object' && message !== null && 'type' in message ? message.type : undefined;
        if (typeof seq === 'number' && type !== 'response' && type !== 'event') {
            this.refuse(
                seq,
                '',
                new RequestError('noRequest', 'This message is not a request: it needs "type", "seq" and "command".'),
            );
        } else if (type !== 'response' && type !== 'event') {
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
        this.respond(seq, command, answer.body === undefined ? {} : { body: answer.body });
        try {
            answer.after?.();
        } catch (e) {
            this.broke(e);
        }
    }

    private refuse(seq: number, command: string, error: unknown): void {
        const kind =
            error instanceof RequestError ? error.kind : error instanceof ProgramError ? 'noValue' : 'internal';
        const text = error instanceof Error ? error.message : String(error);
        const message = kind === 'internal' ? `The debug adapter failed: ${text}` : text;
        const { id, show } = ERRORS[kind];
        this.respond(seq, command, {
            success: false,
            message,
            body: { error: { id, format: message.replaceAll('{', '{{'), showUser: show } },
        });
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
        this.serve('setBreakpoints', REQUESTS.setBreakpoints, (args) => this.setBreakpoints(args));
        this.serve('setFunctionBreakpoints', REQUESTS.setFunctionBreakpoints, ({ breakpoints }) =>
            this.shownBreakpoints(
                this.breakpoints.setFunctions(
                    breakpoints.map(({ name, condition, hitCondition }) => ({
                        kind: 'function',
                        name,
                        condition,
                        hitCondition,
                    })),
                ),
            ),
        );
        this.serve('setExceptionBreakpoints', REQUESTS.setExceptionBreakpoints, (args) => this.setFilters(args));
        this.serve('breakpointLocations', REQUESTS.breakpointLocations, (args) => this.breakpointLocations(args));
        this.serve('continue', REQUESTS.continue, () => ({
            body: { allThreadsContinued: true },
            after: this.resume(),
        }));
        this.serve('next', REQUESTS.next, (args) => ({ after: this.resume('next', args) }));
        this.serve('stepIn', REQUESTS.stepIn, (args) => ({ after: this.resume('in', args) }));
        this.serve('stepOut', REQUESTS.stepOut, (args) => ({ after: this.resume('out', args) }));
        this.serve('pause', REQUESTS.pause, () => {
            const { control } = this.running();
            return { after: () => control.pause() };
        });
        this.serve('threads', REQUESTS.threads, () => ({
            body: { threads: this.debuggee?.inspection.threads() ?? [] },
        }));
        this.serve('stackTrace', REQUESTS.stackTrace, (args) => ({ body: this.stopped().stackTrace(args) }));
        this.serve('scopes', REQUESTS.scopes, ({ frameId }) => ({ body: { scopes: this.stopped().scopes(frameId) } }));
        this.serve('variables', REQUESTS.variables, (args) => ({
            body: { variables: this.stopped().variables(args) },
        }));
        this.serve('setVariable', REQUESTS.setVariable, (args) => ({ body: this.stopped().setVariable(args) }));
        this.serve('setExpression', REQUESTS.setExpression, (args) => ({ body: this.stopped().setExpression(args) }));
        this.serve('evaluate', REQUESTS.evaluate, (args) => ({ body: this.stopped().evaluate(args) }));
        this.serve('source', REQUESTS.source, (args) => this.sourceText(args));
        this.serve('loadedSources', REQUESTS.loadedSources, () => ({
            body: { sources: this.uris().map((uri) => this.sources.source(uri)) },
        }));
        this.serve('exceptionInfo', REQUESTS.exceptionInfo, () => this.exceptionInfo());
        this.serve('readMemory', REQUESTS.readMemory, (args) => ({
            body: readMemory(ramOf(this.running().control.run.host.machine), args),
        }));
    }

    private initialize({
        linesStartAt1,
        columnsStartAt1,
        pathFormat,
        supportsInvalidatedEvent,
    }: Arguments<'initialize'>): Answer {
        this.sources.format = {
            lineBase: linesStartAt1 === false ? 0 : 1,
            columnBase: columnsStartAt1 === false ? 0 : 1,
            pathsAreUris: pathFormat === 'uri',
        };
        this.clientInvalidates = supportsInvalidatedEvent ?? false;
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
                for (const { category, text } of image.report) {
                    this.output.line(category, text);
                }
                this.beginWhenReady(false);
            },
        };
    }

    /** Loads, checks and starts a program; reports all findings if there are errors. */
    private prepared(config: LaunchConfiguration): Debuggee {
        const program = load(this.host, this.sources.uriOfPath(config.program), config.program);
        this.program = program;
        try {
            const run = start(program, config);
            const control = new RunControl(run, this, this.host);
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
            run.host.listeners.report(diagnosisListener(this.output, this.sources));
            run.host.interpreter.onTrap = (frame) => this.breakpoints.hit(frame, run.host);
            control.setFilters(config.noDebug ? new Set() : this.filters.stops);
            return {
                config,
                control,
                inspection: new Inspection(run.host, this.sources, {
                    invalidated: () => this.invalidated(),
                }),
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
        const changed = this.breakpoints.bind(
            this.debuggee?.config.noDebug === false ? this.debuggee.control.run.executable : undefined,
            (frame) => this.debuggee?.control.run.host.interpreter.trap(frame) === true,
        );
        for (const b of changed) {
            this.event('breakpoint', { reason: 'changed', breakpoint: this.shown(b) });
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
                this.debuggee = next;
                this.rebind();
                this.beginWhenReady(false);
            },
        };
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
        const { reason, thread } = halt;
        this.debuggee?.inspection.changed();
        const body: DebugProtocol.StoppedEvent['body'] = { reason, threadId: thread.id, allThreadsStopped: true };
        if (halt.reason === 'breakpoint') {
            body.hitBreakpointIds = [...halt.ids];
            body.reason = halt.ids.every((id) => this.breakpoints.isFunction(id)) ? 'function breakpoint' : reason;
        } else if (halt.reason === 'exception') {
            body.text = halt.exception.message;
            body.description = `Paused on ${pausedOn(halt.exception)}`;
        }
        this.event('stopped', body);
    }

    ended(outcome: Outcome): void {
        const run = this.debuggee?.control.run;
        this.output.outcome(run?.scenario.name.value ?? '', outcome);
        this.output.updates(run ? updatesOf(run.host) : []);
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

    private fromFrame(category: 'stdout' | 'stderr', line: string, frame: Frame): void {
        this.output.at(category, line, placeOf(frame));
    }

    // ------------------------------------------------------------ breakpoints

    private setBreakpoints({ source, breakpoints = [] }: Arguments<'setBreakpoints'>): Answer {
        const uri = this.sources.uriOf(source);
        if (uri === undefined) {
            throw new RequestError('noSuchSource', 'This source has no path.');
        }
        const { lineBase, columnBase } = this.sources.format;
        const wishes = breakpoints.map(
            ({ line, column, condition, hitCondition, logMessage }): LineWish => ({
                kind: 'line',
                uri,
                line: line - lineBase,
                column: column === undefined ? undefined : column - columnBase,
                condition,
                hitCondition,
                logMessage,
            }),
        );
        return this.shownBreakpoints(this.breakpoints.setInSource(uri, wishes));
    }

    private shownBreakpoints(breakpoints: readonly Breakpoint[]): Answer {
        return { body: { breakpoints: breakpoints.map((b) => this.shown(b)) } };
    }

    private shown({ id, problem, place, wish }: Breakpoint): DebugProtocol.Breakpoint {
        return {
            id,
            verified: problem === undefined,
            ...(wish.kind === 'line' ? this.shownPlace(wish, place) : {}),
            ...(problem === undefined ? {} : { message: problem, reason: problem === NOT_YET ? 'pending' : 'failed' }),
        };
    }

    private shownPlace(
        { uri, line }: LineWish,
        place: Breakpoint['place'],
    ): Pick<DebugProtocol.Breakpoint, 'source' | 'line' | 'column' | 'endLine' | 'endColumn'> {
        const source = this.sources.source(uri);
        return place
            ? { source, ...this.sources.range(this.sources.inProgram(uri), place.span) }
            : { source, line: line + this.sources.format.lineBase };
    }

    private breakpointLocations({
        source,
        line,
        column,
        endLine,
        endColumn,
    }: Arguments<'breakpointLocations'>): Answer {
        const named = this.sources.uriOf(source);
        const uri = named === undefined ? undefined : this.sources.inProgram(named);
        const image = this.debuggee?.control.run.executable;
        if (uri === undefined || !image) {
            return { body: { breakpoints: [] } };
        }
        const from = (column ?? 0) - (column === undefined ? 0 : this.sources.format.columnBase);
        const to = endColumn === undefined ? Infinity : endColumn - this.sources.format.columnBase;
        const first = line - this.sources.format.lineBase;
        const last = endLine === undefined ? first : endLine - this.sources.format.lineBase;
        const found = statementsOf(image, this.sources, uri).filter(
            ({ at }) =>
                at.line >= first &&
                at.line <= last &&
                (at.line > first || at.column >= from) &&
                (at.line < last || at.column <= to),
        );
        const places = new Map(found.map((s) => [s.span.start, this.sources.range(uri, s.span)]));
        return { body: { breakpoints: [...places.values()] } };
    }

    private setFilters(chosen: Chosen): Answer {
        this.filters = stopsAt(chosen);
        if (this.debuggee && !this.debuggee.config.noDebug) {
            this.debuggee.control.setFilters(this.filters.stops);
        }
        return { body: { breakpoints: this.filters.answers } };
    }

    private exceptionInfo(): Answer {
        const { exception } = this.running().control;
        if (!exception) {
            throw new RequestError('notAtException', 'The run has not stopped at an exception.');
        }
        return { body: exceptionInfoOf(exception) };
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

    private resume(
        step?: 'next' | 'in' | 'out',
        args?: { readonly threadId: number; readonly granularity?: string | undefined },
    ): () => void {
        const { control, inspection } = this.running();
        if (control.state !== 'stopped') {
            throw control.state === 'running' ? stillRunning() : new RequestError('over', 'The scenario is over.');
        }
        return () => {
            inspection.changed();
            control.go(
                step,
                args?.granularity === 'line',
                control.run.host.interpreter.threads.find((t) => t.id === args?.threadId),
            );
        };
    }

    private uris(): string[] {
        return [...(this.program?.files.keys() ?? []), ...LIBRARY_SOURCES.keys()];
    }

    private sourceText({ source, sourceReference }: Arguments<'source'>): Answer {
        const text = this.sources.textOfReference(source?.sourceReference ?? sourceReference ?? 0);
        const uri = source && this.sources.uriOf(source);
        const content = text ?? (uri === undefined ? '' : this.sources.text(uri));
        if (content === '') {
            throw new RequestError('noSuchSource', 'There is no such source.');
        }
        return { body: { content, mimeType: 'text/x-lus' } };
    }
}

function stillRunning(): RequestError {
    return new RequestError('running', 'The scenario is running. Pause it first.');
}
