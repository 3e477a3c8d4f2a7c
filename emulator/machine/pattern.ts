/**
 * The byte pattern that scenarios and the recordings of a real kernel fill files with: the byte at file offset `o` is
 * `(seed*31 + o*7 + (o>>8)*13 + (o>>16)) & 0xff`.
 *
 * The seed and the high bits of the offset only add a constant, so 24 bits describe a run of it completely: the low 16
 * bits of the offset and the sum of the rest. A *code* is that number plus one; 0 stands for zeroes. Equal codes mean
 * equal contents.
 */
import type { Int } from './int';

const LOW = 0x10000;

/** The code of content that starts at the 64-bit file offset `start` of the pattern with this seed. */
export function patternCode(seed: number, start: Int): number {
    const offset =
        typeof start === 'number' && start >= 0 ? start % (LOW * 256) : Number(BigInt.asUintN(24, BigInt(start)));
    const high = Math.floor(offset / LOW);
    const base = ((((seed % 256) * 31 + (high % 256)) % 256) + 256) % 256;
    return base * LOW + (offset - high * LOW) + 1;
}

/** The code of the content `bytes` further on in content with this code; 0 stays 0. */
export function advanceCode(code: number, bytes: number): number {
    if (code === 0) {
        return 0;
    }
    const at = ((code - 1) & 0xffff) + bytes;
    const carry = Math.floor(at / LOW);
    const base = (((code - 1) >>> 16) + (carry % 256)) & 0xff;
    return base * LOW + (at - carry * LOW) + 1;
}

/** A seed and an offset (below 64 KiB) with this pattern code. Other pairs can have the same code. */
export function seedOfCode(code: number): { seed: number; offset: number } {
    // 31 * 223 = 1 (mod 256)
    return { seed: (((code - 1) >>> 16) * 223) & 0xff, offset: (code - 1) & 0xffff };
}

/** The byte `index` bytes into content with this code. */
export function byteOfCode(code: number, index: number): number {
    if (code === 0) {
        return 0;
    }
    const o = (((code - 1) & 0xffff) + (index % 0x1000000)) % 0x1000000;
    return (((code - 1) >>> 16) + o * 7 + (o >>> 8) * 13 + (o >>> 16)) & 0xff;
}

/** Writes `length` bytes of content with this code, from its byte `from` on, to `target` at `at`. */
export function renderCode(code: number, from: number, target: Uint8Array, at: number, length: number): void {
    if (code === 0) {
        target.fill(0, at, at + length);
        return;
    }
    const base = (code - 1) >>> 16;
    let o = (((code - 1) & 0xffff) + (from % 0x1000000)) & 0xffffff;
    for (let i = at, end = at + length; i < end; i++) {
        target[i] = base + o * 7 + (o >>> 8) * 13 + (o >>> 16);
        o = (o + 1) & 0xffffff;
    }
}
