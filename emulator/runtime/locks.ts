/** Acquisition and release of kernel locks. */
import type { Lock, LockMode } from '../kernel/lock';
import { ProgramError } from '../language/values';
import type { Frame, LockWait, Thread } from './code';
import { park, preemptionPoint, type Scheduled } from './scheduler';

/** The interpreter, as far as locks need it. */
export interface Locking extends Scheduled {
    readonly frame: Frame | undefined;
    threadWaits(thread: Thread, waiting: LockWait): void;
    threadWoken(thread: Thread, waiting: LockWait): void;
}

/**
 * Takes a lock for the current thread. If it is held, the thread waits, and continues after the call when it has the
 * lock.
 */
export function takeLock(run: Locking, lock: Lock, mode: LockMode): void {
    const thread = run.current;
    run.touches?.lock(lock.name, mode);
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

/** Releases a lock. The next waiter holds it immediately, and runs when it is its turn. */
export function giveUpLock(run: Locking, lock: Lock): void {
    const thread = run.current;
    if (!lock.heldBy(thread)) {
        throw new ProgramError(`${thread.name} unlocks ${lock.name}, which it does not hold`);
    }
    run.touches?.lock(lock.name, lock.holders.every((h) => h.mode === 'read') ? 'read' : 'write');
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
 * For natives that run without interruption: whether the lock could be taken. If not, the thread waits and repeats the
 * call with the lock; {@link leave} releases it.
 */
export function enterOrWait(run: Locking, lock: Lock): boolean {
    const { frame } = run;
    run.touches?.lock(lock.name, 'read');
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

/** Takes a lock until the current frame ends. */
export function guardLock(run: Locking, lock: Lock, mode: LockMode): void {
    const { frame } = run;
    if (frame) {
        frame.guards = [...frame.guards, lock];
    }
    takeLock(run, lock, mode);
}

/** Takes a lock until the current frame ends, if the lock is free. @returns whether it was free. */
export function tryGuardLock(run: Locking, lock: Lock): boolean {
    const { frame, current: thread } = run;
    run.touches?.lock(lock.name, 'write');
    if (!frame || lock.holders.length > 0 || !lock.acquire(thread, 'write')) {
        return false;
    }
    frame.guards = [...frame.guards, lock];
    thread.locks = [...thread.locks, lock];
    return true;
}

/** Releases the locks of a frame that has ended, the latest first. */
export function giveUpGuards(run: Locking, frame: Frame): void {
    for (const lock of frame.guards.toReversed()) {
        giveUpLock(run, lock);
    }
}

/** Removes the last occurrence. */
function without(locks: readonly Lock[], lock: Lock): readonly Lock[] {
    const at = locks.lastIndexOf(lock);
    return at < 0 ? locks : locks.toSpliced(at, 1);
}
