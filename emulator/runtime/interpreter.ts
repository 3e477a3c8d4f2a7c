/**
 * The interpreter: threads of frames that execute code. `run()` executes and returns at a stop; a stop is a return, so
 * nothing blocks and the same code runs anywhere. What the code acts on is not its business: it speaks to an {@link
 * Environment}.
 */
import type { Chooser } from '../machine/chooser';
import type { Clock } from '../machine/clock';
import type { Err } from '../kernel/release/errno';
import type { Diagnosis } from '../findings/diagnosis';
import type { Place } from '../findings/place';
import type { Value } from '../language/types';
import { ProgramError } from '../language/values';
import { type Code, Frame, type LockWait, type Mode, type Op, placeOf, SWITCH, Thread } from './code';
import type { Environment } from './environment';
import type { Execution } from './execution';
import { giveUpGuards, type Locking } from './locks';
import type { Purpose } from './purpose';
import { type Policy, schedule, Scheduler } from './scheduler';
import { noteStep, type Step, stepDone, stepOf } from './stepping';
import {
    type Checkpoint,
    copyOnce,
    type ExceptionKind,
    type Outcome,
    type RunException,
    type StepKind,
    type Stop,
    type StopsAt,
    type TrapHandler,
} from './stop';

/** Deeper than any call chain that is meant. */
const MAX_FRAMES = 10_000;

export class Interpreter implements Execution, Locking {
    /** Operations executed so far: the position of the run in its own time. */
    ticks = 0;
    readonly threads: Thread[] = [];
    current: Thread;
    outcome: Outcome | null = null;
    /** Who runs next, where several threads run at the same time. */
    readonly scheduler: Scheduler;
    /** Exceptions that stop the run although it could go on; fatal ones stop it in any case. */
    readonly filters = new Set<StopsAt>();
    onTrap: TrapHandler = () => [];
    private limit = 0;
    private stop: Stop | null = null;
    private stepping: Step | null = null;
    private nextThreadId = 1;
    /** True where the run has stopped at the current position before: the trap there must not stop it again. */
    private stoppedHere = false;
    private switched = false;

    constructor(
        private readonly environment: Environment,
        policy: Policy,
        chooser: Chooser,
    ) {
        this.scheduler = new Scheduler(environment.journal, policy, chooser);
        this.current = this.newThread('scenario');
    }

    get clock(): Clock {
        return this.environment.clock;
    }

    // ------------------------------------------------------------ threads and frames

    newThread(name: string): Thread {
        const thread = new Thread(this.takeThreadId(), name);
        this.addThread(thread);
        return thread;
    }

    takeThreadId(): number {
        return this.nextThreadId++;
    }

    addThread(thread: Thread): void {
        this.threads.push(thread);
        this.environment.threadStarted(thread);
    }

    dropThread(thread: Thread): void {
        const at = this.threads.indexOf(thread);
        if (at >= 0) {
            this.threads.splice(at, 1);
            this.environment.threadEnded(thread);
        }
    }

    get scenarioThread(): Thread {
        const first = this.threads[0];
        if (!first) {
            throw new RangeError('a run always has its scenario thread');
        }
        return first;
    }

    get interrupted(): boolean {
        return this.stop !== null || this.switched;
    }

    /** A native that pushed frames, or that dropped the frame it was called from, says so. */
    switchFrames(): void {
        this.switched = true;
    }

    /** The frame that executes next. */
    get frame(): Frame | undefined {
        return this.current.top;
    }

    call(code: Code, mode: Mode, args: readonly Value[], resultSlot: number, purpose: Purpose | null = null): number {
        if (this.current.frames.length >= MAX_FRAMES) {
            throw new ProgramError(`calls are nested ${MAX_FRAMES} deep: does ${code.name} call itself without end?`);
        }
        const slots: Value[] = new Array<Value>(code.slots).fill(undefined);
        for (let i = 0; i < args.length; i++) {
            slots[i] = args[i];
        }
        const frame = new Frame(code, mode, slots, resultSlot, purpose?.kind === 'file' ? purpose.file : null);
        frame.purpose = purpose;
        this.current.frames.push(frame);
        if (purpose) {
            this.environment.purposeBegan(purpose);
        }
        return SWITCH;
    }

    callOn(thread: Thread, frame: Frame): number {
        this.current.waiting = { kind: 'thread', thread };
        thread.frames.push(frame);
        this.current = thread;
        return SWITCH;
    }

    ret(value: Value | Err): number {
        const thread = this.current;
        const frame = thread.frames.pop();
        if (!frame) {
            return SWITCH;
        }
        const given = frame.purpose ? this.environment.purposeEnded(frame.purpose, value, frame) : value;
        if (frame.guards.length > 0) {
            giveUpGuards(this, frame);
        }
        const caller = thread.top;
        if (caller) {
            if (frame.resultSlot >= 0) {
                caller.slots[frame.resultSlot] = given;
            }
            if (frame.mode === 'kernel' && caller.mode !== 'kernel') {
                this.environment.kernelLeft(frame, value);
                this.environment.leaveKernel();
            }
            return SWITCH;
        }
        if (frame.mode === 'kernel') {
            this.environment.kernelLeft(frame, value);
            if (this.environment.kernelDone(frame.waiter)) {
                return SWITCH;
            }
        }
        this.wake(frame.waiter);
        return SWITCH;
    }

