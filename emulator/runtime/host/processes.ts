/** The processes of a scenario: their start and end, their variables, and the passing of descriptors. */
import { type Err, err } from '../../kernel/release/errno';
import { exitProcess, passFd, reap, spawn } from '../../kernel/fs/process';
import type { KernelWork } from '../purpose';
import { workFrame } from './syscall-entry';
import type { Value } from '../../language/types';
import { MOST_PROCESSES } from '../../language/collections';
import { asNumber, ProgramError } from '../../language/values';
import { type Frame, SWITCH, type Thread } from '../code';
import { preemptionPoint } from '../scheduler';
import { RELEASED } from '../touching/touches';
import type { Host } from './host';
import { processOf, ScenarioProcess } from './scenario-process';

/** `process luod`: starts a process with its own thread. */
export function startProcess(host: Host, name: string, group = name): ScenarioProcess {
    if (host.processNamed(name)) {
        throw new ProgramError(`the process ${name} is already running`);
    }
    const { interpreter } = host;
    const p = new ScenarioProcess(
        host.machine.journal,
        name,
        spawn(host.running, name),
        interpreter.takeThreadId(),
        group,
    );
    host.processes.push(p);
    interpreter.addThread(p.thread);
    return p;
}

/** The name of a process of an array. */
export function nameInArray(array: string, index: Value): string {
    return `${array}[${asNumber(index, 'an index')}]`;
}

/** `process vmm[4]`: starts those processes of an array that are not running. */
export function startArray(host: Host, name: string, count: number): void {
    if (count < 1 || count > MOST_PROCESSES) {
        throw new ProgramError(`an array has 1 to ${MOST_PROCESSES} processes, not ${count}`);
    }
    const names = Array.from({ length: count }, (_, i) => nameInArray(name, i));
    const missing = names.filter((n) => !host.processNamed(n));
    if (missing.length === 0) {
        throw new ProgramError(`the processes ${name}[0] to ${names.at(-1) ?? ''} are already running`);
    }
    for (const n of missing) {
        startProcess(host, n, name);
    }
}

/** A process by its name. @throws ProgramError if it is not running */
export function startedProcess(host: Host, name: string): ScenarioProcess {
    const p = host.processNamed(name);
    if (!p) {
        throw new ProgramError(`the process ${name} is not running. Start it with "process ${name}"`);
    }
    return p;
}

/**
 * The process of a block that begins.
 * @throws ProgramError if it is not running, or if it is in a system call
 */
export function idleProcess(host: Host, name: string): ScenarioProcess {
    const p = startedProcess(host, name);
    if (p.thread.top) {
        throw new ProgramError(
            `the process ${name} is in a system call. Its next block can begin when the call has returned`,
        );
    }
    return p;
}

/**
 * A variable of a process; of an array, that of the process in whose block the code is. An unset one is −1, like a
 * descriptor that was never filled.
 */
export function processVar(host: Host, process: string, name: string): Value {
    const current = processOf(host.interpreter.current);
    return current?.group === process ? valueIn(current, name) : varOf(host, process, name);
}

/** A variable of the process with this name. */
export function varOf(host: Host, process: string, name: string): Value {
    const p = host.processNamed(process);
    if (!p) {
        throw new ProgramError(`the process ${process} is not running, so ${process}.${name} does not exist`);
    }
    return valueIn(p, name);
}

function valueIn({ vars }: ScenarioProcess, name: string): Value {
    return vars.has(name) ? vars.get(name) : -1;
}

export function setProcessVar(host: Host, process: string, name: string, value: Value): void {
    const current = processOf(host.interpreter.current);
    const p = current?.group === process ? current : startedProcess(host, process);
    p.vars.set(name, value);
}

/**
 * `send vm1 to vmm`: SCM_RIGHTS. The receiver gets its own descriptor in the variable. EPIPE if a concurrent receiver
 * has ended.
 */
export function sendFd(host: Host, fd: number, to: string, as: string): Err | undefined {
    const target = host.processNamed(to);
    if (!target && host.interpreter.scheduler.active) {
        return err('EPIPE');
    }
    const { process, vars } = target ?? startedProcess(host, to);
    const got = passFd(host.running, host.process, fd, process);
    if (typeof got !== 'number') {
        return got;
    }
    vars.set(as, got);
    return undefined;
}

const EXIT: KernelWork = { kind: 'exit', name: 'do_exit' };
const RELEASE: KernelWork = { kind: 'release', name: 'task_work' };

/** The frame in which a process closes its files. */
function exitFrame(host: Host, waiter: Thread | null): Frame {
    return workFrame(host, EXIT, waiter);
}

/**
 * Releases the files whose last reference was dropped, at the return to user mode (kernel: delayed fput, task work).
 * @returns whether there are any
 */
export function taskWork(host: Host, waiter: Thread | null = null): boolean {
    host.touches?.read(RELEASED);
    if (!host.kernel || host.kernel.delayedFput.length === 0) {
        return false;
    }
    host.interpreter.current.frames.push(workFrame(host, RELEASE, waiter));
    host.kernelEntered(RELEASE);
    return true;
}

/**
 * The current thread is about to continue in user mode: a pending signal and other threads may come first.
 * @returns whether they do
 */
export function backToUser(host: Host): boolean {
    const { interpreter } = host;
    const thread = interpreter.current;
    if (lastCall(host)) {
        return true;
    }
    if (processOf(thread)?.killed === true) {
        die(host, thread);
        return true;
    }
    if (!interpreter.scheduler.active) {
        return false;
    }
    preemptionPoint(interpreter);
    return interpreter.current !== thread;
}

