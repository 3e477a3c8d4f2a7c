/** Text for terminals and reports: nothing that a name or a message holds steers them. */
import assert from 'node:assert/strict';
import { jsonDocument } from '../../../emulator/cli/json';
import { oneLine, shown } from '../../../emulator/cli/print';
import { COLOURED } from '../../../emulator/cli/style';

suite('what is printed', () => {
    test('control characters are shown, line feeds and tabs stay', () => {
        assert.equal(shown('a\u001b]52;c;aGk=\u0007b\u007f\u009b31m\r.'), 'a\\x1b]52;c;aGk=\\x07b\\x7f\\x9b31m\\x0d.');
        assert.equal(shown('a\tb\nc\r\nd'), 'a\tb\nc\nd');
        assert.equal(oneLine('a\nok 2 - b'), 'a\\nok 2 - b');
    });

    test('colours of the command itself pass, and no others', () => {
        const { good, bad, warn, strong, dim } = COLOURED;
        const text = [good, bad, warn, strong, dim].map((style) => style('\u001b[32mx')).join('');
        const codes: readonly (readonly [number, number])[] = [
            [32, 39],
            [31, 39],
            [33, 39],
            [1, 22],
            [2, 22],
        ];
        assert.equal(shown(text), codes.map(([on, off]) => `\u001b[${on}m\\x1b[32mx\u001b[${off}m`).join(''));
    });

    test('JSON has none of them, and says the same', () => {
        const fields = { name: 'a\u001b\u007f\u0080\u009fb\n' };
        const json = jsonDocument(1, fields);
        assert.equal(shown(json), json);
        assert.deepEqual(JSON.parse(json), { version: 1, ...fields });
    });
});
