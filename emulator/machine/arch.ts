/** The architectures of machines, and the page sizes of their kernels. */

export type ArchName = 'x86-64' | 'arm64';

/**
 * Everything that depends on the page size. Memory itself has no pages: kernels divide it into pages and hand it over
 * in them.
 */
export interface PageGeometry {
    /** PAGE_SIZE, in bytes. */
    readonly size: number;
    /** PAGE_SHIFT: log2 of the size. */
    readonly shift: number;
    /** MAX_PAGE_ORDER: the largest block of the page allocator has 2^maxOrder pages. */
    readonly maxOrder: number;
    /**
     * PMD_ORDER: the order of the huge page that replaces a whole table of pages, and of the transparent huge pages of
     * files.
     */
    readonly pmdOrder: number;
    /** pageblock_order: the order of the blocks that are movable, unmovable or CMA as a whole. */
    readonly pageblockOrder: number;
    /** Sizes of the huge pages of hugetlb, ascending. */
    readonly hugeOrders: readonly number[];
}

/**
 * @param shift log2 of a page's bytes
 * @param maxOrder MAX_PAGE_ORDER (for arm64: ARCH_FORCE_MAX_ORDER of arch/arm64/Kconfig)
 * @param hugeOrders orders of the huge pages of hugetlb, ascending (for arm64: arch/arm64/mm/hugetlbpage.c)
 */
export function pageGeometry(shift: number, maxOrder: number, hugeOrders: readonly number[]): PageGeometry {
    // a table is a page of entries of 8 bytes
    const pmdOrder = shift - 3;
    return {
        size: 2 ** shift,
        shift,
        maxOrder,
        pmdOrder,
        // include/linux/pageblock-flags.h, with huge pages
        pageblockOrder: Math.min(pmdOrder, maxOrder),
        hugeOrders,
    };
}

/** Pages of 4 KiB, huge ones of 2 MiB and 1 GiB. */
export const PAGES_4K = pageGeometry(12, 10, [9, 18]);

/** Pages of 16 KiB of arm64 (CONFIG_ARM64_16K_PAGES), huge ones of 32 MiB and 1 GiB. */
export const PAGES_16K = pageGeometry(14, 11, [11, 16]);

/** Pages of 64 KiB of arm64 (CONFIG_ARM64_64K_PAGES), huge ones of 512 MiB and 16 GiB. */
export const PAGES_64K = pageGeometry(16, 13, [13, 18]);

/** The page sizes that kernels of an architecture can be built with; the first is the default. */
export const PAGE_GEOMETRIES: Readonly<Record<ArchName, readonly [PageGeometry, ...PageGeometry[]]>> = {
    'x86-64': [PAGES_4K],
    arm64: [PAGES_4K, PAGES_16K, PAGES_64K],
};
