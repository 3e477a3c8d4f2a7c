/**
 * The interpreter: threads of frames over one emulated machine. `run()` executes and returns at a stop; a stop is a return, so
 * nothing blocks and the same code runs anywhere.
 */
import type { Kernel } from '../kernel/kernel';
import type { Machine } from '../machine/machine';
import { Err } from '../kernel/release/errno';
import type { LogLine } from '../kernel/klog';
import type { Process } from '../kernel/fs/process';
import { Seq } from '../machine/journal';
import type { Boot } from './host/boot';
import { CostSettings } from './host/costs';
import type { Diagnosis } from '../findings/diagnosis';
import { Frame, statementOf, SWITCH, type Code, type Mode } from './code';
import { observeDma } from './host/dma-events';
import { Guests } from './host/guests';
import type { Executable } from './executable';
import { Injections } from './injection';
import type { Program } from '../language/program';
import type { Place } from '../findings/place';
import { isCallback, plainCall, type CallbackCall, type KernelWork, type Purpose } from './purpose';
import { type Listener, Listeners, type Phase } from './listener';
import {
    copyOnce,
    Power,
    type Checkpoint,
    type ExceptionKind,
    type Outcome,
    type RunException,
    type StepKind,
    type Stop,
    type StopsAt,
    type TrapHandler,
} from './stop';
import { Scheduler } from './scheduler';
import { noteStep, stepDone, stepOf, type Step } from './stepping';
import { depthOf, Thread, type UserProcess } from './thread';
import type { Value } from '../language/types';
import { giveUpGuards } from './locks';
import { stopFor } from './host/kernel-end';
import { backToUser, blockDone, taskWork, threadDone } from './host/processes';
import { ProgramError } from '../language/values';

export type {
    Checkpoint,
    ExceptionKind,
    Outcome,
    RunException,
    StepKind,
    Stop,
    StopsAt,
    TrapHandler,
} from './stop';

/** Deeper than any call chain that is meant. */
const MAX_FRAMES = 10_000;

export class Vm {
    readonly power: Power;
    /** What the kernel that comes up has logged before its log exists. */
    readonly earlyLog: Seq<LogLine>;
    /** Operations executed so far: the position of the run in its own time. */
    ticks = 0;
    readonly threads: Thread[] = [];
    current: Thread;
    outcome: Outcome | null = null;
    readonly listeners = new Listeners();
    readonly injections: Injections;
    /** The processes of the running kernel by the names that the scenario gave them. */
    readonly users: Seq<UserProcess>;
    /** Blocks to run when the handover is complete (`at handover`). */
    readonly handoverHooks: Seq<{ readonly code: Code; readonly pc: number }>;
    readonly costs: CostSettings;
    /** Virtual machines, over kernels. */
    readonly guests: Guests;
    /** Who runs next, where several processes run at the same time. */
    readonly scheduler: Scheduler;
    /** Exceptions that stop the run although it could go on; fatal ones stop it in any case. */
    readonly filters = new Set<StopsAt>();
    /** Descriptions that take the place of those that the scenario's kernels are made from, where one is booted and where one is loaded. */
    substitutes: { readonly boot: string; readonly load: string } | null = null;
    onTrap: TrapHandler = () => [];
    private limit = 0;
    private stop: Stop | null = null;
    private stepping: Step | null = null;
    private nextThreadId = 1;
    /** True where the user has seen the current position: the trap there must not stop the run again. */
    private seen = false;
    private switched = false;

    constructor(
        readonly machine: Machine,
        readonly executable: Executable,
        readonly seed: number,
        /** Booted wherever the scenario boots the default kernel. */
        readonly kernelOption: string | undefined = undefined,
    ) {
        this.injections = new Injections(machine.journal);
        machine.history.stepOf = () => this.ticks;
        machine.history.threadOf = () => this.current.id;
        machine.pci.observer = observeDma(this);
        this.guests = new Guests(this);
        machine.guestObserver = this.guests;
        this.costs = new CostSettings(machine.journal, machine.clock);
        this.scheduler = new Scheduler(machine.journal, seed);
        this.power = new Power(machine.journal);
        this.earlyLog = new Seq<LogLine>(machine.journal);
        this.users = new Seq<UserProcess>(machine.journal);
        this.handoverHooks = new Seq(machine.journal);
        this.current = this.newThread('scenario', null);
    }

    // ------------------------------------------------------------ threads and frames

    newThread(name: string, user: UserProcess | null): Thread {
        const thread = new Thread(this.takeThreadId(), name, user);
        this.addThread(thread);
        return thread;
    }

    takeThreadId(): number {
        return this.nextThreadId++;
    }

    addThread(thread: Thread): void {
        this.threads.push(thread);
        for (const l of this.listeners.active) {
            l.threadStarted?.(thread);
        }
    }

    dropThread(thread: Thread): void {
        const at = this.threads.indexOf(thread);
        if (at >= 0) {
            this.threads.splice(at, 1);
            for (const l of this.listeners.active) {
                l.threadEnded?.(thread);
            }
        }
    }

