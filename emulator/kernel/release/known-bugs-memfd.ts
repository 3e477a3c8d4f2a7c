/** What was fixed in the preservation of memory files (mm/memfd_luo.c). */
import type { KnownBug } from './known-bug';

/** The code of memfd-v1, and what memfd-v2 shares with it. */
const V1 = ['memfd-v1'];
const BOTH = ['memfd-folios'];

export const MEMFD_BUGS: readonly KnownBug[] = [
    {
        name: 'memfd_restored_unsealable',
        what: 'the restored file is one of tmpfs, and no memfd: it cannot be sealed',
        fixes: ['02e117b8ca58', '71e2b5eadbad'],
        in: [{ since: '6.19-rc1', fixed: '6.19-rc8' }],
        inferred: 'That sealing is what it lacks.',
        flaw: { only: V1 },
        shown: 'here',
    },
    {
        name: 'memfd_record_leaked',
        what: 'a retrieve that fails does not free the record of the file',
        fixes: ['c657c5dc1360'],
        in: [{ since: '6.19-rc1', fixed: '6.19-rc8' }],
        flaw: { only: V1 },
        shown: 'here',
    },
    {
        name: 'memfd_flags_at_preserve',
        what: 'the flags of a page are those that it has when it is preserved: one that is written to later comes back as if it never had been (CVE-2026-43389)',
        fixes: ['50d7b4332f27', 'the fix of the dirty flag'],
        in: [{ since: '6.19-rc1', fixed: '7.0-rc4', stable: ['6.19.9'] }],
        flaw: { only: V1 },
        shown: 'F-90',
    },
    {
        name: 'memfd_cleanup_by_frame',
        what: 'after a retrieve that fails the pages that are left are looked for at their frame numbers instead of their addresses: they stay reserved',
        fixes: ['3538f90ab89a', 'bd0d6bde286a'],
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1', stable: ['7.0.4'] }],
        flaw: { only: BOTH },
        shown: 'here',
    },
    {
        name: 'memfd_left_in_cache',
        what: 'a page that cannot be accounted is given up and stays in the file',
        fixes: ['dc44f32fde25'],
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
        shown: {
            not: 'Accounting fails on a full mount of tmpfs, and where memory may not be overcommitted. Restored files are on a mount without a limit, and emulated hosts overcommit.',
        },
    },
    {
        name: 'memfd_counts_folios',
        what: 'a restored folio counts as one page, however large it is: st_blocks is too small',
        fixes: ['ed2a29dc6dcf', '502d3c2ad8f0'],
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
        flaw: { only: BOTH },
        shown: 'here',
    },
    {
        name: 'memfd_size_torn',
        what: 'the size of a restored file is set without what guards its two halves on a 32-bit machine',
        fixes: ['32f6cec5e751'],
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
        shown: { not: 'KHO is for 64-bit machines, where a size is written at once; else only lockdep notices.' },
    },
    {
        name: 'memfd_partial_success',
        what: 'a retrieve succeeds though a page in the middle could not be restored: the rest of the file is empty',
        fixes: ['0fb1daf0b78d'],
        in: [{ since: '6.19-rc1', fixed: '7.1-rc4', stable: ['7.0.11'] }],
        inferred: 'The stable release: it was reviewed for 7.0.11 or 7.0.12.',
        flaw: { only: BOTH },
        shown: 'here',
    },
    {
        name: 'memfd_count_in_32_bits',
        what: 'the number of pages is one of 32 bits: of a file of 16 TiB and more only a part is preserved',
        fixes: ['d581fc99d3b9'],
        in: [{ since: '6.19-rc1', fixed: '7.1-rc4' }],
        shown: 'F-98',
    },
    {
        name: 'memfd_seals_documented',
        what: 'the documentation says that seals are lost, which memfd-v2 hands over',
        fixes: ['7b0b68b2b956'],
        in: [],
        shown: { not: 'It is about the documentation alone.' },
    },
];
