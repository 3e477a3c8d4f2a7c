/** PNG, as far as pictures of a browser need it: https://www.w3.org/TR/png-3/. */
import { crc32, inflateSync } from 'node:zlib';

export const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

const RGB_BYTES = 3;
/** Bit depth 8, RGB, deflate, adaptive filters, not interlaced. */
const RGB_KIND = '8,2,0,0,0';

interface Chunk {
    readonly type: string;
    readonly data: Buffer;
}

export interface Pixels {
    readonly width: number;
    readonly height: number;
    /** Red, green and blue of each pixel, row by row. */
    readonly rgb: Buffer;
}

export function chunksOf(png: Buffer): Chunk[] {
    const chunks: Chunk[] = [];
    for (let at = PNG_SIGNATURE.length; at < png.length; ) {
        const length = png.readUInt32BE(at);
        chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
        at += 12 + length;
    }
    return chunks;
}

export function chunk(type: string, ...parts: readonly Buffer[]): Buffer {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), ...parts]);
    return Buffer.concat([uint32(body.length - 4), body, uint32(crc32(body))]);
}

export function uint32(...numbers: readonly number[]): Buffer {
    const bytes = Buffer.alloc(4 * numbers.length);
    for (const [i, n] of numbers.entries()) {
        bytes.writeUInt32BE(n, 4 * i);
    }
    return bytes;
}

/** The Paeth predictor: of the bytes at the left, above, and above at the left, the one nearest to their gradient. */
function paeth(left: number, up: number, upLeft: number): number {
    const estimate = left + up - upLeft;
    const toLeft = Math.abs(estimate - left);
    const toUp = Math.abs(estimate - up);
    const toUpLeft = Math.abs(estimate - upLeft);
    if (toLeft <= toUp && toLeft <= toUpLeft) {
        return left;
    }
    return toUp <= toUpLeft ? up : upLeft;
}

/** What a filter adds to a byte. @throws Error if there is no such filter */
function predicted(filter: number, left: number, up: number, upLeft: number): number {
    switch (filter) {
        case 0:
            return 0;
        case 1:
            return left;
        case 2:
            return up;
        case 3:
            return (left + up) >> 1;
        case 4:
            return paeth(left, up, upLeft);
        default:
            throw new Error(`there is no filter ${filter}`);
    }
}

/** @throws Error if the picture is not RGB with 8 bits each, as screenshots are */
export function pixelsOf(png: Buffer): Pixels {
    const chunks = chunksOf(png);
    const header = chunks[0]?.data ?? Buffer.alloc(0);
    if (header.subarray(8).join() !== RGB_KIND) {
        throw new Error('the picture is not RGB with 8 bits each');
    }
    const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
    const filtered = inflateSync(Buffer.concat(chunks.filter((c) => c.type === 'IDAT').map((c) => c.data)));
    const stride = width * RGB_BYTES;
    const rgb = Buffer.alloc(height * stride);
    for (let y = 0; y < height; y++) {
        const from = y * (stride + 1);
        const filter = filtered[from] ?? 0;
        for (let x = 0; x < stride; x++) {
            const at = y * stride + x;
            const left = x < RGB_BYTES ? 0 : (rgb[at - RGB_BYTES] ?? 0);
            const up = rgb[at - stride] ?? 0;
            const upLeft = x < RGB_BYTES ? 0 : (rgb[at - stride - RGB_BYTES] ?? 0);
            rgb[at] = (filtered[from + 1 + x] ?? 0) + predicted(filter, left, up, upLeft);
        }
    }
    return { width, height, rgb };
}
