/** The tests of memfds, and what they assert. */
import type { PeerSuite } from './peer-case';

export const MEMFD_SUITES: readonly PeerSuite[] = [
    {
        title: 'Preserved memfds',
        source: '`luo_memfd.c` of a posted series. Layer `hugetlb`.',
        file: 'luo_memfd',
        cases: [
            { name: 'memfd_data', asserts: '1 MiB of data comes back' },
            { name: 'zero_memfd', asserts: 'an empty file comes back as an empty file' },
            {
                name: 'preserved_ops',
                asserts: 'a preserved file can be read and written, but can neither grow nor shrink',
            },
            {
                name: 'fallocate_memfd',
                asserts: 'an allocated file that is written only after it was preserved comes back with its data',
            },
            { name: 'hugetlb_memfd', asserts: 'a huge page of 1 GiB comes back with its data' },
            {
                name: 'hugetlb_preserved_ops',
                asserts: 'a preserved file of huge pages fails with EPERM in `ftruncate()` and `fallocate()`',
            },
            {
                name: 'hugetlb_cgroup',
                asserts: 'the pages are charged to the hugetlb cgroup of the process that retrieves them',
                not: 'the emulator has memory cgroups, but no hugetlb cgroups.',
            },
        ],
    },
];
