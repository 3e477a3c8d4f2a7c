/** Executes a run in slices, so that requests are handled in between, and reports its stops. */
import type { Run } from '../emulator/run/run';
import type { Interpreter } from '../emulator/runtime/interpreter';
import { steppedBy, type Stepping } from '../emulator/runtime/stepping';
import { depthOf, type Thread } from '../emulator/runtime/code';
import type { Timeline } from '../emulator/timeline/timeline';
import type { Travel } from '../emulator/timeline/travel';
import type { Host } from './host';
import type { Progress } from './progress';
import type { Outcome, RunException, StepKind, Stop, StopsAt } from '../emulator/runtime/stop';

/** Operations in a slice: a few milliseconds. */
const SLICE = 50_000;
/** The interval of checks, in milliseconds, while the client does not keep up with the output. */
const CONGESTED_MS = 5;

/** `beginning` and `end` refer to the whole run. */
export type Halt =
    | {
          readonly reason: 'entry' | 'step' | 'step back' | 'pause' | 'restart' | 'beginning' | 'end';
          readonly thread: Thread;
      }
    | {
          readonly reason: 'goto';
          readonly thread: Thread;
          /** What is at this position, for people. */
          readonly description?: string;
          readonly text?: string;
      }
    | (Found & { readonly reason: 'breakpoint'; readonly ids: readonly number[] })
    | (Found & { readonly reason: 'exception'; readonly exception: RunException });

/** What stops the run in either direction. */
interface Found {
    readonly thread: Thread;
    /** Whether the run went backwards to it. */
    readonly back?: boolean;
}

/** Whether the session stays open at the end of a run, for inspecting it and for going back. */
export type StopAtEnd = 'never' | 'failed' | 'always';

export interface RunEvents {
    halted(halt: Halt): void;
    ended(outcome: Outcome): void;
    /** The emulator has failed. */
    broke(error: unknown): void;
    /** The client does not keep up with the output. */
    congested(): boolean;
    /** The current line of a thread, for steps by lines. */
    lineOf(thread: Thread): string;
    /** Travels report to it. */
    readonly progress: Pick<Progress, 'begin' | 'goesOn' | 'end'>;
}

/** A step that continues until the line changes. */
interface LineStep {
    readonly kind: StepKind;
    readonly thread: Thread;
    readonly depth: number;
    readonly line: string;
}

/** A step of a kind, or one that is made for a thread when the run continues. */
export type Steps = StepKind | ((run: Interpreter, thread: Thread) => Stepping);

/** The reason of a stop; undefined at the end of the session; `stays`: the client is told nothing. */
type Going = Travel<Halt | 'stays' | undefined>;

export class RunControl {
    /** `ready`: before its first statement. `gone`: the run is discarded. */
    state: 'ready' | 'running' | 'stopped' | 'over' | 'gone' = 'ready';
    /** The exception at which it has stopped. */
    exception: RunException | undefined;
    /** The one before it went on. */
    private exceptionBefore: RunException | undefined;
    private pauseWanted = false;
    private lineStep: LineStep | undefined;
    private fatalStops: ReadonlySet<StopsAt> = new Set();
    private going: Going | undefined;

    /** @param timeline null: the run has no history */
    constructor(
        readonly run: Run,
        readonly timeline: Timeline | null,
        private readonly stopAtEnd: StopAtEnd,
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
        if (stopOnEntry) {
            this.stand();
            this.halt({ reason: 'entry', thread: this.current });
        } else {
            this.go();
        }
    }

    /** Continues until a stop, or for one step: to the next statement or to the next line. */
    go(step?: Steps, byLine = false, asked = this.current): void {
        this.start(this.onwards(step, byLine, asked.id));
    }

    /** Goes back, or to any other position that was executed before. `stays`: it is where it was, without a stop. */
    travel(going: Travel<Halt | 'stays'>): void {
        this.events.progress.begin('Going to another position of the run');
        this.start(this.untilPaused(going));
    }

    /**
     * Continues until something stops it.
     * @param shown what the client is told instead of a stop; called at every end, also that of the session
     */
    goUntil(shown: (halt: Halt | undefined) => Halt | undefined): void {
        this.start(this.shownAs(shown));
    }

    private *shownAs(shown: (halt: Halt | undefined) => Halt | undefined): Going {
        return shown(yield* this.onwards(undefined, false, this.current.id));
    }

    /** Stops it at the next statement. */
    pause(): void {
        this.pauseWanted = true;
    }

    /** Discards the run. */
    abandon(): void {
        const { going } = this;
        this.events.progress.end();
        this.state = 'gone';
        // it may execute just now
        this.host.later(() => going?.return(undefined));
    }

