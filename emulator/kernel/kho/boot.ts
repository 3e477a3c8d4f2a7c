/**
 * Early boot, for memory and KHO: from the memory map to the buddy allocator. Plain steps that a boot sequence calls in
 * turn.
 */
import type { Err } from '../release/errno';
import { INHERITED, RELEASED, RESERVED } from '../../machine/history';
import { costId } from '../../machine/costs';
import type { Machine } from '../../machine/machine';
import { PHYS_LIMIT } from '../../machine/memory';
import type { NodeSpan, PageAllocator } from '../mm/buddy';
import { MEMBLOCK_KERN, MEMBLOCK_NOINIT } from '../mm/memblock';
import type { Memmap } from '../mm/memmap';
import { endOfMemory, structPages } from '../mm/usable-memory';
import type { BootContext } from './boot-context';
import type { Area, IncomingHandover } from './env';
import { extendScratch } from './extend';
import { fdtIsCompatible, fdtProperty, readFdt } from './fdt-read';
import type { Kho } from './kho';
import { readMetadata, writeMetadata } from './metadata';
import { earlyMarks, marksTooEarly, raggedEdge, reservedPages } from './fixed-bugs';
import { PROP_MEMORY_MAP, readFdtPage, readNativeU64 } from './root-fdt';
import { PagesInRow, RunList } from './runs';
import { SCRATCH_ENTRY, type ScratchSizes, reserveScratch } from './scratch';
import { walkHandedOver } from './tracker';

const BOOT_PRESERVED = costId('boot_preserved');
const PAGE_CACHE_FILL = costId('page_cache_fill');

const MiB = 1024 * 1024;
/** Pages; a hole of 1 TiB. */
const LARGE_HOLE = 2 ** 28;

/** The owner of the memory that the image of the running kernel lies in. */
export const KERNEL_IMAGE = 'kernel image';

/** A boot step failed and ends the kernel. */
export interface BootPanic {
    readonly panic: string;
}

/** The memory that a boot loader or kexec left for this kernel. */
export interface LoadedKernel {
    readonly image: Area;
    readonly initrd: Area | undefined;
    /** Boot parameters, command line, setup data. */
    readonly parameters: readonly Area[];
}

/** The nodes of a machine as spans of page frames, for the allocator. Without CONFIG_NUMA everything is node 0. */
export function nodeSpans(machine: Machine, numa: boolean): NodeSpan[] {
    const pieces: { node: number; start: number; end: number }[] = [];
    let last: { node: number; start: number; end: number } | undefined;
    const { size, maxOrder } = machine.page;
    const block = 2 ** maxOrder;
    for (const r of machine.map) {
        const node = numa ? r.node : 0;
        const start = Math.floor(r.start / size / block) * block;
        const end = Math.ceil((r.start + r.size) / size);
        // Consecutive ranges of one node are one span, holes included; interleaved nodes have several.
        if (last?.node === node && start - last.end < LARGE_HOLE) {
            last.end = end;
        } else {
            last = { node, start: Math.max(start, last?.end ?? 0), end };
            pieces.push(last);
        }
    }
    return pieces;
}

/**
 * e820__memblock_setup: all RAM, and what is reserved before any allocation. The first MiB counts as scratch for now.
 */
export function memblockInit(ctx: BootContext, loaded: LoadedKernel): void {
    const { machine, memblock, description } = ctx;
    for (const r of machine.map) {
        memblock.addMemory(r.start, r.size, description.numa ? r.node : 0);
    }
    if (description.arch.firstMiB) {
        memblock.markScratch(0, MiB);
    }
    const nodeOf = (pa: number): number => (description.numa ? (machine.nodeOf(pa) ?? 0) : 0);
    const flags = description.arch.early.counted ? MEMBLOCK_KERN : 0;
    const { image, initrd } = loaded;
    memblock.reserve(image.addr, image.size, KERNEL_IMAGE, flags, nodeOf(image.addr));
    if (initrd) {
        memblock.reserve(initrd.addr, initrd.size, 'initrd', flags, nodeOf(initrd.addr));
    }
    for (const area of loaded.parameters) {
        memblock.reserve(area.addr, area.size, 'boot parameters');
    }
    // memory that previous kernels have reserved for good (efi_config_parse_tables())
    for (const { addr, size, owner } of machine.firmware.reserved) {
        memblock.reserve(addr, size, owner);
    }
}

/**
 * kho_populate: checks a handover that setup data announces, and takes it over. Does not check whether `kho=` is on.
 * @returns undefined if it is refused: this is logged, and the boot is an ordinary one.
 */
