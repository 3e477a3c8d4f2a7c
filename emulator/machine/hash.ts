/** Fingerprints of state. */
import { halvesOf, type Int } from './int';

/**
 * A running 64-bit fingerprint of state: fast, deterministic, not cryptographic. Objects with state add it in a method
 * `hash(hasher)`. Tests compare runs by it; an exploration of schedules can recognize visited states by it.
 */
export class Hasher {
    private a = 0x9e3779b9 | 0;
    private b = 0x85ebca6b | 0;

    /** Adds the low 32 bits of an integer. */
    u32(value: number): this {
        this.a = Math.imul(this.a ^ value, 0x2c1b3c6d);
        this.a ^= this.a >>> 15;
        this.b = (Math.imul(this.b, 0x27d4eb2f) + this.a) | 0;
        this.b ^= this.b >>> 13;
        return this;
    }

    /** Adds any integer (or fraction) a double can hold. */
    num(value: number): this {
        if (value === (value | 0)) {
            return this.u32(value);
        }
        scratch[0] = value;
        return this.u32(words[0]! ^ 0x5bd1e995).u32(words[1]!);
    }

    /** Adds an integer of any size. */
    int(value: Int): this {
        if (typeof value === 'number') {
            return this.num(value);
        }
        const { low, high } = halvesOf(value);
        return this.u32(low ^ 0x2545f491).u32(high);
    }

    str(text: string): this {
        this.u32(text.length);
        for (let i = 0; i < text.length; i++) {
            this.u32(text.charCodeAt(i));
        }
        return this;
    }

    bytes(data: Uint8Array): this {
        this.u32(data.length);
        const whole = data.length & ~3;
        let i = 0;
        if ((data.byteOffset & 3) === 0) {
            for (const word of new Int32Array(data.buffer, data.byteOffset, whole / 4)) {
                this.u32(word);
            }
            i = whole;
        }
        for (; i < whole; i += 4) {
            this.u32(data[i]! | (data[i + 1]! << 8) | (data[i + 2]! << 16) | (data[i + 3]! << 24));
        }
        for (; i < data.length; i++) {
            this.u32(data[i]!);
        }
        return this;
    }

    /** 53 bits of the fingerprint so far. */
    value(): number {
        const { a, b } = this.mixed();
        return a * 0x200000 + (b >>> 11);
    }

    /** The fingerprint so far as 16 hexadecimal digits. */
    digest(): string {
        const { a, b } = this.mixed();
        return a.toString(16).padStart(8, '0') + b.toString(16).padStart(8, '0');
    }

    private mixed(): { a: number; b: number } {
        let a = this.a;
        let b = this.b;
        a = Math.imul(a ^ (b >>> 7), 0x85ebca6b);
        b = Math.imul(b ^ (a >>> 16), 0xc2b2ae35);
        a ^= b >>> 13;
        return { a: a >>> 0, b: b >>> 0 };
    }
}

const scratch = new Float64Array(1);
const words = new Int32Array(scratch.buffer);