    /** The outcome at the end of the run; undefined before its end. */
    endHalt(): Halt | undefined {
        const { outcome } = this.run.host.interpreter;
        const thread = this.current;
        return outcome?.failure
            ? { reason: 'exception', thread, exception: outcome.failure }
            : outcome
              ? { reason: 'end', thread }
              : undefined;
    }

    private get current(): Thread {
        return this.run.host.interpreter.current;
    }

    private start(going: Going): void {
        this.going = going;
        this.state = 'running';
        this.exceptionBefore = this.exception;
        this.exception = undefined;
        this.pauseWanted = false;
        this.host.later(() => this.slice());
    }

    private slice(): void {
        if (this.state !== 'running' || !this.going) {
            return;
        }
        try {
            const { done, value } = this.going.next();
            if (done !== true) {
                this.events.progress.goesOn();
                this.host.later(() => this.slice(), this.events.congested() ? CONGESTED_MS : undefined);
                return;
            }
            this.events.progress.end();
            if (value === 'stays') {
                this.state = 'stopped';
                this.exception = this.exceptionBefore;
            } else if (value) {
                this.halt(value);
            } else {
                this.state = 'over';
                this.events.ended(this.run.host.interpreter.outcome ?? { passed: true });
            }
        } catch (e) {
            this.state = 'over';
            this.events.progress.end();
            this.events.broke(e);
        }
    }

    // ------------------------------------------------------------ forward

    /** @param asked the number of the thread that is stepped */
    private *onwards(step: Steps | undefined, byLine: boolean, asked: number): Travel<Halt | undefined> {
        const { interpreter } = this.run.host;
        if (interpreter.outcome) {
            return undefined;
        }
        if (this.timeline?.recounts === true) {
            this.events.progress.begin('Counting the hits of breakpoints');
            const paused = yield* this.untilPaused(recounted(this.timeline));
            this.events.progress.end();
            if (this.pauseWanted) {
                return paused;
            }
        }
        const thread = steppedBy(interpreter, interpreter.threads.find((t) => t.id === asked) ?? interpreter.current);
        this.lineStep =
            typeof step === 'string' && byLine
                ? { kind: step, thread, depth: depthOf(thread), line: this.events.lineOf(thread) }
                : undefined;
        if (typeof step === 'string') {
            interpreter.step(step, thread);
        } else if (step) {
            interpreter.goAlong(step(interpreter, thread));
        } else {
            interpreter.endStep();
        }
        for (;;) {
            if (this.pauseWanted) {
                return this.toNextStatement();
            }
            const stop = this.execute();
            if (!stop) {
                yield;
            } else if (stop.reason === 'step' && this.onSameLine(stop.thread)) {
                interpreter.step(this.lineStep?.kind ?? 'next');
                yield;
            } else {
                return this.haltOf(stop);
            }
        }
    }

    /** Executes the run for some milliseconds. */
    private execute(): Stop | null {
        return this.timeline ? this.timeline.run(Infinity) : this.run.host.interpreter.run(Infinity, SLICE);
    }

    /** A pause: stops at the next statement, or in the middle of a statement that takes long. */
    private toNextStatement(): Halt | undefined {
        this.run.host.interpreter.step('any');
        const stop = this.execute();
        if (stop && stop.reason !== 'step') {
            return this.haltOf(stop);
        }
        if (!stop) {
            this.run.host.interpreter.endStep();
            this.stand();
        }
        return { reason: 'pause', thread: this.current };
    }

    private stand(): void {
        if (this.timeline) {
            this.timeline.stand();
        } else {
            this.run.host.interpreter.markStopped();
        }
    }

    private haltOf(stop: Stop): Halt | undefined {
        const isFatal = stop.reason === 'exception' && stop.exception.fatal;
        if (stop.reason !== 'end' && !(isFatal && !this.fatalStops.has(stop.exception.kind))) {
            return stop;
        }
        const passed = this.run.host.interpreter.outcome?.passed === true;
        const stays = this.timeline && (this.stopAtEnd === 'always' || (this.stopAtEnd === 'failed' && !passed));
        return stays ? this.endHalt() : undefined;
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
        this.going = undefined;
        this.pauseWanted = false;
        this.exception = halt.reason === 'exception' ? halt.exception : undefined;
        this.events.halted(halt);
    }

    // ------------------------------------------------------------ elsewhere

    private *untilPaused<T>(travel: Travel<T | undefined>): Travel<T | Halt | undefined> {
        for (;;) {
            const { done, value } = travel.next();
            if (done === true) {
                return value;
            }
            if (this.pauseWanted) {
                travel.return(undefined);
                return this.toNextStatement();
            }
            yield;
        }
    }
}

function* recounted(timeline: Timeline): Travel<undefined> {
    yield* timeline.prepare();
    return undefined;
}
