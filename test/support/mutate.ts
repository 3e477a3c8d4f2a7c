/** Damages memory images in every way that was thought of: of the file, of single bits, of pointers and counts. */
import type { Inspection } from '../../emulator/handover/inspect';
import type { CoreSegment } from '../../emulator/machine/core-file';
import type { Random } from './random';

const PAGE = 4096;

/** Where in an image what the next kernel reads lies: the pages that are worth damaging, by address. */
function structurePages({ handover: h }: Inspection): number[] {
    const pages = new Set<number>();
    const add = (pa: number | bigint | undefined): void => {
        if (typeof pa === 'number' && pa > 0) {
            pages.add(Math.floor(pa / PAGE) * PAGE);
        }
    };
    [
        h.fdtAddr,
        h.scratchAddr,
        h.metadata?.addr,
        ...h.radixNodes,
        h.luo?.addr,
        h.luo?.flbsPa,
        ...(h.luo?.blocks ?? []),
    ].forEach(add);
    for (const session of h.luo?.sessions ?? []) {
        session.blocks.forEach(add);
        for (const { memfd } of session.files) {
            [memfd?.addr, ...(memfd?.vmalloc.chunks ?? []), ...(memfd?.vmalloc.pages ?? [])].forEach(add);
        }
    }
    return [...pages];
}

/** An image and what is known of it. */
export interface Base {
    readonly bytes: Uint8Array;
    readonly segments: readonly CoreSegment[];
    readonly pages: readonly number[];
}

export function baseOf(bytes: Uint8Array, inspection: Inspection): Base {
    return { bytes, segments: inspection.file.segments, pages: structurePages(inspection) };
}

const ABSURD = [
    0n,
    1n,
    2n,
    51n,
    52n,
    63n,
    64n,
    0x1000n,
    0xffff_ffffn,
    0x1_0000_0000n,
    0x7fff_ffff_ffff_ffffn,
    0xffff_ffff_ffff_ffffn,
    0x10_0000_0000_0000n,
    0xffff_ffff_f000n,
];

/** A copy of an image with one to three damages. @returns the copy, and what was done to it. */
export function mutated(base: Base, random: Random): { bytes: Uint8Array; done: string[] } {
    let bytes: Uint8Array = base.bytes.slice();
    const done: string[] = [];
    for (let n = 1 + random.below(3); n > 0; n--) {
        const [text, result] = damage(base, bytes, random);
        done.push(text);
        bytes = result;
    }
    return { bytes, done };
}

/** The file offset of an address. */
function offsetOf(base: Base, pa: number): number {
    const s = base.segments.find((x) => pa >= x.pa && pa < x.pa + x.stored);
    return s ? s.offset + pa - s.pa : 0;
}

/** One damage. @returns what was done, and the result: the same bytes, or a part of them */
export function damage(base: Base, bytes: Uint8Array, random: Random): [string, Uint8Array] {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const page = random.pick(base.pages);
    const at = offsetOf(base, page);
    if (at + PAGE > bytes.length) {
        return ['nothing: the file is too short', bytes];
    }
    // Where something is written is where damage tells.
    const used: number[] = [];
    for (let i = 0; i < PAGE; i += 8) {
        if (view.getBigUint64(at + i, true) !== 0n) {
            used.push(i);
        }
    }
    const word = used.length > 0 && random.below(4) > 0 ? random.pick(used) : random.below(PAGE / 8) * 8;
    const where = `0x${(page + word).toString(16)}`;
    switch (random.below(12)) {
        case 0: {
            const bit = random.below(64);
            view.setBigUint64(at + word, view.getBigUint64(at + word, true) ^ (1n << BigInt(bit)), true);
            return [`bit ${bit} of ${where}`, bytes];
        }
        case 1:
        case 2: {
            const target = random.pick(base.pages);
            view.setBigUint64(at + word, BigInt(target), true);
            return [`${where} points to 0x${target.toString(16)}`, bytes];
        }
        case 3: {
            view.setBigUint64(at + word, BigInt(page), true);
            return [`${where} points to its own page`, bytes];
        }
        case 4:
        case 5: {
            const value = random.pick(ABSURD);
            view.setBigUint64(at + word, value, true);
            return [`${where} is 0x${value.toString(16)}`, bytes];
        }
        case 6: {
            const value = BigInt(random.below(2 ** 31)) * 0x1000n;
            view.setBigUint64(at + word, value, true);
            return [`${where} points to 0x${value.toString(16)}`, bytes];
        }
        case 7: {
            bytes.fill(0, at, at + PAGE);
            return [`page ${where} is zeroes`, bytes];
        }
        case 8: {
            const from = offsetOf(base, random.pick(base.pages));
            bytes.copyWithin(at, from, from + PAGE);
            return [`page ${where} is another one`, bytes];
        }
        case 9: {
            for (let i = 0; i < PAGE; i++) {
                bytes[at + i] = random.below(256);
            }
            return [`page ${where} is garbage`, bytes];
        }
        case 10: {
            const header = random.below(base.segments.length * 56 + 64 + 256);
            bytes[header] = random.below(256);
            return [`byte ${header} of the file`, bytes];
        }
        default: {
            if (random.below(3) > 0) {
                return ['nothing', bytes];
            }
            const length = random.below(8) === 0 ? random.below(bytes.length) : bytes.length - random.below(PAGE * 4);
            return [`cut off at ${length}`, bytes.slice(0, length)];
        }
    }
}
