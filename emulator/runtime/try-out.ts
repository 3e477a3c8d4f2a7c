/** Runs code to see what it would give, and takes back all that it did. */
import type { Err } from '../kernel/release/errno';
import { codeOutsideFiles, Frame, type Mode, SWITCH, type Thread } from './code';
import type { Value } from '../language/types';
import { ProgramError } from '../language/values';
import type { Interpreter } from './interpreter';
import type { Outcome } from './stop';

/** Operations that an expression may take. */
const BUDGET = 5_000_000;

/**
 * Calls code on a thread, above whatever it runs, and gives what it returns. `enter` pushes the callee, whose result
 * goes to slot 0. Afterwards everything is as before; frames keep their identity. Only while the run is stopped.
 * @throws ProgramError where the code fails, or does not come back.
 */
export function tryOut(run: Interpreter, thread: Thread, mode: Mode, enter: (frame: Frame) => number): Value | Err {
    const kept = run.threads.map((t) => ({ t, frames: t.frames.slice() }));
    const checkpoint = run.checkpoint();
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
    // a run that is over can still be asked
    run.outcome = null;
    thread.frames.push(new Frame(code, mode, run.ticks, [undefined], -1));
    run.current = thread;
    try {
        const stop = run.run(BUDGET);
        const failure = outcomeOf(run)?.failure;
        if (failure) {
            throw new ProgramError(failure.message);
        }
        if (!result) {
            throw new ProgramError(stop ? 'This call does not come back.' : 'This call takes too long to try it out.');
        }
        return result.value;
    } finally {
        run.restore(checkpoint);
        run.forget(checkpoint);
        for (const { t, frames } of kept) {
            // others may have gone on meanwhile
            for (const [i, copy] of t.frames.entries()) {
                frames[i]?.become(copy);
            }
            t.frames = frames;
        }
    }
}

function outcomeOf(run: Interpreter): Outcome | null {
    return run.outcome;
}
