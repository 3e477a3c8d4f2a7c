/** Runs one scenario to its end and says what it came to. */
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
import type { TraceFile } from './trace-file';
import { updatesOf } from '../diagnosis/update-report';
import { whereOf } from './where';

/** Operations between two looks at whether the run is over. */
const SLICE = 1 << 24;

/** How many lines of the kernel log a failure shows. */
const LOG_TAIL = 8;

/** How much of a long call stack is shown. */
const STACK_TOP = 20;
const STACK_BOTTOM = 10;

export interface ExecuteOptions {
    readonly kernel: string | undefined;
    readonly seed: number;
    /** The kernel log is part of the output. */
    readonly log: boolean;
    /** A diagnosis that the scenario does not ask for makes it fail; hints do not. */
    readonly strict?: boolean;
    /** What takes another time, whatever the scenario says. */
    readonly costs?: CostChanges | undefined;
    /** What happened when goes to a trace. */
    readonly trace?: TraceFile | undefined;
    /** Every handover goes to a file. */
    readonly saveHandover?: { readonly files: HandoverFiles; readonly whole: boolean } | undefined;
}

/** Collects what a failure report needs while the scenario runs. */
class Watcher implements Listener {
    readonly output: LogEntry[] = [];
    tail: LogEntry[] = [];
    /** By thread, the first failing call of the system call that is under way. */
    private readonly origins = new Map<Thread, { readonly error: string; readonly cause: Cause }>();
    /** The last failure that a process or the scenario saw, and where that error came up. */
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

/** Long stacks, as of functions that call themselves, keep their ends. */
function stackLines(files: Files, stack: readonly StackEntry[]): StackLine[] {
    const lines = (entries: readonly StackEntry[]): StackLine[] =>
        entries.map((e) => ({ label: e.label, where: placeIn(files, e.place) }));
    if (stack.length <= STACK_TOP + STACK_BOTTOM) {
        return lines(stack);
    }
    const more = { label: `… ${stack.length - STACK_TOP - STACK_BOTTOM} more`, where: null };
    return [...lines(stack.slice(0, STACK_TOP)), more, ...lines(stack.slice(-STACK_BOTTOM))];
}

/** The processes that wait for a lock, but for the one whose stack is shown anyway. */
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
    const ended = toTheEnd(files, host, watcher);
    if (tracer) {
        options.trace?.add(tracer.events());
    }
    const diagnoses = reportsOf(files, program, scenario, Diagnoses.of(host)?.found ?? []);
    const failure = ended ?? (options.strict ? strictFailure(diagnoses) : null);
    return {
        ...base,
        passed: failure === null,
        seed: host.interpreter.scheduler.used ? options.seed : null,
        timeNs: host.machine.clock.now,
        boots: host.machine.boots,
        output: watcher.output,
        updates: updatesOf(host),
        diagnoses,
        failure,
    };
}

function toTheEnd(files: Files, host: Host, watcher: Watcher): Failure | null {
    try {
        for (;;) {
            const stop = host.interpreter.run(SLICE);
            if (stop?.reason === 'exception' && stop.exception.fatal) {
                return failureOf(files, host, watcher, stop.exception);
            }
            if (stop?.reason === 'end') {
                const exception = host.interpreter.outcome?.failure;
                return exception ? failureOf(files, host, watcher, exception) : null;
            }
        }
    } catch (e) {
        if (e instanceof BadArguments) {
            throw e;
        }
        const message = `The emulator failed, which is a bug in it: ${e instanceof Error ? (e.stack ?? e.message) : String(e)}`;
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
