/**
 * What kernels did wrong when they took a handover over, and have been cured of: what becomes of a preserved block in
 * one that does it still.
 */
import type { PageGeometry } from '../../machine/arch';
import type { Machine } from '../../machine/machine';
import { orderPages } from '../mm/memmap';
import type { Area, KhoEnv, KhoOptions } from './env';

/**
 * Memory of a node whose struct pages are initialized at once where the others are deferred: a section
 * (SECTION_SIZE_BITS), in bytes.
 */
const INITIALIZED = 2 ** 27;

const INT_BITS = 32;

/** Alignment and rounding of scratch areas, in bytes: a pageblock, or the largest block of the page allocator. */
export function scratchAlign(page: PageGeometry, flaws?: ReadonlySet<string>): number {
    return page.size << (flaws?.has('kho_scratch_pageblocks') === true ? page.pageblockOrder : page.maxOrder);
}

/**
 * The edge of a scratch area, in bytes, at which the page allocator of a kernel that initializes most of its struct
 * pages late looks at one beyond it, to merge blocks: within the largest block there are areas and others. Undefined
 * where none is.
 */
export function raggedEdge(
    { flaws, deferredInit }: Pick<KhoOptions, 'flaws' | 'deferredInit'>,
    page: PageGeometry,
    scratch: readonly Area[],
): number | undefined {
    const align = scratchAlign(page);
    return deferredInit === true && flaws?.has('kho_scratch_pageblocks') === true
        ? scratch.flatMap(({ addr, size }) => [addr, addr + size]).find((edge) => edge % align !== 0)
        : undefined;
}

/**
 * How many pages of a block are reserved. `1 << (order + PAGE_SHIFT)` in an int is 2^31 with the sign set for blocks of
 * 2 GiB, which memblock takes for everything above: Infinity. For larger ones x86 shifts by what is left of the number
 * in five bits.
 */
export function reservedPages(flaws: ReadonlySet<string> | undefined, page: PageGeometry, order: number): number {
    const shift = order + page.shift;
    if (shift < INT_BITS - 1 || flaws?.has('kho_int_sizes') !== true) {
        return orderPages(order);
    }
    return shift === INT_BITS - 1 ? Infinity : Math.max(1, 2 ** (shift % INT_BITS) / page.size);
}

/**
 * What becomes of marks that are written to struct pages before these are initialized: they are overwritten, or already
 * writing them is a fault.
 */
export type EarlyMarks = 'kho_deferred_init' | 'kho_deferred_fault';

/** What becomes of the early marks of such a kernel; undefined where it initializes struct pages first. */
export function earlyMarks(flaws: ReadonlySet<string> | undefined): EarlyMarks | undefined {
    const all: readonly EarlyMarks[] = ['kho_deferred_fault', 'kho_deferred_init'];
    return all.find((flaw) => flaws?.has(flaw) === true);
}

/** Whether the mark on the head of a block is written to a struct page that is initialized only afterwards. */
export function marksTooEarly(
    { flaws, numa }: Pick<KhoOptions, 'flaws' | 'numa'>,
    machine: Machine,
    pfn: number,
): boolean {
    if (earlyMarks(flaws) === undefined) {
        return false;
    }
    const { size } = machine.page;
    const node = numa ? machine.nodeOf(pfn * size) : undefined;
    const first = machine.map.find((r) => node === undefined || r.node === node);
    return first !== undefined && pfn >= Math.floor((first.start + INITIALIZED) / size);
}

/**
 * A zeroed page of the KFENCE pool of a kernel that came by kexec, which lies in scratch memory; undefined where
 * bitmaps do not come from there.
 */
export function kfencePage(
    { options, allocator, machine }: KhoEnv,
    pool: Area | undefined,
    owner: string,
): number | undefined {
    if (!pool || options.flaws?.has('kho_bitmaps_in_kfence') !== true) {
        return undefined;
    }
    const { size } = machine.page;
    for (let pa = pool.addr + Math.floor(pool.size / 2 / size) * size; pa < pool.addr + pool.size; pa += size) {
        if (allocator.takePage(pa / size, machine.owners.id(owner))) {
            machine.memory.zero(pa, size);
            return pa;
        }
    }
    return undefined;
}