    /** The thread that waited for the one that has nothing left to do goes on; without one the scenario is over. */
    private wake(waiter: Thread | null): void {
        if (this.scheduler.active) {
            this.blockDone();
            return;
        }
        this.environment.threadDone(this.current);
        if (waiter) {
            waiter.waiting = null;
            this.current = waiter;
        } else {
            this.finish({ passed: true });
        }
    }

    /** Blocks begin that run at the same time, each on a thread; the current thread waits for all of them. */
    runBlocks(blocks: readonly { readonly thread: Thread; readonly frame: Frame }[]): number {
        for (const { thread, frame } of blocks) {
            thread.frames.push(frame);
        }
        const waiter = this.current;
        waiter.waiting = { kind: 'blocks' };
        this.scheduler.begin(
            blocks.map(({ thread }) => thread),
            waiter,
        );
        schedule(this);
        return SWITCH;
    }

    /**
     * The current thread has nothing left to do: others go on, and behind the last one whoever waits for all of them.
     */
    blockDone(): void {
        const { scheduler, current } = this;
        const { waiter } = scheduler;
        scheduler.leave(current);
        this.environment.threadDone(current);
        if (scheduler.active) {
            schedule(this);
        } else if (waiter) {
            scheduler.end();
            waiter.waiting = null;
            this.current = waiter;
        }
    }

    /** Those who wait for a thread that hangs for ever go on without it. */
    leaveHanging(thread: Thread, { lock }: LockWait): boolean {
        const { environment, scheduler } = this;
        if (!environment.isDead(thread.id) || !lock.holders.every(({ task }) => environment.isDead(task.id))) {
            return false;
        }
        const waiter = scheduler.active ? scheduler.waiter : thread.frames.find((f) => f.waiter)?.waiter;
        scheduler.leave(thread);
        if (scheduler.active) {
            schedule(this);
        } else if (waiter) {
            scheduler.end();
            waiter.waiting = null;
            this.current = waiter;
        }
        this.switchFrames();
        return true;
    }

    threadWaits(thread: Thread, waiting: LockWait): void {
        this.environment.threadWaits(thread, waiting);
    }

    threadWoken(thread: Thread, waiting: LockWait): void {
        this.environment.threadWoken(thread, waiting);
    }

    // ------------------------------------------------------------ failing

    unwind(frame: Frame, error: Err): number {
        frame.failing = error;
        const undo = frame.undos.pop();
        if (!undo) {
            return this.ret(error);
        }
        for (const { slot, value } of undo.captured) {
            frame.slots[slot] = value;
        }
        return undo.pc;
    }

    fail(kind: ExceptionKind, message: string): number {
        const frame = this.frame;
        const exception: RunException = { kind, message, place: frame && placeOf(frame), fatal: true };
        this.outcome = { passed: false, failure: exception };
        this.stop = { reason: 'exception', thread: this.current, exception };
        return SWITCH;
    }

    /** Something remarkable that the run survives: stops only where its filter is on. */
    raise(
        kind: Exclude<ExceptionKind, 'failed-call' | 'failed-assertion'>,
        message: string,
        place: Place | undefined,
        diagnosis?: Diagnosis,
    ): void {
        if ((this.filters.has(kind) || (diagnosis && this.filters.has(diagnosis.code))) && !this.stop) {
            this.stop = {
                reason: 'exception',
                thread: this.current,
                exception: { kind, message, place, fatal: false, ...(diagnosis ? { diagnosis } : {}) },
            };
        }
    }

    finish(outcome: Outcome): void {
        if (!this.outcome && outcome.passed) {
            const failure = this.environment.ended();
            this.outcome = failure ? { passed: false, failure } : outcome;
        }
        this.outcome ??= outcome;
        this.stop = { reason: 'end' };
    }

    // ------------------------------------------------------------ running

    /** Prepares a step; {@link run} then stops at its end. */
    step(kind: StepKind, thread = this.current): void {
        this.stepping = stepOf(this, kind, thread);
    }

    /**
     * The run has stopped at the current position (on entry, by a pause): a breakpoint on it does not stop it again.
     */
    markStopped(): void {
        this.stoppedHere = true;
    }

    /** Forgets a step that was not finished, as when the user continues from a breakpoint. */
    endStep(): void {
        this.stepping = null;
    }

    /**
     * After a kexec no frame of the old kernel is left: a step over the reboot, or out of what ran in it, ends at
     * scenario level.
     */
    stepAcrossJump(): void {
        if (this.stepping && this.stepping.kind !== 'in') {
            this.stepping.depth = this.scenarioThread.frames.length + (this.stepping.kind === 'out' ? 1 : 0);
        }
    }

