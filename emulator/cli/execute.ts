/** Runs one scenario to its end and returns its result. */
import { Diagnoses } from '../diagnosis/diagnoses';
import type { CostChanges } from '../machine/costs';
import { HandoverSaver } from '../handover/save';
import type { Err } from '../kernel/release/errno';
import type { ScenarioDecl } from '../language/syntax/ast';
import { callStack, type StackEntry } from '../runtime/call-stack';
import type { Thread } from '../runtime/code';
import type { Place } from '../findings/place';
import type { Listener } from '../runtime/listener';
import type { Program } from '../language/program';
import { Run } from '../run/run';
import { UsageError } from '../run/usage-error';
import type { RunException } from '../runtime/stop';
import type { Host } from '../runtime/host/host';
import { waitsFor } from '../runtime/waiting';
import { reportsOf, strictFailure } from './diagnoses';
import type { Files } from './files';
import { BadArguments } from './options';
import type { Cause, Failure, LogEntry, ScenarioResult, StackLine, Waiter, Where } from './results';
import type { HandoverFiles } from './save-handover';
import type { Coverage } from './suite/coverage';
import type { TraceFile } from './trace-file';
import { duration } from '../text/durations';
import { updatesOf } from '../diagnosis/update-report';
import { whereOf } from './where';

/** The operations between two checks whether the run is over. */
const SLICE = 1 << 24;
/** The same if the time is limited. */
const LIMITED_SLICE = 1 << 16;

/** The number of lines of the kernel log in a failure. */
const LOG_TAIL = 8;

/** The number of frames shown at both ends of a long call stack. */
const STACK_TOP = 20;
const STACK_BOTTOM = 10;

export interface ExecuteOptions {
    readonly kernel: string | undefined;
    readonly seed: number;
    /** Whether the kernel log is part of the output. */
    readonly log: boolean;
    /** Whether an unexpected diagnosis fails the scenario; hints do not. */
    readonly strict?: boolean;
    /** Costs that override those of the scenario. */
    readonly costs?: CostChanges | undefined;

    /** The longest time of the run in milliseconds of this machine, and in nanoseconds of virtual time. */
    readonly timeoutMs?: number | undefined;
    readonly virtualTimeoutNs?: number | undefined;
    /** The recipient of the coverage. */
    readonly coverage?: Coverage | undefined;
    /** The recipient of the trace. */
    readonly trace?: TraceFile | undefined;
    /** The recipient of the handovers. */
    readonly saveHandover?: { readonly files: HandoverFiles; readonly whole: boolean } | undefined;
}

/** Collects data for a failure report while the scenario runs. */
class Watcher implements Listener {
    readonly output: LogEntry[] = [];
    tail: LogEntry[] = [];

    /** By thread, the first failing call in the current system call. */
    private readonly origins = new Map<Thread, { readonly error: string; readonly cause: Cause }>();
    /** The last failure that reached a process or the scenario saw, and where that error came up. */
    private last: { readonly error: Err; readonly cause: Cause | null } | null = null;

    constructor(
        private readonly host: Host,
        private readonly files: Files,
        private readonly all: boolean,
    ) {}

    log: NonNullable<Listener['log']> = (line) => {
        const entry: LogEntry = { level: line.level, text: line.text, timeNs: line.time, boot: line.boot };
        if (line.level === 'log' || this.all) {
            this.output.push(entry);
        }
        if (line.level !== 'log') {
            this.tail = [...this.tail.slice(1 - LOG_TAIL), entry];
        }
    };

    kernelEntered: NonNullable<Listener['kernelEntered']> = ({ kind }) => {
        // what is released on the way back belongs to the call before
        if (kind !== 'release' && kind !== 'exit') {
            this.origins.delete(this.host.interpreter.current);
        }
    };

    jumped: NonNullable<Listener['jumped']> = () => this.origins.clear();

    failed: NonNullable<Listener['failed']> = (what, error, frame) => {
        if (frame.mode === 'kernel') {
            this.comesUp(error, `${what} fails with ${error.name}`);
            return;
        }
        const { current } = this.host.interpreter;
        const origin = this.origins.get(current);
        this.last = { error, cause: origin?.error === error.name ? origin.cause : null };
        this.origins.delete(current);
    };

    refused: NonNullable<Listener['refused']> = (error) => this.comesUp(error, `returns -${error.name}`);

    /** Where the error came up that a run has failed for; null where it has failed for something else. */
    causeOf({ error }: RunException): Cause | null {
        return error && this.last?.error === error ? this.last.cause : null;
    }

    private comesUp(error: Err, message: string): void {
        const { current } = this.host.interpreter;
        if (this.origins.get(current)?.error !== error.name) {
            const stack = stackLines(this.files, callStack(current));
            this.origins.set(current, {
                error: error.name,
                cause: { message, where: stack[0]?.where ?? null, stack },
            });
        }
    }
}

/** Long stacks, for example of recursive functions, keep only their ends. */
function stackLines(files: Files, stack: readonly StackEntry[]): StackLine[] {
    const lines = (entries: readonly StackEntry[]): StackLine[] =>
        entries.map((e) => ({ label: e.label, where: placeIn(files, e.place) }));
    if (stack.length <= STACK_TOP + STACK_BOTTOM) {
        return lines(stack);
    }
    const more = { label: `… ${stack.length - STACK_TOP - STACK_BOTTOM} more`, where: null };
    return [...lines(stack.slice(0, STACK_TOP)), more, ...lines(stack.slice(-STACK_BOTTOM))];
}

