/**
 * What `cma=` and `crashkernel=` reserve before the page allocator exists (kernel/dma/contiguous.c, mm/cma.c,
 * kernel/crash_reserve.c). Both count as memory of the kernel, so that scratch areas grow with them.
 */
import type { PageGeometry } from '../../machine/arch';
import { counted } from '../../text/text';
import type { BootPanic } from '../kho/boot';
import type { BootContext } from '../kho/boot-context';
import type { Area } from '../kho/env';
import { memparse } from '../release/parameter-values';
import { MEMBLOCK_KERN } from './memblock';
import type { CmaArea, CrashKernelValues, MemorySettings } from './parameters';

const MiB = 2 ** 20;
const GiB = 2 ** 30;
/** CRASH_ADDR_HIGH_MAX of x86-64; of arm64 it is above all memory. */
const CRASH_HIGH_MAX = 2 ** 46;
/** CRASHKERNEL_CMA_RANGES_MAX */
const CRASH_CMA_RANGES = 4;

/** What remains reserved, and what becomes memory for movable pages. */
export interface EarlyReservations {
    readonly crashKernel: readonly Area[];
    /** Whole pageblocks. */
    readonly cma: readonly Area[];
}

const hex = (n: number, digits: number): string => `0x${n.toString(16).padStart(digits, '0')}`;

/** dma_contiguous_reserve() and arch_reserve_crashkernel(). @returns a panic for a kernel that never comes up */
export function reserveEarly(ctx: BootContext, settings: MemorySettings): EarlyReservations | BootPanic {
    const { cma, crashKernelMemory } = settings;
    const area = cma && cma.size > 0 ? declareCma(ctx, cma) : undefined;
    const crash = crashKernel(ctx, crashKernelMemory);
    if ('panic' in crash) {
        return crash;
    }
    return { crashKernel: crash.areas, cma: [...(area ? [area] : []), ...crash.cma] };
}

const blockSize = ({ size, pageblockOrder }: PageGeometry): number => size * 2 ** pageblockOrder;

/** cma_declare_contiguous_nid() */
function declareCma(ctx: BootContext, wanted: CmaArea): Area | undefined {
    const { memblock, log, machine, description } = ctx;
    const align = blockSize(machine.page);
    const up = (n: number): number => Math.ceil(n / align) * align;
    const failed = (): undefined => {
        log.log('err', `cma: Failed to reserve ${Math.floor(wanted.size / MiB)} MiB`);
    };
    const last = memblock.memory.at(-1);
    const top = last ? last.base + last.size : 0;
    const start = up(wanted.start);
    const size = up(wanted.size);
    const fixed = wanted.start > 0 && wanted.end === wanted.start + wanted.size;
    const limit = Math.min(
        top,
        wanted.end ??
            (description.arch.name === 'arm64' ? description.arch.lowLimit(machine, description.zoneDma) + 1 : top),
    );
    const end = Math.floor(limit / align) * align;
    if (fixed && wanted.start % align !== 0) {
        log.log('err', `cma: Region at ${hex(wanted.start, 16)} must be aligned to ${align} bytes`);
        return failed();
    }
    if (start + size > end) {
        log.log('err', `cma: Size (${hex(size, 16)}) of region at ${hex(start, 16)} exceeds limit (${hex(end, 16)})`);
        return failed();
    }
    const range = (from: number, to: number): Area | undefined => findFree(ctx, size, align, from, to);
    // above 4 GiB if possible, from there upwards, so that memory for other devices stays free
    const above = top >= 4 * GiB + size && !fixed ? findLowest(ctx, size, align, 4 * GiB, end) : undefined;
    const area = above ?? range(start, fixed ? start + size : end);
    if (!area) {
        return failed();
    }
    memblock.reserve(area.addr, area.size, 'CMA', MEMBLOCK_KERN);
    log.log('info', `cma: Reserved ${Math.floor(size / MiB)} MiB at ${hex(area.addr, 16)}`);
    return area;
}

