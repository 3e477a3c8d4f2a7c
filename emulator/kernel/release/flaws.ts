/**
 * Deliberate bugs of kernels: those of a draft of a series, or those that a reviewer asked about. A kernel has them
 * only if a scenario requests it, to show their effects.
 */

export const FLAWS: ReadonlyMap<string, string> = new Map([
    [
        'kho_bitmaps_in_kfence',
        'small bitmaps of preserved memory can lie in the KFENCE pool, which is in scratch memory after a kexec (6.16 to 6.18)',
    ],
    [
        'kho_deferred_init',
        'with deferred initialization of struct pages, the marks of preserved pages are lost beyond the first 128 MiB of a node (up to 7.0)',
    ],
    [
        'kho_deferred_fault',
        'the same, but such struct pages cannot be written: the first of these marks faults, and the kernel does not boot (up to 7.0)',
    ],
    [
        'kho_scratch_not_cma',
        'after a kexec, the pageblocks of scratch are ordinary ones: any allocation of the kernel can lie there (7.0)',
    ],
    [
        'luo_unpinned_modules',
        'a module can be unloaded while its handler has preserved files (6.19 to 7.1, before the series of April 2026)',
    ],
    ['iommu_upper_tables', 'of the tables of a domain, only the upper levels are preserved, not those that map memory'],
    [
        'iommufd_any_memory',
        'the kernel does not check whether the memory of a hardware page table is sealed, and preserved in the same session',
    ],
    ['iommu_early_did', 'a domain id is reused before what the IOMMU has cached under it is flushed'],
    ['interrupt_table', 'the interrupt remapping table is not preserved'],
    ['interrupt_vectors', 'the handed-over vectors are not reserved: they stay unassigned, or are assigned again'],
]);

export const NO_FLAWS: ReadonlySet<string> = new Set();