/** The processes that wait for a lock, except the one whose stack is already shown. */
function waitersOf(files: Files, host: Host): Waiter[] {
    return host.interpreter.threads.flatMap((thread): Waiter[] => {
        const message = waitsFor(host.interpreter.threads, thread);
        return message === undefined || thread === host.interpreter.current
            ? []
            : [
                  {
                      process: thread.name,
                      message,
                      stack: stackLines(files, callStack(host.interpreter.current, thread)),
                  },
              ];
    });
}

function placeIn(files: Files, place: Place | undefined): Where | null {
    return place ? whereOf(files, place.uri, place) : null;
}

export function execute(
    files: Files,
    program: Program,
    scenario: ScenarioDecl,
    options: ExecuteOptions,
): ScenarioResult {
    const where = whereOf(files, program.main, scenario.name);
    const base = { name: scenario.name.value, where };
    let run: Run;
    try {
        run = Run.start(program, {
            scenario: base.name,
            kernel: options.kernel,
            seed: options.seed,
            costs: options.costs,
        });
    } catch (e) {
        if (e instanceof UsageError) {
            return {
                ...base,
                passed: false,
                seed: null,
                seeds: null,
                timeNs: 0,
                boots: 0,
                output: [],
                updates: [],
                diagnoses: [],
                failure: {
                    kind: 'setup',
                    message: e.message,
                    where,
                    stack: [],
                    cause: null,
                    waiting: [],
                    kernelLog: [],
                },
            };
        }
        throw e;
    }
    const { host } = run;
    options.coverage?.watch(program, host);
    const watcher = new Watcher(host, files, options.log);
    host.listeners.report(watcher);
    const tracer = options.trace?.tracer(host, base.name);
    if (tracer) {
        host.listeners.report(tracer);
    }
    const { saveHandover } = options;
    if (saveHandover) {
        host.listeners.report(new HandoverSaver(host, saveHandover, (image) => saveHandover.files.save(image)));
    }
    const ended = toTheEnd(files, host, watcher, options);
    if (tracer) {
        options.trace?.add(tracer.events());
    }
    const diagnoses = reportsOf(files, program, scenario, Diagnoses.of(host)?.found ?? []);
    const failure = ended ?? (options.strict ? strictFailure(diagnoses) : null);
    return {
        ...base,
        passed: failure === null,
        seed: host.interpreter.scheduler.used ? options.seed : null,
        seeds: null,
        timeNs: host.machine.clock.now,
        boots: host.machine.boots,
        output: watcher.output,
        updates: updatesOf(host),
        diagnoses,
        failure,
    };
}

function toTheEnd(files: Files, host: Host, watcher: Watcher, limits: ExecuteOptions): Failure | null {
    const { timeoutMs = Infinity, virtualTimeoutNs = Infinity } = limits;
    const limited = timeoutMs < Infinity || virtualTimeoutNs < Infinity;
    const begin = limited ? performance.now() : 0;
    try {
        for (;;) {
            const stop = host.interpreter.run(limited ? LIMITED_SLICE : SLICE);
            if (stop?.reason === 'exception' && stop.exception.fatal) {
                return failureOf(files, host, watcher, stop.exception);
            }
            if (stop?.reason === 'end') {
                const exception = host.interpreter.outcome?.failure;
                return exception ? failureOf(files, host, watcher, exception) : null;
            }
            if (host.machine.clock.now > virtualTimeoutNs) {
                return timeout(files, host, watcher, `${duration(virtualTimeoutNs)} of virtual time`);
            }
            if (limited && performance.now() - begin > timeoutMs) {
                return timeout(files, host, watcher, duration(timeoutMs * 1e6));
            }
        }
    } catch (e) {
        if (e instanceof BadArguments) {
            throw e;
        }
        const message = `This is a bug in the emulator: ${e instanceof Error ? (e.stack ?? e.message) : String(e)}`;
        const stack = stackLines(files, callStack(host.interpreter.current));
        return {
            kind: 'emulator',
            message,
            where: stack[0]?.where ?? null,
            stack,
            cause: null,
            waiting: [],
            kernelLog: watcher.tail,
        };
    }
}

function timeout(files: Files, host: Host, watcher: Watcher, limit: string): Failure {
    const stack = stackLines(files, callStack(host.interpreter.current));
    return {
        kind: 'timeout',
        message: `The scenario takes longer than ${limit}.`,
        where: stack[0]?.where ?? null,
        stack,
        cause: null,
        waiting: waitersOf(files, host),
        kernelLog: watcher.tail,
    };
}

function failureOf(files: Files, host: Host, watcher: Watcher, e: RunException): Failure {
    return {
        kind: e.kind,
        message: e.message,
        where: placeIn(files, e.place),
        stack: stackLines(files, callStack(host.interpreter.current)),
        cause: watcher.causeOf(e),
        waiting: waitersOf(files, host),
        kernelLog: watcher.tail,
    };
}
