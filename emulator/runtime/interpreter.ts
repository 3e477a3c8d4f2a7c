/**
 * The interpreter: threads of frames that execute code. `run()` executes and returns at a stop, so nothing blocks, and
 * the same code runs in every shell. The system that the code acts on is behind an {@link Environment}.
 */
import type { Chooser } from '../machine/chooser';
import type { Clock } from '../machine/clock';
import type { Err } from '../kernel/release/errno';
import type { Diagnosis } from '../findings/diagnosis';
import type { Place } from '../findings/place';
import type { Value } from '../language/types';
import { ProgramError } from '../language/values';
import {
    type Acceptance,
    acceptingFrame,
    type Code,
    Frame,
    type LockWait,
    type Mode,
    type Op,
    opsOneByOne,
    placeOf,
    slotsWith,
    SWITCH,
    Thread,
} from './code';
import { Budget } from './budget';
import type { Environment } from './environment';
import { type Execution, MAX_FRAMES, type Paced } from './execution';
import { giveUpGuards, type Locking } from './locks';
import type { Purpose } from './purpose';
import { type Policy, schedule, Scheduler } from './scheduler';
import { Step, type Stepping } from './stepping';
import {
    type Checkpoint,
    copied,
    type ExceptionKind,
    type Outcome,
    putBack,
    type RunException,
    type StepKind,
    type Stop,
    type StopsAt,
    stopsRun,
    type TrapHandler,
    type Watching,
} from './stop';
import type { Touches } from './touching/touches';

/** What stands behind the last operation of code, which never gets there. */
const NO_OPERATION: Op = ({ code, pc }) => {
    throw new RangeError(`${code.name} has no operation ${pc}`);
};

export class Interpreter implements Execution, Paced, Locking {
    /** The number of executed operations: the position in the run. */
    ticks = 0;
    readonly threads: Thread[] = [];
    current: Thread;
    outcome: Outcome | null = null;
    /** The next thread, if several run concurrently. */
    readonly scheduler: Scheduler;
    /** Exceptions that stop the run although it could continue; fatal ones always stop it. */
    readonly filters = new Set<StopsAt>();
    /** False: no exception stops it. */
    heedsFilters = true;
    onTrap: TrapHandler = () => [];
    /** Looks at what each operation has done, while data is watched. */
    watch: Watching | null = null;
    /** How far {@link run} may go. */
    budget = new Budget();
    /** {@link watch} must look at what the present operation has done when it ends. */
    private looks = false;
    private stop: Stop | null = null;
    private stepping: Stepping | null = null;
    private nextThreadId = 1;
    /** True if the run has stopped at the current position before: the trap there must not stop it again. */
    private stoppedHere = false;
    readonly touches: Touches | null;
    /** A native of the present operation has pushed frames, or dropped the frame of its caller. */
    switched = false;
    /** The position of the last exception. */
    private raisedAt = -1;

