/** The lint of test/lint/contributing.ts finds rooms out of order and files that are not there. */
import assert from 'node:assert/strict';
import { contributingProblems, pageProblems } from '../../lint/contributing';
import { ROOMS } from '../../lint/rooms';

suite('lint: the page for contributors', () => {
    const map = ROOMS.map((room) => `| \`${room}\` | what it holds |`);

    test('the page is right', () => {
        assert.deepEqual(contributingProblems(), []);
    });

    test('a room too few, and files that are not there', () => {
        assert.deepEqual(pageProblems(map.join('\n'), []), []);
        assert.equal(pageProblems(map.slice(1).join('\n'), []).length, 1);
        assert.equal(pageProblems([...map].reverse().join('\n'), []).length, 1);
        const text = `${map.join('\n')}\n\`b.ts\` and\n\`std/gone.lus\`, \`std/NAME.lus\`, \`a.b\``;
        assert.deepEqual(
            pageProblems(text, ['a/b.ts', 'std/other.lus']).map((p) => `${p.line - ROOMS.length}: ${p.message}`),
            ['2: there is no file std/gone.lus'],
        );
    });
});
