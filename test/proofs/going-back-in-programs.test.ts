/** Going back and forth at random ends where a run that never goes back does, statement by statement. */
import assert from 'node:assert/strict';
import { programOf, examples } from '../support/programs';
import { Random } from '../support/random';
import { arithmeticProgram } from '../support/random-arithmetic';
import { concurrentProgram, sequentialProgram } from '../support/random-programs';
import { wander } from '../support/wandering';

suite('going back and forth', () => {
    test('in random programs', function () {
        this.timeout(60_000);
        let back = 0;
        for (let seed = 1; seed <= 6; seed++) {
            back += wander(programOf(sequentialProgram(new Random(seed))), {}, { seed, gestures: 25 });
        }
        assert.ok(back > 50, `${back} times back`);
    });

    test('in programs whose loops run as generated code', function () {
        this.timeout(60_000);
        let back = 0;
        for (let seed = 1; seed <= 4; seed++) {
            for (const text of [sequentialProgram(new Random(seed)), arithmeticProgram(new Random(seed))]) {
                back += wander(programOf(text), { hotAfter: 0 }, { seed, gestures: 25 });
            }
        }
        assert.ok(back > 50, `${back} times back`);
    });

    test('in programs with several processes at the same time', function () {
        this.timeout(60_000);
        for (let seed = 1; seed <= 4; seed++) {
            wander(programOf(concurrentProgram(new Random(seed))), { seed }, { seed, gestures: 25, period: 100 });
        }
    });

    test('in an example', function () {
        this.timeout(60_000);
        const program = examples().get('first-session.lus');
        assert.ok(program);
        wander(program, {}, { seed: 3, gestures: 25 });
    });
});
