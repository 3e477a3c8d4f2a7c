/**
 * Bugs of kernels: those of releases, which each version has by itself, and others that a kernel has only if a
 * scenario requests them: those of a draft of a series, or those that a reviewer asked about.
 */
import { BUG_FLAWS, versionsWith } from './known-bugs';

const GIVEN: ReadonlyMap<string, string> = new Map([
    [
        'kho_deferred_fault',
        'with deferred initialization of struct pages, writing the mark of a preserved page beyond the first 128 MiB of a node faults, and the kernel does not boot',
    ],
    [
        'luo_unpinned_modules',
        'a module is unloaded by force while its handler has preserved files, and stays on the list',
    ],
    ['iommu_upper_tables', 'of the tables of a domain, only the upper levels are preserved, not those that map memory'],
    [
        'iommufd_any_memory',
        'the kernel does not check whether the memory of a hardware page table is sealed, and preserved in the same session',
    ],
    ['iommu_early_did', 'a domain id is reused before what the IOMMU has cached under it is flushed'],
    ['interrupt_table', 'the interrupt remapping table is not preserved'],
    ['caretaker_text', 'the caretaker has no code of its own for CPUID exits: it calls the kernel'],
    ['caretaker_tables', 'the second-level tables of orphaned vCPUs are not preserved'],
    ['interrupt_vectors', 'the handed-over vectors are not reserved: they stay unassigned, or are assigned again'],
]);

/** What each is, by name. */
export const FLAWS: ReadonlyMap<string, string> = new Map([
    ...GIVEN,
    ...[...BUG_FLAWS].map(([name, bug]) => [name, `${bug.what} (${versionsWith(bug)})`] as const),
]);
