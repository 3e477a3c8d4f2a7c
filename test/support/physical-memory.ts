/** What tests know of physical memory without it. */
import { Hasher } from '../../emulator/machine/hash';
import type { PhysicalMemory } from '../../emulator/machine/memory';

export function fingerprint(memory: PhysicalMemory): string {
    const hasher = new Hasher();
    memory.hash(hasher);
    return hasher.digest();
}

/** The pattern as the recordings define it, in the plainest way. */
export function naivePattern(seed: number, offset: number, length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
        const o = BigInt(offset + i);
        out[i] = Number((BigInt(seed) * 31n + o * 7n + (o >> 8n) * 13n + (o >> 16n)) & 0xffn);
    }
    return out;
}
