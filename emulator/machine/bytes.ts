/** Byte strings that need not be built: file contents of gigabytes are compared and hashed by their runs. */
import { Fnv1a64 } from './fnv';
import type { Int } from './int';
import { advanceCode, byteOfCode, patternCode, renderCode, seedOfCode } from './pattern';
import { encodeText } from '../text/utf8';

/** A run of content. Bytes of an extent are never changed once it exists. */
export type Extent =
    | { readonly kind: 'zero'; readonly length: number }
    | { readonly kind: 'pattern'; readonly seed: number; readonly offset: number; readonly length: number }
    | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

/** A run in its working form: a code (see pattern.ts) or bytes. */
interface Piece {
    code: number;
    bytes: Uint8Array | undefined;
    length: number;
}

/** Collects content from front to back and joins adjacent runs. */
export class BytesBuilder {
    private pieces: Piece[] = [];
    private total = 0;

    /** Appends zeroes (code 0) or pattern; `length` in bytes. */
    code(code: number, length: number): this {
        const last = this.pieces[this.pieces.length - 1];
        if (length > 0) {
            if (
                last &&
                last.bytes === undefined &&
                advanceCode(last.code, last.length) === code &&
                (last.code === 0) === (code === 0)
            ) {
                last.length += length;
            } else {
                this.pieces.push({ code, bytes: undefined, length });
            }
            this.total += length;
        }
        return this;
    }

    /** Appends bytes, which the result keeps: pass a copy if they can change. */
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
            return p.code === 0
                ? { kind: 'zero', length: p.length }
                : { kind: 'pattern', ...seedOfCode(p.code), length: p.length };
        });
        return new Bytes(extents, this.total);
    }
}

/** An immutable byte string. */
export class Bytes {
    constructor(
        readonly extents: readonly Extent[],
        readonly length: number,
    ) {}

    static zero(length: number): Bytes {
        return new BytesBuilder().code(0, length).build();
    }

    /** `length` bytes of the pattern with this seed, from its offset `offset` on. */
    static pattern(seed: number, length: number, offset: Int = 0): Bytes {
        return new BytesBuilder().code(patternCode(seed, offset), length).build();
    }

    /** A byte string with a copy of these bytes. */
    static of(bytes: Uint8Array): Bytes {
        return new BytesBuilder().bytes(bytes.slice()).build();
    }

    /** The encoded bytes of a text. */
    static text(text: string): Bytes {
        return new BytesBuilder().bytes(encodeText(text)).build();
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

    /** The first index at which the two differ (the shorter length if one is a prefix of the other), or undefined. */
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

    /** The bytes themselves. Builds `length` of them, so take a slice of long strings. */
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

    /** The 64-bit FNV-1a of the bytes, as 16 hexadecimal digits. Linear in the length, except for zeroes. */
    fnv1a64(): string {
        const hash = new Fnv1a64();
        for (const e of this.extents) {
            hashExtent(hash, e);
        }
        return hash.digest();
    }
}

/** Adds a run of content to a hash. */
export function hashExtent(hash: Fnv1a64, e: Extent): void {
    if (e.kind === 'zero') {
        hash.zero(e.length);
    } else if (e.kind === 'bytes') {
        hash.bytes(e.bytes);
    } else {
        const chunk = new Uint8Array(4096);
        const code = codeOfExtent(e);
        for (let done = 0; done < e.length; done += chunk.length) {
            const n = Math.min(chunk.length, e.length - done);
            renderCode(code, done, chunk, 0, n);
            hash.bytes(chunk, n);
        }
    }
}

export function extentLength(e: Extent): number {
    return e.kind === 'bytes' ? e.bytes.length : e.length;
}

function codeOfExtent(e: Exclude<Extent, { kind: 'bytes' }>): number {
    return e.kind === 'zero' ? 0 : patternCode(e.seed, e.offset);
}

/** The first difference between `n` bytes of x from `a` on and of y from `b` on. */
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
    const code =
        x.kind !== 'bytes' ? advanceCode(codeOfExtent(x), a) : y.kind !== 'bytes' ? advanceCode(codeOfExtent(y), b) : 0;
    for (let i = 0; i < n; i++) {
        if (bytes[at + i] !== byteOfCode(code, i)) {
            return i;
        }
    }
    return undefined;
}
