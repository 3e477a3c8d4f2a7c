/**
 * Second-level page tables of a guest as a caretaker uses them: in memory, complete, and never changed. They are a list
 * of contiguous runs, ascending by guest address, instead of a tree.
 *
 * | at | bytes | what |
 * |---|---|---|
 * | 0 | 8 | magic |
 * | 8 | 8 | number of runs |
 * | 16 + 24·n | 8, 8, 8 | run n: guest address, physical address, bytes |
 */
import type { Machine } from '../../machine/machine';
import { type Err, err } from '../release/errno';
import type { KernelCore } from '../fs/core';

const MAGIC = 0x5345_4c42_4154;
const HEADER = 16;
const RUN = 24;
/** A physically contiguous range of guest memory. Bytes. */
export interface Run {
    readonly gpa: number;
    readonly pa: number;
    readonly length: number;
}

export interface SecondLevel {
    readonly pfn: number;
    readonly order: number;
}

/**
 * Writes tables of these runs, ascending by guest address.
 * @returns ENOSPC (too many runs for one block of pages), ENOMEM
 */
export function buildSecondLevel(k: KernelCore, runs: readonly Run[], guest: string): SecondLevel | Err {
    const pages = Math.ceil((HEADER + runs.length * RUN) / k.page.size);
    const order = Math.ceil(Math.log2(pages));
    if (order > k.page.maxOrder) {
        return err('ENOSPC');
    }
    const pfn = k.pages.alloc(order, { owner: k.owners.id(`second-level tables of ${guest}`), zero: true });
    if (pfn < 0) {
        return err('ENOMEM');
    }
    const pa = pfn * k.page.size;
    k.memory.writeU64(pa, MAGIC);
    k.memory.writeU64(pa + 8, runs.length);
    for (const [i, run] of runs.entries()) {
        const at = pa + HEADER + i * RUN;
        k.memory.writeU64(at, run.gpa);
        k.memory.writeU64(at + 8, run.pa);
        k.memory.writeU64(at + 16, run.length);
    }
    return { pfn, order };
}

/**
 * The memory at a guest address, and how many bytes follow it contiguously. `unmapped`: an EPT violation. `damaged`: an
 * EPT misconfiguration, because the table contains something else.
 */
export type Translated = { readonly pa: number; readonly length: number } | 'unmapped' | 'damaged';

/** Reads the tables at `table` as the processor does. */
export function translate({ memory, page, isRam }: TableMachine, table: number, gpa: number): Translated {
    const count = memory.readU64(table + 8);
    if (memory.readU64(table) !== MAGIC || typeof count !== 'number') {
        return 'damaged';
    }
    let low = 0;
    let high = count;
    while (low < high) {
        const middle = Math.floor((low + high) / 2);
        const at = table + HEADER + middle * RUN;
        const [from, pa, length] = [memory.readU64(at), memory.readU64(at + 8), memory.readU64(at + 16)];
        if (
            typeof from !== 'number' ||
            typeof pa !== 'number' ||
            typeof length !== 'number' ||
            length <= 0 ||
            pa % page.size !== 0 ||
            from % page.size !== 0 ||
            !isRam(pa, length)
        ) {
            return 'damaged';
        }
        if (gpa < from) {
            high = middle;
        } else if (gpa >= from + length) {
            low = middle + 1;
        } else {
            return { pa: pa + gpa - from, length: from + length - gpa };
        }
    }
    return 'unmapped';
}

/** All runs of intact tables; none if they are damaged. */
export function runsOf(machine: TableMachine, table: number): Run[] {
    const { memory } = machine;
    const count = memory.readU64(table + 8);
    if (memory.readU64(table) !== MAGIC || typeof count !== 'number') {
        return [];
    }
    return Array.from({ length: count }, (_, i) => {
        const at = table + HEADER + i * RUN;
        const [gpa, pa, length] = [0, 8, 16].map((o) => Number(memory.readU64(at + o)));
        return { gpa: gpa ?? 0, pa: pa ?? 0, length: length ?? 0 };
    });
}

export interface TableMachine extends Pick<Machine, 'memory' | 'page'> {
    readonly isRam: (pa: number, length: number) => boolean;
}
