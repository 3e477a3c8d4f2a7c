/**
 * Mistakes that a kernel can be given, one by one: what a draft of a series had, or what a reviewer asked about. Nothing has them unless a
 * scenario says so; they are there to be seen doing harm.
 */

export const FLAWS: ReadonlyMap<string, string> = new Map([
    ['luo_unpinned_modules', 'a module can be unloaded while its handler has preserved files (6.19 to 7.1, before the series of April 2026)'],
    ['iommu_upper_tables', 'of a domain only the tables of the upper levels are preserved, not those that map memory'],
    ['iommufd_any_memory', 'nobody asks whether the memory of a hardware page table is sealed, and preserved in the same session'],
    ['iommu_early_did', 'the id of a domain is given out again before what the IOMMU has cached under it is flushed'],
]);

export const NO_FLAWS: ReadonlySet<string> = new Set();
