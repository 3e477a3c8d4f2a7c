/**
 * The writes of the program of an emulated guest: page after page of its range, again and again. The contents of a page
 * are a function of its address and of how often it was written, so the guest can detect wrong bytes afterwards.
 */
import type { PageGeometry } from '../../machine/arch';
import { Bytes } from '../../machine/bytes';
import type { PhysicalMemory } from '../../machine/memory';

/**
 * Contents repeat every 16 MiB of a pattern (see machine/pattern.ts): each such piece of guest memory has its own seed.
 */
const PIECE = 0x100_0000;
/** Makes neighbouring pieces and generations differ, and pieces that are 4 GiB apart. */
const STEP = 101;
const FAR_STEP = 37;

function seedOf(generation: number, gpa: number): number {
    const piece = Math.floor(gpa / PIECE);
    return (generation + piece * STEP + Math.floor(piece / 256) * FAR_STEP) % 256;
}

/** Calls `each` with the parts of [gpa, gpa+length) that are one pattern. */
function pieces(gpa: number, length: number, each: (at: number, n: number) => void): void {
    for (let at = gpa; at < gpa + length; ) {
        const n = Math.min(PIECE - (at % PIECE), gpa + length - at);
        each(at, n);
        at += n;
    }
}

/** The contents of [gpa, gpa+length) after it was written for the `generation`th time, from 1. */
export function contentOf(generation: number, gpa: number, length: number): Bytes {
    const parts: Bytes[] = [];
    pieces(gpa, length, (at, n) => parts.push(Bytes.pattern(seedOf(generation, at), n, at)));
    const [only, more] = parts;
    return only && !more ? only : Bytes.concat(...parts);
}

/** Writes these contents to host memory at `pa`. */
export function writeContent(
    memory: PhysicalMemory,
    pa: number,
    generation: number,
    gpa: number,
    length: number,
): void {
    pieces(gpa, length, (at, n) => memory.fillPattern(pa + at - gpa, n, seedOf(generation, at), at));
}

/**
 * The pages that one vCPU's program writes: a number of pages from a guest address on, which it writes again and again.
 */
export interface Stripe {
    /** The guest address of the first page. */
    readonly start: number;
    readonly pages: number;
    /** Number of pages written since it began. */
    readonly count: number;
}

/** A part of a stripe that was written equally often; `generation` 0: not yet. */
export interface Part {
    readonly gpa: number;
    readonly length: number;
    readonly generation: number;
}

/** The current parts of a stripe. */
export function partsOf({ start, pages, count }: Stripe, page: PageGeometry): Part[] {
    if (pages === 0) {
        return [];
    }
    const passes = Math.floor(count / pages);
    const done = count - passes * pages;
    return [
        { gpa: start, length: done * page.size, generation: passes + 1 },
        { gpa: start + done * page.size, length: (pages - done) * page.size, generation: passes },
    ].filter((p) => p.length > 0);
}

/**
 * Divides a range among vCPUs: the same number of pages each, and the last one takes the rest. Bytes, multiples of a
 * page.
 */
export function stripesOf(start: number, length: number, vcpus: number, page: PageGeometry): Stripe[] {
    const pages = Math.floor(length / page.size);
    const each = Math.floor(pages / vcpus);
    return Array.from({ length: vcpus }, (_, i) => ({
        start: start + i * each * page.size,
        pages: i === vcpus - 1 ? pages - each * i : each,
        count: 0,
    }));
}
