/**
 * Mistakes that a kernel can be given, one by one: what a draft of a series had, or what a reviewer asked about.
 * Nothing has them unless a scenario says so; they are there to be seen doing harm.
 */

export const FLAWS: ReadonlyMap<string, string> = new Map([
    [
        'kho_bitmaps_in_kfence',
        'small bitmaps of preserved memory may lie in the KFENCE pool, which after a kexec is in scratch memory (6.16 to 6.18)',
    ],
    [
        'kho_deferred_init',
        'with deferred initialization of struct pages the marks of preserved pages are lost beyond the first 128 MiB of a node (up to 7.0)',
    ],
    [
        'kho_deferred_fault',
        'the same where such struct pages cannot even be written: the first of these marks is a fault, and the kernel does not come up (up to 7.0)',
    ],
    [
        'kho_scratch_not_cma',
        'after a kexec the pageblocks of scratch are ordinary ones: whatever the kernel allocates may lie there (7.0)',
    ],
    [
        'luo_unpinned_modules',
        'a module can be unloaded while its handler has preserved files (6.19 to 7.1, before the series of April 2026)',
    ],
    ['iommu_upper_tables', 'of a domain only the tables of the upper levels are preserved, not those that map memory'],
    [
        'iommufd_any_memory',
        'nobody asks whether the memory of a hardware page table is sealed, and preserved in the same session',
    ],
    ['iommu_early_did', 'the id of a domain is given out again before what the IOMMU has cached under it is flushed'],
    ['interrupt_table', "the table of the IOMMU's entries for interrupts is not preserved"],
    ['interrupt_vectors', "the vectors that came along are not reserved: they are nobody's, or are given out anew"],
]);

export const NO_FLAWS: ReadonlySet<string> = new Set();
