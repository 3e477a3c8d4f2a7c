/**
 * What a kernel takes from memblock before its page allocator is up, in the order in which Linux takes it: the sizes of
 * scratch areas come from the sum, and their places from what lies at the top of memory by then. On a boot with a
 * handover all of it comes out of scratch.
 */
import { KFENCE_POOL, kfenceMetadataSize, kfencePoolSize } from '../mm/kfence';
import type { MemblockAlloc } from '../mm/memblock';
import { IOTLB_SEGMENT } from '../mm/parameters';
import type { EarlyShape } from '../release/arch';
import type { BootContext } from './boot-context';
import { type BootPanic, KERNEL_IMAGE } from './boot';

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

/** sizeof(struct page). */
const STRUCT_PAGE = 64;
/** sizeof(struct mem_section_usage) with its bitmap. */
const SECTION_USAGE = 88;
/** sizeof(struct mem_section); a root is a page of them (SECTIONS_PER_ROOT). */
const MEM_SECTION = 16;
/** sizeof(pg_data_t), rounded up to a cache line: a node with CONFIG_NUMA. */
const NODE_DATA = 0x3080;
/** An entry of a page table. */
const ENTRY = 8;
/** CONFIG_LOG_BUF_SHIFT: of the log buffer that is part of the image. */
const LOG_SHIFT = 17;
/** Log buffer that a processor adds (LOG_CPU_MAX_BUF_SHIFT). */
const LOG_OF_CPU = 2 ** 12;
/** The software IOTLB: its size (IO_TLB_DEFAULT_SIZE), its slots, and what describes one (struct io_tlb_slot). */
const IOTLB_SIZE = 64 * MiB;
const IOTLB_SLOT = 2 * KiB;
const IOTLB_DESCRIPTOR = 24;
/** struct io_tlb_area: a lock and what it protects, one a processor. */
const IOTLB_AREA = 16;

interface CpuGroup {
    readonly node: number;
    /** Processors. */
    readonly count: number;
}

/**
 * What a kernel allocates up to a moment: up to `cma=` and `crashkernel=` (the end of setup_arch()), up to
 * `reserve_mem=` (start_kernel() reads the command line), and up to the page allocator (mm_core_init()).
 */
export type EarlyStage = 'direct map' | 'per-CPU areas' | 'hash tables';

const STAGES: Readonly<Record<EarlyStage, (early: EarlyAllocations) => void>> = {
    'direct map': (early) => early.directMap(),
    'per-CPU areas': (early) => {
        early.firmwareMap();
        early.memorySections();
        early.perCpuAreas();
    },
    'hash tables': (early) => {
        early.hashTables();
        early.beforePageAllocator();
    },
};

/**
 * All stages, of a kernel without such parameters.
 * @returns the panic of a kernel that finds no room
 */
export function earlyAllocations(ctx: BootContext): BootPanic | undefined {
    const early = new EarlyAllocations(ctx);
    for (const allocate of Object.values(STAGES)) {
        allocate(early);
    }
    return early.panic;
}

/**
 * A stage of a kernel that runs. Before it reads a handover, it has cleared this part of scratch or written its own
 * data there.
 * @returns the panic of a kernel that finds no room
 */
export function takeEarlyMemory(ctx: BootContext, stage: EarlyStage): BootPanic | undefined {
    const { machine, memblock, description } = ctx;
    const before = new Set(memblock.reserved.map((r) => r.base));
    const early = new EarlyAllocations(ctx);
    STAGES[stage](early);
    const uncleared = description.arch.early.kfencePool === 'first' ? KFENCE_POOL : undefined;
    for (const { base, size, owner } of memblock.scratchOnly ? memblock.reserved : []) {
        if (!before.has(base) && owner !== uncleared) {
            machine.memory.zero(base, size);
        }
    }
    return early.panic;
}

class EarlyAllocations {
    panic: BootPanic | undefined;
    /** Nodes with memory; node 0 alone without CONFIG_NUMA. */
    private readonly nodes: readonly number[];
    private readonly page: number;

    constructor(private readonly ctx: BootContext) {
        const { machine, description } = ctx;
        this.nodes = description.numa ? machine.nodes : [0];
        this.page = machine.page.size;
    }

