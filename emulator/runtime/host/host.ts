/**
 * The emulated host that code runs on: a machine, its kernel and processes, the settings of a scenario, and the
 * listeners. Other files in this folder implement boots, the end of kernels, processes, callbacks and modules.
 */
import type { Chooser } from '../../machine/chooser';
import { ListValue, RecordValue } from '../../language/collections';
import { JournaledList, JournaledMap } from '../../machine/journal';
import type { Machine } from '../../machine/machine';
import type { CommandLine } from '../../kernel/command-line/command-line';
import type { Process } from '../../kernel/fs/process';
import type { Kernel } from '../../kernel/kernel';
import type { LogLine } from '../../kernel/klog';
import type { Err } from '../../kernel/release/errno';
import type { Program } from '../../language/program';
import type { Value } from '../../language/types';
import { ProgramError } from '../../language/values';
import { type Code, type Frame, placeOf } from '../code';
import type { Declarations } from '../declarations';
import type { Environment } from '../environment';
import type { Executable } from '../executable';
import { Interpreter } from '../interpreter';
import { type Listener, Listeners, type Phase } from '../listener';
import type { NativesOn } from '../native-code';
import type { KernelWork } from '../purpose';
import type { Policy } from '../scheduler';
import { LOG, type Touches } from '../touching/touches';
import { CostSettings } from './costs';
import { observeDma } from './dma-events';
import { Guests } from './guests';
import { Injections } from './injections';
import { KernelPanic } from './kernel-panic';
import { type BootInProgress, KernelState } from './kernel-state';
import { type Hook, ScenarioHooks } from './scenario-hooks';
import { processOf, type ScenarioProcess } from './scenario-process';

/** The parts of a host. */
export interface HostParts {
    readonly machine: Machine;
    readonly declarations: Declarations;
    readonly natives: NativesOn<Host>;
    /** The record of what the threads of a `concurrently` read and write, if there is one. */
    readonly touches?: Touches | null;
    /** Where a process may be preempted, and what picks among the alternatives. */
    readonly policy: Policy;
    readonly chooser: Chooser;
    /** The kernel that replaces the default kernel of scenarios. */
    readonly kernelOption?: string | undefined;
    readonly executable: (host: Host) => Executable;
    /** The host's side of the interpreter's interface. */
    readonly environment: (host: Host) => Environment;
}

export class Host {
    readonly machine: Machine;
    readonly declarations: Declarations;
    readonly natives: NativesOn<Host>;
    readonly touches: Touches | null;
    readonly kernelOption: string | undefined;
    /** Executes the code of the scenario, of processes and of the kernel. */
    readonly interpreter: Interpreter;
    readonly executable: Executable;
    readonly listeners = new Listeners();
    readonly kernelState: KernelState;
    /** Log lines of the booting kernel from before its log exists. */
    readonly earlyLog: JournaledList<LogLine>;
    readonly injections: Injections;
    /** The processes of the scenario in the running kernel. */
    readonly processes: JournaledList<ScenarioProcess>;
    readonly handoverHooks: JournaledList<Hook>;
    /** The blocks `always` and `finally`. */
    readonly hooks: ScenarioHooks;
    /** The threads that have died in an oops of the running kernel, by number: their locks stay held. */
    readonly deadThreads: JournaledMap<number, string>;
    readonly costs: CostSettings;
    /** Virtual machines, across kernels. */
    readonly guests: Guests;
    /**
     * Descriptions that replace those that the scenario's kernels are based on, for the kernel that is booted and for
     * the one that is loaded.
     */
    substitutes: { readonly boot: string; readonly load: string } | null = null;
    /** Mistakes that no kernel has, whatever its release. */
    cured: ReadonlySet<string> = new Set();

    constructor(parts: HostParts) {
        const { machine } = parts;
        this.machine = machine;
        this.declarations = parts.declarations;
        this.touches = parts.touches ?? null;
        this.natives = parts.natives;
        this.kernelOption = parts.kernelOption;
        this.kernelState = new KernelState(machine.journal);
        this.earlyLog = new JournaledList<LogLine>(machine.journal);
        this.injections = new Injections(machine.journal, parts.chooser, () => this.touches?.everything());
        this.processes = new JournaledList<ScenarioProcess>(machine.journal);
        this.handoverHooks = new JournaledList<Hook>(machine.journal);
        this.hooks = new ScenarioHooks(machine.journal);
        this.deadThreads = new JournaledMap<number, string>(machine.journal);
        this.costs = new CostSettings(machine.journal, machine.clock);
        this.guests = new Guests(this);
        this.interpreter = new Interpreter(parts.environment(this), parts.policy, parts.chooser);
        this.executable = parts.executable(this);
        machine.clock.chooser = parts.chooser;
        machine.history.stepOf = () => this.interpreter.ticks;
        machine.history.threadOf = () => this.interpreter.current.id;
        machine.pci.observer = observeDma(this);
        machine.guestObserver = this.guests;
        if (machine.tee) {
            machine.tee.observer = (event) => this.tell((l) => l.tee?.(event));
        }
        this.injections.onEffect = (target, error) => {
            for (const l of this.listeners.active) {
                l.injected?.(target, error);
            }
        };
    }

