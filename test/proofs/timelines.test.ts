/**
 * Going back and forth by random gestures, over everything that there is: examples with devices, guests and kernels
 * that hand over, programs that nobody has thought of, and runs that the second model makes up. Wherever that leads,
 * all is as in a run that never goes back: the state, where steps end, and what was told.
 */
import assert from 'node:assert/strict';
import { recordingProgram } from '../../emulator/recording/program';
import { examples, programOf } from '../support/programs';
import { generated } from '../support/generated-runs';
import { Random } from '../support/random';
import { concurrentProgram, sequentialProgram } from '../support/random-programs';
import { wander } from '../support/wandering';

/** Random programs of each kind, and those of a test: a failure names the seed. */
const PROGRAMS = 500;
const PART = 100;
const RECORDINGS = 100;

suite('timelines: examples', () => {
    for (const [name, program] of examples()) {
        for (const scenario of program.scenarios) {
            test(`${name}: ${scenario.name.value}`, function () {
                this.timeout(300_000);
                wander(program, { scenario: scenario.name.value }, { seed: 1, gestures: 16, places: 6, period: 2000 });
            });
        }
    }
});

suite('timelines: random programs', () => {
    for (let from = 0; from < PROGRAMS; from += PART) {
        test(`functions, loops and processes, seeds ${from} to ${from + PART - 1}`, function () {
            this.timeout(300_000);
            let back = 0;
            for (let seed = from; seed < from + PART; seed++) {
                const program = programOf(sequentialProgram(new Random(seed)));
                const budget = seed % 5 === 0 ? 64 * 1024 : undefined;
                back += wander(program, {}, { seed, gestures: 10, places: 4, ...(budget ? { budget } : {}) });
            }
            assert.ok(back > 2 * PART, `${back} times back`);
        });

        test(`several processes at the same time, seeds ${from} to ${from + PART - 1}`, function () {
            this.timeout(300_000);
            for (let seed = from; seed < from + PART; seed++) {
                const program = programOf(concurrentProgram(new Random(seed)));
                wander(program, { seed }, { seed, gestures: 10, places: 4, period: 100 });
            }
        });
    }
});

suite('timelines: recordings', () => {
    test(`of the second model, seeds 0 to ${RECORDINGS - 1}`, function () {
        this.timeout(300_000);
        for (let seed = 0; seed < RECORDINGS; seed++) {
            const { text, recording } = generated(seed);
            const program = recordingProgram(`test:/seed-${seed}.jsonl`, text, recording);
            wander(program, {}, { seed, gestures: 8, places: 3 });
        }
    });
});
