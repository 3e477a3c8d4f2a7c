/**
 * Page tables of a domain in memory: filled, cleared and read table by table, so that the cost of a domain of a
 * terabyte depends on its tables (drivers/iommu/generic_pt/iommu_pt.h, drivers/iommu/io-pgtable-arm.c).
 */
import type { Area } from '../../machine/devices/device';
import type { Decoded, PageTableFormat } from '../../machine/iommu/tables';
import { LEAF_SIZE, type PhysicalMemory } from '../../machine/memory';
import type { KernelCore } from '../fs/core';
import { IommuTables } from './tables';

/** Number of entries in one leaf of memory, which can be written at once. */
const ENTRIES_AT_ONCE = LEAF_SIZE / 8;
const WORD = 2 ** 32;
/** Limit of tables read before they count as invalid: 1 TiB in 4 KiB leaves has half as many. */
const TABLES_LIMIT = 2 ** 20;

/** A table and its role. */
export interface TablePage {
    readonly pa: number;
    /** Level; 1: its entries map pages. */
    readonly level: number;
    /** The first address that it translates. */
    readonly iova: number;
}

/** The contents of tables: all of them, the topmost first, and their mappings, in ascending order. */
export interface TableTree {
    readonly tables: readonly TablePage[];
    readonly mapped: readonly Omit<Area, 'owner'>[];
}

export interface TableSetup {
    readonly k: KernelCore;
    readonly format: PageTableFormat;
    readonly root: number;
    readonly levels: number;
}

/**
 * Enters a mapping, in leaves as large as address and memory allow. Nothing of it may be mapped.
 * @param made called with every table that was added
 * @returns false: no memory for a table; what was entered so far stays
 */
export function fillTables(
    t: TableSetup,
    { iova, pa, length }: Omit<Area, 'owner'>,
    made: (table: number) => void,
): boolean {
    const { memory } = t.k;
    const { shape } = t.format;
    for (let done = 0; done < length; ) {
        let level = shape.largestLeaf;
        while (
            level > 1 &&
            ((iova + done) % shape.mappedBy(level) !== 0 ||
                (pa + done) % shape.mappedBy(level) !== 0 ||
                length - done < shape.mappedBy(level))
        ) {
            level--;
        }
        const table = tableFor(t, iova + done, level, made);
        if (table < 0) {
            return false;
        }
        // a larger leaf can begin only at the end of this table
        const size = shape.mappedBy(level);
        const index = shape.indexAt(iova + done, level);
        const first = index % ENTRIES_AT_ONCE;
        const count = Math.min(ENTRIES_AT_ONCE - first, Math.floor((length - done) / size));
        const words = halves(memory.leafForWrite(table + index * 8));
        // consecutive leaves differ only in the address
        let { low, high } = t.format.leaf(pa + done, level, true, true);
        for (let i = first; i < first + count; i++) {
            words.setUint32(i * 8, low, true);
            words.setUint32(i * 8 + 4, high, true);
            low += size;
            if (low >= WORD) {
                low -= WORD;
                high++;
            }
        }
        done += count * size;
    }
    return true;
}

/** The table of `level` for an address, allocated if it is missing; −1: no memory for one. */
function tableFor(t: TableSetup, iova: number, level: number, made: (table: number) => void): number {
    const tables = new IommuTables(t.k);
    const { shape } = t.format;
    let table = t.root;
    for (let l = t.levels; l > level; l--) {
        const at = table + shape.indexAt(iova, l) * 8;
        const e = t.format.decode(tables.read(at), l);
        if (e.kind === 'table') {
            table = e.pa;
            continue;
        }
        const next = tables.allocate(shape.size, 'page table');
        if (next < 0) {
            return -1;
        }
        made(next);
        tables.write(at, t.format.table(next, l));
        table = next;
    }
    return table;
}

/** Clears every leaf in a range. Tables stay. */
export function clearTables(t: TableSetup, iova: number, length: number): void {
    clearIn(t, t.root, t.levels, 0, iova, iova + length);
}