    /** Allocates, or lets the kernel panic. */
    private need(owner: string, size: number, align: number, options: Partial<MemblockAlloc> = {}): number | undefined {
        if (this.panic) {
            return undefined;
        }
        const at = this.ctx.memblock.alloc(size, align, { owner, fallback: true, ...options });
        if (at === undefined) {
            this.fail(owner, size, options.node);
        }
        return at;
    }

    private fail(owner: string, size: number, node = 0): void {
        this.panic ??= { panic: `Failed to allocate ${size} bytes for ${owner} of node ${node}` };
    }

    private wholePages(bytes: number): number {
        return Math.ceil(bytes / this.page) * this.page;
    }

    // ------------------------------------------------------------ setup_arch()

    /** The trampoline, page tables of the direct map, the device tree, the log buffer of many processors. */
    directMap(): void {
        const { machine, memblock, description } = this.ctx;
        const { early, firstMiB } = description.arch;
        if (firstMiB) {
            // reserve_real_mode(): all of the first MiB stays reserved, and is no scratch any more
            memblock.alloc(early.trampoline, this.page, { owner: 'trampoline', limit: MiB, located: true });
            memblock.reserve(0, MiB, 'first MiB');
            memblock.markScratch(0, MiB, false);
        }
        this.kfencePool('first');
        const tables = this.directMapTables();
        if (memblock.allocBlocks(tables, this.page, { owner: 'page tables', located: true }) < tables) {
            this.fail('page tables', tables * this.page);
        }
        if (early.deviceTree > 0) {
            this.need('device tree', early.deviceTree, 8, { located: true });
        }
        if (description.numa) {
            for (const node of this.nodes) {
                this.need('early kernel data', NODE_DATA, 64, { node });
            }
        }
        // log_buf_add_cpu(): beyond half of the usual buffer
        const log = (machine.cpus - 1) * LOG_OF_CPU;
        if (log > 2 ** (LOG_SHIFT - 1)) {
            const size = 2 ** Math.ceil(Math.log2(log + 2 ** LOG_SHIFT));
            for (const part of [size, (size / 32) * 24, (size / 32) * 88]) {
                this.need('log buffer', part, 8, { located: true });
            }
        }
    }

    /** What describes the firmware's map of memory. */
    firmwareMap(): void {
        const { machine, description } = this.ctx;
        for (const [size, align] of description.arch.early.small(machine)) {
            this.need('early kernel data', size, align, { located: true });
        }
    }

    private directMapTables(): number {
        const { machine, memblock, description } = this.ctx;
        const of = (bytes: number): number => {
            let count = 0;
            let done = 0;
            for (const { start, size } of machine.map) {
                const end = Math.ceil((start + size) / bytes);
                count += end - Math.max(done, Math.floor(start / bytes));
                done = end;
            }
            return count;
        };
        if (description.arch.early.directMap === 'blocks') {
            // Tables come out of the image, but not while memory is mapped that the image lies in (can_use_brk_pgt):
            // all memory below 4 GiB at once where there is some above it.
            const low = memblock.reserved.some((r) => r.owner === KERNEL_IMAGE && r.base < 4 * GiB);
            return low && machine.map.some((r) => r.start + r.size > 4 * GiB) ? 2 : 0;
        }
        const entries = this.page / ENTRY;
        const reach = [this.page * entries, this.page * entries ** 2, this.page * entries ** 3];
        return reach.reduce((sum, bytes) => sum + of(bytes), 0);
    }

    // ------------------------------------------------------------ sparse_init()

    /** The memmap: sections of memory with their struct pages, each on its own node. */
    memorySections(): void {
        const { memblock, description } = this.ctx;
        const { early } = description.arch;
        const pages = this.sectionSize / this.page;
        const memmap = pages * STRUCT_PAGE;
        this.need('memory sections', early.sectionRoots, 64);
        const sections = this.sectionsByNode();
        const ofRoot = this.page / MEM_SECTION;
        const roots = new Set<number>();
        for (const [node, numbers] of sections) {
            for (const root of [...numbers].map((n) => Math.floor(n / ofRoot))) {
                if (!roots.has(root)) {
                    roots.add(root);
                    this.need('memory sections', this.page, 64, { node });
                }
            }
        }
        for (const [node, { size: count }] of sections) {
            if (count === 0) {
                continue;
            }
            this.need('memory sections', SECTION_USAGE * count, 64, { node });
            const tables = this.memmapTables(count * memmap);
            for (let i = 0; i < tables; i++) {
                this.need('page tables', this.page, this.page, { node });
            }
            const owner = 'memmap';
            const got = memblock.allocBlocks(count, memmap, { owner, node, fallback: true });
            if (got < count) {
                // vmemmap_populate_hugepages() takes single pages where no larger one is left
                const single = ((count - got) * memmap) / this.page;
                if (memblock.allocBlocks(single, this.page, { owner, node, fallback: true }) < single) {
                    this.fail(owner, count * memmap, node);
                }
            }
        }
    }

