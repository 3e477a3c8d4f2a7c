/** Byte strings that need not be built: file contents of gigabytes are compared and hashed by what they are made of. */
import { advanceCode, byteOfCode, patternCode, renderCode, seedOfCode } from './pattern';

/** A run of content. Bytes of an extent are never changed once it exists. */
export type Extent =
    | { readonly kind: 'zero'; readonly length: number }
    | { readonly kind: 'pattern'; readonly seed: number; readonly offset: number; readonly length: number }
    | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

/** A run as it is worked with: code (see pattern.ts) or bytes. */
interface Piece {
    code: number;
    bytes: Uint8Array | undefined;
    length: number;
}

/** Collects content front to back, joining what belongs together. */
export class BytesBuilder {
    private pieces: Piece[] = [];
    private total = 0;

    /** Appends zeroes (code 0) or pattern; `length` in bytes. */
    code(code: number, length: number): this {
        const last = this.pieces[this.pieces.length - 1];
        if (length > 0) {
            if (last && last.bytes === undefined && advanceCode(last.code, last.length) === code && (last.code === 0) === (code === 0)) {
                last.length += length;
            } else {
                this.pieces.push({ code, bytes: undefined, length });
            }
            this.total += length;
        }
        return this;
    }

    /** Appends bytes, which the result keeps: pass a copy where they may change. */
    bytes(bytes: Uint8Array): this {
        if (bytes.length > 0) {
            this.pieces.push({ code: 0, bytes, length: bytes.length });
            this.total += bytes.length;
        }
        return this;
    }

    append(other: Bytes): this {
        for (const e of other.extents) {
            if (e.kind === 'bytes') {
                this.bytes(e.bytes);
            } else {
                this.code(e.kind === 'zero' ? 0 : patternCode(e.seed, e.offset), e.length);
            }
        }
        return this;
    }

    build(): Bytes {
        const extents = this.pieces.map((p): Extent => {
            if (p.bytes) {
                return { kind: 'bytes', bytes: p.bytes };
            }
            return p.code === 0 ? { kind: 'zero', length: p.length } : { kind: 'pattern', ...seedOfCode(p.code), length: p.length };
        });
        return new Bytes(extents, this.total);
    }
}

const FNV_PRIME = 0x100000001b3n;

/** An immutable byte string. */
export class Bytes {
    constructor(readonly extents: readonly Extent[], readonly length: number) {}

    static zero(length: number): Bytes {
        return new BytesBuilder().code(0, length).build();
    }

    /** `length` bytes of the pattern with this seed, from its offset `offset` on. */
    static pattern(seed: number, length: number, offset = 0): Bytes {
        return new BytesBuilder().code(patternCode(seed, offset), length).build();
    }

    /** These bytes, copied. */
    static of(bytes: Uint8Array): Bytes {
        return new BytesBuilder().bytes(bytes.slice()).build();
    }

    /** The UTF-8 of a text. */
    static text(text: string): Bytes {
        return new BytesBuilder().bytes(new TextEncoder().encode(text)).build();
    }

    static concat(...parts: readonly Bytes[]): Bytes {
        const builder = new BytesBuilder();
        for (const part of parts) {
            builder.append(part);
        }
        return builder.build();
    }

    /** The byte at `index`; undefined beyond the ends. */
    at(index: number): number | undefined {
        let from = 0;
        for (const e of this.extents) {
            const length = extentLength(e);
            if (index >= from && index < from + length) {
                return e.kind === 'bytes' ? e.bytes[index - from] : byteOfCode(codeOfExtent(e), index - from);
            }
            from += length;
        }
        return undefined;
    }

    /** The part from `start` up to `end` (clipped to the string). */
    slice(start: number, end = this.length): Bytes {
        const builder = new BytesBuilder();
        let from = 0;
        for (const e of this.extents) {
            const length = extentLength(e);
            const a = Math.max(start - from, 0);
            const b = Math.min(end - from, length);
            if (a < b) {
                if (e.kind === 'bytes') {
                    builder.bytes(e.bytes.subarray(a, b));
                } else {
                    builder.code(advanceCode(codeOfExtent(e), a), b - a);
                }
            }
            from += length;
        }
        return builder.build();
    }

    equals(other: Bytes): boolean {
        return this.length === other.length && this.firstDifference(other) === undefined;
    }

    /** The first index at which the two differ (the shorter length where one is a prefix of the other), or undefined. */
    firstDifference(other: Bytes): number | undefined {
        const common = Math.min(this.length, other.length);
        let i = 0;
        let k = 0;
        let a = 0;
        let b = 0;
        let at = 0;
        while (at < common) {
            const x = this.extents[i]!;
            const y = other.extents[k]!;
            const n = Math.min(extentLength(x) - a, extentLength(y) - b);
            const differs = differenceIn(x, a, y, b, n);
            if (differs !== undefined) {
                return at + differs;
            }
            at += n;
            a += n;
            b += n;
            if (a === extentLength(x)) {
                i++;
                a = 0;
            }
            if (b === extentLength(y)) {
                k++;
                b = 0;
            }
        }
        return this.length === other.length ? undefined : common;
    }

