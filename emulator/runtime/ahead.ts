/** What a stopped run is about to call. The run is executed ahead to learn it, and that is undone. */
import { depthOf, type Code, type Thread } from './code';
import type { Host } from './host/host';
import { isCallback, type CallbackName } from './purpose';
import { depthOfCaller, StepIntoFrame } from './stepping';
import { takenBack } from './try-out';

/** The most operations that are executed: about a tenth of a second. */
const BUDGET = 2_000_000;

/** A function or a callback that will be called. */
export interface Callee {
    readonly code: Code;
    /** Undefined: it is a function. */
    readonly callback: CallbackName | 'init' | undefined;
}

/**
 * The callbacks that a thread will call up to the end of its present statement, and the functions that the statement
 * itself calls, in the order of their first calls. For long statements only those of the beginning.
 * @param wholeCall in kernel code, up to the end of the system call instead
 */
export function calledNext(host: Host, thread: Thread, wholeCall: boolean): readonly Callee[] {
    const { interpreter } = host;
    const found = new Map<Code, Callee>();
    if (interpreter.outcome) {
        return [];
    }
    const depth = depthOf(thread);
    const look = (): void => {
        const step = new StepIntoFrame(interpreter, thread, wholeCall ? depthOfCaller(thread) : depth, (frame) => {
            const { code, purpose } = frame;
            const callback = isCallback(purpose) ? purpose.callback : undefined;
            if (!found.has(code) && (callback !== undefined || depthOf(interpreter.current) === depth + 1)) {
                found.set(code, { code, callback });
            }
            return false;
        });
        interpreter.goAlong(step);
        interpreter.run(BUDGET);
    };
    interpreter.aside(() => host.listeners.quietly(() => takenBack(interpreter, look)));
    return [...found.values()];
}

/** Callbacks that the kernel calls of every handler, until one accepts the file. */
const ASKED_OF_ALL: ReadonlySet<string> = new Set<CallbackName>(['can_preserve', 'get_id']);

/**
 * The callback that a thread will call next, up to the end of the system call. One that selects a handler counts only
 * if no other follows.
 */
export function nextCallback(host: Host, thread: Thread): Code | undefined {
    const callbacks = calledNext(host, thread, true).filter((c) => c.callback !== undefined);
    return (callbacks.find((c) => !ASKED_OF_ALL.has(c.callback ?? '')) ?? callbacks[0])?.code;
}