function clearIn(t: TableSetup, table: number, level: number, base: number, from: number, to: number): void {
    const { memory } = t.k;
    const { shape } = t.format;
    const size = shape.mappedBy(level);
    const last = Math.min(shape.entries - 1, Math.floor((to - 1 - base) / size));
    for (let i = Math.max(0, Math.floor((from - base) / size)); i <= last; i++) {
        const e = entryAt(memory, t.format, table, i, level);
        if (e.kind === 'table') {
            clearIn(t, e.pa, e.level, base + i * size, from, to);
        } else if (e.kind === 'leaf') {
            memory.writeU32(table + i * 8, 0);
            memory.writeU32(table + i * 8 + 4, 0);
        }
    }
}

const NONE: Decoded = { kind: 'none' };

/** Entries as words of 32 bits, little-endian. */
function halves(bytes: Uint8Array): DataView {
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function entryAt(
    memory: PhysicalMemory,
    format: PageTableFormat,
    table: number,
    index: number,
    level: number,
): Decoded {
    const low = memory.readU32(table + index * 8);
    const high = memory.readU32(table + index * 8 + 4);
    return low === 0 && high === 0 ? NONE : format.decode({ low, high }, level);
}

/**
 * Reads all tables from the topmost one on, as a walk would.
 * @param isRam whether there is memory at a page
 * @param lowest tables of lower levels are not read
 * @returns a description of the first invalid entry
 */
export function readTables(
    memory: PhysicalMemory,
    isRam: (pa: number, length: number) => boolean,
    format: PageTableFormat,
    root: number,
    levels: number,
    lowest = 1,
): TableTree | string {
    const tables: TablePage[] = [];
    const mapped: { iova: number; pa: number; length: number }[] = [];
    let wrong: string | undefined;
    const { shape } = format;
    const read = (pa: number, level: number, base: number): void => {
        if (!isRam(pa, shape.size) || pa % shape.size !== 0 || tables.length >= TABLES_LIMIT) {
            wrong = `a table of level ${level} at 0x${pa.toString(16)}`;
            return;
        }
        tables.push({ pa, level, iova: base });
        const size = shape.mappedBy(level);
        const words = memory.isKnownZero(pa, shape.size) ? undefined : halves(memory.read(pa, shape.size));
        let leaf: { iova: number; pa: number; length: number } | undefined;
        let nextLow = -1;
        let nextHigh = -1;
        for (let i = 0; i < shape.entries && wrong === undefined && words; i++) {
            const low = words.getUint32(i * 8, true);
            const high = words.getUint32(i * 8 + 4, true);
            if (leaf && low === nextLow && high === nextHigh) {
                // the previous leaf with the next address: repeats it
                leaf.length += size;
                nextLow += size;
                if (nextLow >= WORD) {
                    nextLow -= WORD;
                    nextHigh++;
                }
                continue;
            }
            leaf = undefined;
            const e = low === 0 && high === 0 ? NONE : format.decode({ low, high }, level);
            if (e.kind === 'table') {
                if (e.level >= lowest) {
                    read(e.pa, e.level, base + i * size);
                }
            } else if (e.kind === 'leaf') {
                const last = mapped.at(-1);
                const iova = base + i * size;
                if (last && last.iova + last.length === iova && last.pa + last.length === e.pa) {
                    last.length += size;
                    leaf = last;
                } else {
                    leaf = { iova, pa: e.pa, length: size };
                    mapped.push(leaf);
                }
                nextLow = low + size;
                nextHigh = high;
                if (nextLow >= WORD) {
                    nextLow -= WORD;
                    nextHigh++;
                }
            } else if (e.kind === 'bad') {
                wrong = `entry ${i} of the table of level ${level} at 0x${pa.toString(16)}`;
            }
        }
    };
    read(root, levels, 0);
    return wrong ?? { tables, mapped };
}