    get scenarioThread(): Thread {
        const first = this.threads[0];
        if (!first) {
            throw new RangeError('a run always has its scenario thread');
        }
        return first;
    }

    /** Which boot of the machine this is: 0 for the first. */
    get boot(): number {
        return Math.max(this.machine.boots - 1, 0);
    }

    get kernel(): Kernel | null {
        return this.power.kernel;
    }

    get panicMessage(): string {
        return this.power.panicMessage;
    }

    /** The kernel that runs. @throws ProgramError before the first boot and after a panic. */
    get running(): Kernel {
        if (!this.kernel) {
            throw new ProgramError('no kernel runs: boot one first');
        }
        return this.kernel;
    }

    /** The process whose code runs, for system calls. @throws ProgramError at scenario level. */
    get process(): Process {
        if (!this.current.user) {
            throw new ProgramError('system calls are made in a process: put this into its block');
        }
        return this.current.user.process;
    }

    /** The boot that is under way. @throws ProgramError outside of one. */
    get booting(): Boot {
        if (!this.power.booting) {
            throw new ProgramError('no kernel is coming up');
        }
        return this.power.booting;
    }

    /** True where the frame that runs must give way: a stop is asked for, or other frames come first. */
    get interrupted(): boolean {
        return this.stop !== null || this.switched;
    }

    /** A native that pushed frames, or that dropped the frame it was called from, says so. */
    switchFrames(): void {
        this.switched = true;
    }

    /** A new list value. */
    list(items: readonly Value[]): Seq<Value> {
        return new Seq<Value>(this.machine.journal, items);
    }

    /** The frame that executes next. */
    get frame(): Frame | undefined {
        return this.current.top;
    }

    /** The process that the current thread belongs to. */
    get user(): UserProcess | null {
        return this.current.user;
    }

    userNamed(name: string): UserProcess | undefined {
        return this.users.items.find((u) => u.name === name);
    }

    /**
     * Pushes a frame on the current thread. The caller's `pc` must already be where it goes on.
     * @param purpose why it is called, where it is not just kernel code that calls kernel code
     */
    call(code: Code, mode: Mode, args: readonly Value[], resultSlot: number, purpose: Purpose | null = null): number {
        if (this.current.frames.length >= MAX_FRAMES) {
            throw new ProgramError(`calls are nested ${MAX_FRAMES} deep: does ${code.name} call itself without end?`);
        }
        const slots: Value[] = new Array<Value>(code.slots).fill(undefined);
        for (let i = 0; i < args.length; i++) {
            slots[i] = args[i];
        }
        const self = purpose?.kind === 'file' ? purpose.file : null;
        const frame = new Frame(code, mode, slots, resultSlot, self);
        frame.purpose = purpose;
        this.current.frames.push(frame);
        if (isCallback(purpose)) {
            this.guests.catchUp();
            for (const l of this.listeners.active) {
                l.callbackEntered?.(purpose);
            }
        }
        return SWITCH;
    }

    /** Runs a frame on another thread while the current one waits for its end. */
    callOn(thread: Thread, frame: Frame): number {
        this.current.waiting = { kind: 'thread', thread };
        thread.frames.push(frame);
        this.current = thread;
        return SWITCH;
    }

    /** The standard library of the kernel that runs or comes up; else the default kernel's. */
    get library(): Program {
        const desc = this.kernel?.desc ?? this.power.booting?.kernel.desc;
        return desc ? this.executable.library(desc.library) : this.executable.stdProgram;
    }

    /** A function of the kernel's own code. */
    std(name: string): Code {
        return this.executable.std(name, this.library);
    }

    /** Calls a function of the standard library in kernel mode on the current thread. */
    callStd(name: string, args: readonly Value[], resultSlot = -1, work: KernelWork | null = null): number {
        return this.call(this.std(name), 'kernel', args, resultSlot, work);
    }

    /** Ends the topmost frame with a value or an error. */
    ret(value: Value | Err): number {
        const thread = this.current;
        const frame = thread.frames.pop();
        if (!frame) {
            return SWITCH;
        }
        const { purpose } = frame;
        if (isCallback(purpose) && purpose.kind !== 'init') {
            this.left(frame, purpose, value);
        }
        if (frame.guards.length > 0) {
            giveUpGuards(this, frame);
        }
        const caller = thread.top;
        if (caller) {
            if (frame.resultSlot >= 0) {
                caller.slots[frame.resultSlot] = value;
            }
            if (frame.mode === 'kernel' && caller.mode !== 'kernel') {
                this.leave(frame, value);
                this.leaveKernel();
            }
            return SWITCH;
        }
        if (frame.mode === 'kernel') {
            this.leave(frame, value);
            if (taskWork(this, frame.waiter)) {
                return SWITCH;
            }
        }
        this.wake(frame.waiter);
        return SWITCH;
    }

    private left(frame: Frame, call: CallbackCall, value: Value | Err): void {
        const place = this.placeOf(frame);
        for (const l of this.listeners.active) {
            l.callbackLeft?.(call, value, place);
        }
        if (value instanceof Err) {
            this.raise('callback-error', `${call.name} returned -${value.name}`, place);
        }
    }