/**
 * The last frame of a thread has ended: ends the thread of a killed process, and a thread for a single task.
 */
export function threadDone(host: Host, thread: Thread): void {
    const p = processOf(thread);
    if (p?.killed === true) {
        reapProcess(host, p.name);
    } else if (!p && thread !== host.interpreter.scenarioThread) {
        host.interpreter.dropThread(thread);
    }
}

/** SIGKILL: takes effect as soon as the process is in user mode; the sender does not wait. */
function signalProcess(host: Host, p: ScenarioProcess): number {
    const { thread } = p;
    setKilled(host, p);
    if (thread.frames.every((f) => f.mode !== 'kernel') && thread.waiting?.kind !== 'lock') {
        die(host, thread);
    }
    return SWITCH;
}

function setKilled(host: Host, p: ScenarioProcess): void {
    host.machine.journal.edit<ScenarioProcess>(p).killed = true;
}

/** A process in user mode only closes its files from now on. */
function die(host: Host, thread: Thread): void {
    const { scheduler, scenarioThread } = host.interpreter;
    thread.waiting = null;
    if (scheduler.active) {
        thread.frames = [exitFrame(host, scheduler.waiter)];
        scheduler.join(thread);
    } else {
        thread.frames = [exitFrame(host, thread.frames.find((f) => f.waiter)?.waiter ?? scenarioThread)];
        host.kernelEntered(EXIT);
    }
}

/** `exit` in a process block: closes its descriptors first. */
export function exitCurrent(host: Host): number {
    host.interpreter.current.frames.push(exitFrame(host, null));
    host.kernelEntered(EXIT);
    return SWITCH;
}

/** After exit: removes the thread; the thread that waited for its block continues. */
export function endCurrent(host: Host): number {
    const { interpreter } = host;
    const thread = interpreter.current;
    const p = processOf(thread);
    if (interpreter.scheduler.active) {
        thread.frames = [];
        if (p) {
            setKilled(host, p);
        }
        interpreter.blockDone();
        return SWITCH;
    }
    const waiter = thread.frames.find((f) => f.waiter)?.waiter ?? interpreter.scenarioThread;
    thread.frames = [];
    waiter.waiting = null;
    interpreter.current = waiter;
    if (p) {
        reapProcess(host, p.name);
    }
    return SWITCH;
}

/**
 * `kill p`: SIGKILL takes effect at the return to user mode; then its descriptors are closed. In a `concurrently`,
 * killing a process that has already ended has no effect.
 */
export function killProcess(host: Host, name: string): number {
    const { interpreter } = host;
    const p = host.processNamed(name);
    if (interpreter.scheduler.active) {
        return p ? signalProcess(host, p) : SWITCH;
    }
    if (!p) {
        throw new ProgramError(`the process ${name} is not running`);
    }
    if (p.thread.top) {
        return signalProcess(host, p);
    }
    const next = interpreter.callOn(p.thread, exitFrame(host, interpreter.current));
    host.kernelEntered(EXIT);
    return next;
}

/**
 * `kill p after n`: SIGKILL when the process returns to user mode from its n-th system call from now on.
 * @throws ProgramError if `n` is less than 1, or the process is not running
 */
export function killLater(host: Host, name: string, n: number): void {
    const p = host.processNamed(name);
    if (!p) {
        throw new ProgramError(`the process ${name} is not running`);
    }
    if (n < 1) {
        throw new ProgramError(
            `the number of system calls must be at least 1. To kill the process at once, write "kill ${name}"`,
        );
    }
    host.machine.journal.edit<ScenarioProcess>(p).callsLeft = n;
}

/**
 * The current process has returned from a system call. Returns whether that was its last one; then it closes its files.
 */
function lastCall(host: Host): boolean {
    const { interpreter } = host;
    const thread = interpreter.current;
    const p = processOf(thread);
    if (p?.callsLeft !== 0) {
        return false;
    }
    host.machine.journal.edit<ScenarioProcess>(p).callsLeft = -1;
    setKilled(host, p);
    die(host, thread);
    return true;
}

/**
 * A process dies in the kernel: its system call ends without being undone, and its locks stay locked. Then it closes
 * its descriptors.
 */
export function endInOops(host: Host, p: ScenarioProcess): void {
    const { interpreter } = host;
    const { thread } = p;
    host.deadThreads.set(thread.id, p.name);
    host.machine.journal.edit<ScenarioProcess>(p).oopsExpected = null;
    setKilled(host, p);
    const waiter = interpreter.scheduler.active
        ? interpreter.scheduler.waiter
        : (thread.frames.find((f) => f.waiter)?.waiter ?? interpreter.scenarioThread);
    thread.frames = [exitFrame(host, waiter)];
    host.kernelEntered(EXIT);
    interpreter.switchFrames();
}

/** Reaps a process that has ended: removes its name, variables and thread. */
export function reapProcess(host: Host, name: string): void {
    const p = host.processNamed(name);
    if (p) {
        exitProcess(host.running, p.process);
        reap(host.running, p.process);
        host.processes.remove(p);
        host.interpreter.dropThread(p.thread);
    }
}

/** Removes all processes, at a jump or a panic. */
export function dropProcesses(host: Host): void {
    for (const p of [...host.processes]) {
        p.thread.frames = [];
        p.thread.waiting = null;
        host.interpreter.dropThread(p.thread);
    }
    host.processes.clear();
}
