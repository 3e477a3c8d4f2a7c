/** Scenarios with a parameter. */
import assert from 'node:assert/strict';
import { Run } from '../../../emulator/run/run';
import { findScenarios } from '../../../extension/find-scenarios';
import { failuresOf, passed } from '../../support/runs';
import { findingsOf, programOf } from '../../support/programs';

const TEXT = `
const BIG = 64MiB
scenario "memory" for ram in [1MiB, BIG / 2, BIG] {
    boot "7.2"
    process vmm {
        m = memfd_create("ram")
        m.truncate(ram)
        assert m.size == ram && ram < BIG, "small enough"
    }
}
scenario "names" for name in ["a", "b"] finds LU1023 {
    boot "7.2"
    process luod {
        vm1 = open("/dev/liveupdate").create_session(name)
        vm1.preserve_fd(memfd_create("m"), token: 1)
        exit
    }
}
`;

suite('scenarios with a parameter', () => {
    test('are one scenario for each value', () => {
        const program = programOf(TEXT);
        assert.deepEqual(findingsOf(program), []);
        const names = [
            'memory (ram = 1MiB)',
            'memory (ram = BIG / 2)',
            'memory (ram = BIG)',
            'names (name = "a")',
            'names (name = "b")',
        ];
        assert.deepEqual(
            program.scenarios.map((s) => s.name.value),
            names,
        );
        assert.deepEqual(
            findScenarios('file:///a.lus', TEXT).map((s) => s.name),
            names,
        );
        assert.deepEqual(failuresOf(program), [
            'memory (ram = BIG): assertion failed: small enough: m.size == ram && ram < BIG, but in ram < BIG the left side is 67108864 and the right side is 67108864',
        ]);
    });

    test('by the name of the declaration, the first value runs', () => {
        const { scenario } = Run.start(programOf(TEXT), { scenario: 'names' });
        assert.equal(scenario.name.value, 'names (name = "a")');
    });

    test('the parameter is a variable of the scenario', () => {
        const host = passed(programOf('scenario "s" for n in [3] { n += 1; assert n == 4 }'));
        assert.equal(host.interpreter.outcome?.passed, true);
    });

    test('values are constants of one type, each once', () => {
        const findings = (head: string): readonly string[] =>
            findingsOf(programOf(`const N = 1\nscenario "s" ${head} { log(n) }`));
        assert.deepEqual(findings('for n in [N, N + 1, -1, 0x10]'), []);
        assert.deepEqual(findings('for n in [1, "a"]'), [
            '2: LU0301: The values must have one type: an integer, not a string.',
        ]);
        assert.deepEqual(findings('for n in [1, [2]]'), [
            '2: LU0312: A value of a parameter is a constant: a number, a string, true or false.',
            '2: LU0301: The values must have one type: an integer, not a list.',
        ]);
        assert.deepEqual(findings('for n in [1, 1]'), [
            '2: LU0204: There is already a scenario `s (n = 1)` on line 2. Rename one of them.',
        ]);
        assert.deepEqual(findings('for n in []'), ['2: LU0419: This scenario never runs: its parameter has no value.']);
        assert.deepEqual(findings('for n in 0..3'), [
            '2: LU0131: The values of a parameter are a list: `for ram in [1GiB, 8GiB]`.',
        ]);
    });
});
