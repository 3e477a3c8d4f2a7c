/** Where a run stands: the user's statement, and the kernel code on the stack. */
import type { Frame } from '../runtime/code';
import type { Place } from '../findings/place';
import { STD_SCHEME } from '../std/texts';
import type { Thread } from '../runtime/thread';
import type { Value } from '../language/types';
import type { Vm } from '../runtime/interpreter';

/** The frames of the current thread, the innermost first, and below them those of the threads that wait for it. */
function* frames(vm: Vm): Generator<Frame> {
    for (let thread: Thread | null = vm.current; thread; ) {
        let waiter: Thread | null = null;
        for (const frame of thread.frames.toReversed()) {
            yield frame;
            waiter ??= frame.waiter;
        }
        thread = waiter;
    }
}

/**
 * The statement of the user's own program that is to blame: the innermost one that is not the kernel's.
 * @param callReturned its call has just returned, so the topmost frame stands behind it
 */
export function blame(vm: Vm, callReturned = false): Place | undefined {
    const top = vm.frame;
    for (const frame of frames(vm)) {
        if (!frame.code.uri.startsWith(STD_SCHEME)) {
            return vm.placeOf(frame, callReturned || frame !== top);
        }
    }
    return undefined;
}

/** The innermost frame of a function of the standard library that is being executed. */
export function onStack(vm: Vm, name: string): Frame | undefined {
    for (const frame of frames(vm)) {
        if (frame.code.name === name && frame.code.kind === 'fn') {
            return frame;
        }
    }
    return undefined;
}

/** The innermost callback or `init` block that is being executed. */
export function callbackOnStack(vm: Vm): Frame | undefined {
    for (const frame of frames(vm)) {
        const { kind } = frame.code;
        if (kind === 'handler' || kind === 'flb' || kind === 'file' || kind === 'init') {
            return frame;
        }
    }
    return undefined;
}

/** A local variable or parameter of a frame. */
export function local(frame: Frame | undefined, name: string): Value {
    const at = frame?.code.params.indexOf(name) ?? -1;
    const slot = at >= 0 ? at : frame?.code.locals.find((v) => v.name === name)?.slot;
    return slot === undefined ? undefined : frame?.slots[slot];
}
