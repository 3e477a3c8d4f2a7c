/** What the page tables of all IOMMUs have in common: 64-bit entries, 512 of them a page, 9 bits of the address a level. */
import { PAGE_SIZE, type PhysicalMemory } from '../memory';

/** An entry as two halves, as numbers beyond 2^53 are not exact. */
export interface Entry {
    readonly low: number;
    readonly high: number;
}

/** What an entry means. Levels are counted from 1, whose entries map 4 KiB; an entry of level 2 maps 2 MiB, one of level 3 1 GiB. */
export type Decoded =
    | { readonly kind: 'none' }
    /** Reserved bits are set, or it means nothing at this level. */
    | { readonly kind: 'bad' }
    | {
          readonly kind: 'table';
          readonly pa: number;
          readonly level: number;
          readonly read: boolean;
          readonly write: boolean;
      }
    | { readonly kind: 'leaf'; readonly pa: number; readonly read: boolean; readonly write: boolean };

/** How the entries of one vendor's page tables read. */
export interface PageTableFormat {
    decode(entry: Entry, level: number): Decoded;
    /** An entry of `level` that leads to a table of the level below. */
    table(pa: number, level: number): Entry;
    /** An entry of `level` that maps memory at `pa`. */
    leaf(pa: number, level: number, read: boolean, write: boolean): Entry;
}

/** Why a request was not translated; each vendor has numbers of its own for them. */
export type FaultReason =
    | 'root-absent'
    | 'context-absent'
    | 'context-invalid'
    | 'blocked'
    | 'address-width'
    | 'not-present'
    | 'read'
    | 'write'
    | 'reserved'
    | 'unreachable';

export type Walk =
    | { readonly pa: number; readonly read: boolean; readonly write: boolean }
    | { readonly fault: FaultReason };

/** Memory as a walker sees it. */
export interface WalkedMemory {
    readonly memory: PhysicalMemory;
    isRam(pa: number, length?: number): boolean;
}

/** By level; there are at most five, and what a table above them would map. */
const LEVEL_SIZES = [0, 1, 2, 3, 4, 5, 6].map((level) => 2 ** (12 + 9 * (level - 1)));

/** Bytes that an entry of a level maps. */
export function sizeOfLevel(level: number): number {
    return LEVEL_SIZES[level] ?? 2 ** (12 + 9 * (level - 1));
}

/** Which entry of a table of `level` an address uses. */
export function indexAt(iova: number, level: number): number {
    return (iova / sizeOfLevel(level)) & 511;
}

/** Bits 51:12 of an entry. */
export function addressIn(entry: Entry): number {
    return (entry.high & 0xf_ffff) * 2 ** 32 + ((entry.low & 0xffff_f000) >>> 0);
}

/** An entry with an address in bits 51:12, and other bits in either half. */
export function entryOf(pa: number, low: number, high = 0): Entry {
    return { low: ((pa % 2 ** 32) + low) >>> 0, high: (Math.floor(pa / 2 ** 32) + high) >>> 0 };
}

export function readEntry(memory: PhysicalMemory, pa: number): Entry {
    return { low: memory.readU32(pa), high: memory.readU32(pa + 4) };
}

export function writeEntry(memory: PhysicalMemory, pa: number, entry: Entry): void {
    memory.writeU32(pa, entry.low);
    memory.writeU32(pa + 4, entry.high);
}

/**
 * Walks the tables below `root` as they lie in memory.
 * @param levels of the table at `root`
 * @param trail gets the address of every table that is read, the topmost first
 */
export function walk(
    m: WalkedMemory,
    format: PageTableFormat,
    root: number,
    levels: number,
    iova: number,
    trail: number[],
): Walk {
    let table = root;
    let level = levels;
    let read = true;
    let write = true;
    if (iova >= sizeOfLevel(levels + 1)) {
        return { fault: 'address-width' };
    }
    for (;;) {
        trail.push(table);
        if (!m.isRam(table, PAGE_SIZE)) {
            return { fault: 'unreachable' };
        }
        const e = format.decode(readEntry(m.memory, table + indexAt(iova, level) * 8), level);
        switch (e.kind) {
            case 'none':
                return { fault: 'not-present' };
            case 'bad':
                return { fault: 'reserved' };
            case 'leaf':
                return { pa: e.pa + (iova % sizeOfLevel(level)), read: read && e.read, write: write && e.write };
            case 'table':
                // where levels are left out, the bits of the address that they would have used must be zero
                if (e.level < 1 || iova % sizeOfLevel(level) >= sizeOfLevel(e.level + 1)) {
                    return { fault: 'not-present' };
                }
                read &&= e.read;
                write &&= e.write;
                table = e.pa;
                level = e.level;
        }
    }
}
