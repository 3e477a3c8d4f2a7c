/** The pictures of the documentation are small: they have a palette, which keeps what they show. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';
import { palettePng } from '../../editor/palette-png';
import { chunk, chunksOf, pixelsOf, PNG_SIGNATURE, uint32 } from '../../editor/png';
import { inRepository } from '../../support/repository';

const PICTURES = inRepository('extension', 'docs', 'images');
const WIDTH = 64;
const HEIGHT = 64;
const PIXELS = WIDTH * HEIGHT;

const header = (kind: number): Buffer => chunk('IHDR', uint32(WIDTH, HEIGHT), Buffer.from([8, kind, 0, 0, 0]));

/** A picture without filters. @param colour of the pixel at an index, 24 bits */
function picture(colour: (pixel: number) => number): Buffer {
    const rows = Buffer.alloc(HEIGHT * (3 * WIDTH + 1));
    for (let n = 0; n < PIXELS; n++) {
        rows.writeUIntBE(colour(n), 3 * n + Math.floor(n / WIDTH) + 1, 3);
    }
    return Buffer.concat([PNG_SIGNATURE, header(2), chunk('IDAT', deflateSync(rows)), chunk('IEND')]);
}

/** The colours, 24 bits each, that a viewer shows of a picture with a palette. */
function shown(png: Buffer): number[] {
    const chunks = chunksOf(png);
    assert.deepEqual(
        chunks.map((c) => c.type),
        ['IHDR', 'PLTE', 'IDAT', 'IEND'],
    );
    const [, palette, data] = chunks;
    assert.ok(palette && data);
    const rows = inflateSync(data.data);
    return Array.from({ length: PIXELS }, (_, n) =>
        palette.data.readUIntBE(3 * (rows[n + Math.floor(n / WIDTH) + 1] ?? 0), 3),
    );
}

suite('pictures of the documentation', () => {
    for (const name of readdirSync(PICTURES).filter((f) => f.endsWith('.png'))) {
        test(`${name} has a palette`, () => {
            const types = chunksOf(readFileSync(path.join(PICTURES, name))).map((c) => c.type);
            assert.ok(types.includes('PLTE'), `write it with UPDATE_PICTURE=1: ${types.join(' ')}`);
        });
    }

    test('256 colours are kept as they are', () => {
        const colour = (n: number): number => (n % 256) * 0x010100 + 0x20;
        assert.deepEqual(
            shown(palettePng(picture(colour))),
            Array.from({ length: PIXELS }, (_, n) => colour(n)),
        );
    });

    test('of more colours the plain areas are kept, and each pixel has a colour near to its own', () => {
        const plain = 0x1f1f1f;
        const colour = (n: number): number => (n % 2 === 0 ? plain : (n >> 4) * 0x010100 + ((n >> 1) & 0xff));
        const colours = shown(palettePng(picture(colour)));
        for (const [n, is] of colours.entries()) {
            const was = colour(n);
            if (was === plain) {
                assert.equal(is, plain);
            }
            for (const shift of [16, 8, 0]) {
                const off = Math.abs(((is >> shift) & 0xff) - ((was >> shift) & 0xff));
                assert.ok(off <= 16, `pixel ${n}: 0x${was.toString(16)} became 0x${is.toString(16)}`);
            }
        }
    });

    test('every filter of PNG is undone', () => {
        const filters = [
            // each row adds 1 to all that the filter predicts
            { filter: 0, row: [1, 1, 1, 1, 1, 1] },
            { filter: 1, row: [1, 1, 1, 2, 2, 2] },
            { filter: 2, row: [2, 2, 2, 3, 3, 3] },
            { filter: 3, row: [2, 2, 2, 3, 3, 3] },
            { filter: 4, row: [3, 3, 3, 4, 4, 4] },
        ];
        const size = Buffer.concat([uint32(2, filters.length), Buffer.from([8, 2, 0, 0, 0])]);
        const rows = deflateSync(Buffer.from(filters.flatMap(({ filter }) => [filter, 1, 1, 1, 1, 1, 1])));
        const png = Buffer.concat([PNG_SIGNATURE, chunk('IHDR', size), chunk('IDAT', rows), chunk('IEND')]);
        assert.deepEqual(
            [...pixelsOf(png).rgb],
            filters.flatMap(({ row }) => row),
        );
    });

    test('a picture with transparency is refused', () => {
        const png = Buffer.concat([PNG_SIGNATURE, header(6), chunk('IEND')]);
        assert.throws(() => palettePng(png), /not RGB/);
    });
});
