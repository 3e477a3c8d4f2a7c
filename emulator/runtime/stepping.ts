/** Steps from a statement to the next one at which a step ends. */
import type { StepKind } from './stop';
import { depthOf, type Thread } from './code';
import type { Scheduler } from './scheduler';

/** The interpreter, as far as stepping needs it. */
export interface Stepped {
    readonly scheduler: Scheduler;
    readonly current: Thread;
}

export interface Step {
    readonly kind: StepKind;
    readonly thread: Thread;
    /** The call depth at its start. */
    depth: number;
    /** Whether anything has been executed. */
    begun: boolean;
    /** Whether its thread has left the statement in which it began. */
    moved: boolean;
}

/**
 * The thread that a step of `thread` moves: itself if it is one of several concurrent threads, otherwise the current
 * one.
 */
export function steppedBy(run: Stepped, thread: Thread): Thread {
    return run.scheduler.threads.includes(thread) ? thread : run.current;
}

export function stepOf(run: Stepped, kind: StepKind, thread: Thread): Step {
    const whose = steppedBy(run, thread);
    return { kind, thread: whose, depth: depthOf(whose), begun: false, moved: false };
}

/** An operation of the current thread is about to be executed. */
export function noteStep(run: Stepped, step: Step): void {
    step.begun = true;
    step.moved ||= step.kind === 'any' || step.thread === run.current || !run.scheduler.threads.includes(step.thread);
}

/**
 * Whether a step ends at the statement that the run has reached. A step stays in its thread until the thread ends.
 */
export function stepDone(run: Stepped, { kind, thread, depth }: Step): boolean {
    if (kind !== 'any' && thread !== run.current && run.scheduler.threads.includes(thread)) {
        return false;
    }
    switch (kind) {
        case 'any':
        case 'in':
            return true;
        case 'next':
            return depthOf(run.current) <= depth;
        case 'out':
            return depthOf(run.current) < depth;
    }
}
