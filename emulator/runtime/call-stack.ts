/** The call stack of a stopped run as people read it: from the callback through the kernel down to the scenario line. */
import type { Frame } from './code';
import type { Place } from '../findings/place';
import type { Thread } from './thread';
import { ProgramError, text } from '../language/values';
import type { Vm } from './interpreter';

export interface StackEntry {
    readonly thread: Thread;
    readonly frame: Frame;
    /** What the frame does: `memfd.freeze`, `freeze session "vm-1" (file 2 of 3)`, `luod, scenario line 31`. */
    readonly label: string;
    readonly place: Place | undefined;
}

/** The frames of a thread, the innermost first, and below them those of the threads that wait for it. */
export function callStack(vm: Vm, thread: Thread = vm.current): StackEntry[] {
    const entries: StackEntry[] = [];
    let calling = standsBehind(vm, thread);
    for (let t: Thread | null = thread; t; ) {
        let waiter: Thread | null = null;
        for (const frame of t.frames.toReversed()) {
            const place = vm.placeOf(frame, calling);
            entries.push({ thread: t, frame, label: labelOf(vm, t, frame, place), place });
            calling = true;
            waiter ??= frame.waiter;
        }
        t = waiter;
    }
    return entries;
}

/**
 * Whether the topmost frame of a thread stands behind the call that it is in. A system call that takes a lock before it runs is made once
 * more when the lock is there: its frame stands before it.
 */
export function standsBehind(vm: Vm, thread: Thread): boolean {
    return thread.waiting?.kind === 'lock' ? thread.top?.mode === 'kernel' : thread !== vm.current;
}

/** What the call stack shows for a frame. */
export function labelOf(vm: Vm, thread: Thread, frame: Frame, place: Place | undefined): string {
    const { code } = frame;
    if (frame.mode === 'user' && frame.waiter && thread.user) {
        const { line } = vm.executable.linesOf(code.uri).position(place?.start ?? 0);
        return `${thread.user.name}, ${code.kind === 'scenario' ? 'scenario' : code.name} line ${line}`;
    }
    try {
        return code.label && code.label.length > 0 ? code.label.map((e) => text(e(frame, vm))).join('') : code.name;
    } catch (e) {
        // a label reads locals, which are not set yet on the function's first lines
        if (e instanceof ProgramError || e instanceof TypeError) {
            return code.name;
        }
        throw e;
    }
}
