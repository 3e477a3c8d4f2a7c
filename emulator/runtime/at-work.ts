/** What the kernel is at, as the frames of the current thread and of those that wait for it have it. */
import type { LuoFile } from '../kernel/luo/state';
import type { Frame } from './code';
import type { Vm } from './interpreter';
import { isCallback, type CallbackCall, type KernelWork, type Subject } from './purpose';
import type { Thread } from './thread';

/** The frames of the current thread, the innermost first, and below them those of the threads that wait for it. */
export function* framesAtWork(vm: Vm): Generator<Frame> {
    for (let thread: Thread | null = vm.current; thread; ) {
        let waiter: Thread | null = null;
        for (const frame of thread.frames.toReversed()) {
            yield frame;
            waiter ??= frame.waiter;
        }
        thread = waiter;
    }
}

/** The innermost callback or `init` block that is being executed. */
export function callbackAtWork(vm: Vm): CallbackCall | null {
    for (const { purpose } of framesAtWork(vm)) {
        if (isCallback(purpose)) {
            return purpose;
        }
    }
    return null;
}

/** Whether it does that, among other things. */
export function isAtWork(vm: Vm, kind: KernelWork['kind']): boolean {
    for (const { purpose } of framesAtWork(vm)) {
        if (purpose?.kind === kind) {
            return true;
        }
    }
    return false;
}

/** The session and the file that a callback is called for; null where it has no arguments that tell. */
export function subjectOf(call: CallbackCall): Subject | null {
    return call.kind === 'handler' && call.args ? { session: call.args.session, token: call.args.luoFile.token } : null;
}

/** The session and the file that kernel code has said it works on, the innermost first. */
export function subjectSaid(vm: Vm): Subject | null {
    for (const { subject } of framesAtWork(vm)) {
        if (subject) {
            return subject;
        }
    }
    return null;
}

/** The same, or those of a callback, whichever is further in. */
export function subjectAtWork(vm: Vm): Subject | null {
    for (const { purpose, subject } of framesAtWork(vm)) {
        const found = subject ?? (isCallback(purpose) ? subjectOf(purpose) : null);
        if (found) {
            return found;
        }
    }
    return null;
}

/** The same file, where the session has it. */
export function fileAtWork(vm: Vm): LuoFile | undefined {
    const subject = subjectAtWork(vm);
    return subject?.session.files.items.find((f) => f.token === subject.token);
}
