/** What the interpreter asks of whatever its code acts on. It knows no machine, no kernel and no process itself. */
import type { Clock } from '../machine/clock';
import type { Journal } from '../machine/journal';
import type { Err } from '../kernel/release/errno';
import type { Value } from '../language/types';
import type { Frame, LockWait, Thread } from './code';
import type { Purpose } from './purpose';
import type { RunException } from './stop';

export interface Environment {
    readonly journal: Journal;
    readonly clock: Clock;

    threadStarted(thread: Thread): void;
    threadEnded(thread: Thread): void;
    /** Code is called that has a purpose of its own: a callback, or what the kernel was asked for. */
    purposeBegan(purpose: Purpose): void;
    /** Its frame has returned. @returns what its caller gets */
    purposeEnded(purpose: Purpose, result: Value | Err, frame: Frame): Value | Err;
    threadWaits(thread: Thread, waiting: LockWait): void;
    threadWoken(thread: Thread, waiting: LockWait): void;
    /** Whether a thread has died in the kernel: what it holds nobody gives up, and nobody waits for it. */
    isDead(id: number): boolean;

    /** A frame of the kernel has returned to code that is not the kernel's, or to nobody. */
    kernelLeft(frame: Frame, result: Value | Err): void;
    /** The current thread is about to go on outside of the kernel. @returns whether something else runs before */
    leaveKernel(): boolean;
    /**
     * A thread has done its last kernel code, for which another waits.
     * @returns whether something else runs before that goes on
     */
    kernelDone(waiter: Thread | null): boolean;
    /** The current thread has no frame left. */
    threadDone(thread: Thread): void;

    /** Code has thrown. @throws it again where it is neither the program's mistake nor the emulated kernel's */
    threw(error: unknown): void;
    /** The run has come to its end, and nothing has failed. @returns why it has failed all the same */
    ended(): RunException | undefined;
}
