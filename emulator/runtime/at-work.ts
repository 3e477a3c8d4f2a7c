/** What the kernel is working on, according to the frames of the current thread and of the threads that wait for it. */
import type { LuoFile } from '../kernel/luo/state';
import type { Frame, Thread } from './code';
import type { Host } from './host/host';
import { isCallback, type CallbackCall, type KernelWork, type Subject } from './purpose';

/**
 * The frames of the current thread, the innermost first, and below them those of the threads that wait for it.
 * @param ended one that has just come to its end, and is no longer among them
 */
export function* framesAtWork(host: Host, ended: Frame | null = null): Generator<Frame> {
    let next = ended?.waiter ?? null;
    for (let thread: Thread | null = host.interpreter.current; thread; ) {
        let waiter: Thread | null = next;
        next = null;
        for (const frame of thread.frames.toReversed()) {
            yield frame;
            waiter ??= frame.waiter;
        }
        thread = waiter;
    }
}

/** The innermost callback or `init` block that is being executed. */
export function callbackAtWork(host: Host): CallbackCall | null {
    for (const { purpose } of framesAtWork(host)) {
        if (isCallback(purpose)) {
            return purpose;
        }
    }
    return null;
}

/** Whether one of the frames has this purpose. */
export function isAtWork(host: Host, kind: KernelWork['kind']): boolean {
    for (const { purpose } of framesAtWork(host)) {
        if (purpose?.kind === kind) {
            return true;
        }
    }
    return false;
}

/** The session and the file that a callback is called for; null if its arguments name none. */
export function subjectOf(call: CallbackCall): Subject | null {
    return call.kind === 'handler' && call.args ? { session: call.args.session, token: call.args.luoFile.token } : null;
}

/** The session and the file that kernel code has declared to work on, the innermost first. */
export function subjectSaid(host: Host): Subject | null {
    for (const { subject } of framesAtWork(host)) {
        if (subject) {
            return subject;
        }
    }
    return null;
}

/** The same, or those of a callback, whichever is the innermost. */
export function subjectAtWork(host: Host): Subject | null {
    for (const { purpose, subject } of framesAtWork(host)) {
        const found = subject ?? (isCallback(purpose) ? subjectOf(purpose) : null);
        if (found) {
            return found;
        }
    }
    return null;
}

/** The same file, if it is part of the session. */
export function fileAtWork(host: Host): LuoFile | undefined {
    const subject = subjectAtWork(host);
    return subject?.session.files.items.find((f) => f.token === subject.token);
}
