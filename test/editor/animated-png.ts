/** Joins pictures in PNG to an animated one: https://www.w3.org/TR/png-3/#apng-frame-based-animation. */
import { chunk, chunksOf, PNG_SIGNATURE, uint32 } from './png';

export interface PictureFrame {
    readonly png: Buffer;
    readonly seconds: number;
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
        PNG_SIGNATURE,
        chunk('IHDR', header.data),
        chunk('acTL', uint32(frames.length, 0)),
        ...bodies,
        chunk('IEND'),
    ]);
}
