/** Taking and giving up the kernel's locks. */
import type { Lock, LockMode } from '../kernel/lock';
import type { Frame } from './code';
import { preemptionPoint, park } from './scheduler';
import type { LockWait } from './thread';
import { ProgramError } from '../language/values';
import type { Vm } from './interpreter';

/**
 * Takes a lock for the thread that runs. Where somebody has it the thread waits, and goes on behind the call once it is given the lock.
 */
export function takeLock(vm: Vm, lock: Lock, mode: LockMode): void {
    const thread = vm.current;
    if (lock.acquire(thread, mode)) {
        thread.locks = [...thread.locks, lock];
        preemptionPoint(vm);
        return;
    }
    const waiting: LockWait = { kind: 'lock', lock, mode, since: vm.machine.clock.now };
    thread.waiting = waiting;
    vm.tell((l) => l.waits?.(thread, waiting));
    park(vm, waiting);
}

/** Gives a lock up. Whoever is next has it at once, and runs when its turn comes. */
export function giveUpLock(vm: Vm, lock: Lock): void {
    const thread = vm.current;
    if (!lock.heldBy(thread)) {
        throw new ProgramError(`${thread.name} gives up ${lock.name}, which it does not hold`);
    }
    const woken = lock.release(thread);
    thread.locks = without(thread.locks, lock);
    for (const { task } of woken) {
        const next = vm.threads.find((t) => t === task);
        const waited = next?.waiting;
        if (next && waited?.kind === 'lock') {
            next.waiting = null;
            next.locks = [...next.locks, lock];
            vm.tell((l) => l.woken?.(next, waited));
        }
    }
}

/**
 * For what runs to its end at once: whether a lock is there for it. Where it is not the thread waits, and has the lock when it comes again;
 * {@link leave} gives it up.
 */
export function enterOrWait(vm: Vm, lock: Lock): boolean {
    if (lock.holders.length === 0 || lock.heldBy(vm.current)) {
        return true;
    }
    takeLock(vm, lock, 'write');
    return false;
}

export function leave(vm: Vm, lock: Lock): void {
    if (lock.heldBy(vm.current)) {
        giveUpLock(vm, lock);
    }
}

/** Takes a lock until the frame that asks for it ends. */
export function guardLock(vm: Vm, lock: Lock, mode: LockMode): void {
    const { frame } = vm;
    if (frame) {
        frame.guards = [...frame.guards, lock];
    }
    takeLock(vm, lock, mode);
}

/** Takes a lock until the frame that asks for it ends, where nobody has it. @returns whether it does. */
export function tryGuardLock(vm: Vm, lock: Lock): boolean {
    const { frame, current: thread } = vm;
    if (!frame || lock.holders.length > 0 || !lock.acquire(thread, 'write')) {
        return false;
    }
    frame.guards = [...frame.guards, lock];
    thread.locks = [...thread.locks, lock];
    return true;
}

/** A frame has ended: what it guards is given up, the latest first. */
export function giveUpGuards(vm: Vm, frame: Frame): void {
    for (const lock of frame.guards.toReversed()) {
        giveUpLock(vm, lock);
    }
}

/** The latest of the equal ones goes. */
function without(locks: readonly Lock[], lock: Lock): readonly Lock[] {
    const at = locks.lastIndexOf(lock);
    return at < 0 ? locks : locks.toSpliced(at, 1);
}
