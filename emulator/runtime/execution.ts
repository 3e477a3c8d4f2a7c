/** The part of the interpreter that operations use. */
import type { Budget } from './budget';
import type { Err } from '../kernel/release/errno';
import type { Value } from '../language/types';
import type { Acceptance, Code, Frame, Mode, Thread } from './code';
import type { Purpose } from './purpose';

/** A thread has at most so many frames: deeper than any sensible call chain. */
export const MAX_FRAMES = 10_000;

/** The interpreter, as far as generated code uses it. */
export interface Paced {
    readonly current: Thread;
    /** The number of operations executed so far, including the present one. */
    ticks: number;
    /** How far it may go. A request for a stop uses it up. */
    readonly budget: Budget;
    /** The present operation has pushed frames, or dropped frames: the running frame must not continue. */
    readonly switched: boolean;
    /** True if the running frame must yield: a stop was requested, or other frames come first. */
    readonly interrupted: boolean;
    /** What looks at operations. With `values`, at those that change a variable of a process or a list, one by one. */
    readonly watch: { readonly values: boolean } | null;
}

/** Operations return the result of these methods: the position of the next operation, or {@link SWITCH}. */
export interface Execution {
    readonly current: Thread;

    /** The number of operations executed so far, including the present one. */
    readonly ticks: number;
    /** True if the running frame must yield: a stop was requested, or other frames come first. */

    readonly interrupted: boolean;
    /** The present operation has raised an exception, whether or not it stops the run. */
    readonly raised: boolean;

    /**
     * Pushes a frame on the current thread. The caller's `pc` must already be the position after the call.
     * @param purpose why it is called, unless kernel code calls kernel code
     */
    call(code: Code, mode: Mode, args: readonly Value[], resultSlot: number, purpose?: Purpose | null): number;
    /** Runs a frame on another thread while the current one waits for its end. */
    callOn(thread: Thread, frame: Frame): number;
    /** Ends the topmost frame with a value or an error. */
    ret(value: Value | Err): number;
    /** A kernel function or callback fails: its `undo` blocks run, newest first, then it returns the error. */
    unwind(frame: Frame, error: Err): number;

    /**
     * The nearest function on the stack whose call accepts a failure; null if a failure here stops the run. Kernel code
     * and concurrent blocks do not pass a failure on.
     */
    accepting(): Acceptance | null;
    /** Ends all functions up to and including that one, with an error. */
    giveUp(error: Err): number;

    /** An unexpected failure: the run stops here and cannot continue. */
    fail(kind: 'failed-call' | 'failed-assertion', message: string, error?: Err): number;
}
