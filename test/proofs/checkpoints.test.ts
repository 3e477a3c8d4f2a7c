/**
 * Checkpoints, proved on the examples: a checkpoint at a statement, wherever it is (inside callbacks, in the middle
 * of a reboot or a boot), brings back the run's whole state: going on from it ends in the same fingerprint.
 *
 * At every statement of every example the run goes on for some statements, comes back and goes on: in the end all is
 * as if it had never gone back. And from single checkpoints it goes on to the end: from every place in the code at
 * its first visit and some more spread over the run, or from as many of these, evenly, as a test has time for.
 */
import assert from 'node:assert/strict';
import * as path from 'node:path';
import { loadProgram } from '../../emulator/run/load-program';
import { Run } from '../../emulator/run/run';
import type { ScenarioDecl } from '../../emulator/language/syntax/ast';
import type { Program } from '../../emulator/language/program';
import type { Host } from '../../emulator/runtime/host/host';
import { fingerprint } from '../../emulator/timeline/fingerprint';
import { entries, FOLDER } from '../support/catalogue';
import { endsTheSame, over } from '../support/checkpoints';
import { shownHere } from '../support/known-bugs';
import { diskHost, examples, programOf } from '../support/programs';
import { FOREVER } from '../support/runs';

const SPREAD = 20;
/**
 * Checkpoints from which a run goes to the end, at most; and where devices do tens of thousands of things on the way.
 */
const MOST = 150;
const MOST_WITH_DEVICES = 25;
/** How far the run goes ahead before it comes back, at most. */
const AHEAD = 3;

/** At most so many of the numbers, evenly. */
function thinned(numbers: readonly number[], most: number): ReadonlySet<number> {
    const step = Math.max(1, numbers.length / most);
    return new Set(numbers.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step)));
}

/** Once through a scenario, statement by statement. */
interface Through {
    /** The numbers of the statements at which to make checkpoints. */
    readonly at: ReadonlySet<number>;
    /** The fingerprint of the end. */
    readonly end: string;
}

const through = new Map<ScenarioDecl, Through>();

function onceThrough(program: Program, scenario: ScenarioDecl): Through {
    const known = through.get(scenario);
    if (known) {
        return known;
    }
    const { host } = Run.start(program, { scenario: scenario.name.value });
    const first = new Map<string, number>();
    let total = 0;
    while (!over(host)) {
        total++;
        const place = `${host.frame?.code.name} ${host.frame?.pc}`;
        if (!first.has(place)) {
            first.set(place, total);
        }
    }
    const spread = Array.from({ length: SPREAD }, (_, i) => 1 + Math.floor((i * total) / SPREAD));
    const at = thinned(
        [...new Set([...first.values(), ...spread])],
        host.machine.pci.devices.length > 0 ? MOST_WITH_DEVICES : MOST,
    );
    const found = { at, end: fingerprint(host) };
    through.set(scenario, found);
    return found;
}

/** Goes some statements ahead and back at every statement; the fingerprint in the end. */
function backAndForth(host: Host): string {
    for (let number = 1; !over(host); number++) {
        const saved = host.interpreter.checkpoint();
        for (let ahead = number % AHEAD; ahead >= 0 && !over(host); ahead--) {
            // what happens here must leave no trace
        }
        host.interpreter.restore(saved);
        host.machine.journal.drop(saved.mark);
    }
    return fingerprint(host);
}

suite('checkpoints', () => {
    const all = examples();
    for (const [name, program] of all) {
        for (const scenario of program.scenarios) {
            test(`${name}: ${scenario.name.value}`, function () {
                this.timeout(300_000);
                const { at, end } = onceThrough(program, scenario);
                const { host } = Run.start(program, { scenario: scenario.name.value });
                assert.equal(endsTheSame(host, { keep: (number) => at.has(number), moreThan: 10 }), end);
            });

            test(`${name}: ${scenario.name.value}: back and forth at every statement`, function () {
                this.timeout(300_000);
                const { host } = Run.start(program, { scenario: scenario.name.value });
                assert.equal(backAndForth(host), onceThrough(program, scenario).end);
            });
        }
    }

    test('a checkpoint that forgets a process variable would be noticed', () => {
        const program = programOf(
            'scenario "s" { boot "7.2"; process p { n = 1; n = n + 1; m = memfd_create("x"); m.truncate(n); n = m.size; assert n == 2 } }',
        );
        const run = Run.start(program);
        while (run.host.processNamed('p')?.vars.get('n') !== 1) {
            assert.ok(!over(run.host));
        }
        const saved = run.host.interpreter.checkpoint();
        run.host.interpreter.run(FOREVER);
        const end = fingerprint(run.host);
        run.host.interpreter.restore(saved);
        run.host.processNamed('p')?.vars.set('n', 7);
        run.host.interpreter.run(FOREVER);
        assert.notEqual(fingerprint(run.host), end);
    });

    test('the same program runs the same twice, to the last bit', () => {
        for (const program of all.values()) {
            const [first] = program.scenarios;
            assert.ok(first);
            const { host } = Run.start(program);
            host.interpreter.run(FOREVER);
            // the other time it has stopped at every statement
            assert.equal(fingerprint(host), onceThrough(program, first).end);
        }
    });
});

suite('going back', () => {
    // each has state that is younger than the checkpoints' own tests
    const numbers = [14, 15, 22, 26, 27, 28, 32, 34, 35, 74, 77, 78, 79, 87, 142, 150];
    const failures = entries().filter((e) => numbers.includes(e.number));
    const files = [...failures.map((e) => path.join(FOLDER, e.file)), ...shownHere().map((s) => s.file)];
    for (const file of files) {
        test(`${path.basename(file)}: from the middle of the run, to the same end`, () => {
            const program = loadProgram(diskHost, file);
            const whole = Run.start(program).host;
            whole.interpreter.run(FOREVER);
            const end = fingerprint(whole);
            const { host } = Run.start(program);
            host.interpreter.run(Math.floor(whole.interpreter.ticks * 0.6));
            const saved = host.interpreter.checkpoint();
            const middle = fingerprint(host);
            host.interpreter.run(FOREVER);
            assert.equal(fingerprint(host), end);
            host.interpreter.restore(saved);
            assert.equal(fingerprint(host), middle);
            host.interpreter.run(FOREVER);
            assert.equal(fingerprint(host), end);
        });
    }
});
