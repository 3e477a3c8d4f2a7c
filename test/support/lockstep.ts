/** A program that runs twice, once with closures alone and once with generated code: both do the same at every stop. */
import assert from 'node:assert/strict';
import type { Program } from '../../emulator/language/program';
import type { RunOptions } from '../../emulator/run/run';
import { setTrap, SWITCH, clearTrap } from '../../emulator/runtime/code';
import { isOver } from '../../emulator/runtime/stop';
import { fingerprint } from '../../emulator/timeline/fingerprint';
import type { Random } from './random';
import { stateOf, watched } from './watched-run';

/** Operations: a run that takes more is not compared to its end. */
const MOST = 300_000;
/** Stops of a run after which it continues to its end without any. */
const STOPS = 60;

/** @returns the number of stops at which both were compared */
export function inLockstep(program: Program, options: RunOptions, random: Random, message: string): number {
    const pair = [Infinity, random.pick([0, 0, 3, 20])].map((hotAfter) =>
        watched(program, { findingsOptional: true, ...options, hotAfter }),
    );
    const [closures, generated] = pair;
    assert.ok(closures && generated);
    /** The positions of breakpoints, by the index of their code. */
    const traps = new Set<string>();
    const toggleTrap = (): void => {
        const at = random.below(closures.codes.length);
        const points = closures.codes[at]?.statements ?? [];
        if (points.length === 0) {
            return;
        }
        const { pc } = random.pick(points);
        for (const { run, codes } of pair) {
            const code = codes[at];
            const op = code?.pristine[pc];
            if (code && op && traps.has(`${at}:${pc}`)) {
                clearTrap(code, pc);
            } else if (code && op) {
                setTrap(code, pc, (f) => (run.host.interpreter.trap(f) ? SWITCH : op(f)));
            }
        }
        if (!traps.delete(`${at}:${pc}`)) {
            traps.add(`${at}:${pc}`);
        }
    };
    for (const { run } of pair) {
        run.host.interpreter.onTrap = () => [1];
    }
    let stops = 0;
    for (;;) {
        const way = stops < STOPS ? random.below(8) : 8;
        const budget = way < 5 ? random.pick([1, 2, 3, 7, 50, 400, 3000]) : MOST;
        const kind = random.pick(['in', 'next', 'out'] as const);
        if (way === 6) {
            toggleTrap();
        }
        if (way === 8) {
            for (const { run } of pair) {
                run.host.interpreter.onTrap = () => [];
            }
        }
        const [a, b] = pair.map((w) => {
            const { interpreter } = w.run.host;
            if (way === 5) {
                interpreter.step(kind);
            }
            const stop = interpreter.run(budget);
            return { state: stateOf(w, stop), over: isOver(stop) };
        });
        stops++;
        assert.deepEqual(b?.state, a?.state, `${message}, stop ${stops}`);
        if (a?.over === true || closures.run.host.interpreter.ticks > MOST) {
            break;
        }
    }
    assert.equal(fingerprint(generated.run.host), fingerprint(closures.run.host), message);
    return stops;
}
