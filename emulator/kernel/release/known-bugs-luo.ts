/** What was fixed in the Live Update Orchestrator (kernel/liveupdate/luo_*.c). */
import type { KnownBug } from './known-bug';

/** The code of LUO as it was from 6.19 to 7.1. */
const BEFORE_7_2 = ['luo-fdt'];
/** The code of FLBs of the same time. */
const FLBS_BEFORE_7_2 = ['luo-flb-fdt'];

/** Queued for 7.2 and released with 7.3: the recorded 7.2.13 has them, so a stable release has added them. */
const IN_7_2_13 = 'The first stable release of 7.2 with the fix: 7.2.13 has it, and no earlier one is assumed to.';

export const LUO_BUGS: readonly KnownBug[] = [
    {
        name: 'luo_list_iterator',
        what: 'after a failed freeze, unwinding continues with an invalid list iterator; bounds are not checked',
        fixes: ['three commits of 10 December 2025'],
        in: [{ since: '6.19-rc1', fixed: '6.19-rc2' }],
        inferred: 'The release candidate with the fixes.',
        shown: {
            not: 'It is in one release candidate only, and it reads the head of a list, not memory that a scenario can see.',
        },
    },
    {
        name: 'luo_retried_retrieve',
        what: 'the error of a retrieve is not remembered, and a second attempt works on what the first has left of the data (CVE-2026-43489)',
        fixes: ['f85b1c6af5bc', '1d3ad69484dc'],
        in: [{ since: '6.19-rc1', fixed: '7.0' }],
        inferred:
            'All release candidates of 7.0 are assumed to have it. A stable release of 6.19 has the fix too; which one is not known, so none is assumed to.',
        flaw: { only: BEFORE_7_2 },
        shown: 'F-65',
    },
    {
        name: 'luo_file_errors_ignored',
        what: 'a session whose files cannot be read exists without them, and no error says so',
        fixes: ['307e0c5859b0'],
        in: [{ since: '6.19-rc1', fixed: '7.0' }],
        flaw: { only: BEFORE_7_2 },
        shown: 'here',
    },
    {
        name: 'luo_same_file_twice',
        what: 'a file can be preserved twice: one unpreserve takes the memory from both sessions, and one of two retrieves fails',
        fixes: ['00d0b372374f', 'bc3a5763f466'],
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
        flaw: { only: BEFORE_7_2 },
        shown: 'F-62',
    },
    {
        name: 'luo_unterminated_strings',
        what: 'a compatible string of the previous kernel without a terminator is logged beyond the end of its field',
        fixes: ['277f4e5e398b'],
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
        flaw: { only: BEFORE_7_2 },
        shown: 'here',
    },
    {
        name: 'luo_flb_lazy_init',
        what: 'the state of an FLB can be initialized twice if two processors use it at the same time',
        fixes: ['38fb71ace230'],
        in: [{ since: '7.0-rc1', fixed: '7.1-rc1' }],
        shown: {
            not: 'Registration initializes the state of an FLB, and kernels register one FLB after the other before any file is preserved.',
        },
    },
    {
        name: 'luo_modules_pinned',
        what: 'a registered handler holds its module, which therefore cannot be unloaded; and no handler can register while a session exists',
        fixes: ['9e1e18584548', '6b2b22f7c8cf', '76be9983df33', '118c39082420', '5ee1c7d6414a'],
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
        inferred: 'That 6.19 has it; the tables say 7.0.',
        flaw: {},
        shown: 'here',
    },
    {
        name: 'luo_session_errors_forgotten',
        what: 'a failed allocation while the sessions are read fails the first open of the device, and is forgotten at the second',
        fixes: ['b27349c96721'],
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
        inferred: 'That the fix is in the first release candidate of 7.1, like the rest of its series.',
        flaw: { only: BEFORE_7_2 },
        shown: 'F-73',
    },
    {
        name: 'luo_any_name',
        what: 'the name of a session can be empty, or have no terminator',
        fixes: ['e947433cd0d2'],
        in: [{ since: '6.19-rc1', fixed: '7.2-rc1' }],
        shown: 'F-44',
    },
    {
        name: 'luo_any_kind_of_session',
        what: 'ioctls do not check the kind of the session: FINISH of an outgoing session and PRESERVE_FD in an incoming one succeed',
        fixes: ['507e3b479f9c'],
        in: [{ since: '6.19-rc1', fixed: '7.2-rc1' }],
        shown: 'F-55',
    },
    {
        name: 'luo_stale_session',
        what: 'between the search for a session and its use, its last close can finish and free it',
        fixes: ['d3ae9e7fddb4'],
        in: [{ since: '6.19-rc1', fixed: '7.2-rc1' }],
        flaw: { only: BEFORE_7_2 },
        shown: 'here',
    },
    {
        name: 'luo_changes_during_reboot',
        what: 'sessions can be closed and files preserved between the freeze and the jump',
        fixes: ['bb1328be35bf'],
        in: [{ since: '6.19-rc1', fixed: '7.2-rc1' }],
        shown: 'here',
    },
    {
        name: 'luo_files_used_after_free',
        what: 'a file is used after it was freed when a session is unpreserved or finished',
        fixes: ['291dcd37c8c8'],
        in: [{ since: '6.19-rc1', fixed: '7.2-rc1' }],
        inferred: 'Everything but the subject of the commit.',
        shown: {
            not: 'The commit does not say which use it is, and without KASAN no harm is known.',
        },
    },
    {
        name: 'luo_freezes_for_return',
        what: 'a kexec that returns (KEXEC_PRESERVE_CONTEXT) freezes every file, and none is unfrozen afterwards',
        fixes: ['5eff62b051fb'],
        in: [{ since: '6.19-rc1', fixed: '7.2-rc1' }],
        flaw: {},
        shown: 'here',
    },
    {
        name: 'luo_flb_incoming_unreferenced',
        what: 'get_incoming() takes no reference: an FLB is finished with its last file although it is still in use',
        fixes: ['d2850ff2f8c5', 'd8e47bd066d7'],
        in: [{ since: '7.0-rc1', fixed: '7.2-rc1' }],
        flaw: { only: FLBS_BEFORE_7_2 },
        shown: 'here',
    },
    {
        name: 'luo_get_name_argument',
        what: 'GET_NAME accepts an argument without room for the name, and refuses one whose room is not zeroed',
        fixes: ['4416f8a9ed5f'],
        in: [{ since: '7.2-rc1', fixed: '7.2-rc5' }],
        flaw: { only: ['luo'] },
        shown: 'here',
    },
    {
        name: 'luo_finish_reserved',
        what: 'FINISH does not check its reserved word',
        fixes: ['05cf3d87a0bf'],
        in: [{ since: '6.19-rc1', fixed: '7.3-rc1', stable: ['7.2.13'] }],
        inferred: IN_7_2_13,
        flaw: { only: ['luo', ...BEFORE_7_2] },
        shown: 'here',
    },
    {
        name: 'luo_flb_outgoing_unreferenced',
        what: 'get_outgoing() takes no reference: an FLB is unpreserved with its last file although it is still in use',
        fixes: ['36882f339239'],
        in: [{ since: '7.0-rc1', fixed: '7.3-rc1', stable: ['7.2.13'] }],
        inferred: IN_7_2_13,
        flaw: { only: ['luo-flb'] },
        shown: 'here',
    },
    {
        name: 'luo_flb_retried_retrieve',
        what: 'an FLB whose retrieve() failed is retrieved again for every caller, from what the first attempt has left of the data',
        fixes: ['5c4a03afcb21'],
        in: [{ since: '7.0-rc1', fixed: '7.3-rc1', stable: ['7.2.13'] }],
        inferred: IN_7_2_13,
        flaw: { only: ['luo', ...FLBS_BEFORE_7_2] },
        shown: 'here',
    },
];
