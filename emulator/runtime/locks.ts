/** Taking and giving up the kernel's locks. */
import type { Lock, LockMode } from '../kernel/lock';
import { ProgramError } from '../language/values';
import type { Frame, LockWait, Thread } from './code';
import { park, preemptionPoint, type Scheduled } from './scheduler';

/** What has threads that take locks: the interpreter. */
export interface Locking extends Scheduled {
    readonly frame: Frame | undefined;
    threadWaits(thread: Thread, waiting: LockWait): void;
    threadWoken(thread: Thread, waiting: LockWait): void;
}

/**
 * Takes a lock for the thread that runs. Where somebody has it the thread waits, and goes on behind the call once it is
 * given the lock.
 */
export function takeLock(run: Locking, lock: Lock, mode: LockMode): void {
    const thread = run.current;
    if (lock.acquire(thread, mode)) {
        thread.locks = [...thread.locks, lock];
        preemptionPoint(run);
        return;
    }
    const waiting: LockWait = { kind: 'lock', lock, mode, since: run.clock.now };
    thread.waiting = waiting;
    run.threadWaits(thread, waiting);
    park(run, waiting);
}

/** Gives a lock up. Whoever is next has it at once, and runs when its turn comes. */
export function giveUpLock(run: Locking, lock: Lock): void {
    const thread = run.current;
    if (!lock.heldBy(thread)) {
        throw new ProgramError(`${thread.name} gives up ${lock.name}, which it does not hold`);
    }
    const woken = lock.release(thread);
    thread.locks = without(thread.locks, lock);
    for (const { task } of woken) {
        const next = run.threads.find((t) => t === task);
        const waited = next?.waiting;
        if (next && waited?.kind === 'lock') {
            next.waiting = null;
            next.locks = [...next.locks, lock];
            run.threadWoken(next, waited);
        }
    }
}

/**
 * For what runs to its end at once: whether a lock is there for it. Where it is not the thread waits, and has the lock
 * when it comes again; {@link leave} gives it up.
 */
export function enterOrWait(run: Locking, lock: Lock): boolean {
    const { frame } = run;
    const there = lock.holders.length === 0 || lock.heldBy(run.current);
    if (frame) {
        frame.again = !there;
    }
    if (!there) {
        takeLock(run, lock, 'write');
    }
    return there;
}

export function leave(run: Locking, lock: Lock): void {
    if (lock.heldBy(run.current)) {
        giveUpLock(run, lock);
    }
}

/** Takes a lock until the frame that asks for it ends. */
export function guardLock(run: Locking, lock: Lock, mode: LockMode): void {
    const { frame } = run;
    if (frame) {
        frame.guards = [...frame.guards, lock];
    }
    takeLock(run, lock, mode);
}

/** Takes a lock until the frame that asks for it ends, where nobody has it. @returns whether it does. */
export function tryGuardLock(run: Locking, lock: Lock): boolean {
    const { frame, current: thread } = run;
    if (!frame || lock.holders.length > 0 || !lock.acquire(thread, 'write')) {
        return false;
    }
    frame.guards = [...frame.guards, lock];
    thread.locks = [...thread.locks, lock];
    return true;
}

/** A frame has ended: what it guards is given up, the latest first. */
export function giveUpGuards(run: Locking, frame: Frame): void {
    for (const lock of frame.guards.toReversed()) {
        giveUpLock(run, lock);
    }
}

/** The latest of the equal ones goes. */
function without(locks: readonly Lock[], lock: Lock): readonly Lock[] {
    const at = locks.lastIndexOf(lock);
    return at < 0 ? locks : locks.toSpliced(at, 1);
}
