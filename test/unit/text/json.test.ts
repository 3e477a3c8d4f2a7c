/** JSON whose integers keep all of their digits. */
import assert from 'node:assert/strict';
import { parseJson } from '../../../emulator/text/json';

suite('JSON', () => {
    test('integers beyond 2^53 are bigints with all of their digits', () => {
        assert.deepEqual(
            parseJson(
                '{"a": 9223372036854775807, "b": [-9007199254740993, 18446744073709551615], "c": 4611686018427387909}',
            ),
            { a: 9223372036854775807n, b: [-9007199254740993n, 18446744073709551615n], c: 4611686018427387909n },
        );
    });

    test('numbers that a double holds stay numbers', () => {
        const text = '[9007199254740991, -9007199254740991, 0, -0, 1.5, 1e30, 12345678901234567890.5, 1E-20, 3]';
        assert.deepEqual(parseJson(text), JSON.parse(text));
    });

    test('what stands in strings is no number, and names stay what they are', () => {
        const text = String.raw`{"9007199254740993" : "9007199254740993", "n\"9": "a \" 9007199254740993 \\", "s": "n1", "n": "s1", "x": 9007199254740993}`;
        assert.deepEqual(parseJson(text), {
            '9007199254740993': '9007199254740993',
            'n"9': 'a " 9007199254740993 \\',
            s: 'n1',
            n: 's1',
            x: 9007199254740993n,
        });
    });

    test('without large numbers it is what JSON.parse() makes of it', () => {
        for (const text of ['{"name": "n", "ret": 1}', '"\\u0041n"', 'null', '[true, {"a": []}]']) {
            assert.deepEqual(parseJson(text), JSON.parse(text));
        }
    });

    test('what is no JSON is refused, in the words of JSON.parse()', () => {
        for (const text of [
            '{',
            '{"a": 01}',
            '[9007199254740993',
            "{'a': 9007199254740993}",
            '9007199254740993x',
            '"a\n"',
        ]) {
            let said = '';
            try {
                JSON.parse(text);
            } catch (e) {
                said = String(e);
            }
            assert.notEqual(said, '');
            assert.throws(
                () => parseJson(text),
                (e) => e instanceof SyntaxError && String(e) === said,
            );
        }
    });
});
