/** Writes pictures with a palette of 256 colours: of a window, a third of the size, and no difference to be seen. */
import { deflateSync } from 'node:zlib';
import { chunk, pixelsOf, PNG_SIGNATURE, uint32 } from './png';

const MAX_COLOURS = 256;
/** Bit depth 8, palette, deflate, adaptive filters, not interlaced. */
const PALETTE_KIND = [8, 3, 0, 0, 0];
const NO_FILTER = 0;

/** A colour of a picture. */
interface Shade {
    /** 24 bits: red, green, blue. */
    readonly rgb: number;
    readonly pixels: number;
    /** The squared distance to the nearest colour of the palette. */
    distance: number;
    /** The index of that colour. */
    nearest: number;
}

function distance(a: number, b: number): number {
    return ((a >> 16) - (b >> 16)) ** 2 + (((a >> 8) & 0xff) - ((b >> 8) & 0xff)) ** 2 + ((a & 0xff) - (b & 0xff)) ** 2;
}

/**
 * The most frequent colour, then again and again the one at which the picture is wrong most: its distance to the
 * palette so far, times its pixels. So plain areas keep their colours, and a picture of few colours all of them.
 */
function paletteFor(shades: readonly Shade[]): number[] {
    const palette: number[] = [];
    while (palette.length < MAX_COLOURS) {
        const worst = shades.reduce((a, b) => (b.pixels * b.distance > a.pixels * a.distance ? b : a));
        if (worst.distance === 0) {
            break;
        }
        const { rgb } = worst;
        for (const shade of shades) {
            const toIt = distance(shade.rgb, rgb);
            if (toIt < shade.distance) {
                shade.distance = toIt;
                shade.nearest = palette.length;
            }
        }
        palette.push(rgb);
    }
    return palette;
}

/** @param png RGB with 8 bits each. @throws Error if it is not */
export function palettePng(png: Buffer): Buffer {
    const { width, height, rgb } = pixelsOf(png);
    const counts = new Map<number, number>();
    for (let at = 0; at < rgb.length; at += 3) {
        const colour = rgb.readUIntBE(at, 3);
        counts.set(colour, (counts.get(colour) ?? 0) + 1);
    }
    const furthest = distance(0, 0xffffff) + 1;
    const shades = [...counts].map(([colour, pixels]) => ({ rgb: colour, pixels, distance: furthest, nearest: 0 }));
    const palette = paletteFor(shades);
    const indices = new Map(shades.map((s) => [s.rgb, s.nearest]));
    const rows = Buffer.alloc(height * (width + 1), NO_FILTER);
    for (let at = 0; at < width * height; at++) {
        rows[at + Math.floor(at / width) + 1] = indices.get(rgb.readUIntBE(3 * at, 3)) ?? 0;
    }
    return Buffer.concat([
        PNG_SIGNATURE,
        chunk('IHDR', uint32(width, height), Buffer.from(PALETTE_KIND)),
        chunk('PLTE', Buffer.from(palette.flatMap((c) => [c >> 16, (c >> 8) & 0xff, c & 0xff]))),
        chunk('IDAT', deflateSync(rows, { level: 9 })),
        chunk('IEND'),
    ]);
}