/** The free ranges that memblock may allocate from, limited to [from, to). */
function freeIn({ memblock, machine }: BootContext, from: number, to: number): { start: number; end: number }[] {
    return memblock
        .usable()
        .map((r) => ({ start: Math.max(r.base, from, machine.page.size), end: Math.min(r.end, to) }))
        .filter((r) => r.start < r.end);
}

function findFree(ctx: BootContext, size: number, align: number, from: number, to: number): Area | undefined {
    const range = freeIn(ctx, from, to).findLast((r) => Math.floor((r.end - size) / align) * align >= r.start);
    return range && { addr: Math.floor((range.end - size) / align) * align, size };
}

function findLowest(ctx: BootContext, size: number, align: number, from: number, to: number): Area | undefined {
    const range = freeIn(ctx, from, to).find((r) => Math.ceil(r.start / align) * align + size <= r.end);
    return range && { addr: Math.ceil(range.start / align) * align, size };
}

/** parse_crashkernel(), reserve_crashkernel_generic() and reserve_crashkernel_cma(). */
function crashKernel(ctx: BootContext, values: CrashKernelValues): { areas: Area[]; cma: Area[] } | BootPanic {
    const none = { areas: [], cma: [] };
    const { log, machine, description } = ctx;
    const arm = description.arch.name === 'arm64';
    const warn = (text: string): undefined => {
        log.log('warn', text);
    };
    const total = ctx.memblock.memory.reduce((sum, r) => sum + r.size, 0);
    const high = values.plain === undefined;
    const wanted = values.plain !== undefined ? plainSize(values.plain, total, warn) : suffixed(values.high);
    const lowDefault = arm ? 128 * MiB : 256 * MiB;
    const lowSize = high ? (values.low === undefined ? lowDefault : suffixed(values.low)?.size) : 0;
    if (!wanted || wanted.size <= 0 || wanted.size >= total || lowSize === undefined) {
        return none;
    }
    const align = arm ? 2 * MiB : 16 * MiB;
    const lowMax = arm ? description.arch.lowLimit(machine, description.zoneDma) + 1 : 4 * GiB;
    // without ZONE_DMA, low memory has no end, and there is none above it
    const onlyLow = arm && !description.zoneDma;
    const low = (size: number): Area | undefined => findFree(ctx, size, align, 0, lowMax);
    const above = (size: number): Area | undefined => findFree(ctx, size, align, lowMax, CRASH_HIGH_MAX);
    const { size, start } = wanted;
    const area =
        start > 0
            ? findFree(ctx, size, align, start, start + size)
            : high
              ? (above(size) ?? (onlyLow ? undefined : low(size)))
              : (low(size) ?? above(size));
    if (!area && start === 0 && !high && onlyLow) {
        // The loop takes the end of low memory for a reason to try above it, again and again.
        return { panic: `reserve_crashkernel_generic() tries for ever to find ${counted(size, 'byte')}` };
    }
    if (!area) {
        log.log(
            'warn',
            start > 0
                ? 'crashkernel reservation failed - memory is in use.'
                : `cannot allocate crashkernel (size:0x${size.toString(16)})`,
        );
        return none;
    }
    const areas = [area];
    const { memblock } = ctx;
    memblock.reserve(area.addr, area.size, 'crash kernel', MEMBLOCK_KERN);
    const needed = high ? lowSize : start > 0 ? 0 : lowDefault;
    if (area.addr >= lowMax && needed > 0) {
        const lower = low(needed);
        if (!lower) {
            log.log('err', `cannot allocate crashkernel low memory (size:0x${needed.toString(16)}).`);
            memblock.free(area.addr, area.size);
            return none;
        }
        areas.push(lower);
        memblock.reserve(lower.addr, lower.size, 'crash kernel', MEMBLOCK_KERN);
        log.log('info', `crashkernel low memory reserved: ${span(lower, 8)}`);
    }
    log.log('info', `crashkernel reserved: ${span(area, 16)}`);
    return { areas, cma: crashCma(ctx, suffixed(values.cma)?.size ?? 0) };
}

