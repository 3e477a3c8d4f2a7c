/**
 * The call stack of a stopped run for people: from the callback through the kernel down to the line of the scenario.
 */
import type { Place } from '../findings/place';
import { ProgramError, text } from '../language/values';
import { type Frame, placeOf, type Thread } from './code';
import { printable } from '../text/utf8';

export interface StackEntry {
    readonly thread: Thread;
    readonly frame: Frame;
    /** What the frame does: `memfd.freeze`, `freeze session "vm-1" (file 2 of 3)`, `luod, scenario`. */
    readonly label: string;
    readonly place: Place | undefined;
}

/**
 * The frames of a thread, the innermost first, and below them those of the threads that wait for it. `current`: the
 * running thread.
 */
export function callStack(current: Thread, thread: Thread = current): StackEntry[] {
    const entries: StackEntry[] = [];
    let calling = standsBehind(current, thread);
    for (let t: Thread | null = thread; t; ) {
        let waiter: Thread | null = null;
        for (const frame of t.frames.toReversed()) {
            const place = placeOf(frame, calling);
            entries.push({ thread: t, frame, label: labelOf(t, frame), place });
            calling = true;
            waiter ??= frame.waiter;
        }
        t = waiter;
    }
    return entries;
}

/** The number of frames shown at both ends of a long call stack. */
const STACK_TOP = 20;
const STACK_BOTTOM = 10;

/** Long stacks, for example of recursive functions, keep only their ends. @param more the entry in between */
export function shortened<T>(stack: readonly T[], more: (text: string) => T): readonly T[] {
    const left = stack.length - STACK_TOP - STACK_BOTTOM;
    return left <= 0 ? stack : [...stack.slice(0, STACK_TOP), more(`… ${left} more`), ...stack.slice(-STACK_BOTTOM)];
}

/**
 * Whether the `pc` of a thread's topmost frame is after the call that it is in. A system call that waits for a lock is
 * repeated when it has the lock: the `pc` of its frame is before the call.
 */
export function standsBehind(current: Thread, thread: Thread): boolean {
    return thread.waiting?.kind === 'lock' ? thread.top?.mode === 'kernel' : thread !== current;
}

/** What the call stack shows for a frame. */
export function labelOf(thread: Thread, frame: Frame): string {
    const { code } = frame;
    if (frame.mode === 'user' && frame.waiter) {
        return `${thread.name}, ${code.kind === 'scenario' ? 'scenario' : code.name}`;
    }
    try {
        return code.label.length > 0 ? code.label.map((e) => printable(text(e(frame)))).join('') : code.name;
    } catch (e) {
        // a label reads locals, which are not set yet on the function's first lines
        if (e instanceof ProgramError || e instanceof TypeError) {
            return code.name;
        }
        throw e;
    }
}
