/** Runs one scenario to its end and returns its result. */
import { Diagnoses } from '../diagnosis/diagnoses';
import type { CostChanges } from '../machine/costs';
import { HandoverSaver, VmcoreSaver } from '../handover/save';
import type { ScenarioDecl } from '../language/syntax/ast';
import { callStack, shortened } from '../runtime/call-stack';
import { ErrorOrigins, type ErrorOrigin } from '../runtime/error-origins';
import type { Place } from '../findings/place';
import type { Listener } from '../runtime/listener';
import type { Program } from '../language/program';
import type { Deviation } from '../language/choice';
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

export interface ExecuteOptions {
    readonly kernel: string | undefined;
    readonly seed: number;
    /** The choices of the run instead of those that the scenario lists. */
    readonly choices?: readonly Deviation[] | undefined;
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
    readonly trace?: Pick<TraceFile, 'tracer' | 'add'> | undefined;
    /** The recipients of the dumps of crashed kernels, and of the handovers. */
    readonly saveVmcore?: HandoverFiles | undefined;
    readonly saveHandover?: { readonly files: HandoverFiles; readonly whole: boolean } | undefined;
}

/** Collects data for a failure report while the scenario runs. */
class Watcher implements Listener {
    readonly output: LogEntry[] = [];
    tail: LogEntry[] = [];

    constructor(private readonly all: boolean) {}

    log: NonNullable<Listener['log']> = (line) => {
        const entry: LogEntry = { level: line.level, text: line.text, timeNs: line.time, boot: line.boot };
        if (line.level === 'log' || this.all) {
            this.output.push(entry);
        }
        if (line.level !== 'log') {
            this.tail = [...this.tail.slice(1 - LOG_TAIL), entry];
        }
    };
}

function stackLines(files: Files, stack: ErrorOrigin['stack']): readonly StackLine[] {
    const lines = stack.map(({ label, place }): StackLine => ({ label, where: placeIn(files, place) }));
    return shortened(lines, (label) => ({ label, where: null }));
}

function causeOf(files: Files, origin: ErrorOrigin | null): Cause | null {
    if (!origin) {
        return null;
    }
    const stack = stackLines(files, origin.stack);
    return { message: origin.message, where: stack[0]?.where ?? null, stack };
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
            choices: options.choices,
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
    const watcher = new Watcher(options.log);
    host.listeners.report(watcher);
    const origins = ErrorOrigins.observe(host);
    const tracer = options.trace?.tracer(host, base.name);
    if (tracer) {
        host.listeners.report(tracer);
    }
    const { saveHandover, saveVmcore } = options;
    if (saveVmcore) {
        host.listeners.report(new VmcoreSaver(host, (image) => saveVmcore.save(image)));
    }
    if (saveHandover) {
        host.listeners.report(new HandoverSaver(host, saveHandover, (image) => saveHandover.files.save(image)));
    }
    const ended = toTheEnd(files, host, watcher, origins, options);
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

function toTheEnd(
    files: Files,
    host: Host,
    watcher: Watcher,
    origins: ErrorOrigins,
    limits: ExecuteOptions,
): Failure | null {
    const { timeoutMs = Infinity, virtualTimeoutNs = Infinity } = limits;
    const limited = timeoutMs < Infinity || virtualTimeoutNs < Infinity;
    const begin = limited ? performance.now() : 0;
    try {
        for (;;) {
            const stop = host.interpreter.run(limited ? LIMITED_SLICE : SLICE);
            if (stop?.reason === 'exception' && stop.exception.fatal) {
                return failureOf(files, host, watcher, stop.exception, origins.of(stop.exception));
            }
            if (stop?.reason === 'end') {
                const exception = host.interpreter.outcome?.failure;
                return exception ? failureOf(files, host, watcher, exception, origins.of(exception)) : null;
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

function failureOf(files: Files, host: Host, watcher: Watcher, e: RunException, origin: ErrorOrigin | null): Failure {
    return {
        kind: e.kind,
        message: e.message,
        where: placeIn(files, e.place),
        stack: stackLines(files, callStack(host.interpreter.current)),
        cause: causeOf(files, origin),
        waiting: waitersOf(files, host),
        kernelLog: watcher.tail,
    };
}
