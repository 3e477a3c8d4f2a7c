/** What a stopped run is about to call. The run is executed ahead to learn it, and that is undone. */
import { depthOf, type Code, type Frame, type Thread } from './code';
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
    return lookAhead(host, thread, wholeCall).callees;
}

interface Ahead {
    readonly callees: readonly Callee[];
    /** Whether the end was reached. */
    readonly complete: boolean;
}

function lookAhead(host: Host, thread: Thread, wholeCall: boolean): Ahead {
    const { interpreter } = host;
    const found = new Map<Code, Callee>();
    if (interpreter.outcome) {
        return { callees: [], complete: true };
    }
    const depth = depthOf(thread);
    const look = (): boolean => {
        const step = new StepIntoFrame(interpreter, thread, wholeCall ? depthOfCaller(thread) : depth, (frame) => {
            const { code, purpose } = frame;
            const callback = isCallback(purpose) ? purpose.callback : undefined;
            if (!found.has(code) && (callback !== undefined || depthOf(interpreter.current) === depth + 1)) {
                found.set(code, { code, callback });
            }
            return false;
        });
        interpreter.goAlong(step);
        return interpreter.run(BUDGET) !== null;
    };
    const complete = interpreter.aside(() => host.listeners.quietly(() => takenBack(interpreter, look)));
    return { callees: [...found.values()], complete };
}

/** Callbacks that the kernel calls of every handler, until one accepts the file. */
const ASKED_OF_ALL: ReadonlySet<string> = new Set<CallbackName>(['can_preserve', 'get_id']);

/** Whether a frame executes a callback, other than one that selects a handler. */
export function isOwnCallback({ purpose }: Frame): boolean {
    return isCallback(purpose) && !ASKED_OF_ALL.has(purpose.callback);
}

/**
 * The callback that a thread will call next, up to the end of the system call. One that selects a handler counts only
 * if no other follows. `none`: no callback is called; `far`: the call takes too long to know.
 */
export function nextCallback(host: Host, thread: Thread): Code | 'none' | 'far' {
    const { callees, complete } = lookAhead(host, thread, true);
    const callbacks = callees.filter((c) => c.callback !== undefined);
    const own = callbacks.find((c) => !ASKED_OF_ALL.has(c.callback ?? ''));
    return own ? own.code : !complete ? 'far' : (callbacks[0]?.code ?? 'none');
}
