/**
 * Generated code against closures: programs and examples run with both, and stop at random places. A failure names its
 * seed, and `LUS_SEED=4711 npm run unit -- test/proofs/generated-code.test.ts` makes that run alone.
 */
import assert from 'node:assert/strict';
import { errorsOf } from '../../emulator/run/load-program';
import { inLockstep } from '../support/lockstep';
import { examples, programOf } from '../support/programs';
import { Random } from '../support/random';
import { arithmeticProgram } from '../support/random-arithmetic';
import { concurrentProgram, sequentialProgram } from '../support/random-programs';

const only = process.env['LUS_SEED'];
const seeds = (n: number): number[] => (only === undefined ? Array.from({ length: n }, (_, i) => i) : [Number(only)]);

suite('generated code does what closures do', () => {
    test('in random programs of loops and arithmetic', function () {
        this.timeout(300_000);
        let correct = 0;
        const all = seeds(600);
        for (const seed of all) {
            const program = programOf(arithmeticProgram(new Random(seed)));
            if (errorsOf(program).length === 0) {
                correct++;
                inLockstep(program, {}, new Random(seed), `seed ${seed}`);
            }
        }
        assert.ok(correct > all.length / 2 || only !== undefined, `${correct} of ${all.length} programs are correct`);
    });

    test('in random programs of functions, processes and live updates', function () {
        this.timeout(300_000);
        for (const seed of seeds(40)) {
            inLockstep(programOf(sequentialProgram(new Random(seed))), {}, new Random(seed), `seed ${seed}`);
            inLockstep(programOf(concurrentProgram(new Random(seed))), { seed }, new Random(seed), `seed ${seed}`);
        }
    });

    test('in the examples', function () {
        this.timeout(300_000);
        for (const [name, program] of examples()) {
            for (const { name: scenario } of program.scenarios) {
                inLockstep(program, { scenario: scenario.value }, new Random(1), `${name}, "${scenario.value}"`);
            }
        }
    });
});