    /** SECTION_SIZE_BITS: 27, and 29 where pages are of 64 KiB. */
    private get sectionSize(): number {
        return this.page === 64 * KiB ? 512 * MiB : 128 * MiB;
    }

    /** Sections by node; one that two nodes share belongs to the lower part of it (memory_present()). */
    private sectionsByNode(): Map<number, Set<number>> {
        const { machine, description } = this.ctx;
        const sections = new Map(this.nodes.map((node) => [node, new Set<number>()]));
        let next = 0;
        for (const { start, size, node } of machine.map) {
            const numbers = sections.get(description.numa ? node : 0);
            for (
                let n = Math.max(next, Math.floor(start / this.sectionSize));
                n * this.sectionSize < start + size;
                n++
            ) {
                numbers?.add(n);
                next = n + 1;
            }
        }
        return sections;
    }

    /** Tables for a memmap of so many bytes in a row: one of each level, and one for each that the lowest covers. */
    private memmapTables(bytes: number): number {
        const { memmapLevels } = this.ctx.description.arch.early;
        const lowest = this.page * (this.page / ENTRY) ** 2;
        return memmapLevels - 1 + Math.ceil(bytes / lowest);
    }

    // ------------------------------------------------------------ setup_per_cpu_areas()

    /** The command line twice, then a unit a processor, in a group a node (pcpu_embed_first_chunk()). */
    perCpuAreas(): void {
        const { machine, memblock, description, commandLine } = this.ctx;
        const { perCpu, perCpuBlock } = description.arch.early;
        const { cpus } = machine;
        this.need('command line', commandLine + 1, 64);
        this.need('command line', commandLine + 1, 64);
        const temporary = [this.need('per-CPU areas', this.page, this.page), this.need('per-CPU areas', this.page, 64)];
        const size = this.wholePages(perCpu);
        const groups = this.cpuGroups();
        const unit =
            perCpuBlock === undefined ? size : perCpuBlock / unitsOfBlock(perCpuBlock, size, groups, this.page);
        const block = perCpuBlock ?? this.page;
        for (const { node, count } of groups) {
            const whole = Math.ceil((count * unit) / block) * block;
            const at = this.need('per-CPU areas', whole, block, description.numa ? { node } : {});
            if (at !== undefined) {
                // what a unit does not need goes back, and so do those that no processor has
                memblock.freeMany([
                    ...Array.from({ length: count }, (_, i) => ({
                        start: at + i * unit + size,
                        end: at + (i + 1) * unit,
                    })),
                    { start: at + count * unit, end: at + whole },
                ]);
            }
        }
        // pcpu_setup_first_chunk(): groups, maps of units, lists of chunks by their free space, the first two chunks
        const slots = Math.max(Math.floor(Math.log2(unit)) + 1 - 5 + 2, 1) + 4;
        for (const bytes of [
            8 * groups.length,
            8 * groups.length,
            4 * cpus,
            8 * cpus,
            16 * slots,
            136,
            1024,
            1032,
            256,
        ]) {
            this.need('per-CPU areas', bytes, 64);
        }
        for (const page of temporary) {
            if (page !== undefined) {
                memblock.free(page, this.page);
            }
        }
    }

    /** The processors of each node that has some, in equal shares. */
    private cpuGroups(): readonly CpuGroup[] {
        const { cpus } = this.ctx.machine;
        const share = Math.ceil(cpus / this.nodes.length);
        return this.nodes
            .map((node, i) => ({ node, count: Math.min(share, cpus - i * share) }))
            .filter(({ count }) => count > 0);
    }

    // ------------------------------------------------------------ vfs_caches_init_early()

    /** Hash tables of dentries and inodes; where they are spread over nodes they come out of vmalloc memory later. */
    hashTables(): void {
        if (this.nodes.length > 1) {
            return;
        }
        for (const scale of [13, 14]) {
            this.need('hash tables', this.hashEntries(scale) * ENTRY, 64);
        }
    }

