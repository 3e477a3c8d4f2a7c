/** Base64, which is written without a host that knows it. */
import assert from 'node:assert/strict';
import { base64, fromBase64 } from '../../../emulator/text/base64';

suite('base64', () => {
    test('it is what Node makes of the same bytes', () => {
        for (let length = 0; length < 70; length++) {
            const bytes = Uint8Array.from({ length }, (_, i) => (i * 151 + length * 37) & 255);
            assert.equal(base64(bytes), Buffer.from(bytes).toString('base64'), `${length} bytes`);
        }
        const large = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * i) & 255);
        assert.equal(base64(large), Buffer.from(large).toString('base64'));
        assert.equal(base64(large.subarray(1, 6)), Buffer.from(large.subarray(1, 6)).toString('base64'));
    });

    test('it is read as Node reads it, with and without padding; anything else is refused', () => {
        for (let length = 0; length < 70; length++) {
            const bytes = Uint8Array.from({ length }, (_, i) => (i * 151 + length * 37) & 255);
            const text = Buffer.from(bytes).toString('base64');
            assert.deepEqual(fromBase64(text), bytes, text);
            assert.deepEqual(fromBase64(text.replace(/=+$/, '')), bytes, text);
        }
        for (const text of ['A', 'AAAAA', 'A=AA', 'AA-A', 'AA A', '====']) {
            assert.equal(fromBase64(text), undefined, text);
        }
    });
});
