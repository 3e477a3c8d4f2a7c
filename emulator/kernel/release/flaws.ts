/**
 * Mistakes of kernels, one by one: those that releases have had, which each version has by itself, and others that only
 * a kernel has that is given them: of drafts of a series, or such as a reviewer asked about.
 */
import { BUG_FLAWS, versionsWith } from './known-bugs';

const GIVEN: ReadonlyMap<string, string> = new Map([
    [
        'kho_deferred_fault',
        'with deferred initialization of struct pages writing the mark of a preserved page beyond the first 128 MiB of a node is a fault, and the kernel does not come up',
    ],
    [
        'luo_unpinned_modules',
        'a module is unloaded by force while its handler has preserved files, and stays on the list',
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

/** What each is, by name. */
export const FLAWS: ReadonlyMap<string, string> = new Map([
    ...GIVEN,
    ...[...BUG_FLAWS].map(([name, bug]) => [name, `${bug.what} (${versionsWith(bug)})`] as const),
]);