    /** The bytes themselves; `length` of them are built, so ask for a slice of what may be long. */
    toUint8Array(): Uint8Array {
        const out = new Uint8Array(this.length);
        let at = 0;
        for (const e of this.extents) {
            if (e.kind === 'bytes') {
                out.set(e.bytes, at);
            } else {
                renderCode(codeOfExtent(e), 0, out, at, e.length);
            }
            at += extentLength(e);
        }
        return out;
    }

    /** The 64-bit FNV-1a of the bytes, as 16 hexadecimal digits. Linear in the length, but for zeroes. */
    fnv1a64(): string {
        let hash = 0xcbf29ce484222325n;
        const chunk = new Uint8Array(4096);
        for (const e of this.extents) {
            if (e.kind === 'zero') {
                hash = (hash * powerOfPrime(e.length)) & 0xffffffffffffffffn;
            } else if (e.kind === 'bytes') {
                hash = fnvOver(hash, e.bytes, e.bytes.length);
            } else {
                const code = codeOfExtent(e);
                for (let done = 0; done < e.length; done += chunk.length) {
                    const n = Math.min(chunk.length, e.length - done);
                    renderCode(code, done, chunk, 0, n);
                    hash = fnvOver(hash, chunk, n);
                }
            }
        }
        return hash.toString(16).padStart(16, '0');
    }
}

export function extentLength(e: Extent): number {
    return e.kind === 'bytes' ? e.bytes.length : e.length;
}

function codeOfExtent(e: Exclude<Extent, { kind: 'bytes' }>): number {
    return e.kind === 'zero' ? 0 : patternCode(e.seed, e.offset);
}

/** The first difference between `n` bytes of x from `a` and of y from `b`. */
function differenceIn(x: Extent, a: number, y: Extent, b: number, n: number): number | undefined {
    if (x.kind === 'bytes' && y.kind === 'bytes') {
        for (let i = 0; i < n; i++) {
            if (x.bytes[a + i] !== y.bytes[b + i]) {
                return i;
            }
        }
        return undefined;
    }
    if (x.kind !== 'bytes' && y.kind !== 'bytes') {
        const p = advanceCode(codeOfExtent(x), a);
        const q = advanceCode(codeOfExtent(y), b);
        if (p === q) {
            return undefined;
        }
        for (let i = 0; i < n; i++) {
            if (byteOfCode(p, i) !== byteOfCode(q, i)) {
                return i;
            }
        }
        return undefined;
    }
    const bytes = x.kind === 'bytes' ? x.bytes : y.kind === 'bytes' ? y.bytes : new Uint8Array(0);
    const at = x.kind === 'bytes' ? a : b;
    const code = x.kind !== 'bytes' ? advanceCode(codeOfExtent(x), a) : y.kind !== 'bytes' ? advanceCode(codeOfExtent(y), b) : 0;
    for (let i = 0; i < n; i++) {
        if (bytes[at + i] !== byteOfCode(code, i)) {
            return i;
        }
    }
    return undefined;
}

function powerOfPrime(exponent: number): bigint {
    let result = 1n;
    let base = FNV_PRIME;
    for (let e = exponent; e > 0; e = Math.floor(e / 2)) {
        if (e % 2 === 1) {
            result = (result * base) & 0xffffffffffffffffn;
        }
        base = (base * base) & 0xffffffffffffffffn;
    }
    return result;
}

/** FNV-1a over `n` bytes, in four limbs of 16 bits so that nothing is a bigint but the ends. */
function fnvOver(hash: bigint, bytes: Uint8Array, n: number): bigint {
    let h0 = Number(hash & 0xffffn);
    let h1 = Number((hash >> 16n) & 0xffffn);
    let h2 = Number((hash >> 32n) & 0xffffn);
    let h3 = Number(hash >> 48n);
    for (let i = 0; i < n; i++) {
        h0 ^= bytes[i]!;
        // The prime is 2^40 + 0x1b3.
        const t0 = h0 * 0x1b3;
        const t1 = h1 * 0x1b3 + (t0 >>> 16);
        const t2 = h2 * 0x1b3 + ((h0 & 0xff) << 8) + (t1 >>> 16);
        const t3 = h3 * 0x1b3 + ((h1 & 0xff) << 8) + (h0 >>> 8) + (t2 >>> 16);
        h0 = t0 & 0xffff;
        h1 = t1 & 0xffff;
        h2 = t2 & 0xffff;
        h3 = t3 & 0xffff;
    }
    return (BigInt(h3) << 48n) | (BigInt(h2) << 32n) | (BigInt(h1) << 16n) | BigInt(h0);
}
