/** Comparison of two contents of the same length, without building their bytes if possible. */
import { type Bytes, type Extent, extentLength } from '../../machine/bytes';
import { advanceCode, byteOfCode, patternCode } from '../../machine/pattern';

export interface Difference {
    /** Index of the first different byte, with the expected and the actual value. */
    readonly first: number;
    readonly expected: number;
    readonly found: number;
    /** Number of different bytes. */
    readonly bytes: number;
}

export function compare(expected: Bytes, found: Bytes): Difference | undefined {
    const first = expected.firstDifference(found);
    if (first === undefined) {
        return undefined;
    }
    let bytes = 0;
    let [i, k, p, q] = [0, 0, 0, 0];
    for (let at = 0; at < expected.length; ) {
        const x = expected.extents[i];
        const y = found.extents[k];
        if (!x || !y) {
            break;
        }
        const n = Math.min(extentLength(x) - p, extentLength(y) - q);
        bytes +=
            x.kind === 'bytes' || y.kind === 'bytes' ? oneByOne(x, p, y, q, n) : ofCodes(codeOf(x, p), codeOf(y, q), n);
        at += n;
        p += n;
        q += n;
        if (p === extentLength(x)) {
            i++;
            p = 0;
        }
        if (q === extentLength(y)) {
            k++;
            q = 0;
        }
    }
    return { first, expected: expected.at(first) ?? 0, found: found.at(first) ?? 0, bytes };
}

function codeOf(e: Exclude<Extent, { kind: 'bytes' }>, from: number): number {
    return e.kind === 'zero' ? 0 : patternCode(e.seed, e.offset + from);
}

function byteAt(e: Extent, index: number): number {
    return e.kind === 'bytes' ? (e.bytes[index] ?? 0) : byteOfCode(codeOf(e, 0), index);
}

function oneByOne(x: Extent, p: number, y: Extent, q: number, n: number): number {
    let bytes = 0;
    for (let i = 0; i < n; i++) {
        if (byteAt(x, p + i) !== byteAt(y, q + i)) {
            bytes++;
        }
    }
    return bytes;
}

/** In each 256 bytes of a pattern from a multiple of 256 on, every value occurs once. */
const ROUND = 256;
const LOW = 0x10000;

/** Zeroes and patterns, see machine/pattern.ts. */
function ofCodes(a: number, b: number, n: number): number {
    if (a === b) {
        return 0;
    }
    // if both patterns advance in step, they differ by a constant
    if (a !== 0 && b !== 0 && (a - 1) % LOW === (b - 1) % LOW) {
        return n;
    }
    const [x, y] = a === 0 ? [b, a] : [a, b];
    const head = Math.min(n, (ROUND - ((x - 1) % ROUND)) % ROUND);
    const inStep = y === 0 || (x - 1) % ROUND === (y - 1) % ROUND;
    const rounds = inStep ? Math.floor((n - head) / ROUND) : 0;
    let bytes = slowly(x, y, 0, inStep ? head : n);
    if (inStep) {
        // a pattern equals zero once per round; patterns in step are equal everywhere in a round or nowhere
        for (let r = 0; y !== 0 && r < rounds; r++) {
            const at = head + r * ROUND;
            bytes += byteOfCode(x, at) === byteOfCode(y, at) ? 0 : ROUND;
        }
        bytes += (y === 0 ? rounds * (ROUND - 1) : 0) + slowly(x, y, head + rounds * ROUND, n);
    }
    return bytes;
}

function slowly(x: number, y: number, from: number, to: number): number {
    let bytes = 0;
    const [p, q] = [advanceCode(x, from), advanceCode(y, from)];
    for (let i = 0; i < to - from; i++) {
        if (byteOfCode(p, i) !== byteOfCode(q, i)) {
            bytes++;
        }
    }
    return bytes;
}
