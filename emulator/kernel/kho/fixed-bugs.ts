/**
 * Fixed bugs of kernels that take over a handover: what happens to a preserved block in a kernel that still has them.
 */
import type { PageGeometry } from '../../machine/arch';
import type { Machine } from '../../machine/machine';
import { orderPages } from '../mm/memmap';
import type { Area, KhoOptions } from './env';

/**
 * Memory of a node whose struct pages are initialized at once even if the others are deferred: a section
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
 * Number of pages of a block that are reserved. For blocks of 2 GiB, `1 << (order + PAGE_SHIFT)` in an int is 2^31, a
 * negative number, which memblock takes for everything above: Infinity. For larger blocks, x86 shifts by the low five
 * bits of the number.
 */
export function reservedPages(flaws: ReadonlySet<string> | undefined, page: PageGeometry, order: number): number {
    const shift = order + page.shift;
    if (shift < INT_BITS - 1 || flaws?.has('kho_int_sizes') !== true) {
        return orderPages(order);
    }
    return shift === INT_BITS - 1 ? Infinity : Math.max(1, 2 ** (shift % INT_BITS) / page.size);
}

/**
 * What happens to marks that are written to struct pages before these are initialized: they are overwritten, or writing
 * them faults.
 */
export type EarlyMarks = 'kho_deferred_init' | 'kho_deferred_fault';

/** What happens to the early marks in such a kernel; undefined if it initializes struct pages first. */
export function earlyMarks(flaws: ReadonlySet<string> | undefined): EarlyMarks | undefined {
    const all: readonly EarlyMarks[] = ['kho_deferred_fault', 'kho_deferred_init'];
    return all.find((flaw) => flaws?.has(flaw) === true);
}

/** Whether the mark on the head of a block is written to a struct page before that is initialized. */
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
