/** Runs of scenarios in the test's own process. */
import assert from 'node:assert/strict';
import type { Program } from '../../emulator/language/program';
import { Run, type RunOptions } from '../../emulator/run/run';
import type { Host } from '../../emulator/runtime/host/host';
import { findingsOf, programOf } from './programs';

/** Operations: far more than any run of the tests takes. */
export const FOREVER = 1e12;

/** Runs to the end, or to a failure. */
export function runToEnd(host: Host): void {
    let stop = host.interpreter.run(FOREVER);
    while (stop?.reason !== 'end' && !(stop?.reason === 'exception' && stop.exception.fatal)) {
        stop = host.interpreter.run(FOREVER);
    }
}

/** Runs a scenario, which must pass. */
export function passed(program: Program, options: RunOptions = {}): Host {
    const { host } = Run.start(program, options);
    host.interpreter.run(FOREVER);
    assert.equal(host.interpreter.outcome?.failure?.message, undefined);
    return host;
}

/** Runs a scenario to its end. @returns why it failed, undefined where it passed */
export function failureOf(program: Program, scenario?: string, kernel?: string): string | undefined {
    const { host } = Run.start(program, { scenario, kernel });
    runToEnd(host);
    return host.interpreter.outcome?.passed === true
        ? undefined
        : (host.interpreter.outcome?.failure?.message ?? 'no reason given');
}

/** The failures of all scenarios of a program, as `scenario: reason`. */
export function failuresOf(program: Program): string[] {
    return program.scenarios.flatMap((s) => {
        const failure = failureOf(program, s.name.value);
        return failure === undefined ? [] : [`${s.name.value}: ${failure}`];
    });
}

/**
 * A text in which nothing is wrong (but what is never used), and whose scenarios all pass.
 * @param message what is shown where that does not hold, such as a text that a test has made up
 */
export function passes(text: string, message?: string): void {
    const program = programOf(text);
    assert.deepEqual(
        findingsOf(program).filter((f) => !/: LU02(09|10): /.test(f)),
        [],
        message,
    );
    assert.deepEqual(failuresOf(program), [], message);
}
