/** The processes of a scenario: starting and ending them, their variables, passing descriptors. */
import { type Err, err } from '../../kernel/release/errno';
import { exitProcess, passFd, reap, spawn } from '../../kernel/fs/process';
import type { KernelWork } from '../purpose';
import { workFrame } from './syscall-entry';
import type { Value } from '../../language/types';
import { ProgramError } from '../../language/values';
import { type Frame, SWITCH, type Thread } from '../code';
import { preemptionPoint } from '../scheduler';
import type { Host } from './host';
import { processOf, ScenarioProcess } from './scenario-process';

/** `process luod`: a process starts, with a thread of its own. */
export function startProcess(host: Host, name: string): ScenarioProcess {
    if (host.processNamed(name)) {
        throw new ProgramError(`a process ${name} runs already`);
    }
    const { interpreter } = host;
    const p = new ScenarioProcess(host.machine.journal, name, spawn(host.running, name), interpreter.takeThreadId());
    host.processes.push(p);
    interpreter.addThread(p.thread);
    return p;
}

/** A process by its name, for what needs it. @throws ProgramError where none of this name runs */
export function startedProcess(host: Host, name: string): ScenarioProcess {
    const p = host.processNamed(name);
    if (!p) {
        throw new ProgramError(`no process ${name} runs: start it with "process ${name}"`);
    }
    return p;
}

/**
 * The process of a block that begins.
 * @throws ProgramError where none of this name runs, or where it waits in a call of its own
 */
export function idleProcess(host: Host, name: string): ScenarioProcess {
    const p = startedProcess(host, name);
    if (p.thread.top) {
        throw new ProgramError(`process ${name} is in a system call: a block of it can begin when that has returned`);
    }
    return p;
}

/** A variable of a process. One that was never set is −1, as a descriptor that was never filled. */
export function processVar(host: Host, process: string, name: string): Value {
    const current = processOf(host.interpreter.current);
    const p = current?.name === process ? current : host.processNamed(process);
    if (!p) {
        throw new ProgramError(`no process ${process} runs, so ${process}.${name} is gone`);
    }
    return p.vars.has(name) ? p.vars.get(name) : -1;
}

export function setProcessVar(host: Host, process: string, name: string, value: Value): void {
    const current = processOf(host.interpreter.current);
    const p = current?.name === process ? current : startedProcess(host, process);
    p.vars.set(name, value);
}

/**
 * `send vm1 to vmm`: SCM_RIGHTS. The receiver gets its own descriptor under the name. One that ran at the same time may
 * be gone: EPIPE.
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

/** The frame in which a process closes what it has open. */
function exitFrame(host: Host, waiter: Thread | null): Frame {
    return workFrame(host, EXIT, waiter);
}

/**
 * At the return to user mode, files whose last reference is gone are released (kernel: delayed fput, task work).
 * @returns whether there are any
 */
export function taskWork(host: Host, waiter: Thread | null = null): boolean {
    if (!host.kernel || host.kernel.delayedFput.length === 0) {
        return false;
    }
    host.interpreter.current.frames.push(workFrame(host, RELEASE, waiter));
    host.kernelEntered(RELEASE);
    return true;
}

/**
 * The thread that runs is about to go on in user mode: a signal that waits comes first, and others may.
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
 * A thread has no frames left: a process that was killed is gone, and so is a thread that was there for one thing only.
 */
export function threadDone(host: Host, thread: Thread): void {
    const p = processOf(thread);
    if (p?.killed === true) {
        reapProcess(host, p.name);
    } else if (!p && thread !== host.interpreter.scenarioThread) {
        host.interpreter.dropThread(thread);
    }
}

/** SIGKILL: it takes effect when the process is, or is next, in user mode, and nobody waits for that. */
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

/** A process in user mode does nothing more but close what it has open. */
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

/** `exit` in a process block: its descriptors close before anything else happens. */
export function exitCurrent(host: Host): number {
    host.interpreter.current.frames.push(exitFrame(host, null));
    host.kernelEntered(EXIT);
    return SWITCH;
}

/** After exit: the thread is gone, and who waited for its block goes on. */
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
 * `kill p`: SIGKILL takes effect at the return to user mode; then its descriptors close. Where several processes run at
 * the same time, one that has ended already cannot be killed, and nobody minds.
 */
export function killProcess(host: Host, name: string): number {
    const { interpreter } = host;
    const p = host.processNamed(name);
    if (interpreter.scheduler.active) {
        return p ? signalProcess(host, p) : SWITCH;
    }
    if (!p) {
        throw new ProgramError(`no process ${name} runs`);
    }
    if (p.thread.top) {
        return signalProcess(host, p);
    }
    const next = interpreter.callOn(p.thread, exitFrame(host, interpreter.current));
    host.kernelEntered(EXIT);
    return next;
}

/**
 * `kill p after n`: the SIGKILL comes when the process is back in user mode from its n-th system call from now on.
 * @throws ProgramError where `n` is less than 1, or no such process runs
 */
export function killLater(host: Host, name: string, n: number): void {
    const p = host.processNamed(name);
    if (!p) {
        throw new ProgramError(`no process ${name} runs`);
    }
    if (n < 1) {
        throw new ProgramError(
            `a process is killed after at least one more system call: for at once, write "kill ${name}"`,
        );
    }
    host.machine.journal.edit<ScenarioProcess>(p).callsLeft = n;
}

/** The current process is back from a system call: whether that was its last one. It then closes what it has open. */
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
 * A process dies in the kernel: what it was in ends without being taken back, and its locks stay held. Then it closes
 * what it has open.
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

/** A process that has ended is reaped: name, variables and thread are gone. */
export function reapProcess(host: Host, name: string): void {
    const p = host.processNamed(name);
    if (p) {
        exitProcess(host.running, p.process);
        reap(host.running, p.process);
        host.processes.remove(p);
        host.interpreter.dropThread(p.thread);
    }
}

/** At a jump or a panic no process is left. */
export function dropProcesses(host: Host): void {
    for (const p of [...host.processes]) {
        p.thread.frames = [];
        p.thread.waiting = null;
        host.interpreter.dropThread(p.thread);
    }
    host.processes.clear();
}
