/** Texts that messages, panes and reports are made of. */
import assert from 'node:assert/strict';
import {
    capital,
    counted,
    countOf,
    exactSize,
    hex,
    hexBytes,
    hexDigits,
    listed,
    plural,
    rangeText,
    sizeText,
} from '../../../emulator/text/text';

const KiB = 1024;
const MiB = 2 ** 20;
const GiB = 2 ** 30;
const TiB = 2 ** 40;

suite('texts', () => {
    test('hexadecimal numbers, with the sign in front', () => {
        assert.deepEqual(
            [0, 255, -16, 2 ** 52, 2n ** 64n - 1n, -(2n ** 63n)].map((n) => hex(n)),
            ['0x0', '0xff', '-0x10', '0x10000000000000', '0xffffffffffffffff', '-0x8000000000000000'],
        );
        assert.deepEqual(
            [hexDigits(5, 2), hexDigits(0x12345, 4), hexBytes(new Uint8Array([0, 255, 16])), hexBytes([1, 2], '')],
            ['05', '12345', '00 ff 10', '0102'],
        );
    });

    test('counts', () => {
        assert.deepEqual(
            [
                counted(0, 'page'),
                counted(1, 'page'),
                counted(2, 'page'),
                counted(1n, 'byte'),
                counted(2n ** 60n, 'byte'),
            ],
            ['0 pages', '1 page', '2 pages', '1 byte', '1152921504606846976 bytes'],
        );
    });

    test('plurals', () => {
        const words = ['session', 'process', 'property', 'key', 'index', 'FLB'];
        assert.deepEqual(words.map(plural), ['sessions', 'processes', 'properties', 'keys', 'indexes', 'FLBs']);
        assert.deepEqual(
            [countOf(0, 'process'), countOf(1, 'process'), countOf(2, 'entry')],
            ['no processes', '1 process', '2 entries'],
        );
    });

    test('ranges', () => {
        assert.deepEqual(
            [rangeText(0x1000, 0x1000), rangeText(0x1000, 0)],
            ['0x1000–0x1fff (4 KiB)', 'empty, at 0x1000'],
        );
    });

    test('sizes: rounded to a decimal, which shows that they are', () => {
        const cases: [number, string][] = [
            [0, '0 bytes'],
            [1, '1 byte'],
            [1023, '1023 bytes'],
            [KiB, '1 KiB'],
            [1536, '1.5 KiB'],
            [700000, '683.6 KiB'],
            [4 * MiB + 4 * KiB, '4.0 MiB'],
            [64 * MiB, '64 MiB'],
            [1.5 * GiB, '1.5 GiB'],
            [5000 * TiB, '5000 TiB'],
        ];
        for (const [bytes, text] of cases) {
            assert.equal(sizeText(bytes), text);
        }
    });

    test('sizes to the byte, in the largest unit that two decimals do for', () => {
        const cases: [number | bigint, string][] = [
            [0, '0 bytes'],
            [1, '1 byte'],
            [700000, '700000 bytes'],
            [1536, '1.5 KiB'],
            [4 * MiB + 4 * KiB, '4100 KiB'],
            [4.75 * MiB, '4.75 MiB'],
            [4n * 2n ** 30n, '4 GiB'],
        ];
        for (const [bytes, text] of cases) {
            assert.equal(exactSize(bytes), text);
        }
    });

    test('lists, and the beginning of a sentence', () => {
        assert.deepEqual(
            [listed([]), listed(['a']), listed(['a', 'b']), listed(['a', 'b', 'c']), listed(['a', 'b', 'c'], 'or')],
            ['', 'a', 'a and b', 'a, b and c', 'a, b or c'],
        );
        assert.deepEqual([capital('a page'), capital('A'), capital('')], ['A page', 'A', '']);
    });
});