    private leave(frame: Frame, value: Value | Err): void {
        const { purpose, code } = frame;
        const work = purpose && !isCallback(purpose) ? purpose : plainCall(code.name);
        this.kernelLeft(work, value, frame);
    }

    /** The thread that waited for the one that has nothing left to do goes on; without one the scenario is over. */
    private wake(waiter: Thread | null): void {
        if (this.scheduler.active) {
            blockDone(this);
            return;
        }
        threadDone(this, this.current);
        if (waiter) {
            waiter.waiting = null;
            this.current = waiter;
        } else {
            this.finish({ passed: true });
        }
    }

    /** The current thread goes back to user mode. True where something else runs before. */
    leaveKernel(): boolean {
        return taskWork(this) || backToUser(this);
    }

    // ------------------------------------------------------------ failing

    /** A kernel function or callback fails: its `undo` blocks run, newest first, then it returns the error. */
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

    /** A failure that nobody announced: the run stops here, for good. */
    fail(kind: ExceptionKind, message: string): number {
        const frame = this.frame;
        const exception: RunException = { kind, message, place: frame && this.placeOf(frame), fatal: true };
        this.outcome = { passed: false, failure: exception };
        this.stop = { reason: 'exception', thread: this.current, exception };
        return SWITCH;
    }

    /** Stops the run where it is. */
    pause(): number {
        this.stop = { reason: 'step', thread: this.current };
        return SWITCH;
    }

    /** WARN(): a line of the kernel log, and an exception where its filter is on. */
    warn(text: string): void {
        const line = text.startsWith('WARNING:') ? text : `WARNING: ${text}`;
        this.log('warn', line);
        const frame = this.frame;
        this.raise('kernel-warning', line, frame && this.placeOf(frame));
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
            this.tell((l) => l.ended?.());
            const failure = this.listeners.missed();
            this.outcome = failure ? { passed: false, failure } : outcome;
        }
        this.outcome ??= outcome;
        this.stop = { reason: 'end' };
    }

    // ------------------------------------------------------------ observers

    /** For events that are rare enough for a call. */
    tell(what: (listener: Listener) => void): void {
        for (const l of this.listeners.active) {
            what(l);
        }
    }

    /** The kernel goes back to user mode or to the scenario; `frame` is null for a native that ran at once. */
    kernelLeft(work: KernelWork, result: Value | Err, frame: Frame | null): void {
        this.guests.catchUp();
        for (const l of this.listeners.active) {
            l.kernelLeft?.(work, result, frame);
        }
    }

    log(level: LogLine['level'], text: string): void {
        const line: LogLine = { level, text, time: this.machine.clock.now, boot: this.boot };
        if (level !== 'log') {
            (this.kernel?.log ?? this.earlyLog).push(line);
        }
        const frame = this.frame;
        for (const l of this.listeners.active) {
            l.log?.(line, frame && this.placeOf(frame));
        }
    }

    phase(phase: Phase): void {
        for (const l of this.listeners.active) {
            l.phase?.(phase);
        }
    }

    /** Where a frame is; `calling` for the frames below the topmost. */
    placeOf(frame: Frame, calling = false): Place | undefined {
        const s = statementOf(frame, calling);
        return s && { uri: frame.code.uri, start: s.span.start, end: s.span.end };
    }

    // ------------------------------------------------------------ running

    /** How many functions deep the current thread is. */
    depth(): number {
        return depthOf(this.current);
    }

    /** Prepares a step; {@link run} then stops at its end. */
    step(kind: StepKind, thread = this.current): void {
        this.stepping = stepOf(this, kind, thread);
    }

    /** The user is shown the current position (stop on entry, pause): a breakpoint on it does not stop the run again. */
    shown(): void {
        this.seen = true;
    }

    /** Forgets a step that was not finished, as when the user continues from a breakpoint. */
    endStep(): void {
        this.stepping = null;
    }

    /** After a kexec no frame of the old kernel is left: a step over the reboot, or out of what ran in it, ends at scenario level. */
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
                stopFor(this, e);
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
            this.seen = true;
        }
        return stop;
    }

    private runFast(): Stop | null {
        const limit = this.limit;
        let frame = this.current.top;
        let first = this.seen;
        this.seen = false;
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
                pc = op(frame, this);
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
                const ids = this.onTrap(frame, this);
                this.stop =
                    ids.length > 0
                        ? { reason: 'breakpoint', thread: this.current, ids }
                        : { reason: 'step', thread: this.current };
                return this.takeStop();
            }
            const trapped = step?.begun === true && frame.code.ops[frame.pc] !== frame.code.pristine[frame.pc];
            if (trapped) {
                const ids = this.onTrap(frame, this);
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
            const pc = op(frame, this);
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
        const ids = this.onTrap(frame, this);
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
            mark: this.machine.journal.mark(),
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

    /** Goes back to a checkpoint, which stays valid. */
    restore(c: Checkpoint): void {
        this.machine.journal.restore(c.mark);
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
        this.seen = true;
    }
}

type Op = Code['ops'][number];
