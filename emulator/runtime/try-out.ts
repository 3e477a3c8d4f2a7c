/** Runs code for its result, and undoes its effects. */
import type { Err } from '../kernel/release/errno';
import { codeOutsideFiles, Frame, type Mode, SWITCH, type Thread } from './code';
import type { Value } from '../language/types';
import { ProgramError } from '../language/values';
import type { Interpreter } from './interpreter';
import type { Outcome } from './stop';

/** The most operations of an expression. */
const BUDGET = 5_000_000;

/** Executes part of a stopped run, and undoes that. Frames keep their identity. */
export function takenBack<T>(run: Interpreter, execute: () => T): T {
    const kept = run.threads.map((t) => ({ t, frames: t.frames.slice() }));
    const checkpoint = run.checkpoint();
    try {
        return execute();
    } finally {
        run.restore(checkpoint);
        run.forget(checkpoint);
        for (const { t, frames } of kept) {
            // other threads may have continued in the meantime
            for (const [i, copy] of t.frames.entries()) {
                frames[i]?.become(copy);
            }
            t.frames = frames;
        }
    }
}

/**
 * Calls code on top of a thread's frames, and returns its result. `enter` pushes the callee, whose result goes to slot
 * 0. Afterwards the state is as before. Only while the run is stopped.
 * @throws ProgramError if the code fails or does not return.
 */
export function tryOut(run: Interpreter, thread: Thread, mode: Mode, enter: (frame: Frame) => number): Value | Err {
    let result: { readonly value: Value } | undefined;
    const code = codeOutsideFiles(
        [
            (f) => {
                f.pc = 1;
                return enter(f);
            },
            (f) => {
                result = { value: f.slots[0] };
                run.finish({ passed: true });
                return SWITCH;
            },
        ],
        1,
    );
    return takenBack(run, () => {
        // expressions also work after the end of a run
        run.outcome = null;
        thread.frames.push(new Frame(code, mode, run.ticks, [undefined], -1));
        run.current = thread;
        const stop = run.run(BUDGET);
        const failure = outcomeOf(run)?.failure;
        if (failure) {
            throw new ProgramError(failure.message);
        }
        if (!result) {
            throw new ProgramError(stop ? 'This call does not return.' : 'This call takes too long for a trial.');
        }
        return result.value;
    });
}

function outcomeOf(run: Interpreter): Outcome | null {
    return run.outcome;
}
