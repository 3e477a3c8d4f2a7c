/**
 * What the page of known bugs says besides emulator/kernel/release/known-bugs*.ts: the fixes, what is inferred, and
 * where a bug is shown. The product does not need it.
 */

/** About one known bug. */
export interface KnownBugPage {
    /** The commits that fix it, by the beginning of their hashes; or what is known of them. */
    readonly fixes: readonly string[];
    /** What of this is inferred, a sentence. */
    readonly inferred?: string;
    /**
     * Where it is shown: a number of the catalogue of failures (`F-62`), else a scenario of its own under its name; or
     * why no scenario can show it.
     */
    readonly shown: `F-${number}` | 'here' | { readonly not: string };
}

/** Queued for 7.2 and released with 7.3: the recorded 7.2.13 has them, so a stable release has added them. */
const IN_7_2_13 = 'The first stable release of 7.2 with the fix: 7.2.13 has it, and no earlier one is assumed to.';

/** By the name of the bug. */
export const KNOWN_BUG_PAGES: Readonly<Record<string, KnownBugPage>> = {
    kho_deferred_init: {
        fixes: ['8b66ed2c3f42', '4039ab9bdc72'],
        inferred:
            'From 6.17 to 6.19 KHO cannot be built with deferred initialization; 7.0 is the first release in which it can again.',
        shown: 'F-27',
    },
    kho_lock_class: {
        fixes: ['init new_physxa->phys_bits'],
        shown: { not: 'Only lockdep reports it, which the emulator does not have; the lock works.' },
    },
    kho_silently_off: {
        fixes: ['44958f2025ed'],
        shown: 'here',
    },
    kho_scratch_of_size_zero: {
        fixes: ['da2ce1861626'],
        shown: 'here',
    },
    test_kho_leaves_memory_preserved: {
        fixes: ['d8510e30e2f1'],
        shown: {
            not: 'The bug is in the test module, which is not part of the emulated kernel.',
        },
    },
    kho_bitmaps_in_kfence: {
        fixes: ['three commits of October 2025'],
        shown: 'F-26',
    },
    kho_vmalloc_past_end: {
        fixes: ['0b07092d09e5'],
        shown: 'here',
    },
    kho_vmalloc_huge_unpreserve: {
        fixes: ['7ecd2e439d12'],
        shown: {
            not: 'vcalloc() of the emulator allocates single pages, like every caller in the kernel.',
        },
    },
    kho_unpreserve_forever: {
        fixes: ['b05addf6f059'],
        shown: {
            not: 'Up to 6.18 only KHO itself unpreserves, after an error, and only memory that it has just preserved.',
        },
    },
    test_kho_without_kho: {
        fixes: ['a26ec8f3d4e5'],
        shown: { not: 'The bug is in the test module; add_subtree() of a scenario fails with EFAULT.' },
    },
    kho_allocation_tags: {
        fixes: ['e86436ad0ad2', '8ffc3e944943', '3740592a1a5d'],
        shown: { not: 'Only the statistics of memory profiling are wrong, which the emulator does not have.' },
    },
    kho_vmalloc_enomem: {
        fixes: ['412a32f0e53f'],
        shown: 'here',
    },
    kho_map_unchecked: {
        fixes: ['of 14 January 2026'],
        inferred: 'The release candidate, from the date of the fix.',
        shown: 'here',
    },
    kho_scratch_on_empty_nodes: {
        fixes: ['427b2535f513'],
        inferred: 'The release candidate of 7.0.',
        shown: 'F-12',
    },
    kho_vmalloc_kasan: {
        fixes: ['019fc3687237'],
        shown: { not: 'Only KASAN reports it, which the emulator does not have; the memory is correct.' },
    },
    kho_debugfs_blobs: {
        fixes: ['062dd306d99c'],
        shown: {
            not: 'It was added and fixed during the development of 7.1, and is in no release and no release candidate.',
        },
    },
    kho_half_subtree: {
        fixes: ['9ec953298941'],
        inferred:
            'The stable release, from the date of the fix, 14 May 2026. All release candidates of 7.1 are assumed to have the bug.',
        shown: 'here',
    },
    kho_in_crash_image: {
        fixes: ['a6715d7ec472'],
        shown: 'here',
    },
    kho_radix_depth: {
        fixes: ['d64b0372760e'],
        inferred: 'That the next kernel faults at the struct page of such a block.',
        shown: 'here',
    },
    kho_unpreserve_order: {
        fixes: ['8fd2f26fa2a3'],
        inferred: 'The versions, which are those of its Fixes tag.',
        shown: {
            not: 'The sources of 7.0 and 7.2 do not have it, and which blocks are wrong in other releases is not known.',
        },
    },
    kho_scratch_not_cma: {
        fixes: ['bf480c613346', 'c6073743d0c7'],
        shown: 'F-28',
    },
    kho_scratch_unrounded: {
        fixes: ['0e39380a7316'],
        inferred: 'Stable releases have the fix too; which ones is not known, so none is assumed to.',
        shown: 'here',
    },
    kho_scratch_pageblocks: {
        fixes: ['797fe91e50d6'],
        inferred: 'That it faults every time: it does not if the struct pages contain zeroes by chance.',
        shown: 'here',
    },
    kho_int_sizes: {
        fixes: ['fix size calculation', '3a0b8fa2eb36', '42a6f03cf352'],
        inferred:
            'That 7.1 has it, and the effect on a block of exactly 2 GiB, whose size is negative: all memory above it is reserved.',
        shown: 'F-25',
    },
    kho_wide_keys: {
        fixes: ['955409ba5715'],
        shown: {
            not: 'Up to 7.2 keys are made only of the address and the order of a page, and these always fit: the last page of 64 bits has a key of its own (recorded on 7.2.13). Kernel code has keys of its own only from 7.3 on, where wide ones are refused with ERANGE.',
        },
    },
    kho_huge_pages_in_scratch: {
        fixes: ['bc0f793c5c41'],
        shown: 'F-11',
    },
    kho_scratch_renamed: {
        fixes: ['8fe64603a475'],
        inferred: 'That 7.4 does not accept the old name.',
        shown: 'here',
    },
    luo_list_iterator: {
        fixes: ['three commits of 10 December 2025'],
        inferred: 'The release candidate with the fixes.',
        shown: {
            not: 'It is in one release candidate only, and it reads the head of a list, not memory that a scenario can see.',
        },
    },
    luo_retried_retrieve: {
        fixes: ['f85b1c6af5bc', '1d3ad69484dc'],
        inferred:
            'All release candidates of 7.0 are assumed to have it. A stable release of 6.19 has the fix too; which one is not known, so none is assumed to.',
        shown: 'F-65',
    },
    luo_file_errors_ignored: {
        fixes: ['307e0c5859b0'],
        shown: 'here',
    },
    luo_same_file_twice: {
        fixes: ['00d0b372374f', 'bc3a5763f466'],
        shown: 'F-62',
    },
    luo_unterminated_strings: {
        fixes: ['277f4e5e398b'],
        shown: 'here',
    },
    luo_flb_lazy_init: {
        fixes: ['38fb71ace230'],
        shown: {
            not: 'Registration initializes the state of an FLB, and kernels register one FLB after the other before any file is preserved.',
        },
    },
    luo_modules_pinned: {
        fixes: ['9e1e18584548', '6b2b22f7c8cf', '76be9983df33', '118c39082420', '5ee1c7d6414a'],
        inferred: 'That 6.19 has it; the tables say 7.0.',
        shown: 'here',
    },
    luo_session_errors_forgotten: {
        fixes: ['b27349c96721'],
        inferred: 'That the fix is in the first release candidate of 7.1, like the rest of its series.',
        shown: 'F-73',
    },
    luo_any_name: {
        fixes: ['e947433cd0d2'],
        shown: 'F-44',
    },
    luo_any_kind_of_session: {
        fixes: ['507e3b479f9c'],
        shown: 'F-55',
    },
    luo_stale_session: {
        fixes: ['d3ae9e7fddb4'],
        shown: 'here',
    },
    luo_changes_during_reboot: {
        fixes: ['bb1328be35bf'],
        shown: 'here',
    },
    luo_files_used_after_free: {
        fixes: ['291dcd37c8c8'],
        inferred: 'Everything but the subject of the commit.',
        shown: {
            not: 'The commit does not say which use it is, and without KASAN no harm is known.',
        },
    },
    luo_freezes_for_return: {
        fixes: ['5eff62b051fb'],
        shown: 'here',
    },
    luo_flb_incoming_unreferenced: {
        fixes: ['d2850ff2f8c5', 'd8e47bd066d7'],
        shown: 'here',
    },
    luo_get_name_argument: {
        fixes: ['4416f8a9ed5f'],
        shown: 'here',
    },
    luo_finish_reserved: {
        fixes: ['05cf3d87a0bf'],
        inferred: IN_7_2_13,
        shown: 'here',
    },
    luo_flb_outgoing_unreferenced: {
        fixes: ['36882f339239'],
        inferred: IN_7_2_13,
        shown: 'here',
    },
    luo_flb_retried_retrieve: {
        fixes: ['5c4a03afcb21'],
        inferred: IN_7_2_13,
        shown: 'here',
    },
    memfd_restored_unsealable: {
        fixes: ['02e117b8ca58', '71e2b5eadbad'],
        inferred: 'That sealing is what it lacks.',
        shown: 'here',
    },
    memfd_record_leaked: {
        fixes: ['c657c5dc1360'],
        shown: 'here',
    },
    memfd_flags_at_preserve: {
        fixes: ['50d7b4332f27', 'the fix of the dirty flag'],
        shown: 'F-90',
    },
    memfd_cleanup_by_frame: {
        fixes: ['3538f90ab89a', 'bd0d6bde286a'],
        shown: 'here',
    },
    memfd_left_in_cache: {
        fixes: ['dc44f32fde25'],
        shown: {
            not: 'Accounting fails on a full mount of tmpfs, or if memory may not be overcommitted. Restored files are on a mount without a limit, and emulated hosts overcommit.',
        },
    },
    memfd_counts_folios: {
        fixes: ['ed2a29dc6dcf', '502d3c2ad8f0'],
        shown: 'here',
    },
    memfd_size_torn: {
        fixes: ['32f6cec5e751'],
        shown: { not: 'KHO is for 64-bit machines, which write a size at once; on them only lockdep reports it.' },
    },
    memfd_partial_success: {
        fixes: ['0fb1daf0b78d'],
        inferred: 'The stable release: the fix was reviewed for 7.0.11 or 7.0.12.',
        shown: 'here',
    },
    memfd_count_in_32_bits: {
        fixes: ['d581fc99d3b9'],
        shown: 'F-98',
    },
    memfd_seals_documented: {
        fixes: ['7b0b68b2b956'],
        shown: { not: 'It is about the documentation only.' },
    },
};
