/**
 * Checkpoints, proved on the examples: a checkpoint at a statement, wherever it is (inside callbacks, in the middle of a reboot or
 * a boot), brings back the run's whole state: going on from it ends in the same fingerprint.
 *
 * At every statement of every example the run goes on for some statements, comes back and goes on: in the end all is as if it had
 * never gone back. And from single checkpoints it goes on to the end: from every place in the code at its first visit and some more spread
 * over the run, or from as many of these, evenly, as a test has time for.
 */
import assert from 'node:assert/strict';
import { Run } from '../../emulator/run/run';
import type { Checkpoint, Vm } from '../../emulator/runtime/interpreter';
import { fingerprint } from '../../emulator/timeline/fingerprint';
import { examples, programOf } from '../support/programs';
import { FOREVER } from '../support/runs';

const SPREAD = 20;
/** Checkpoints from which a run goes to the end, at most; and where devices do tens of thousands of things on the way. */
const MOST = 150;
const MOST_WITH_DEVICES = 25;
/** How far the run goes ahead before it comes back, at most. */
const AHEAD = 3;

function over(vm: Vm): boolean {
    vm.step('any');
    const stop = vm.run(FOREVER);
    return stop === null || stop.reason === 'end' || (stop.reason === 'exception' && stop.exception.fatal);
}

/** At most so many of the numbers, evenly. */
function thinned(numbers: readonly number[], most: number): ReadonlySet<number> {
    const step = Math.max(1, numbers.length / most);
    return new Set(numbers.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step)));
}

/** The numbers of the statements at which to make checkpoints. */
function chosen(start: () => Run): ReadonlySet<number> {
    const { vm } = start();
    const first = new Map<string, number>();
    let total = 0;
    while (!over(vm)) {
        total++;
        const place = `${vm.frame?.code.name} ${vm.frame?.pc}`;
        if (!first.has(place)) {
            first.set(place, total);
        }
    }
    const spread = Array.from({ length: SPREAD }, (_, i) => 1 + Math.floor((i * total) / SPREAD));
    return thinned(
        [...new Set([...first.values(), ...spread])],
        vm.machine.pci.devices.length > 0 ? MOST_WITH_DEVICES : MOST,
    );
}

function verify(start: () => Run): void {
    const { vm } = start();
    const at = chosen(start);
    const checkpoints: { readonly number: number; readonly saved: Checkpoint; readonly place: string }[] = [];
    for (let number = 1; !over(vm); number++) {
        if (at.has(number)) {
            checkpoints.push({
                number,
                saved: vm.checkpoint(),
                place: `${vm.frame?.code.name ?? ''}, statement ${number}`,
            });
        }
    }
    const end = fingerprint(vm);
    assert.ok(checkpoints.length > 10, 'the scenario has statements');
    for (const { saved, place } of checkpoints.reverse()) {
        vm.restore(saved);
        vm.run(FOREVER);
        assert.equal(fingerprint(vm), end, `from the checkpoint in ${place}`);
    }
}

/** Goes some statements ahead and back at every statement; the fingerprint in the end. */
function backAndForth(vm: Vm): string {
    for (let number = 1; !over(vm); number++) {
        const saved = vm.checkpoint();
        for (let ahead = number % AHEAD; ahead >= 0 && !over(vm); ahead--) {
            // what happens here must leave no trace
        }
        vm.restore(saved);
        vm.machine.journal.drop(saved.mark);
    }
    return fingerprint(vm);
}

suite('checkpoints', () => {
    for (const [name, program] of examples()) {
        for (const scenario of program.scenarios) {
            test(`${name}: ${scenario.name.value}`, function () {
                this.timeout(300_000);
                verify(() => Run.start(program, { scenario: scenario.name.value }));
            });

            test(`${name}: ${scenario.name.value}: back and forth at every statement`, function () {
                this.timeout(300_000);
                const { vm } = Run.start(program, { scenario: scenario.name.value });
                while (!over(vm)) {
                    // one statement after the other
                }
                assert.equal(backAndForth(Run.start(program, { scenario: scenario.name.value }).vm), fingerprint(vm));
            });
        }
    }

    test('a checkpoint that forgets a process variable would be noticed', () => {
        const program = programOf(
            'scenario "s" { boot "7.2"; process p { n = 1; n = n + 1; m = memfd_create("x"); m.truncate(n); n = m.size; assert n == 2 } }',
        );
        const run = Run.start(program);
        while (run.vm.userNamed('p')?.vars.get('n') !== 1) {
            assert.ok(!over(run.vm));
        }
        const saved = run.vm.checkpoint();
        run.vm.run(FOREVER);
        const end = fingerprint(run.vm);
        run.vm.restore(saved);
        run.vm.userNamed('p')?.vars.set('n', 7);
        run.vm.run(FOREVER);
        assert.notEqual(fingerprint(run.vm), end);
    });

    test('the same program runs the same twice, to the last bit', () => {
        for (const program of examples().values()) {
            const ends = [0, 1].map(() => {
                const { vm } = Run.start(program);
                vm.run(FOREVER);
                return fingerprint(vm);
            });
            assert.equal(ends[0], ends[1]);
        }
    });
});
