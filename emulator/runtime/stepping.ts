/** Steps from a statement to the next one at which a step ends. */
import type { StepKind } from './stop';
import { depthOf, type Thread } from './code';
import type { Scheduler } from './scheduler';

/** The interpreter, as far as stepping needs it. */
export interface Stepped {
    readonly scheduler: Scheduler;
    readonly current: Thread;
}

/** Observes a run that executes one operation at a time, and can end it. */
export interface Stepping {
    /** The call depth at its start. */
    reaches(run: Stepped): boolean;
    /** Whether anything has been executed. */
    executes(run: Stepped): void;
    /** Whether its thread has left the statement in which it began. */
    jumps(depth: number): void;
}

/**
 * The thread that a step of `thread` moves: itself if it is one of several concurrent threads, otherwise the current
 * one.
 */
export function steppedBy(run: Stepped, thread: Thread): Thread {
    return run.scheduler.threads.includes(thread) ? thread : run.current;
}

/**
 * Whether a step of a thread stops at the statement that the run has reached . A step stays in * its thread until the
 * thread ends . * @ param thread its number * @ param depth functions deep where the step began
 */
export function stepStops(run: Stepped, kind: StepKind, thread: number, depth: number): boolean {
    const { current, scheduler } = run;
    if (kind !== 'any' && thread !== current.id && scheduler.threads.some((t) => t.id === thread)) {
        return false;
    }
    switch (kind) {
        case 'any':
        case 'in':
            return true;
        case 'next':
            return depthOf(current) <= depth;
        case 'out':
            return depthOf(current) < depth;
    }
}

/** A requested step. */
export class Step implements Stepping {
    private readonly thread: Thread;
    private depth: number;
    /** Its thread has left the statement at which it began. */
    private moved = false;

    constructor(
        run: Stepped,
        private readonly kind: StepKind,
        thread: Thread,
    ) {
        this.thread = steppedBy(run, thread);
        this.depth = depthOf(this.thread);
    }

    reaches(run: Stepped): boolean {
        return this.moved && stepStops(run, this.kind, this.thread.id, this.depth);
    }

    executes({ current, scheduler }: Stepped): void {
        this.moved ||= this.kind === 'any' || this.thread === current || !scheduler.threads.includes(this.thread);
    }

    /** A step over the reboot, or out of what ran in it, ends at scenario level. */
    jumps(depth: number): void {
        this.depth = this.kind === 'out' ? depth + 1 : depth;
    }
}
