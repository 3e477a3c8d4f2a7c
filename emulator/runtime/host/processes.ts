/** The processes of a scenario: starting and ending them, their variables, passing descriptors. */
import { type Err, err } from '../../kernel/release/errno';
import { exitProcess, passFd, reap, spawn } from '../../kernel/fs/process';
import { SWITCH, type Frame } from '../code';
import type { KernelWork } from '../purpose';
import { kernelEntered, workFrame } from './syscall-entry';
import { goOn, mayBeOvertaken } from '../scheduler';
import { UserProcess, type Thread } from '../thread';
import type { Value } from '../../language/types';
import { ProgramError } from '../../language/values';
import type { Vm } from '../interpreter';

/** `process luod`: a process starts, with a thread of its own. */
export function startProcess(vm: Vm, name: string): UserProcess {
    if (vm.userNamed(name)) {
        throw new ProgramError(`a process ${name} runs already`);
    }
    const user = new UserProcess(vm.machine.journal, name, spawn(vm.running, name), vm.takeThreadId());
    vm.users.push(user);
    vm.addThread(user.thread);
    return user;
}

/** A variable of a process. One that was never set is −1, as a descriptor that was never filled. */
export function processVar(vm: Vm, process: string, name: string): Value {
    const current = vm.current.user;
    const user = current?.name === process ? current : vm.userNamed(process);
    if (!user) {
        throw new ProgramError(`no process ${process} runs, so ${process}.${name} is gone`);
    }
    return user.vars.has(name) ? user.vars.get(name) : -1;
}

export function setProcessVar(vm: Vm, process: string, name: string, value: Value): void {
    const current = vm.current.user;
    const user = current?.name === process ? current : vm.userNamed(process);
    if (!user) {
        throw new ProgramError(`no process ${process} runs: start it with "process ${process}"`);
    }
    user.vars.set(name, value);
}

/** `send vm1 to vmm`: SCM_RIGHTS. The receiver gets its own descriptor under the name. One that ran at the same time may be gone: EPIPE. */
export function sendFd(vm: Vm, fd: number, to: string, as: string): Err | undefined {
    const target = vm.userNamed(to);
    if (!target && vm.scheduler.active) {
        return err('EPIPE');
    }
    if (!target) {
        throw new ProgramError(`no process ${to} runs: start it with "process ${to}"`);
    }
    const got = passFd(vm.running, vm.process, fd, target.process);
    if (typeof got !== 'number') {
        return got;
    }
    target.vars.set(as, got);
    return undefined;
}

const EXIT: KernelWork = { kind: 'exit', name: 'do_exit' };
const RELEASE: KernelWork = { kind: 'release', name: 'task_work' };

/** The frame in which a process closes what it has open. */
function exitFrame(vm: Vm, waiter: Thread | null): Frame {
    return workFrame(vm, EXIT, waiter);
}

// ---------------------------------------------------------------- several at the same time

/** The blocks of a `concurrently` begin; the thread that runs waits for them. @param frames one for each process that takes part */
export function runBlocks(vm: Vm, frames: readonly { readonly user: UserProcess; readonly frame: Frame }[]): number {
    for (const { user, frame } of frames) {
        user.thread.frames.push(frame);
    }
    const waiter = vm.current;
    waiter.waiting = { kind: 'blocks' };
    vm.scheduler.begin(
        frames.map(({ user }) => user.thread),
        waiter,
    );
    goOn(vm);
    return SWITCH;
}

/** The thread that runs has nothing left to do: others go on, and behind the last one the scenario. */
export function blockDone(vm: Vm): void {
    const { scheduler } = vm;
    const { waiter } = scheduler;
    const thread = vm.current;
    scheduler.leave(thread);
    if (thread.killed && thread.user) {
        thread.killed = false;
        forgetUser(vm, thread.user.name);
    }
    if (scheduler.active) {
        goOn(vm);
    } else if (waiter) {
        scheduler.end();
        waiter.waiting = null;
        vm.current = waiter;
    }
}

/** At the return to user mode, files whose last reference is gone are released (kernel: delayed fput, task work). @returns whether there are any. */
export function taskWork(vm: Vm, waiter: Thread | null = null): boolean {
    if (!vm.kernel || vm.kernel.delayedFput.length === 0) {
        return false;
    }
    vm.current.frames.push(workFrame(vm, RELEASE, waiter));
    kernelEntered(vm, RELEASE);
    return true;
}

