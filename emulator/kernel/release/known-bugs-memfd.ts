/** What was fixed in the preservation of memory files (mm/memfd_luo.c). */
import type { KnownBug } from './known-bug';

/** The code of memfd-v1, and what memfd-v2 shares with it. */
const V1 = ['memfd-v1'];
const BOTH = ['memfd-folios'];

export const MEMFD_BUGS: readonly KnownBug[] = [
    {
        name: 'memfd_restored_unsealable',
        what: 'the restored file is a file of tmpfs, not a memfd: it cannot be sealed',
        in: [{ since: '6.19-rc1', fixed: '6.19-rc8' }],
        flaw: { only: V1 },
    },
    {
        name: 'memfd_record_leaked',
        what: 'a failed retrieve does not free the record of the file',
        in: [{ since: '6.19-rc1', fixed: '6.19-rc8' }],
        flaw: { only: V1 },
    },
    {
        name: 'memfd_flags_at_preserve',
        what: 'the flags of a page are recorded when it is preserved: a page that is written later is retrieved as unwritten (CVE-2026-43389)',
        in: [{ since: '6.19-rc1', fixed: '7.0-rc4', stable: ['6.19.9'] }],
        flaw: { only: V1 },
    },
    {
        name: 'memfd_cleanup_by_frame',
        what: 'after a failed retrieve, the frame numbers of the remaining pages are taken for their addresses: the pages stay reserved',
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1', stable: ['7.0.4'] }],
        flaw: { only: BOTH },
    },
    {
        name: 'memfd_left_in_cache',
        what: 'a page that cannot be accounted for is freed, but stays in the file',
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
    },
    {
        name: 'memfd_counts_folios',
        what: 'a restored folio counts as one page, whatever its size: st_blocks is too small',
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
        flaw: { only: BOTH },
    },
    {
        name: 'memfd_size_torn',
        what: 'the size of a restored file is set without the protection that a 32-bit machine needs',
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
    },
    {
        name: 'memfd_partial_success',
        what: 'a retrieve succeeds although a page could not be restored: the rest of the file is empty',
        in: [{ since: '6.19-rc1', fixed: '7.1-rc4', stable: ['7.0.11'] }],
        flaw: { only: BOTH },
    },
    {
        name: 'memfd_count_in_32_bits',
        what: 'the number of pages has 32 bits: of files of 16 TiB and more, only a part is preserved',
        in: [{ since: '6.19-rc1', fixed: '7.1-rc4' }],
    },
    {
        name: 'memfd_seals_documented',
        what: 'the documentation says that seals are lost, but memfd-v2 hands them over',
        in: [],
    },
];
