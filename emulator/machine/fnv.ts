/** 64-bit FNV-1a over content that arrives piece by piece; zeroes cost nothing. */

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;
const MASK = 0xffffffffffffffffn;

export class Fnv1a64 {
    private hash = FNV_OFFSET;

    bytes(bytes: Uint8Array, length = bytes.length): this {
        this.hash = fnvOver(this.hash, bytes, length);
        return this;
    }

    /** Adds this many zero bytes. */
    zero(length: number): this {
        this.hash = (this.hash * powerOfPrime(length)) & MASK;
        return this;
    }

    /** 16 hexadecimal digits. */
    digest(): string {
        return this.hash.toString(16).padStart(16, '0');
    }
}

function powerOfPrime(exponent: number): bigint {
    let result = 1n;
    let base = FNV_PRIME;
    for (let e = exponent; e > 0; e = Math.floor(e / 2)) {
        if (e % 2 === 1) {
            result = (result * base) & MASK;
        }
        base = (base * base) & MASK;
    }
    return result;
}

/** FNV-1a over `n` bytes, in four limbs of 16 bits, so that only the input and output are bigints. */
function fnvOver(hash: bigint, bytes: Uint8Array, n: number): bigint {
    let h0 = Number(hash & 0xffffn);
    let h1 = Number((hash >> 16n) & 0xffffn);
    let h2 = Number((hash >> 32n) & 0xffffn);
    let h3 = Number(hash >> 48n);
    for (let i = 0; i < n; i++) {
        h0 ^= bytes[i] ?? 0;
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