export function khoPopulate(
    ctx: BootContext,
    fdtPhys: number,
    fdtLen: number,
    scratchPhys: number,
    scratchLen: number,
): IncomingHandover | undefined {
    const { machine, memblock, log } = ctx;
    const { memory } = machine;
    const refuse = (reason: string | undefined, level: 'warn' | 'err' = 'warn'): undefined => {
        if (reason !== undefined) {
            log.log(level, `KHO: ${reason}`);
        }
        log.log('warn', 'KHO: disabling KHO revival');
        return undefined;
    };
    if (fdtLen <= 0 || fdtLen > MiB || !machine.isRam(fdtPhys, fdtLen)) {
        return refuse(`setup: failed to memremap FDT (0x${fdtPhys.toString(16)})`);
    }
    const { root } = readFdt(memory.read(fdtPhys, fdtLen));
    if (!root) {
        return refuse(`setup: handover FDT (0x${fdtPhys.toString(16)}) is invalid`);
    }
    if (!fdtIsCompatible(root, ctx.description.format.compatible)) {
        ctx.onIncompatible?.(ctx.description.format.compatible);
        return refuse(
            `setup: handover FDT (0x${fdtPhys.toString(16)}) is incompatible with '${ctx.description.format.compatible}'`,
        );
    }
    const map = readNativeU64(fdtProperty(root, PROP_MEMORY_MAP)?.value);
    if (map === undefined) {
        return refuse(`failed to get ${PROP_MEMORY_MAP} from the FDT`, 'err');
    }
    if (map === 0 && ctx.description.flaws?.has('kho_map_unchecked') !== true) {
        return refuse(undefined);
    }
    if (scratchLen < 0 || scratchLen > MiB || !machine.isRam(scratchPhys, scratchLen)) {
        return refuse(`setup: failed to memremap scratch (0x${scratchPhys.toString(16)})`);
    }
    const scratch: Area[] = [];
    const end = endOfMemory(machine.map);
    for (let i = 0; i < Math.floor(scratchLen / SCRATCH_ENTRY); i++) {
        const addr = memory.readU64(scratchPhys + i * SCRATCH_ENTRY);
        const size = memory.readU64(scratchPhys + i * SCRATCH_ENTRY + 8);
        // The kernel would add any address in the entry to its memory; here only RAM is accepted.
        if (typeof addr !== 'number' || typeof size !== 'number' || (size > 0 && !machine.isRam(addr, size))) {
            return refuse(`failed to mark scratch region 0x${addr.toString(16)}+0x${size.toString(16)}`);
        }
        memblock.addMemory(addr, Math.max(0, Math.min(size, end - addr)), machine.nodeOf(addr) ?? 0);
        memblock.markScratch(addr, size);
        scratch.push({ addr, size });
    }
    memblock.reserve(scratchPhys, scratchLen, 'KHO scratch array');
    if (ctx.description.format.extendsScratch && typeof map === 'number') {
        extendScratch(machine, memblock, map);
    }
    memblock.setScratchOnly(true);
    log.log('info', 'KHO: found kexec handover data.');
    return { fdt: fdtPhys, scratchArray: scratchPhys, scratch };
}

/** The result of kho_memory_init. */
export interface KhoMemory {
    /** kho_is_enabled(): as requested, unless scratch could not be reserved. */
    readonly enabled: boolean;
    readonly scratch: readonly Area[];
    readonly scratchArray: number;
    /** The memory that the previous kernel preserved; for {@link Kho.setIncoming}. */
    readonly runs: RunList;
    readonly pages: number;
}

/**
 * kho_memory_init. With a handover: walks the tree, reserves the blocks in it and marks their heads. Without: reserves
 * scratch areas if KHO is on.
 */
