/** Executes a run in slices, so that requests are handled in between, and reports its stops. */
import type { Run } from '../emulator/run/run';
import { steppedBy } from '../emulator/runtime/stepping';
import { depthOf, type Thread } from '../emulator/runtime/code';
import type { Host } from './host';
import type { Outcome, RunException, StepKind, Stop, StopsAt } from '../emulator/runtime/stop';

/** Operations in a slice: a few milliseconds. */
const SLICE = 50_000;
/** The interval of checks, in milliseconds, while the client does not keep up with the output. */
const CONGESTED_MS = 5;
/** The most operations until the beginning of a statement at a pause. */
const TO_NEXT_STATEMENT = 1_000_000;

export type Halt =
    | { readonly reason: 'entry' | 'step' | 'pause'; readonly thread: Thread }
    | { readonly reason: 'breakpoint'; readonly thread: Thread; readonly ids: readonly number[] }
    | { readonly reason: 'exception'; readonly thread: Thread; readonly exception: RunException };

export interface RunEvents {
    halted(halt: Halt): void;
    ended(outcome: Outcome): void;
    /** The emulator has failed. */
    broke(error: unknown): void;
    /** The client does not keep up with the output. */
    congested(): boolean;
    /** The current line of a thread, for steps by lines. */
    lineOf(thread: Thread): string;
}

/** A step that continues until the line changes. */
interface LineStep {
    readonly kind: StepKind;
    readonly thread: Thread;
    readonly depth: number;
    readonly line: string;
}

export class RunControl {
    /** `ready`: before its first statement. `gone`: the run is discarded. */
    state: 'ready' | 'running' | 'stopped' | 'over' | 'gone' = 'ready';
    /** The exception at which it has stopped. */
    exception: RunException | undefined;
    private pauseWanted = false;
    private lineStep: LineStep | undefined;
    private fatalStops: ReadonlySet<StopsAt> = new Set();

    constructor(
        readonly run: Run,
        private readonly events: RunEvents,
        private readonly host: Pick<Host, 'later'>,
    ) {}

    /** The exceptions at which it stops. */
    setFilters(stops: ReadonlySet<StopsAt>): void {
        const { filters } = this.run.host.interpreter;
        filters.clear();
        for (const s of stops) {
            filters.add(s);
        }
        this.fatalStops = stops;
    }

    begin(stopOnEntry: boolean): void {
        const { host } = this.run;
        if (stopOnEntry) {
            host.interpreter.markStopped();
            this.halt({ reason: 'entry', thread: host.interpreter.current });
        } else {
            this.go();
        }
    }

    /** Continues until a stop, or for one step: to the next statement or to the next line. */
    go(step?: StepKind, byLine = false, asked = this.run.host.interpreter.current): void {
        const { host } = this.run;
        const thread = steppedBy(host.interpreter, asked);
        this.lineStep =
            step && byLine
                ? { kind: step, thread, depth: depthOf(thread), line: this.events.lineOf(thread) }
                : undefined;
        if (step) {
            host.interpreter.step(step, thread);
        } else {
            host.interpreter.endStep();
        }
        this.state = 'running';
        this.exception = undefined;
        this.pauseWanted = false;
        this.host.later(() => this.slice());
    }

    /** Stops it at the next statement. */
    pause(): void {
        this.pauseWanted = true;
    }

    /** Discards the run. */
    abandon(): void {
        this.state = 'gone';
    }

    private slice(): void {
        if (this.state !== 'running') {
            return;
        }
        try {
            const stop = this.pauseWanted ? this.toNextStatement() : this.run.host.interpreter.run(SLICE);
            if (stop) {
                this.stopped(stop);
            } else if (this.pauseWanted) {
                // in the middle of a long statement
                this.run.host.interpreter.endStep();
                this.run.host.interpreter.markStopped();
                this.halt({ reason: 'pause', thread: this.run.host.interpreter.current });
            } else {
                this.later();
            }
        } catch (e) {
            this.state = 'over';
            this.events.broke(e);
        }
    }

    private later(): void {
        this.host.later(() => this.slice(), this.events.congested() ? CONGESTED_MS : undefined);
    }

    private toNextStatement(): Stop | null {
        this.run.host.interpreter.step('any');
        return this.run.host.interpreter.run(TO_NEXT_STATEMENT);
    }

    private stopped(stop: Stop): void {
        switch (stop.reason) {
            case 'end':
                this.end();
                return;
            case 'exception':
                if (stop.exception.fatal && !this.fatalStops.has(stop.exception.kind)) {
                    this.end();
                } else {
                    this.exception = stop.exception;
                    this.halt(stop);
                }
                return;
            case 'step':
                if (this.onSameLine(stop.thread)) {
                    this.run.host.interpreter.step(this.lineStep?.kind ?? 'next');
                    this.later();
                    return;
                }
                this.halt(this.pauseWanted ? { reason: 'pause', thread: stop.thread } : stop);
                return;
            case 'breakpoint':
                this.halt(stop);
        }
    }

    private onSameLine(thread: Thread): boolean {
        const step = this.lineStep;
        return (
            step !== undefined &&
            !this.pauseWanted &&
            thread === step.thread &&
            depthOf(thread) === step.depth &&
            this.events.lineOf(thread) === step.line
        );
    }

    private halt(halt: Halt): void {
        this.state = 'stopped';
        this.pauseWanted = false;
        this.events.halted(halt);
    }

    private end(): void {
        this.state = 'over';
        this.events.ended(this.run.host.interpreter.outcome ?? { passed: true });
    }
}
