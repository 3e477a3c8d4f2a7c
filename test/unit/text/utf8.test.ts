/** Bytes as text and back: nothing is lost, and what was put together from pieces is what its bytes mean. */
import assert from 'node:assert/strict';
import {
    canonicalText,
    decodeName,
    decodeText,
    encodeText,
    joinText,
    printable,
    quoted,
} from '../../../emulator/text/utf8';
import { lex } from '../../../emulator/language/syntax/lexer';
import { Random } from '../../support/random';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

suite('text of bytes', () => {
    test('UTF-8 in both directions', () => {
        for (const text of ['', 'vm-1', 'gäst', 'ﬁ', '日本語のゲスト', '😀-guest', 'a\0b', '\ufeffbom', '\uffff']) {
            assert.deepEqual(encodeText(text), new Uint8Array(Buffer.from(text, 'utf8')));
            assert.equal(decodeText(encodeText(text)), text);
        }
    });

    test('a byte that is no UTF-8 is a lone surrogate', () => {
        assert.equal(decodeText(bytes(0x61, 0xff, 0xfe, 0x80, 0x62)), 'a\udcff\udcfe\udc80b');
        assert.equal(decodeText(bytes(0xc3, 0xa4, 0xc3)), 'ä\udcc3', 'a code point that is cut off');
        assert.equal(decodeText(bytes(0xc0, 0xaf)), '\udcc0\udcaf', 'a code point that is too long');
        assert.equal(decodeText(bytes(0xed, 0xa0, 0x80)), '\udced\udca0\udc80', 'a surrogate');
        assert.equal(decodeText(bytes(0xf4, 0x90, 0x80, 0x80)), '\udcf4\udc90\udc80\udc80', 'beyond the last one');
    });

    test('all bytes come back, and so does every text that bytes make', () => {
        const random = new Random(7);
        for (let round = 0; round < 3000; round++) {
            // bytes of all kinds, with many that begin or continue a code point
            const raw = Uint8Array.from({ length: random.below(90) }, () =>
                random.below(3) === 0
                    ? 0x80 + random.below(0x80)
                    : random.below(2) === 0
                      ? 0xc0 + random.below(64)
                      : random.below(256),
            );
            const text = decodeText(raw);
            assert.deepEqual(encodeText(text), raw);
            const at = random.below(text.length + 1);
            assert.equal(canonicalText(text), text);
            assert.deepEqual(encodeText(joinText(decodeText(raw.subarray(0, at)), decodeText(raw.subarray(at)))), raw);
            assert.equal(joinText(decodeText(raw.subarray(0, at)), decodeText(raw.subarray(at))), text);
        }
    });

    test('a lone surrogate that stands for no byte is what every encoder makes of it', () => {
        assert.deepEqual(encodeText('\ud800x'), bytes(0xef, 0xbf, 0xbd, 0x78));
    });

    test('a name ends with its first NUL, or with its field', () => {
        assert.equal(decodeName(bytes(0x61, 0xff, 0, 0x62)), 'a\udcff');
        assert.equal(decodeName(bytes(0x61, 0x62)), 'ab');
        assert.equal(decodeName(bytes(0, 0x62)), '');
    });

    test('what cannot be shown is shown by its bytes', () => {
        assert.equal(printable('a\x1b[31m\x7f"ä\udcff\x85'), 'a\\x1b[31m\\x7f"ä\\xff\\xc2\\x85');
        assert.equal(quoted('a"\\\n\t\r\0\x01ä\udcff'), '"a\\"\\\\\\n\\t\\r\\0\\x01ä\\xff"');
    });

    test('a program writes a text as it is quoted', () => {
        for (const text of ['a"\\\n\t\r\0\x01ä\udcff', '\x85', '日本語', '\udcc3', '\udc80\udcff']) {
            const { tokens, diagnostics } = lex('test:/a.lus', quoted(text));
            assert.deepEqual([tokens[0]?.kind, tokens[0]?.text, diagnostics.length], ['string', text, 0]);
        }
    });

    test('bytes in a string are the text that they mean', () => {
        assert.equal(lex('test:/a.lus', '"g\\xc3\\xa4st"').tokens[0]?.text, 'gäst');
        assert.equal(lex('test:/a.lus', '"\\xc3\\x41"').tokens[0]?.text, '\udcc3A');
    });
});