export function khoMemoryInit(
    ctx: BootContext,
    incoming: IncomingHandover | undefined,
    enabled: boolean,
    sizes: ScratchSizes,
): KhoMemory | BootPanic {
    const { machine, memmap } = ctx;
    const { size } = machine.page;
    const runs = new RunList();
    if (!incoming) {
        const reserved = enabled ? reserveScratch(ctx, sizes) : undefined;
        return {
            enabled: enabled && reserved !== undefined,
            scratch: reserved?.scratch ?? [],
            scratchArray: reserved?.array ?? 0,
            runs,
            pages: 0,
        };
    }
    // the direct mapping ends with the memory that the kernel uses
    const hidden = [incoming.scratchArray, incoming.fdt].find((pa) => pa >= endOfMemory(machine.map));
    if (hidden !== undefined) {
        return { panic: `unable to handle page fault: 0x${hidden.toString(16)} is not mapped` };
    }
    const edge = raggedEdge(ctx.description, machine.page, incoming.scratch);
    if (edge !== undefined) {
        return {
            panic: `unable to handle page fault: the struct page beyond the scratch area at 0x${edge.toString(16)} is not initialized yet`,
        };
    }
    for (const area of ctx.description.flaws?.has('kho_scratch_not_cma') === true ? [] : incoming.scratch) {
        memmap.markCma(area.addr / size, (area.addr + area.size) / size);
    }
    const { root } = readFdtPage(machine, incoming.fdt);
    const map = readNativeU64(root && fdtProperty(root, PROP_MEMORY_MAP)?.value);
    if (typeof map !== 'number' || map === 0 || map >= PHYS_LIMIT) {
        return {
            panic: `unable to handle page fault: the tree of preserved memory is at 0x${(map ?? 0).toString(16)}`,
        };
    }
    const owner = machine.owners.id('preserved by the previous kernel');
    let outside: number | undefined;
    // looked up once, not for each of millions of blocks
    const { flaws } = ctx.description;
    const wrongSizes = flaws?.has('kho_int_sizes') === true;
    const early = earlyMarks(flaws);
    /** From here on all is reserved. */
    let allAbove = Infinity;
    let fault: number | undefined;
    const end = endOfMemory(machine.map) / size;
    const described = structPages(machine.map, machine.page);
    const found = (pfn: number, order: number): void => {
        if (!described(pfn, pfn + 2 ** order)) {
            outside ??= pfn;
            return;
        }
        machine.clock.charge(BOOT_PRESERVED);
        const reserved = wrongSizes ? reservedPages(flaws, machine.page, order) : 2 ** order;
        if (reserved < 2 ** order) {
            // only the head is reserved: the rest becomes free memory
            memmap.stampPreserved(pfn, 0, owner);
            runs.add(pfn, 0);
            return;
        }
        if (reserved === Infinity) {
            allAbove = Math.min(allAbove, pfn);
        }
        memmap.stampPreserved(pfn, order, owner);
        runs.add(pfn, order);
        if (early !== undefined && marksTooEarly(ctx.description, machine, pfn)) {
            memmap.loseMark(pfn);
            fault ??= early === 'kho_deferred_fault' ? pfn : undefined;
        }
    };
    const singles = new PagesInRow((pfn, count) => {
        const alike = !wrongSizes && early === undefined && described(pfn, pfn + count);
        if (alike && machine.clock.mergesUnits([BOOT_PRESERVED], count)) {
            machine.clock.charge(BOOT_PRESERVED, count);
            memmap.stampPages(pfn, count, owner);
            runs.addPages(pfn, count);
        } else {
            for (let i = 0; i < count; i++) {
                found(pfn + i, 0);
            }
        }
    });
    const findings = walkHandedOver(
        ctx.description,
        machine.memory,
        machine.page,
        map,
        (pa, n) => machine.isRam(pa, n) && pa + n <= end * size,
        (pfn, order) => {
            if (order === 0) {
                singles.add(pfn);
            } else {
                singles.end();
                found(pfn, order);
            }
        },
    );
    singles.end();
    if (fault !== undefined) {
        return {
            panic: `unable to handle page fault: the struct page of page frame 0x${fault.toString(16)} is not initialized yet`,
        };
    }
    const fatal = findings.find((f) => f.fatal);
    if (fatal || outside !== undefined) {
        const what = fatal
            ? `0x${fatal.pa.toString(16)}: ${fatal.text}`
            : `page frame 0x${(outside ?? 0).toString(16)} is preserved, but is not memory`;
        return { panic: `unable to handle page fault: ${what}` };
    }
    const union = runs.union();
    ctx.memblock.reserveMany(
        union.map((r) => ({ start: r.start * size, end: r.end * size })),
        'preserved memory',
        MEMBLOCK_NOINIT,
    );
    if (allAbove < end) {
        ctx.memblock.reserve(allAbove * size, (end - allAbove) * size, 'taken for preserved', MEMBLOCK_NOINIT);
    }
    let pages = 0;
    for (const r of union) {
        pages += r.end - r.start;
        machine.history.add(INHERITED, r.start, r.end - r.start, owner);
    }
    return { enabled, scratch: incoming.scratch, scratchArray: incoming.scratchArray, runs, pages };
}

