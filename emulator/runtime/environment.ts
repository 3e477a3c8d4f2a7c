/**
 * The interface between the interpreter and the system that its code acts on. The interpreter knows no machine, kernel
 * or process itself.
 */
import type { Clock } from '../machine/clock';
import type { Journal } from '../machine/journal';
import type { Err } from '../kernel/release/errno';
import type { Value } from '../language/types';
import type { Frame, LockWait, Thread } from './code';
import type { Purpose } from './purpose';
import type { RunException } from './stop';
import type { Touches } from './touching/touches';

export interface Environment {
    readonly journal: Journal;
    readonly clock: Clock;
    /** The record of what threads read and write; null in most runs. */
    readonly touches: Touches | null;

    threadStarted(thread: Thread): void;
    threadEnded(thread: Thread): void;
    /** Code with a purpose is called: a callback or a system call. */
    purposeBegan(purpose: Purpose): void;
    /** Its frame has returned. @returns what its caller gets */
    purposeEnded(purpose: Purpose, result: Value | Err, frame: Frame): Value | Err;
    threadWaits(thread: Thread, waiting: LockWait): void;
    threadWoken(thread: Thread, waiting: LockWait): void;
    /** An exception that does not end the run. */
    raised(exception: RunException): void;
    /** Whether a thread has died in the kernel: its locks are never released, and nobody waits for it. */
    isDead(id: number): boolean;

    /** A frame of the kernel has returned to other code, or was the last frame. */
    kernelLeft(frame: Frame, result: Value | Err): void;
    /** The current thread is about to continue outside the kernel. @returns whether something else runs first */
    leaveKernel(): boolean;
    /**
     * A thread that another one waits for has finished its last kernel code.
     * @returns whether something else runs before the other one continues
     */
    kernelDone(waiter: Thread | null): boolean;
    /** The last frame of the current thread has ended. */
    threadDone(thread: Thread): void;

    /**
     * Code has thrown.
     * @throws the same error if it is neither an error of the program nor one of the emulated kernel
     */
    threw(error: unknown): void;
    /** The run is about to fail. @returns whether it goes on nevertheless, with what runs at every end */
    endsEarly(exception: RunException): boolean;
    /** The run has ended without a failure. @returns a reason to fail it */
    ended(): RunException | undefined;
}
