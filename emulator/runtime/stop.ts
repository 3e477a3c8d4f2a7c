/** Stops and outcomes of a run: the reason of a stop, how far to run, and a copy of the state. */
import type { Err } from '../kernel/release/errno';
import type { Mark } from '../machine/journal';
import type { DiagnosisCode } from '../findings/catalogue';
import type { Diagnosis } from '../findings/diagnosis';
import type { Place } from '../findings/place';
import type { Value } from '../language/types';
import type { Frame, Thread, ThreadState } from './code';

/** Why a run has stopped. */
export type ExceptionKind =
    | 'failed-call'
    | 'failed-assertion'
    | 'callback-error'
    | 'kernel-warning'
    | 'diagnosis'
    | 'diagnosis-warning'
    | 'difference';

/** What stops a run that could continue: exceptions of a kind, or diagnoses with a code. */
export type StopsAt = ExceptionKind | DiagnosisCode;

export interface RunException {
    readonly kind: ExceptionKind;
    readonly message: string;
    readonly place: Place | undefined;
    /** After a fatal one the run is over as soon as it is resumed. */
    readonly fatal: boolean;
    readonly diagnosis?: Diagnosis;
    /** The error of the call that has failed, where that is why. */
    readonly error?: Err;
}

/** Whether an exception that does not end the run stops it. A hint stops it only if its code is selected. */
export function stopsRun({ kind, diagnosis }: RunException, asked: ReadonlySet<StopsAt>): boolean {
    return (
        (asked.has(kind) && diagnosis?.severity !== 'hint') || (diagnosis !== undefined && asked.has(diagnosis.code))
    );
}

export type Stop =
    | { readonly reason: 'breakpoint'; readonly thread: Thread; readonly ids: readonly number[] }
    | { readonly reason: 'step'; readonly thread: Thread }
    | { readonly reason: 'exception'; readonly thread: Thread; readonly exception: RunException }
    | { readonly reason: 'end' };

/** Whether a run has nothing more to do: it is at its end, or at what ends it. */
export function isOver(stop: Stop | null): boolean {
    return stop?.reason === 'end' || (stop?.reason === 'exception' && stop.exception.fatal);
}

/** The outcome of a scenario. */
export interface Outcome {
    readonly passed: boolean;
    /** Why it failed. */
    readonly failure?: RunException;
}

/**
 * How far to run: to the next statement in the same function, in any function, in any function except the shipped code
 * of the kernel, or after this function, of the same thread; `any`: of any thread.
 */
export type StepKind = 'next' | 'in' | 'in own code' | 'out' | 'any';

/** Decides at a trap whether to stop there; returns the ids of the breakpoints that were hit. */
export type TrapHandler = (frame: Frame) => readonly number[];

/** Looks at operations of a run while data is watched. */
export interface Watching {
    /**
     * Whether variables of functions are watched. If so, it also looks at operations that change one of them or leave a
     * frame; otherwise only at operations during which {@link Interpreter.lookAfterwards} is called.
     */
    readonly frames: boolean;
    /** Variables, lists and other values are watched, and not memory alone. */
    readonly values: boolean;
    /**
     * A frame has executed the operation at `pc`; undefined: there is no frame left.
     * @returns the ids of the breakpoints that stop the run
     */
    executed(frame: Frame | undefined, pc: number): readonly number[];
    /** Whether a frame has variables that are watched. */
    watches(frame: Frame): boolean;
    /** Whether a watched variable has changed, or may have, in the frame that was last given to {@link watches}. */
    differs(frame: Frame): boolean;
}

interface CopiedThread {
    readonly thread: Thread;
    readonly frames: readonly Frame[];
    readonly state: ThreadState;
}

/** A copy of the state of a run that is not journaled. */
export interface Checkpoint {
    readonly mark: Mark;
    readonly ticks: number;
    readonly threads: readonly CopiedThread[];
    readonly current: Thread;
    readonly outcome: Outcome | null;
    readonly nextThreadId: number;
}

export function copied(threads: readonly Thread[]): CopiedThread[] {
    const slotsOf = copyOnce();
    return threads.map((thread) => ({
        thread,
        frames: thread.frames.map((f) => f.clone(slotsOf)),
        state: thread.state,
    }));
}

/** Gives threads the state of their copies, which stay valid. @returns the threads */
export function putBack(copies: readonly CopiedThread[]): Thread[] {
    const slotsOf = copyOnce();
    return copies.map(({ thread, frames, state }) => {
        thread.frames = frames.map((f) => f.clone(slotsOf));
        thread.state = state;
        return thread;
    });
}

/** Copies each array once, so that frames that share slots still share them. */
function copyOnce(): (slots: Value[]) => Value[] {
    const copies = new Map<Value[], Value[]>();
    return (slots) => {
        let copy = copies.get(slots);
        if (!copy) {
            copy = slots.slice();
            copies.set(slots, copy);
        }
        return copy;
    };
}