    // ------------------------------------------------------------ kernels and processes

    /** The number of boots before this one: 0 for kernel 1. */
    get boot(): number {
        return Math.max(this.machine.boots - 1, 0);
    }

    get kernel(): Kernel | null {
        return this.kernelState.kernel;
    }

    /** The boot in progress. */
    get booting(): BootInProgress | null {
        return this.kernelState.booting;
    }

    /** The command line of the kernel that runs or boots. */
    get commandLine(): CommandLine | undefined {
        return this.kernel?.commandLine ?? this.booting?.commandLine;
    }

    /** The panic message of the last kernel; empty if it did not panic. */
    get panicMessage(): string {
        return this.kernelState.panicMessage;
    }

    /** The running kernel. @throws ProgramError before the first boot and after a panic. */
    get running(): Kernel {
        if (!this.kernel) {
            throw new ProgramError('no kernel is running. Boot one first');
        }
        return this.kernel;
    }

    /** The current process, for system calls. @throws ProgramError at scenario level. */
    get process(): Process {
        const current = processOf(this.interpreter.current);
        if (!current) {
            throw new ProgramError('a system call needs a process. Put it into a process block');
        }
        return current.process;
    }

    processNamed(name: string): ScenarioProcess | undefined {
        return this.processes.items.find((p) => p.name === name);
    }

    // ------------------------------------------------------------ code

    /** The frame that executes next. */
    get frame(): Frame | undefined {
        return this.interpreter.frame;
    }

    /** The standard library of the running or booting kernel; otherwise that of the default kernel. */
    get library(): Program {
        const desc = this.kernel?.desc ?? this.booting?.kernel.desc;
        return desc ? this.declarations.library(desc.library) : this.declarations.stdProgram;
    }

    /** A function of the kernel's own code. */
    std(name: string): Code {
        return this.executable.std(name, this.library);
    }

    /** Calls a function of the standard library in kernel mode on the current thread. */
    callStd(name: string, args: readonly Value[], resultSlot = -1, work: KernelWork | null = null): number {
        return this.interpreter.call(this.std(name), 'kernel', args, resultSlot, work);
    }

    /** A new list value. */
    list(items: readonly Value[]): ListValue {
        return new ListValue(this.machine.journal, items);
    }

    /** A new record value. */
    record(fields: Iterable<readonly [string, Value]>): RecordValue {
        return new RecordValue(this.machine.journal, fields);
    }

    // ------------------------------------------------------------ events

    /** For events that are rare enough for a call. */
    tell(what: (listener: Listener) => void): void {
        for (const l of this.listeners.active) {
            what(l);
        }
    }

    /** Kernel code begins; {@link kernelLeft} reports its end. */
    kernelEntered(work: KernelWork): void {
        this.guests.catchUp();
        this.kernel?.pages.forgetFailure();
        for (const l of this.listeners.entering) {
            l.kernelEntered?.(work);
        }
    }

    /** The kernel returns to user mode or to the scenario; `frame` is null for a native that ran without a frame. */
    kernelLeft(work: KernelWork, result: Value | Err, frame: Frame | null): void {
        this.guests.catchUp();
        for (const l of this.listeners.leaving) {
            l.kernelLeft?.(work, result, frame);
        }
    }

    log(level: LogLine['level'], text: string): void {
        const line: LogLine = { level, text, time: this.machine.clock.now, boot: this.boot };
        if (level !== 'log') {
            this.touches?.write(LOG);
            (this.kernel?.log ?? this.earlyLog).push(line);
        }
        const { frame } = this;
        for (const l of this.listeners.active) {
            l.log?.(line, frame && placeOf(frame));
        }
    }

    /** WARN(): a line of the kernel log, and an exception if its filter is on. */
    warn(text: string): void {
        const line = text.startsWith('WARNING:') ? text : `WARNING: ${text}`;
        this.log('warn', line);
        this.warned(line);
    }

    /** The kernel has logged a warning. @throws KernelPanic if the kernel panics then (check_panic_on_warn()) */
    warned(line: string): void {
        const { frame } = this;
        this.interpreter.raise('kernel-warning', line, frame && placeOf(frame));
        if (this.commandLine?.panicOnWarn === true) {
            throw new KernelPanic('kernel: panic_on_warn set ...');
        }
    }

    phase(phase: Phase): void {
        for (const l of this.listeners.active) {
            l.phase?.(phase);
        }
    }
}
