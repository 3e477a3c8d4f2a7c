/** The tests of memfds, and what they assert. */
import type { PeerCase, PeerSuite } from './peer-case';

const SELFTESTS = '`tools/testing/selftests/memfd/`';

const ASSERTS = {
    test_create: 'a memfd needs a name that is not too long and known flags (EINVAL); an empty name is one',
    test_basic: 'seals add up, until one forbids more of them (EPERM); without MFD_ALLOW_SEALING, that is at once',
    test_exec_seal:
        'F_SEAL_EXEC fixes the execute bits of the mode (EPERM), and adds the seals against changes if there are any',
    test_exec_no_seal: 'MFD_EXEC without MFD_ALLOW_SEALING is executable and cannot be sealed',
    test_noexec_seal: 'MFD_NOEXEC_SEAL is not executable and sealed so, with and without MFD_ALLOW_SEALING',
    test_seal_write: 'F_SEAL_WRITE forbids writes, shared writable mappings and holes, and allows other sizes',
    test_seal_future_write:
        'F_SEAL_FUTURE_WRITE forbids the same from then on, also for a file that is opened once more; private mappings can be written',
    test_seal_shrink: 'F_SEAL_SHRINK forbids a smaller size, also by O_TRUNC, and nothing else',
    test_seal_grow: 'F_SEAL_GROW forbids a larger size, also by writes and `fallocate()`, and nothing else',
    test_seal_resize: 'both seals together fix the size',
    test_sysctl_simple: 'vm.memfd_noexec can be 0, 1 and 2, and says which memfds are executable',
    test_sysctl_nested: 'a pid namespace inherits vm.memfd_noexec, and can only make it stricter',
    test_share_dup: 'the descriptors of `dup()` have the same seals',
    test_share_mmap:
        'F_SEAL_WRITE fails with EBUSY while a shared writable mapping exists; a private one does not matter',
    test_share_open: 'a file that is opened once more has the same seals; to add some, it must be open for writing',
    test_share_fork: 'seals stay when a process that shares the file ends',
} as const;

const PINNED = 'The pages are pinned by a mapping of `/dev/iommu`, not by direct I/O of a FUSE file.';

type MemfdCase = keyof typeof ASSERTS;

const FORK: Omit<PeerCase, 'asserts' | 'name'> = {
    differs: 'The other process gets the descriptor through a socket, because there is no `fork()`.',
};

const TWO_MAPPINGS: Omit<PeerCase, 'asserts' | 'name'> = {
    differs: 'Instead of a child of `fork()`, a second private mapping writes to the same page.',
};

const NO_NAMESPACES: Omit<PeerCase, 'asserts' | 'name'> = {
    not: 'the emulator has one pid namespace.',
};

/** The cases of memfd_test.c, which runs with files of small and of huge pages. */
function memfdCases(also: Partial<Record<MemfdCase, Omit<PeerCase, 'asserts' | 'name'>>>): PeerCase[] {
    return (Object.keys(ASSERTS) as MemfdCase[]).map((name) => ({ name, asserts: ASSERTS[name], ...also[name] }));
}

/** Cases that hold for small pages only: the kernel's own code gives something else for huge ones. */
const NOT_FOR_HUGE: Omit<PeerCase, 'asserts' | 'name'> = {
    not: 'the test fails in the kernel as well: `fchmod()` of a file of huge pages ignores F_SEAL_EXEC (`hugetlbfs_setattr()`). This is read from the source, not seen.',
};

export const MEMFD_SUITES: readonly PeerSuite[] = [
    {
        title: 'Memfds',
        source: `${SELFTESTS}, \`memfd_test.c\` and \`fuse_test.c\`. Both run the cases of sharing a second time while another thread uses the same descriptors; a process of the emulator has one thread.`,
        file: 'memfd',
        cases: [
            ...memfdCases({
                test_create: { differs: 'A name that is a null pointer cannot be said.' },
                test_seal_future_write: TWO_MAPPINGS,
                test_sysctl_nested: NO_NAMESPACES,
                test_share_fork: FORK,
            }),
            {
                name: 'fuse_test',
                asserts: 'F_SEAL_WRITE fails with EBUSY while the pages are pinned, and works afterwards',
                differs: PINNED,
            },
        ],
    },
    {
        title: 'Memfds of huge pages',
        source: `${SELFTESTS}, \`run_hugetlbfs_test.sh\`: the same programs with MFD_HUGETLB. Writes fail with EINVAL there.`,
        file: 'memfd_hugetlbfs',
        cases: [
            ...memfdCases({
                test_create: { differs: 'A name that is a null pointer cannot be said.' },
                test_exec_seal: NOT_FOR_HUGE,
                test_noexec_seal: NOT_FOR_HUGE,
                test_seal_future_write: TWO_MAPPINGS,
                test_sysctl_simple: NOT_FOR_HUGE,
                test_sysctl_nested: NO_NAMESPACES,
                test_share_fork: FORK,
            }),
            {
                name: 'fuse_test',
                asserts: 'F_SEAL_WRITE fails with EBUSY while the pages are pinned, and works afterwards',
                differs: PINNED,
            },
        ],
    },
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
                differs: 'The hugetlb cgroup has a limit, since otherwise nothing is charged.',
            },
        ],
    },
];
