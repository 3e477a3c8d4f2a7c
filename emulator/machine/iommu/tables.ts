/**
 * The common part of the page tables of all IOMMUs: 64-bit entries, and per level as many bits of the address as select
 * an entry of a table.
 */
import type { PhysicalMemory } from '../memory';

/**
 * Page size of IOMMUs and devices in bytes, independent of the kernel's page size: the smallest that VT-d and AMD-Vi
 * map, the smallest granule of SMMUv3, and the smallest page for which a PCIe device requests a translation. Caches of
 * translations use it.
 */
export const IO_PAGE = 4096;

/** An entry as two halves, because numbers beyond 2^53 are not exact. */
export interface Entry {
    readonly low: number;
    readonly high: number;
}

/**
 * The contents of an entry. Levels are counted from 1, whose entries map a page of the tables; with tables of 4 KiB, an
 * entry of level 2 maps 2 MiB, one of level 3 1 GiB.
 */
export type Decoded =
    | { readonly kind: 'none' }
    /** Reserved bits are set, or the entry is invalid at this level. */
    | { readonly kind: 'bad' }
    | {
          readonly kind: 'table';
          readonly pa: number;
          readonly level: number;
          readonly read: boolean;
          readonly write: boolean;
      }
    | { readonly kind: 'leaf'; readonly pa: number; readonly read: boolean; readonly write: boolean };

/** How the bits of an address are divided among the levels of tables. */
export class TableShape {
    /** Bytes of a table, and of the memory that an entry of level 1 maps. */
    readonly size: number;
    /** Of a table. */
    readonly entries: number;
    /** Bits of the address that select an entry. */
    private readonly bits: number;
    /** By level, see {@link mappedBy}: at most five levels, and the size that a table above them would map. */
    private readonly sizes: readonly number[];

    /**
     * @param shift log2 of a table's bytes
     * @param largestLeaf the highest level whose entries can map memory themselves
     */
    constructor(
        private readonly shift: number,
        readonly largestLeaf: number,
    ) {
        // an entry has 8 bytes
        this.bits = shift - 3;
        this.size = 2 ** shift;
        this.entries = 2 ** this.bits;
        this.sizes = [0, 1, 2, 3, 4, 5, 6].map((level) => 2 ** (shift + this.bits * (level - 1)));
    }

    /** Bytes that an entry of a level maps. */
    mappedBy(level: number): number {
        return this.sizes[level] ?? Infinity;
    }

    /** Index of the entry of a table of `level` for an address. */
    indexAt(iova: number, level: number): number {
        return (iova / this.mappedBy(level)) & (this.entries - 1);
    }

    /** Number of levels of tables for addresses of this many bits. */
    levelsFor(bits: number): number {
        return Math.ceil((bits - this.shift) / this.bits);
    }
}

/** Tables of 4 KiB with 512 entries, leaves up to 1 GiB. */
export const TABLES_OF_4K = new TableShape(Math.log2(IO_PAGE), 3);

/** The format of the entries of one vendor's page tables. */
export interface PageTableFormat {
    readonly shape: TableShape;
    decode(entry: Entry, level: number): Decoded;
    /** An entry of `level` that leads to a table of the level below. */
    table(pa: number, level: number): Entry;
    /** An entry of `level` that maps memory at `pa`. */
    leaf(pa: number, level: number, read: boolean, write: boolean): Entry;
}

/** Why a request was not translated; each vendor has its own numbers for the reasons. */
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
 * Walks the tables below `root` in memory.
 * @param levels of the table at `root`
 * @param trail receives the address of every table that is read, the topmost first
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
    const { shape } = format;
    if (iova >= shape.mappedBy(levels + 1)) {
        return { fault: 'address-width' };
    }
    for (;;) {
        trail.push(table);
        if (!m.isRam(table, shape.size)) {
            return { fault: 'unreachable' };
        }
        const e = format.decode(readEntry(m.memory, table + shape.indexAt(iova, level) * 8), level);
        switch (e.kind) {
            case 'none':
                return { fault: 'not-present' };
            case 'bad':
                return { fault: 'reserved' };
            case 'leaf':
                return { pa: e.pa + (iova % shape.mappedBy(level)), read: read && e.read, write: write && e.write };
            case 'table':
                // if levels are skipped, the address bits that they would have used must be zero
                if (e.level < 1 || iova % shape.mappedBy(level) >= shape.mappedBy(e.level + 1)) {
                    return { fault: 'not-present' };
                }
                read &&= e.read;
                write &&= e.write;
                table = e.pa;
                level = e.level;
        }
    }
}
