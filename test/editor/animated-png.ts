/** Joins pictures in PNG to an animated one: https://www.w3.org/TR/png-3/#apng-frame-based-animation. */
import { crc32 } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

interface Chunk {
    readonly type: string;
    readonly data: Buffer;
}

export interface PictureFrame {
    readonly png: Buffer;
    readonly seconds: number;
}

function chunksOf(png: Buffer): Chunk[] {
    const chunks: Chunk[] = [];
    for (let at = SIGNATURE.length; at < png.length; ) {
        const length = png.readUInt32BE(at);
        chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
        at += 12 + length;
    }
    return chunks;
}

function chunk(type: string, ...parts: readonly Buffer[]): Buffer {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), ...parts]);
    return Buffer.concat([uint32(body.length - 4), body, uint32(crc32(body))]);
}

function uint32(...numbers: readonly number[]): Buffer {
    const bytes = Buffer.alloc(4 * numbers.length);
    for (const [i, n] of numbers.entries()) {
        bytes.writeUInt32BE(n, 4 * i);
    }
    return bytes;
}

/** Milliseconds, as a fraction of 16 bits each; the frame replaces the one before. */
function timing(seconds: number): Buffer {
    const bytes = Buffer.alloc(6);
    bytes.writeUInt16BE(Math.round(seconds * 1000), 0);
    bytes.writeUInt16BE(1000, 2);
    return bytes;
}

/**
 * Repeats for ever. @param frames of one size and kind, as one browser makes them; at most 65 s each
 * @throws Error if they differ in that
 */
export function animatedPng(frames: readonly PictureFrame[]): Buffer {
    const [header] = frames.flatMap(({ png }) => chunksOf(png));
    if (header?.type !== 'IHDR') {
        throw new Error('there is no picture');
    }
    let sequence = 0;
    const bodies = frames.flatMap(({ png, seconds }, n) => {
        const chunks = chunksOf(png);
        if (chunks[0]?.data.equals(header.data) !== true) {
            throw new Error(`frame ${n + 1} has another size or kind`);
        }
        const size = header.data.subarray(0, 8);
        const control = chunk('fcTL', uint32(sequence++), size, uint32(0, 0), timing(seconds));
        const data = chunks
            .filter((c) => c.type === 'IDAT')
            .map((c) => (n === 0 ? chunk('IDAT', c.data) : chunk('fdAT', uint32(sequence++), c.data)));
        return [control, ...data];
    });
    return Buffer.concat([
        SIGNATURE,
        chunk('IHDR', header.data),
        chunk('acTL', uint32(frames.length, 0)),
        ...bodies,
        chunk('IEND'),
    ]);
}
