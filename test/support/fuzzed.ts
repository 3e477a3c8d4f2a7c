/** A target of the fuzzer as a test: the same few inputs each time. */
import assert from 'node:assert/strict';
import type { Target } from '../fuzz/target';

const SEED = 1;

export function fuzzed(target: Target): void {
    suite(`fuzz: ${target.what}`, () => {
        suiteTeardown(() => target.close());

        test(`${target.few} of them`, async () => {
            const { tried, failure } = await target.trial({ seed: SEED, runs: target.few });
            assert.equal(failure && `${String(failure.error)}\n${failure.input}`, undefined);
            assert.equal(tried, target.few);
        }).timeout(600_000);
    });
}