    /** alloc_large_system_hash(): a bucket for 2^scale bytes of memory, fewer where there is much. */
    private hashEntries(scale: number): number {
        const { machine } = this.ctx;
        const step = Math.max(1, MiB / this.page);
        const pages = Math.ceil(machine.ramSize / this.page / step) * step;
        let shift = scale - machine.page.shift;
        for (let large = (64 * GiB) / this.page; large < pages; large *= 4) {
            shift++;
        }
        return 2 ** Math.ceil(Math.log2(pages / 2 ** shift));
    }

    // ------------------------------------------------------------ mm_core_init()

    /** Fixed mappings, what the configuration adds, and bounce buffers of devices. */
    beforePageAllocator(): void {
        const { description, memblock } = this.ctx;
        for (let i = 0; i < description.arch.early.fixmapTables; i++) {
            this.need('page tables', this.page, this.page);
        }
        if (description.early.extra > 0) {
            this.need('early kernel data', this.wholePages(description.early.extra), this.page);
        }
        this.softwareIotlb();
        this.kfencePool('last');
        if (description.kfence) {
            memblock.alloc(kfenceMetadataSize(this.page), this.page, { owner: 'KFENCE metadata' });
        }
    }

    /** kfence_alloc_pool_and_metadata(): without room there is no KFENCE. */
    private kfencePool(when: EarlyShape['kfencePool']): void {
        const { memblock, description } = this.ctx;
        if (description.kfence && description.arch.early.kfencePool === when) {
            memblock.alloc(kfencePoolSize(this.page), this.page, { owner: KFENCE_POOL, located: when === 'first' });
        }
    }

    /** swiotlb_init_remap(): if some memory is beyond the reach of devices. Without room there is none. */
    private softwareIotlb(): void {
        const { machine, memblock, description, log } = this.ctx;
        const { arch, zoneDma, iommuOff, bounceBuffers } = description;
        const limit = arch.lowLimit(machine, zoneDma);
        const last = machine.map.at(-1);
        const beyond = last !== undefined && last.start + last.size > limit + 1 && !iommuOff;
        const forced = bounceBuffers.when === 'force';
        if (bounceBuffers.when === 'noforce' || (!beyond && !arch.early.alwaysBounces && !forced)) {
            return;
        }
        let slots = bounceBuffers.slots ?? IOTLB_SIZE / IOTLB_SLOT;
        if (!beyond && arch.early.alwaysBounces && slots === IOTLB_SIZE / IOTLB_SLOT) {
            const wanted = Math.ceil(machine.ramSize / 1024 / IOTLB_SLOT / IOTLB_SEGMENT) * IOTLB_SEGMENT;
            slots = Math.min(slots, wanted);
        }
        const areas = bounceBuffers.areas || 2 ** Math.ceil(Math.log2(machine.cpus));
        slots = 2 ** Math.ceil(Math.log2(Math.max(slots, IOTLB_SEGMENT * areas)));
        const owner = 'software IOTLB';
        while (memblock.alloc(slots * IOTLB_SLOT, this.page, { owner, limit }) === undefined) {
            if (slots * IOTLB_SLOT <= MiB) {
                log.log('warn', `software IO TLB: Failed to allocate ${slots * IOTLB_SLOT} bytes for tlb structure`);
                return;
            }
            slots = Math.ceil(slots / 2 / IOTLB_SEGMENT) * IOTLB_SEGMENT;
        }
        memblock.alloc(this.wholePages(slots * IOTLB_DESCRIPTOR), this.page, { owner });
        memblock.alloc(IOTLB_AREA * areas, 64, { owner });
    }
}

/** pcpu_build_alloc_info(): how many units a block is divided into. */
function unitsOfBlock(block: number, size: number, groups: readonly CpuGroup[], page: number): number {
    const cpus = groups.reduce((sum, g) => sum + g.count, 0);
    let best = 1;
    let last = Infinity;
    for (let units = Math.floor(block / size); units > 0; units--) {
        if (block % units !== 0 || (block / units) % page !== 0) {
            continue;
        }
        const blocks = groups.reduce((sum, g) => sum + Math.ceil(g.count / units), 0);
        if (blocks * units - cpus > Math.floor(cpus / 3)) {
            continue;
        }
        if (blocks > last) {
            break;
        }
        last = blocks;
        best = units;
    }
    return best;
}
