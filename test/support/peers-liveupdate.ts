/** The tests of LUO and KHO, and what they assert. */
import type { PeerSuite } from './peer-case';

const SELFTESTS = '`tools/testing/selftests/liveupdate/`';

export const LIVEUPDATE_SUITES: readonly PeerSuite[] = [
    {
        title: 'The character device and its sessions',
        source: `${SELFTESTS}, \`liveupdate.c\` of 7.3; \`session_freeze\` is in a posted series.`,
        file: 'liveupdate',
        cases: [
            { name: 'basic_open_close', asserts: '`/dev/liveupdate` can be opened and closed' },
            { name: 'exclusive_open', asserts: 'a second open fails with EBUSY' },
            { name: 'create_duplicate_session', asserts: 'a second session of a name fails with EEXIST' },
            { name: 'create_distinct_sessions', asserts: 'two sessions of different names can be created' },
            {
                name: 'preserve_memfd',
                asserts: 'a preserved memfd has the same contents after its session was closed',
            },
            {
                name: 'preserve_multiple_memfds',
                asserts: 'two memfds of a session keep their own contents',
            },
            {
                name: 'preserve_complex_scenario',
                asserts: 'two sessions, each with a file of data and an empty file, keep all contents',
            },
            { name: 'preserve_unsupported_fd', asserts: '`/dev/null` cannot be preserved: ENOENT' },
            {
                name: 'prevent_double_preservation',
                asserts: 'a preserved memfd fails with EBUSY in another session, and under another token in its own',
            },
            {
                name: 'create_session_no_null_termination',
                asserts: 'a name of 64 bytes without a NUL fails with EINVAL',
            },
            { name: 'create_session_empty_name', asserts: 'an empty name fails with EINVAL' },
            { name: 'get_session_name', asserts: 'GET_NAME returns the name of a session' },
            { name: 'get_session_name_max_length', asserts: 'GET_NAME returns a name of 63 bytes' },
            { name: 'preserve_many_sessions', asserts: '2000 sessions can be open at once, and can be closed' },
            { name: 'preserve_many_files', asserts: '500 files can be preserved in one session' },
            {
                name: 'session_freeze',
                asserts: 'after SESSION_FREEZE, a second one and PRESERVE_FD fail with EBUSY',
                differs: 'Layer `session_freeze`. The number of the ioctl is not known.',
            },
        ],
    },
    {
        title: 'Sessions over a kexec',
        source: `${SELFTESTS}: one program for each case, which runs before and after the kexec.`,
        file: 'luo_kexec',
        cases: [
            {
                name: 'luo_kexec_simple',
                asserts: 'a memfd of a session comes back with its contents under token 0x1A',
            },
            {
                name: 'luo_multi_session',
                asserts: 'two empty sessions and two sessions with one and two files come back',
            },
            { name: 'luo_stress_files', asserts: '500 files of one session come back with their contents' },
            { name: 'luo_stress_sessions', asserts: '2000 sessions come back and can be finished' },
        ],
    },
    {
        title: 'LUO with states',
        source: 'The series v4, before the merge: LUO and its sessions have states that user space changes. Kernel `luo-v4`.',
        file: 'luo_v4',
        cases: [
            {
                name: 'luo_multi_file',
                asserts: 'two of three files come back; FINISH discards the third, which was not retrieved',
            },
            { name: 'luo_unreclaimed', asserts: 'one of two files comes back; FINISH discards the other' },
            {
                name: 'luo_multi_kexec',
                asserts:
                    'of three sessions, one is finished, one goes through a second kexec, and one that was never retrieved is gone',
            },
        ],
    },
    {
        title: 'Kexec handover',
        source: '`lib/test_kho.c`, and `tools/testing/selftests/kho/`, which boots it twice.',
        file: 'kho',
        cases: [
            {
                name: 'test_kho',
                asserts:
                    'folios of orders 0 to 10 come back with their orders and contents; a list in vmalloc memory names them',
                differs:
                    'The checksum is over the first and the last 8 bytes of each folio, and the orders are not random.',
            },
            { name: 'vmtest', asserts: 'the second kernel logs that the restore succeeded' },
        ],
    },
    {
        title: 'Names of formats',
        source: 'A KUnit suite of a posted series, `liveupdate-compatibility`.',
        cases: [
            {
                name: 'test_compatibility_alphabetical',
                asserts: 'the parts of the compatible strings of KHO, LUO and memfds are sorted and appear once',
                not: 'it checks constants of the source text. No kernel of the emulator has strings of several parts.',
            },
        ],
    },
    {
        title: 'Processors and vCPUs',
        source: 'Tests in the trees in which processors and vCPUs can be preserved. Layers `cpu_preserve`, `vcpu` and `caretaker`.',
        file: 'processors',
        cases: [
            {
                name: 'luo_cpu_preserve',
                asserts: 'a preserved CPU is offline in both kernels, and online again after FINISH',
                differs:
                    'A CPU that is offline cannot be preserved again: EBUSY. The second kernel is asked only after FINISH.',
            },
            {
                name: 'luo_oncore',
                asserts:
                    'a job needs a preserved CPU in its session (ENOENT); jobs run there until the session is closed, also several on one CPU, and through a kexec',
                not: 'only vCPUs run on a processor that is set aside; there are no other jobs.',
            },
            {
                name: 'vcpu_preservation_test',
                asserts:
                    'two vCPUs have the same general, system, floating-point and timer registers after their session was closed, and after a kexec',
                not: 'vCPUs have no registers in the emulator: their state is one piece.',
            },
            {
                name: 'caretaker_test',
                asserts:
                    'two vCPUs go on on one preserved CPU while their session exists, and through a kexec; then KVM runs them as before',
            },
        ],
    },
    {
        title: 'Other files',
        source: 'Tests in trees; but for the first, their series have no code in the emulator.',
        file: 'tmpfs',
        cases: [
            {
                name: 'luo_kexec_tmpfs',
                asserts:
                    'a tmpfs mount and a file in it come back; the file can be opened by its path after `move_mount()`',
                differs: 'Layer `tmpfs`. The directory `/tmpfs` exists.',
            },
            {
                name: 'preserve_netkit_fd',
                asserts: 'a descriptor can be preserved while a netkit device exists',
                not: 'the emulator has no network devices without hardware. The test passes descriptor 0, not one of the device.',
            },
            {
                name: 'preserve_rxe_fd',
                asserts: 'a descriptor can be preserved while an RDMA device over Ethernet exists',
                not: 'the emulator has no RDMA. The test passes descriptor 0, not one of the device.',
            },
        ],
    },
];
