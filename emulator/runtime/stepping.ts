/** Steps from a statement to the next one at which a step ends. */
import { STD_SCHEME } from '../std/texts';
import type { StepKind } from './stop';
import { depthOf, type Frame, type Thread } from './code';
import type { Scheduler } from './scheduler';

/** The interpreter, as far as stepping needs it. */
export interface Stepped {
    readonly scheduler: Scheduler;
    readonly current: Thread;
    /** The position in the run. */
    readonly ticks: number;
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
 * Whether a step of a thread stops at the statement that the run has reached. A step stays in its thread until the
 * thread ends.
 * @param thread its number
 * @param depth the call depth at which the step began
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
        case 'in own code':
            return !isShippedKernelCode(current.top);
        case 'next':
            return depthOf(current) <= depth;
        case 'out':
            return depthOf(current) < depth;
    }
}

/** Whether a frame executes code of the kernel that ships with the emulator. */
export function isShippedKernelCode(frame: Frame | undefined): boolean {
    return frame?.mode === 'kernel' && frame.code.uri.startsWith(`${STD_SCHEME}/`);
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

/**
 * The call depth of the code that has entered the kernel, if the thread executes kernel code, otherwise of the thread's
 * present code.
 */
export function depthOfCaller(thread: Thread): number {
    const last = thread.frames.findLastIndex((f) => f.mode !== 'kernel');
    return depthOf(thread) - (thread.frames.length - 1 - last);
}

/** A step into a function: to the first statement of a frame that is entered on its way, at most to its end. */
export class StepIntoFrame implements Stepping {
    private readonly thread: Thread;
    private readonly begin: number;
    private readonly seen = new Set<Frame>();
    private moved = false;

    /**
     * @param depth it ends at a statement at this call depth
     * @param enters whether it ends in a frame that was entered; called once for each
     */
    constructor(
        run: Stepped,
        thread: Thread,
        private depth: number,
        private readonly enters: (frame: Frame) => boolean,
    ) {
        this.thread = steppedBy(run, thread);
        this.begin = run.ticks;
    }

    reaches(run: Stepped): boolean {
        const { current, scheduler } = run;
        if (!this.moved || (this.thread !== current && scheduler.threads.includes(this.thread))) {
            return false;
        }
        const frame = current.top;
        if (frame && frame.born > this.begin && !this.seen.has(frame)) {
            this.seen.add(frame);
            if (this.enters(frame)) {
                return true;
            }
        }
        return depthOf(current) <= this.depth;
    }

    executes(): void {
        this.moved = true;
    }

    jumps(depth: number): void {
        this.depth = depth;
    }
}
