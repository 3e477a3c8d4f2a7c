/** Runs of scenarios in the test's own process. */
import assert from 'node:assert/strict';
import type { Program } from '../../emulator/language/program';
import { Run, type RunOptions } from '../../emulator/run/run';
import type { Vm } from '../../emulator/runtime/interpreter';
import { findingsOf, programOf } from './programs';

/** Operations: far more than any run of the tests takes. */
export const FOREVER = 1e12;

/** Runs to the end, or to a failure. */
export function runToEnd(vm: Vm): void {
    let stop = vm.run(FOREVER);
    while (stop?.reason !== 'end' && !(stop?.reason === 'exception' && stop.exception.fatal)) {
        stop = vm.run(FOREVER);
    }
}

/** Runs a scenario, which must pass. */
export function passed(program: Program, options: RunOptions = {}): Vm {
    const { vm } = Run.start(program, options);
    vm.run(FOREVER);
    assert.equal(vm.outcome?.failure?.message, undefined);
    return vm;
}

/** Runs a scenario to its end. @returns why it failed, undefined where it passed */
export function failureOf(program: Program, scenario?: string, kernel?: string): string | undefined {
    const { vm } = Run.start(program, { scenario, kernel });
    runToEnd(vm);
    return vm.outcome?.passed === true ? undefined : (vm.outcome?.failure?.message ?? 'no reason given');
}

/** The failures of all scenarios of a program, as `scenario: reason`. */
export function failuresOf(program: Program): string[] {
    return program.scenarios.flatMap((s) => {
        const failure = failureOf(program, s.name.value);
        return failure === undefined ? [] : [`${s.name.value}: ${failure}`];
    });
}

/** A text in which nothing is wrong (but what is never used), and whose scenarios all pass. */
export function passes(text: string): void {
    const program = programOf(text);
    assert.deepEqual(
        findingsOf(program).filter((f) => !/: LU02(09|10): /.test(f)),
        [],
    );
    assert.deepEqual(failuresOf(program), []);
}
