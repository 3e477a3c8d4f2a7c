/** Runs code to see what it would give, and takes back all that it did. */
import type { Err } from '../kernel/release/errno';
import { Frame, SWITCH, type Code, type Mode, type Op } from './code';
import type { Thread } from './thread';
import type { Value } from '../language/types';
import { ProgramError } from '../language/values';
import type { Outcome, Vm } from './interpreter';

/** Operations that an expression may take. */
const BUDGET = 5_000_000;

/**
 * Calls code on a thread, above whatever it runs, and gives what it returns. `enter` pushes the callee, whose result goes to slot 0.
 * Afterwards everything is as before; frames keep their identity. Only while the run is stopped.
 * @throws ProgramError where the code fails, or does not come back.
 */
export function tryOut(vm: Vm, thread: Thread, mode: Mode, enter: (frame: Frame, vm: Vm) => number): Value | Err {
    const { onTrap } = vm;
    const kept = vm.threads.map((t) => ({ t, frames: t.frames.slice() }));
    const checkpoint = vm.checkpoint();
    let result: { readonly value: Value } | undefined;
    const code = codeOf([
        (f) => {
            f.pc = 1;
            return enter(f, vm);
        },
        (f) => {
            result = { value: f.slots[0] };
            vm.finish({ passed: true });
            return SWITCH;
        },
    ]);
    vm.onTrap = () => [];
    // a run that is over can still be asked
    vm.outcome = null;
    thread.frames.push(new Frame(code, mode, [undefined], -1));
    vm.current = thread;
    try {
        const stop = vm.run(BUDGET);
        const failure = outcomeOf(vm)?.failure;
        if (failure) {
            throw new ProgramError(failure.message);
        }
        if (!result) {
            throw new ProgramError(stop ? 'This call does not come back.' : 'This call takes too long to try it out.');
        }
        return result.value;
    } finally {
        vm.restore(checkpoint);
        vm.machine.journal.drop(checkpoint.mark);
        vm.onTrap = onTrap;
        for (const { t, frames } of kept) {
            t.frames = frames;
        }
    }
}

function outcomeOf(vm: Vm): Outcome | null {
    return vm.outcome;
}

function codeOf(ops: Op[]): Code {
    return {
        name: 'expression',
        kind: 'fn',
        uri: '',
        span: { start: 0, end: 0 },
        ops,
        pristine: ops,
        statements: [],
        statementAt: ops.map(() => -1),
        begins: ops.map(() => false),
        slots: 1,
        params: [],
        locals: [],
    };
}
