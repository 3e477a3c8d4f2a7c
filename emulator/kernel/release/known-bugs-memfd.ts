/** What was fixed in the preservation of memory files (mm/memfd_luo.c). */
import type { KnownBug } from './known-bug';

/** The code of memfd-v1, and what memfd-v2 shares with it. */
const V1 = ['memfd-v1'];
const BOTH = ['memfd-folios'];

export const MEMFD_BUGS: readonly KnownBug[] = [
    {
        name: 'memfd_restored_unsealable',
        what: 'the restored file is a file of tmpfs, not a memfd: it cannot be sealed',
        fixes: ['02e117b8ca58', '71e2b5eadbad'],
        in: [{ since: '6.19-rc1', fixed: '6.19-rc8' }],
        inferred: 'That sealing is what it lacks.',
        flaw: { only: V1 },
        shown: 'here',
    },
    {
        name: 'memfd_record_leaked',
        what: 'a failed retrieve does not free the record of the file',
        fixes: ['c657c5dc1360'],
        in: [{ since: '6.19-rc1', fixed: '6.19-rc8' }],
        flaw: { only: V1 },
        shown: 'here',
    },
    {
        name: 'memfd_flags_at_preserve',
        what: 'the flags of a page are recorded when it is preserved: a page that is written later is retrieved as unwritten (CVE-2026-43389)',
        fixes: ['50d7b4332f27', 'the fix of the dirty flag'],
        in: [{ since: '6.19-rc1', fixed: '7.0-rc4', stable: ['6.19.9'] }],
        flaw: { only: V1 },
        shown: 'F-90',
    },
    {
        name: 'memfd_cleanup_by_frame',
        what: 'after a failed retrieve, the frame numbers of the remaining pages are taken for their addresses: the pages stay reserved',
        fixes: ['3538f90ab89a', 'bd0d6bde286a'],
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1', stable: ['7.0.4'] }],
        flaw: { only: BOTH },
        shown: 'here',
    },
    {
        name: 'memfd_left_in_cache',
        what: 'a page that cannot be accounted for is freed, but stays in the file',
        fixes: ['dc44f32fde25'],
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
        shown: {
            not: 'Accounting fails on a full mount of tmpfs, or if memory may not be overcommitted. Restored files are on a mount without a limit, and emulated hosts overcommit.',
        },
    },
    {
        name: 'memfd_counts_folios',
        what: 'a restored folio counts as one page, whatever its size: st_blocks is too small',
        fixes: ['ed2a29dc6dcf', '502d3c2ad8f0'],
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
        flaw: { only: BOTH },
        shown: 'here',
    },
    {
        name: 'memfd_size_torn',
        what: 'the size of a restored file is set without the protection that a 32-bit machine needs',
        fixes: ['32f6cec5e751'],
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
        shown: { not: 'KHO is for 64-bit machines, which write a size at once; on them only lockdep reports it.' },
    },
    {
        name: 'memfd_partial_success',
        what: 'a retrieve succeeds although a page could not be restored: the rest of the file is empty',
        fixes: ['0fb1daf0b78d'],
        in: [{ since: '6.19-rc1', fixed: '7.1-rc4', stable: ['7.0.11'] }],
        inferred: 'The stable release: the fix was reviewed for 7.0.11 or 7.0.12.',
        flaw: { only: BOTH },
        shown: 'here',
    },
    {
        name: 'memfd_count_in_32_bits',
        what: 'the number of pages has 32 bits: of files of 16 TiB and more, only a part is preserved',
        fixes: ['d581fc99d3b9'],
        in: [{ since: '6.19-rc1', fixed: '7.1-rc4' }],
        shown: 'F-98',
    },
    {
        name: 'memfd_seals_documented',
        what: 'the documentation says that seals are lost, but memfd-v2 hands them over',
        fixes: ['7b0b68b2b956'],
        in: [],
        shown: { not: 'It is about the documentation only.' },
    },
];