const span = ({ addr, size }: Area, digits: number): string =>
    `${hex(addr, digits)} - ${hex(addr + size, digits)} (${Math.floor(size / MiB)} MB)`;

/** reserve_crashkernel_cma(): in halves, if there is no room for all of it in one piece. */
function crashCma(ctx: BootContext, wanted: number): Area[] {
    const { page } = ctx.machine;
    const areas: Area[] = [];
    let piece = Math.ceil(wanted / page.size) * page.size;
    let got = 0;
    while (got < wanted && areas.length < CRASH_CMA_RANGES) {
        const area = declareCma(ctx, { size: piece, start: 0, end: undefined });
        if (area) {
            areas.push(area);
            got += piece;
        } else if (piece <= page.size) {
            break;
        } else {
            piece = Math.ceil(piece / 2 / page.size) * page.size;
        }
    }
    if (wanted > 0) {
        const mb = (n: number): string => `${Math.floor(n / MiB)} MB`;
        ctx.log.log(
            got < wanted ? 'warn' : 'info',
            got < wanted
                ? `crashkernel CMA reservation failed: ${mb(wanted)} requested, ${mb(got)} reserved in ${areas.length} ranges`
                : `crashkernel CMA reserved: ${mb(got)} in ${areas.length} ranges`,
        );
    }
    return areas;
}

interface Wanted {
    readonly size: number;
    /** 0: anywhere. */
    readonly start: number;
}

/** `SIZE,high` and its like; undefined: there is none, or it cannot be parsed. */
function suffixed(value: string | undefined): Wanted | undefined {
    const { value: size, length } = memparse(value ?? '');
    return length > 0 ? { size, start: 0 } : undefined;
}

/** `SIZE[@START]` or `FROM-TO:SIZE,…[@START]`: the size for a machine of `total` bytes. */
function plainSize(value: string, total: number, warn: (text: string) => undefined): Wanted | undefined {
    return value.includes(':') ? byMemory(value, total, warn) : simple(value, warn);
}

function simple(value: string, warn: (text: string) => undefined): Wanted | undefined {
    const { value: size, length } = memparse(value);
    const rest = value.slice(length);
    if (length === 0) {
        return warn('crashkernel: memory value expected');
    }
    if (rest !== '' && !rest.startsWith('@')) {
        return warn(`crashkernel: unrecognized char: ${rest.slice(0, 1)}`);
    }
    return { size, start: memparse(rest.slice(1)).value };
}

/** parse_crashkernel_mem() */
function byMemory(value: string, memory: number, warn: (text: string) => undefined): Wanted | undefined {
    const total = Math.ceil(memory / (128 * MiB)) * 128 * MiB;
    let rest = value;
    const number = (): number | undefined => {
        const { value: n, length } = memparse(rest);
        rest = rest.slice(length);
        return length > 0 ? n : warn('crashkernel: Memory value expected');
    };
    const past = (c: string): boolean => {
        if (rest.startsWith(c)) {
            rest = rest.slice(1);
            return true;
        }
        warn(`crashkernel: '${c}' expected`);
        return false;
    };
    for (;;) {
        const from = number();
        if (from === undefined || !past('-')) {
            return undefined;
        }
        const to = rest.startsWith(':') ? Infinity : number();
        if (to === undefined) {
            return undefined;
        }
        if (to <= from) {
            return warn('crashkernel: end <= start');
        }
        const size = past(':') ? number() : undefined;
        if (size === undefined) {
            return undefined;
        }
        if (size >= total) {
            return warn('crashkernel: invalid size');
        }
        if (total >= from && total < to) {
            const at = rest.indexOf('@');
            return { size, start: at < 0 ? 0 : memparse(rest.slice(at + 1)).value };
        }
        if (!rest.startsWith(',')) {
            return { size: 0, start: 0 };
        }
        rest = rest.slice(1);
    }
}