/** The thread that runs is about to go on in user mode: a signal that waits comes first, and others may. @returns whether they do. */
export function backToUser(vm: Vm): boolean {
    const thread = vm.current;
    if (lastCall(vm)) {
        return true;
    }
    if (!vm.scheduler.active) {
        return false;
    }
    if (thread.killed) {
        die(vm, thread);
        return true;
    }
    mayBeOvertaken(vm);
    return vm.current !== thread;
}

/** A thread has no frames left: a process that was killed is gone, and so is a thread that was there for one thing only. */
export function threadDone(vm: Vm, thread: Thread): void {
    const { user, killed } = thread;
    if (user && killed) {
        forgetUser(vm, user.name);
    } else if (user === null && thread !== vm.scenarioThread) {
        vm.dropThread(thread);
    }
}

/** SIGKILL while others run: it takes effect when the process is, or is next, in user mode, and nobody waits for that. */
function signalUser(vm: Vm, user: UserProcess): number {
    const { thread } = user;
    thread.killed = true;
    if (thread.top?.mode !== 'kernel' && thread.waiting?.kind !== 'lock') {
        die(vm, thread);
    }
    return SWITCH;
}

/** A process in user mode does nothing more but close what it has open. */
function die(vm: Vm, thread: Thread): void {
    thread.waiting = null;
    thread.frames = [exitFrame(vm, vm.scheduler.waiter)];
    vm.scheduler.join(thread);
}

/** `exit` in a process block: its descriptors close before anything else happens. */
export function exitUser(vm: Vm): number {
    vm.current.frames.push(exitFrame(vm, null));
    kernelEntered(vm, EXIT);
    return SWITCH;
}

/** After exit: the thread is gone, and who waited for its block goes on. */
export function endUser(vm: Vm): number {
    const thread = vm.current;
    const { user } = thread;
    if (vm.scheduler.active) {
        thread.frames = [];
        thread.killed = true;
        blockDone(vm);
        return SWITCH;
    }
    const waiter = thread.frames.find((f) => f.waiter)?.waiter ?? vm.scenarioThread;
    thread.frames = [];
    waiter.waiting = null;
    vm.current = waiter;
    if (user) {
        forgetUser(vm, user.name);
    }
    return SWITCH;
}

/**
 * `kill p`: SIGKILL takes effect at the return to user mode; then its descriptors close. Where several processes run at the same time, one that
 * has ended already cannot be killed, and nobody minds.
 */
export function killUser(vm: Vm, name: string): number {
    const user = vm.userNamed(name);
    if (vm.scheduler.active) {
        return user ? signalUser(vm, user) : SWITCH;
    }
    if (!user) {
        throw new ProgramError(`no process ${name} runs`);
    }
    const next = vm.callOn(user.thread, exitFrame(vm, vm.current));
    kernelEntered(vm, EXIT);
    return next;
}

/**
 * `kill p after n`: the SIGKILL comes when the process is back in user mode from its n-th system call from now on.
 * @throws ProgramError where `n` is less than 1, or no such process runs
 */
export function killLater(vm: Vm, name: string, n: number): void {
    const user = vm.userNamed(name);
    if (!user) {
        throw new ProgramError(`no process ${name} runs`);
    }
    if (n < 1) {
        throw new ProgramError(
            `a process is killed after at least one more system call: for at once, write "kill ${name}"`,
        );
    }
    vm.machine.journal.edit<UserProcess>(user).callsLeft = n;
}

/** The current process is back from a system call: whether that was its last one. It then closes what it has open. */
function lastCall(vm: Vm): boolean {
    const { user } = vm.current;
    if (user?.callsLeft !== 0) {
        return false;
    }
    vm.machine.journal.edit<UserProcess>(user).callsLeft = -1;
    const thread = vm.current;
    if (vm.scheduler.active) {
        die(vm, thread);
    } else {
        thread.killed = true;
        thread.frames = [exitFrame(vm, thread.frames.find((f) => f.waiter)?.waiter ?? vm.scenarioThread)];
        kernelEntered(vm, EXIT);
    }
    return true;
}

/** A process that has ended is reaped: name, variables and thread are gone. */
export function forgetUser(vm: Vm, name: string): void {
    const user = vm.userNamed(name);
    if (user) {
        exitProcess(vm.running, user.process);
        reap(vm.running, user.process);
        vm.users.remove(user);
        vm.dropThread(user.thread);
    }
}

/** At a jump or a panic no process is left. */
export function dropAllUsers(vm: Vm): void {
    for (const user of [...vm.users]) {
        user.thread.frames = [];
        user.thread.waiting = null;
        vm.dropThread(user.thread);
    }
    vm.users.clear();
}
