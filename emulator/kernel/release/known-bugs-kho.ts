/** What was fixed in kexec handover itself (kernel/kexec_handover.c, from 6.19 on in kernel/liveupdate/). */
import type { KnownBug } from './known-bug';

export const KHO_BUGS: readonly KnownBug[] = [
    {
        name: 'kho_deferred_init',
        what: 'with deferred initialization of struct pages, the marks of preserved pages are lost beyond the first 128 MiB of a node',
        in: [{ since: '6.16', fixed: '6.17' }],
        flaw: { needs: 'deferred_init' },
    },
    {
        name: 'kho_lock_class',
        what: 'a lock of the memory tracker is not initialized',
        in: [{ since: '6.16', fixed: '6.17' }],
    },
    {
        name: 'kho_silently_off',
        what: 'if an error turns KHO off, the log does not say so',
        in: [{ since: '6.16', fixed: '6.18-rc1' }],
        flaw: {},
    },
    {
        name: 'kho_scratch_of_size_zero',
        what: 'no size of kho_scratch= may be 0: the parameter is refused, and the default sizes are used',
        in: [{ since: '6.16', fixed: '6.18-rc1' }],
    },
    {
        name: 'test_kho_leaves_memory_preserved',
        what: 'lib/test_kho leaves memory preserved if its initialization fails',
        in: [{ since: '6.16', fixed: '6.18-rc1' }],
    },
    {
        name: 'kho_bitmaps_in_kfence',
        what: 'small bitmaps of preserved memory can lie in the KFENCE pool, which is in scratch memory after a kexec',
        in: [{ since: '6.16', fixed: '6.18-rc6' }],
        flaw: { needs: 'kfence' },
    },
    {
        name: 'kho_vmalloc_past_end',
        what: 'the list of the pages of a vmalloc area is read beyond its page if that page is full',
        in: [{ since: '6.18-rc1', fixed: '6.18-rc6' }],
        flaw: {},
    },
    {
        name: 'kho_vmalloc_huge_unpreserve',
        what: 'unpreserving a vmalloc area of huge pages leaves all but their first pages preserved',
        in: [{ since: '6.18-rc1', fixed: '6.18-rc6' }],
    },
    {
        name: 'kho_unpreserve_forever',
        what: 'unpreserving memory that is not preserved never ends',
        in: [{ since: '6.16', fixed: '6.18-rc6' }],
    },
    {
        name: 'test_kho_without_kho',
        what: 'lib/test_kho follows a null pointer if KHO is off',
        in: [{ since: '6.16', fixed: '6.18-rc7' }],
    },
    {
        name: 'kho_allocation_tags',
        what: 'with memory profiling, the first free of a restored page causes a warning',
        in: [{ since: '6.16', fixed: '6.19-rc8' }],
    },
    {
        name: 'kho_vmalloc_enomem',
        what: 'preserve_vmalloc() succeeds although it cannot allocate its second page of addresses, and hands over a list that is not preserved',
        in: [{ since: '6.18-rc1', fixed: '6.19-rc8' }],
        flaw: {},
    },
    {
        name: 'kho_map_unchecked',
        what: 'the address of the map of preserved memory is not checked: address 0 causes a fault during boot',
        in: [{ since: '6.18', fixed: '6.19-rc6' }],
        flaw: {},
    },
    {
        name: 'kho_scratch_on_empty_nodes',
        what: 'a node without memory gets no scratch area, and KHO turns itself off',
        in: [{ since: '6.16', fixed: '7.0-rc7' }],
    },
    {
        name: 'kho_vmalloc_kasan',
        what: 'KASAN reports the first access to a restored vmalloc area',
        in: [{ since: '6.18', fixed: '7.1-rc1' }],
    },
    {
        name: 'kho_debugfs_blobs',
        what: 'debugfs takes every incoming subtree for a device tree',
        in: [],
    },
    {
        name: 'kho_half_subtree',
        what: 'a subtree that does not fit into the FDT leaves an incomplete node behind, and the error number is one of libfdt',
        in: [{ since: '6.16', fixed: '7.1', stable: ['7.0.8'] }],
        flaw: {},
    },
    {
        name: 'kho_in_crash_image',
        what: 'a crash image gets the handover, and the capture kernel faults at its address',
        in: [{ since: '6.19', fixed: '7.1-rc4', stable: ['7.0.11'] }],
        flaw: {},
    },
    {
        name: 'kho_radix_depth',
        what: 'the tree of preserved memory has one level too few for pages of 16 KiB',
        in: [{ since: '7.1-rc1', fixed: '7.1-rc6' }],
        flaw: {},
    },
    {
        name: 'kho_unpreserve_order',
        what: 'unpreserving a range of pages divides it into other blocks than preserving it',
        in: [{ since: '6.19', fixed: '7.1-rc6' }],
    },
    {
        name: 'kho_scratch_not_cma',
        what: 'with deferred initialization of struct pages, the pageblocks of scratch are ordinary ones after a kexec: any allocation of the kernel can lie there',
        in: [{ since: '7.0', fixed: '7.2-rc1' }],
        flaw: { needs: 'deferred_init' },
    },
    {
        name: 'kho_scratch_unrounded',
        what: 'sizes of kho_scratch= are not rounded, and the last pageblock of an area is freed as a whole, including memory with another owner',
        in: [{ since: '6.16', fixed: '7.2-rc1' }],
        flaw: {},
    },
    {
        name: 'kho_scratch_pageblocks',
        what: 'scratch areas are aligned to pageblocks only: with deferred initialization of struct pages, the page allocator reads uninitialized struct pages beyond their edge',
        in: [{ since: '6.16', fixed: '7.2-rc7' }],
        flaw: {},
    },
    {
        name: 'kho_int_sizes',
        what: 'the size of a preserved block is computed in 32 bits at boot: of blocks of 4 GiB and more, nearly all is free memory',
        in: [
            { since: '6.16', fixed: '6.19' },
            { since: '7.1', fixed: '7.3-rc1', stable: ['7.2.4'] },
        ],
        flaw: {},
    },
    {
        name: 'kho_wide_keys',
        what: 'a key that is wider than the tree stands for another page',
        in: [{ since: '7.1', fixed: '7.3-rc1' }],
    },
    {
        name: 'kho_huge_pages_in_scratch',
        what: 'huge pages of the command line make scratch several times larger, and can lie in it',
        in: [{ since: '6.16', fixed: '7.3-rc1' }],
    },
    {
        name: 'kho_scratch_renamed',
        what: 'kho_scratch= is renamed to kho_bootmem=: with the old name, the default sizes are used',
        in: [],
    },
];