/** memblock_free_all: everything that is not reserved is freed to the buddy allocator, in whole pages. */
export function memblockFreeAll(ctx: BootContext, allocator: PageAllocator): void {
    const { machine, memblock, memmap } = ctx;
    const { size } = machine.page;
    memblock.setScratchOnly(false);
    const reserved = memblock.reserved
        .filter((r) => (r.flags & MEMBLOCK_NOINIT) === 0)
        .map((r) => ({
            start: Math.floor(r.base / size),
            end: Math.ceil((r.base + r.size) / size),
            owner: machine.owners.id(r.owner),
        }));
    memmap.setReserved(reserved);
    for (const { start, end, owner } of reserved) {
        machine.history.add(RESERVED, start, end - start, owner);
    }
    let after = 0;
    for (const free of memblock.freeRanges()) {
        const start = Math.max(after, Math.ceil(free.base / size));
        const end = Math.floor(free.end / size);
        if (start < end) {
            allocator.release(start, end);
            after = end;
        }
    }
}

/** Frees boot-time reservations that are not needed any more, such as that of the initrd. Bytes; whole pages only. */
export function freeReserved(machine: Machine, memmap: Memmap, allocator: PageAllocator, area: Area): void {
    const { size } = machine.page;
    const start = Math.ceil(area.addr / size);
    const end = Math.floor((area.addr + area.size) / size);
    if (start < end) {
        machine.history.add(RELEASED, start, end - start, memmap.ownerOf(start));
        memmap.release(start, end);
        allocator.release(start, end);
    }
}

/**
 * kho_init (fs_initcall): the outgoing side, the metadata of both, and after a cold boot the scratch areas as CMA
 * memory.
 * @returns why KHO is off from here on; 0 also if it was off before.
 */
export function khoInit(kho: Kho): 0 | Err {
    if (!kho.enabled) {
        return 0;
    }
    const { machine, memmap, allocator } = kho.env;
    const { size } = machine.page;
    let result = kho.createOutgoing();
    if (result === 0 && kho.env.options.format.metadata) {
        const { count, release } = readMetadata(kho);
        kho.setKexecCount(count, release);
        result = writeMetadata(kho, count + 1);
    }
    if (result !== 0) {
        kho.env.log.log('err', `KHO: failed to initialize: ${result.name}`);
        kho.destroyOutgoing();
    }
    if (!kho.incoming) {
        if (result === 0) {
            machine.journal.edit(kho).debugFdtLength = readFdtPage(machine, kho.fdt).size;
        }
        for (const area of kho.scratch) {
            const whole = wholePageblocks(kho, area);
            if (result === 0) {
                memmap.markCma(whole.addr / size, (whole.addr + whole.size) / size);
            }
            freeReserved(machine, memmap, allocator, area);
            if (whole.size > area.size) {
                freeOthers(kho, area.addr + area.size, whole.addr + whole.size);
            }
        }
    }
    return result;
}

/**
 * The part of a scratch area that init_cma_reserved_pageblock() gives to the page allocator: whole pageblocks. The area
 * ends at the end of one, unless the kernel takes its size unrounded from the command line.
 */
function wholePageblocks({ env }: Kho, area: Area): Area {
    if (env.options.flaws?.has('kho_scratch_unrounded') !== true) {
        return area;
    }
    const { size, pageblockOrder } = env.machine.page;
    const block = size << pageblockOrder;
    return { addr: area.addr, size: Math.ceil((area.addr + area.size) / block) * block - area.addr };
}

/** Frees the rest of the last pageblock after a scratch area, whoever has reserved it. `from` and `to` in bytes. */
function freeOthers({ env: { machine, memmap, allocator } }: Kho, from: number, to: number): void {
    const { size } = machine.page;
    for (let pfn = Math.ceil(from / size); pfn < to / size; pfn++) {
        if (memmap.stateOf(pfn) === 'reserved') {
            freeReserved(machine, memmap, allocator, { addr: pfn * size, size });
        }
    }
}

/**
 * Fills `bytes` of free memory with what a booting system reads from disk, as movable page-cache pages: memory that is
 * not preserved is really reused and overwritten. @returns the number of pages allocated.
 */
export function fillPageCache(machine: Machine, allocator: PageAllocator, bytes: number): number {
    const owner = machine.owners.id('page cache');
    const { size, pmdOrder } = machine.page;
    let left = Math.floor(bytes / size);
    let got = 0;
    let order = pmdOrder;
    while (left > 0 && order >= 0) {
        if (2 ** order > left) {
            order--;
            continue;
        }
        const pfn = allocator.alloc(order, { owner, movable: true });
        if (pfn < 0) {
            order--;
            continue;
        }
        machine.memory.fillPattern(pfn * size, size << order, 0xcc, got * size);
        machine.clock.chargeBytes(PAGE_CACHE_FILL, size << order);
        got += 2 ** order;
        left -= 2 ** order;
    }
    return got;
}