    /**
     * Executes at most `budget` operations. Returns why it stopped, or null when the budget is used up.
     * A stopped run goes on where it stopped: a breakpoint at the current position does not stop it again.
     */
    run(budget: number): Stop | null {
        if (this.outcome) {
            return { reason: 'end' };
        }
        this.stop = null;
        this.limit = this.ticks + budget;
        for (;;) {
            try {
                return this.stepping ? this.runStepping() : this.runFast();
            } catch (e) {
                this.environment.threw(e);
                const stop = this.takeStop();
                // a panic that the scenario announced: it goes on without a kernel
                if (stop || this.ticks >= this.limit) {
                    return stop;
                }
            }
        }
    }

    private takeStop(): Stop | null {
        const stop = this.stop;
        this.stop = null;
        if (stop) {
            this.stepping = null;
            this.stoppedHere = true;
        }
        return stop;
    }

    private runFast(): Stop | null {
        const limit = this.limit;
        let frame = this.current.top;
        let first = this.stoppedHere;
        this.stoppedHere = false;
        while (frame) {
            let ops: readonly Op[] = first ? frame.code.pristine : frame.code.ops;
            let pc = frame.pc;
            while (pc >= 0 && this.ticks < limit) {
                frame.pc = pc;
                this.ticks++;
                const op: Op | undefined = ops[pc];
                if (!op) {
                    throw new RangeError(`${frame.code.name} has no operation ${pc}`);
                }
                pc = op(frame);
                if (first) {
                    first = false;
                    ops = frame.code.ops;
                }
            }
            if (pc >= 0) {
                frame.pc = pc;
                return null;
            }
            this.switched = false;
            if (this.stop) {
                return this.takeStop();
            }
            frame = this.current.top;
        }
        this.finish({ passed: true });
        return this.takeStop();
    }

    private runStepping(): Stop | null {
        while (this.ticks < this.limit) {
            const frame = this.current.top;
            if (!frame) {
                this.finish({ passed: true });
                return this.takeStop();
            }
            const step = this.stepping;
            if (step?.moved && frame.code.begins[frame.pc] && stepDone(this, step)) {
                const ids = this.onTrap(frame);
                this.stop =
                    ids.length > 0
                        ? { reason: 'breakpoint', thread: this.current, ids }
                        : { reason: 'step', thread: this.current };
                return this.takeStop();
            }
            const trapped = step?.begun === true && frame.code.ops[frame.pc] !== frame.code.pristine[frame.pc];
            if (trapped) {
                const ids = this.onTrap(frame);
                if (ids.length > 0) {
                    this.stop = { reason: 'breakpoint', thread: this.current, ids };
                    return this.takeStop();
                }
            }
            if (step) {
                noteStep(this, step);
            }
            this.ticks++;
            const op = frame.code.pristine[frame.pc];
            if (!op) {
                throw new RangeError(`${frame.code.name} has no operation ${frame.pc}`);
            }
            const pc = op(frame);
            if (pc >= 0) {
                frame.pc = pc;
            } else {
                this.switched = false;
                if (this.stop) {
                    return this.takeStop();
                }
            }
        }
        return null;
    }

    /** A trap operation calls this. True: stop before the statement. */
    trap(frame: Frame): boolean {
        const ids = this.onTrap(frame);
        if (ids.length === 0) {
            return false;
        }
        this.ticks--;
        this.stop = { reason: 'breakpoint', thread: this.current, ids };
        return true;
    }

    // ------------------------------------------------------------ checkpoints

    /** Remembers this moment; costs what the stacks hold, and later what changes. */
    checkpoint(): Checkpoint {
        const slotsOf = copyOnce();
        return {
            mark: this.environment.journal.mark(),
            ticks: this.ticks,
            threads: this.threads.map((thread) => ({
                thread,
                frames: thread.frames.map((f) => f.clone(slotsOf)),
                state: thread.state,
            })),
            current: this.current,
            outcome: this.outcome,
            nextThreadId: this.nextThreadId,
        };
    }

    /** A checkpoint that nobody goes back to any more. */
    forget(c: Checkpoint): void {
        this.environment.journal.drop(c.mark);
    }

    /** Goes back to a checkpoint, which stays valid. */
    restore(c: Checkpoint): void {
        this.environment.journal.restore(c.mark);
        const slotsOf = copyOnce();
        this.ticks = c.ticks;
        this.threads.length = 0;
        for (const t of c.threads) {
            t.thread.frames = t.frames.map((f) => f.clone(slotsOf));
            t.thread.state = t.state;
            this.threads.push(t.thread);
        }
        this.current = c.current;
        this.outcome = c.outcome;
        this.nextThreadId = c.nextThreadId;
        this.stop = null;
        this.stepping = null;
        this.stoppedHere = true;
    }
}
