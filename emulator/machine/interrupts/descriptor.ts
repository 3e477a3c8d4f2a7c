/**
 * Posted-interrupt descriptors: 64 bytes in memory in which the hardware stores interrupts of a guest. Intel
 * Virtualization Technology for Directed I/O, Architecture Specification, revision 4.1, section 9.11: PIR (bits 255:0),
 * ON (256), SN (257), NV (279:272), NDST (319:288, x2APIC). The hardware's operations: section 5.2.3.
 */
import type { PhysicalMemory } from '../memory';

export const DESCRIPTOR_SIZE = 64;
const CONTROL = 32;
const NOTIFICATION_DESTINATION = 36;
const OUTSTANDING = 1;
const SUPPRESS = 2;
const NV_SHIFT = 16;
/** Bits 271:258 and 287:280 are reserved. */
const RESERVED = 0xff00_fffc;

export interface Notification {
    readonly cpu: number;
    readonly vector: number;
}

export type Posting = {
    /** The vector was already posted: the two interrupts are merged. */
    readonly merged: boolean;
    /** The notification that is sent to a processor; null: none. */
    readonly notify: Notification | null;
};

const bitOf = (vector: number): number => 2 ** (vector % 32);
const wordOf = (pa: number, vector: number): number => pa + Math.floor(vector / 32) * 4;

/** Nothing is posted; notifications go to this processor with this vector. */
export function makeDescriptor(memory: PhysicalMemory, pa: number, { cpu, vector }: Notification): void {
    memory.zero(pa, DESCRIPTOR_SIZE);
    memory.writeU32(pa + CONTROL, vector * 2 ** NV_SHIFT);
    memory.writeU32(pa + NOTIFICATION_DESTINATION, cpu);
}

/** What the hardware does to post a vector; undefined: reserved bits are set. */
export function post(memory: PhysicalMemory, pa: number, vector: number, urgent: boolean): Posting | undefined {
    const control = memory.readU32(pa + CONTROL);
    if ((control & RESERVED) !== 0) {
        return undefined;
    }
    const at = wordOf(pa, vector);
    const word = memory.readU32(at);
    const merged = Math.floor(word / bitOf(vector)) % 2 === 1;
    if (!merged) {
        memory.writeU32(at, word + bitOf(vector));
    }
    if ((control & OUTSTANDING) !== 0 || ((control & SUPPRESS) !== 0 && !urgent)) {
        return { merged, notify: null };
    }
    memory.writeU32(pa + CONTROL, control | OUTSTANDING);
    return {
        merged,
        notify: { cpu: memory.readU32(pa + NOTIFICATION_DESTINATION), vector: (control >>> NV_SHIFT) & 0xff },
    };
}

/** The posted vectors, ascending. */
export function posted(memory: PhysicalMemory, pa: number): number[] {
    const vectors: number[] = [];
    for (let first = 0; first < 256; first += 32) {
        for (let word = memory.readU32(wordOf(pa, first)); word !== 0; word &= word - 1) {
            vectors.push(first + 31 - Math.clz32(word & -word));
        }
    }
    return vectors;
}

/**
 * Takes what is posted, as the processor of a running vCPU does, and empties the descriptor.
 * @returns the vectors, ascending
 */
export function take(memory: PhysicalMemory, pa: number): number[] {
    const vectors = posted(memory, pa);
    memory.zero(pa, CONTROL);
    memory.writeU32(pa + CONTROL, (memory.readU32(pa + CONTROL) & ~OUTSTANDING) >>> 0);
    return vectors;
}

/** Takes one vector, if it is posted: a new descriptor asks the old one for it. */
export function takeOne(memory: PhysicalMemory, pa: number, vector: number): boolean {
    const at = wordOf(pa, vector);
    const word = memory.readU32(at);
    const there = Math.floor(word / bitOf(vector)) % 2 === 1;
    if (there) {
        memory.writeU32(at, word - bitOf(vector));
    }
    return there;
}

export function describeDescriptor(
    memory: PhysicalMemory,
    pa: number,
): { readonly outstanding: boolean; readonly suppressed: boolean } & Notification {
    const control = memory.readU32(pa + CONTROL);
    return {
        outstanding: (control & OUTSTANDING) !== 0,
        suppressed: (control & SUPPRESS) !== 0,
        vector: (control >>> NV_SHIFT) & 0xff,
        cpu: memory.readU32(pa + NOTIFICATION_DESTINATION),
    };
}
