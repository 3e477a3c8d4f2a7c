/**
 * The memory that a kernel uses: that of the firmware's map, changed by its command line (arch/x86/kernel/e820.c,
 * arch/arm64/mm/init.c).
 */
import type { PageGeometry } from '../../machine/arch';
import type { RamRange } from '../../machine/machine';
import type { Area } from '../kho/env';
import type { MemorySettings } from './parameters';

/**
 * @param ram the memory of the machine, ascending
 * @param image the kernel's image: a kernel uses the memory that it lies in, whatever the command line says
 */
export function usableMemory(
    ram: readonly RamRange[],
    { mapChanges, memoryLimit, numaOff }: MemorySettings,
    image: Area,
): readonly RamRange[] {
    let map = ram;
    const reserved: { readonly start: number; readonly end: number }[] = [];
    for (const change of mapChanges) {
        if (change.kind === 'exact') {
            map = [];
            reserved.length = 0;
            continue;
        }
        const { start } = change;
        const end = start + change.size;
        if (change.kind === 'reserve') {
            reserved.push({ start, end });
        } else {
            map = without(map, start, end);
        }
        if (change.kind === 'add') {
            map = [...map, ...between(ram, start, end)];
        }
    }
    for (const { start, end } of reserved) {
        map = without(map, start, end);
    }
    map = limited(joined(map), memoryLimit);
    if (
        map.length === ram.length &&
        !numaOff &&
        map.every((r, i) => r.start === ram[i]?.start && r.size === ram[i].size)
    ) {
        return ram;
    }
    const at = image.addr + image.size;
    const all = [...without(map, image.addr, at), ...between(ram, image.addr, at)];
    return joined(numaOff ? all.map((r) => ({ ...r, node: 0 })) : all);
}

/** memblock_mem_limit_remove_map(): the first `limit` bytes; 0: all. */
function limited(map: readonly RamRange[], limit: number): readonly RamRange[] {
    if (limit === 0) {
        return map;
    }
    let left = limit;
    return map.flatMap((r) => {
        const size = Math.min(r.size, left);
        left -= size;
        return size > 0 ? [{ ...r, size }] : [];
    });
}

/** The memory of a machine that lies in some areas, ascending; undefined: all. */
export function within(ram: readonly RamRange[], areas: readonly Area[] | undefined): readonly RamRange[] {
    return areas ? joined(areas.flatMap((a) => between(ram, a.addr, a.addr + a.size))) : ram;
}

function between(map: readonly RamRange[], from: number, to: number): RamRange[] {
    return map.flatMap((r) => {
        const start = Math.max(r.start, from);
        const end = Math.min(r.start + r.size, to);
        return start < end ? [{ ...r, start, size: end - start }] : [];
    });
}

function without(map: readonly RamRange[], from: number, to: number): RamRange[] {
    return [...between(map, 0, from), ...between(map, to, Infinity)];
}

/** Ascending, with neighbours of one node as one range. */
function joined(map: readonly RamRange[]): RamRange[] {
    const out: RamRange[] = [];
    for (const r of [...map].sort((a, b) => a.start - b.start)) {
        const last = out.at(-1);
        if (last && last.start + last.size === r.start && last.node === r.node) {
            out[out.length - 1] = { ...last, size: last.size + r.size };
        } else {
            out.push(r);
        }
    }
    return out;
}

/** The address behind the last byte. */
export function endOfMemory(map: readonly RamRange[]): number {
    const last = map.at(-1);
    return last ? last.start + last.size : 0;
}

/**
 * Whether a kernel that uses this memory has struct pages for page frames [from, to): it has those of every section in
 * which there is memory (SECTION_SIZE_BITS, CONFIG_SPARSEMEM_VMEMMAP). Fast for one place after the other.
 */
export function structPages(map: readonly RamRange[], page: PageGeometry): (from: number, to: number) => boolean {
    const section = (page.size > 0x4000 ? 2 ** 29 : 2 ** 27) / page.size;
    const present: { readonly start: number; end: number }[] = [];
    for (const r of map) {
        const start = Math.floor(r.start / page.size / section) * section;
        const end = Math.ceil((r.start + r.size) / page.size / section) * section;
        const last = present.at(-1);
        if (last && last.end >= start) {
            last.end = end;
        } else {
            present.push({ start, end });
        }
    }
    let at: { readonly start: number; readonly end: number } = present[0] ?? { start: 0, end: 0 };
    return (from, to) => {
        if (from < at.start || to > at.end) {
            at = present.find((r) => r.start <= from && to <= r.end) ?? at;
        }
        return from >= at.start && to <= at.end;
    };
}
