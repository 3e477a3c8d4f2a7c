/** Conditions of breakpoints: what they may look like, and what is said of those that are none. */
import assert from 'node:assert/strict';
import { sameWish, type LineWish } from '../../../debug-adapter/breakpoints/breakpoint';
import { Decision } from '../../../debug-adapter/breakpoints/conditions/conditions';
import { HitCounts, hitRule } from '../../../debug-adapter/breakpoints/conditions/hit-count';
import { Journal } from '../../../emulator/machine/journal';

/** The first ten times at which a hit count holds. */
function times(rule: string): number[] {
    return Array.from({ length: 10 }, (_, i) => i + 1).filter(hitRule(rule));
}

suite('conditions of breakpoints', () => {
    test('hit counts', () => {
        assert.deepEqual(times('3'), [3]);
        assert.deepEqual(times(' == 3 '), [3]);
        assert.deepEqual(times('=3'), [3]);
        assert.deepEqual(times('>= 9'), [9, 10]);
        assert.deepEqual(times('> 9'), [10]);
        assert.deepEqual(times('<= 2'), [1, 2]);
        assert.deepEqual(times('< 2'), [1]);
        assert.deepEqual(times('% 4'), [4, 8]);
        for (const bad of ['often', '% 0', '-1', '']) {
            assert.throws(() => hitRule(bad), /A hit count must be a number/, bad);
        }
    });

    test('a hit counts once a position, and going back takes it back', () => {
        const journal = new Journal();
        const counts = new HitCounts(journal);
        assert.deepEqual([counts.reached(7, 100), counts.reached(7, 100), counts.reached(8, 100)], [1, 1, 1]);
        const mark = journal.mark();
        assert.deepEqual([counts.reached(7, 200), counts.reached(7, 300)], [2, 3]);
        journal.restore(mark);
        assert.deepEqual([counts.reached(7, 100), counts.reached(7, 200)], [1, 2]);
    });

    test('what is wrong is said of the breakpoint; blank conditions are none', () => {
        assert.equal(new Decision(1, {}).problem, undefined);
        assert.equal(new Decision(1, { condition: ' ', hitCondition: '', logMessage: ' ' }).problem, undefined);
        assert.match(new Decision(1, { condition: 'x +' }).problem ?? '', /The operand after `\+` is missing/);
        assert.match(new Decision(1, { hitCondition: 'often' }).problem ?? '', /A hit count must be a number/);
        assert.match(new Decision(1, { logMessage: 'token {x' }).problem ?? '', /has no matching \}/);
        assert.equal(new Decision(1, { logMessage: 'token \\{x' }).problem, undefined);
    });

    test('a wish is the same where everything of it is', () => {
        const wish: LineWish = { kind: 'line', uri: 'a.lus', line: 3, column: undefined, condition: 'x == 1' };
        assert.ok(sameWish(wish, { ...wish }));
        const others: readonly Partial<LineWish>[] = [
            { uri: 'b.lus' },
            { line: 4 },
            { column: 1 },
            { condition: 'x == 2' },
            { hitCondition: '1' },
            { logMessage: 'm' },
        ];
        for (const other of others) {
            assert.ok(!sameWish(wish, { ...wish, ...other }), JSON.stringify(other));
        }
        assert.ok(!sameWish(wish, { kind: 'function', name: 'a.lus', condition: 'x == 1' }));
        assert.ok(sameWish({ kind: 'function', name: 'f' }, { kind: 'function', name: 'f' }));
    });
});
