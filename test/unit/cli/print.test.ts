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

    test('colours of the command itself pass, those of names do not', () => {
        const { good, bad, warn, strong, dim } = COLOURED;
        const text = [good, bad, warn, strong, dim].map((style) => style('x')).join('');
        const ansi = [32, 31, 33].map((n) => `\u001b[${n}mx\u001b[39m`).join('');
        assert.equal(shown(text), `${ansi}\u001b[1mx\u001b[22m\u001b[2mx\u001b[22m`);
        assert.equal(oneLine('a\u001b[31mb\u001b[39m'), 'a\\x1b[31mb\\x1b[39m');
        assert.equal(shown(strong('a\u001b[31mb')), '\u001b[1ma\\x1b[31mb\u001b[22m');
    });

    test('JSON has none of them, and says the same', () => {
        const fields = { name: 'a\u001b\u007f\u0080\u009fb\n' };
        const json = jsonDocument(1, fields);
        assert.equal(shown(json), json);
        assert.deepEqual(JSON.parse(json), { version: 1, ...fields });
    });
});
