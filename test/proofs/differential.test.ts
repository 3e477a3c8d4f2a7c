/**
 * Generated runs: what the emulator answers against what the second model says. A failure names its seed, and
 * `LUS_SEED=4711 npm run unit -- test/proofs/differential.test.ts` makes that run alone.
 */
import assert from 'node:assert/strict';
import { generate } from '../conformance/model/generate';
import { differenceIn, generated } from '../support/generated-runs';

const RUNS = 10_000;
/** Runs a test: a failure of one part does not hide those of the others. */
const PART = 1000;

const [from, to] =
    process.env['LUS_SEED'] === undefined
        ? [0, RUNS]
        : [Number(process.env['LUS_SEED']), Number(process.env['LUS_SEED']) + 1];

suite('generated runs, against the second model', () => {
    for (let start = from; start < to; start += PART) {
        const end = Math.min(start + PART, to);
        test(`seeds ${start} to ${end - 1}`, () => {
            for (let seed = start; seed < end; seed++) {
                assert.equal(differenceIn(generated(seed)), undefined);
            }
        }).timeout(300_000);
    }

    test('a seed stands for one run', () => assert.equal(generate(7), generate(7)));
    test('other seeds are other runs', () => assert.notEqual(generate(7), generate(8)));
});