    constructor(
        private readonly environment: Environment,
        policy: Policy,
        chooser: Chooser,
    ) {
        this.touches = environment.touches;
        this.scheduler = new Scheduler(environment.journal, policy, chooser, this.touches);
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

    /** Set by a native that pushed frames, or dropped the frame of its caller. */
    switchFrames(): void {
        this.switched = true;
    }

    /** The frame that executes next. */
    get frame(): Frame | undefined {
        return this.current.top;
    }

    call(code: Code, mode: Mode, args: readonly Value[], resultSlot: number, purpose: Purpose | null = null): number {
        if (this.current.frames.length >= MAX_FRAMES) {
            throw new ProgramError(`calls are nested ${MAX_FRAMES} deep: ${code.name} may call itself endlessly`);
        }
        const self = purpose?.kind === 'file' ? purpose.file : null;
        const frame = new Frame(code, mode, this.ticks, slotsWith(code, args), resultSlot, self);
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

    /** Continues the thread that waited for the one that has ended; if there is none, the scenario is over. */
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

    /** Starts concurrent blocks, each on a thread; the current thread waits for all of them. */
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

    /** The current thread has ended. */
    blockDone(): void {
        const { scheduler, current } = this;
        const { waiter } = scheduler;
        scheduler.leave(current);
        this.environment.threadDone(current);
        this.goOn(waiter);
    }

    /** With another block, or after the last one with the thread that waits for all of them. */
    private goOn(waiter: Thread | null | undefined): void {
        if (this.scheduler.active) {
            schedule(this);
        } else if (waiter) {
            this.scheduler.end();
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
        this.goOn(waiter);
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

    accepting(): Acceptance | null {
        return acceptingFrame(this.current)?.frame.accepts ?? null;
    }

    giveUp(error: Err): number {
        const found = acceptingFrame(this.current);
        if (!found) {
            return SWITCH;
        }
        while (this.current !== found.thread) {
            // the function has a process block, which ends
            const ended = this.current;
            const waiter = ended.frames[0]?.waiter;
            ended.frames = [];
            this.environment.threadDone(ended);
            this.current = waiter ?? found.thread;
            this.current.waiting = null;
        }
        found.thread.frames.splice(found.thread.frames.indexOf(found.frame) + 1);
        return this.ret(error);
    }

    /** @param error the one of a call that has failed, where that is why */
    fail(kind: ExceptionKind, message: string, error?: Err): number {
        const place = this.frame && placeOf(this.frame);
        const exception: RunException = { kind, message, place, fatal: true, ...(error ? { error } : {}) };
        if (!this.environment.endsEarly(exception)) {
            this.outcome = { passed: false, failure: exception };
            this.stopWith({ reason: 'exception', thread: this.current, exception });
        }
        return SWITCH;
    }

    /** An event that does not end the run: stops only if its filter is on. */
    raise(
        kind: Exclude<ExceptionKind, 'failed-call' | 'failed-assertion'>,
        message: string,
        place: Place | undefined,
        diagnosis?: Diagnosis,
    ): void {
        const exception: RunException = { kind, message, place, fatal: false, ...(diagnosis ? { diagnosis } : {}) };
        this.raisedAt = this.ticks;
        this.environment.raised(exception);
        if (!this.stop && this.heedsFilters && stopsRun(exception, this.filters)) {
            this.stopWith({ reason: 'exception', thread: this.current, exception });
        }
    }

    get raised(): boolean {
        return this.raisedAt === this.ticks;
    }

    finish(outcome: Outcome): void {
        const failure = !this.outcome && outcome.passed ? this.environment.ended() : undefined;
        this.outcome ??= failure ? { passed: false, failure } : outcome;
        this.stopWith({ reason: 'end' });
    }

    private stopWith(stop: Stop): void {
        this.stop = stop;
        this.giveWay();
    }

    /** {@link run} returns after the present operation, as if its budget were used up. */
    giveWay(): void {
        this.budget.use(this.ticks);
    }

    /** {@link watch} looks at what the present operation has done, and the run continues. */
    lookAfterwards(): void {
        this.looks = true;
        this.budget.interrupt(this.ticks);
    }

    // ------------------------------------------------------------ running

    /** Prepares a step, or one of another kind with {@link goAlong}; {@link run} then stops at its end. */
    step(kind: StepKind, thread = this.current): void {
        this.stepping = new Step(this, kind, thread);
    }

    goAlong(stepping: Stepping): void {
        this.stepping = stepping;
    }

    /** The run has stopped at the current position (on entry, a pause): a breakpoint there does not stop it again. */
    markStopped(): void {
        this.stoppedHere = true;
    }

    /** Discards an unfinished step, for example when the user continues from a breakpoint. */
    endStep(): void {
        this.stepping = null;
    }

    /** After a kexec, the frames of the old kernel are gone: a step in it ends at scenario level. */
    stepAcrossJump(): void {
        this.stepping?.jumps(this.scenarioThread.frames.length);
    }

    /**
     * A stopped run continues where it stopped: a breakpoint at the current position does not stop it again.
     * @param operations the most operations that it executes
     * @param work the most operations if those in generated code count a sixteenth each
     * @returns why it stopped; null: the budget is used up
     */
    run(operations: number, work = operations): Stop | null {
        if (this.outcome) {
            return { reason: 'end' };
        }
        this.stop = null;
        this.looks = false;
        this.budget.begin(this.ticks, operations, work);
        for (;;) {
            try {
                return this.stepping ? this.runStepping(this.stepping) : this.runFast();
            } catch (e) {
                this.environment.threw(e);
                this.lookAtData(this.current.top, this.current.top?.pc ?? 0);
                const stop = this.takeStop();
                // an expected panic: the scenario continues without a kernel
                if (stop || this.ticks >= this.budget.limit) {
                    return stop;
                }
            }
        }
    }

    private takeStop(): Stop | null {
        const { stop } = this;
        if (stop) {
            this.stop = null;
            this.stepping = null;
            this.stoppedHere = true;
        }
        return stop;
    }

    private runFast(): Stop | null {
        const { budget } = this;
        let first = this.leaveStop();
        let frame = this.current.top;
        while (frame) {
            const watch = this.watch?.frames === true && this.watch.watches(frame) ? this.watch : null;
            let ops: readonly Op[] = first ? frame.code.pristine : watch ? opsOneByOne(frame.code) : frame.code.ops;
            let pc = frame.pc;
            let at = pc;
            while (pc >= 0 && this.ticks < budget.limit) {
                frame.pc = at = pc;
                this.ticks++;
                pc = (ops[pc] ?? NO_OPERATION)(frame);
                if (first) {
                    first = false;
                    ops = watch ? opsOneByOne(frame.code) : frame.code.ops;
                }
                if (watch?.differs(frame) === true) {
                    this.lookAfterwards();
                }
            }
            if (pc >= 0) {
                frame.pc = pc;
            } else {
                this.switched = false;
            }
            if (this.looks || (pc < 0 && this.watch?.frames === true)) {
                this.lookAtData(frame, at);
            }
            if (this.stop || (pc >= 0 && this.ticks >= budget.limit)) {
                return this.takeStop();
            }
            frame = this.current.top;
        }
        this.finish({ passed: true });
        return this.takeStop();
    }

    /** One operation at a time. */
    private runStepping(step: Stepping): Stop | null {
        const { budget } = this;
        let first = this.leaveStop();
        for (;;) {
            const frame = this.current.top;
            if (!frame) {
                this.finish({ passed: true });
                return this.takeStop();
            }
            if (this.ticks >= budget.limit) {
                return this.takeStop();
            }
            const { code, pc } = frame;
            if (!first && !frame.again) {
                const ends = code.begins[pc] === true && step.reaches(this);
                const ids = this.hearTrap();
                if (ends || ids.length > 0) {
                    const thread = this.current;
                    this.stop = ids.length > 0 ? { reason: 'breakpoint', thread, ids } : { reason: 'step', thread };
                    return this.takeStop();
                }
            }
            first = false;
            step.executes(this);
            this.ticks++;
            const next = (code.pristine[pc] ?? NO_OPERATION)(frame);
            if (next >= 0) {
                frame.pc = next;
            } else {
                this.switched = false;
            }
            if (this.looks || this.watch?.frames === true) {
                this.lookAtData(frame, pc);
            }
            if (this.stop) {
                return this.takeStop();
            }
        }
    }

    /** @param frame the one that has executed the operation at `pc` */
    private lookAtData(frame: Frame | undefined, pc: number): void {
        const ids = this.watch?.executed(frame, pc) ?? [];
        this.looks = false;
        this.budget.resume();
        if (ids.length > 0 && !this.stop) {
            this.stop = { reason: 'breakpoint', thread: this.current, ids };
        }
    }

    /** A trap operation calls this. True: stop before the statement. */
    trap(frame: Frame): boolean {
        if (frame.again) {
            return false;
        }
        // before the operation that it stands in for
        this.ticks--;
        const ids = this.onTrap(frame);
        if (ids.length === 0) {
            this.ticks++;
            return false;
        }
        this.stop = { reason: 'breakpoint', thread: this.current, ids };
        return true;
    }

    /** The run continues. @returns whether it has stopped at the current position, which then does not stop it again */
    private leaveStop(): boolean {
        const stood = this.stoppedHere;
        this.stoppedHere = false;
        if (stood) {
            this.hearTrap();
        }
        return stood;
    }

    /** Tells a trap at the current position that the run has stopped here. @returns the result of the trap */
    hearTrap(): readonly number[] {
        const frame = this.trapped;
        return frame ? this.onTrap(frame) : [];
    }

    /** The topmost frame, if there is a trap at the current position. */
    get trapped(): Frame | null {
        const frame = this.current.top;
        return frame && !frame.again && frame.code.traps.has(frame.pc) ? frame : null;
    }

    /** A statement begins at the current position. */
    get atStatement(): boolean {
        const frame = this.current.top;
        return frame !== undefined && !frame.again && frame.code.begins[frame.pc] === true;
    }

    /** Executes code that is not part of the run, while the run is stopped: without traps, steps and filters. */
    aside<T>(what: () => T): T {
        const { heedsFilters, onTrap, stepping, stoppedHere, raisedAt, budget, looks, watch } = this;
        this.heedsFilters = false;
        this.watch = null;
        this.onTrap = () => [];
        this.stepping = null;
        this.budget = new Budget();
        try {
            return what();
        } finally {
            Object.assign(this, { heedsFilters, onTrap, stepping, stoppedHere, raisedAt, budget, looks, watch });
        }
    }

    // ------------------------------------------------------------ checkpoints

    /** Takes a checkpoint. Its cost is the size of the stacks, and later the changes since. */
    checkpoint(): Checkpoint {
        return {
            mark: this.environment.journal.mark(),
            ticks: this.ticks,
            threads: copied(this.threads),
            current: this.current,
            outcome: this.outcome,
            nextThreadId: this.nextThreadId,
        };
    }

    /** Discards a checkpoint. */
    forget(c: Checkpoint): void {
        this.environment.journal.drop(c.mark);
    }

    /** Restores a checkpoint, which stays valid. */
    restore(c: Checkpoint): void {
        this.environment.journal.restore(c.mark);
        this.ticks = c.ticks;
        this.threads.splice(0, Infinity, ...putBack(c.threads));
        this.current = c.current;
        this.outcome = c.outcome;
        this.nextThreadId = c.nextThreadId;
        this.stop = null;
        this.stepping = null;
        this.stoppedHere = true;
        this.raisedAt = -1;
    }
}
