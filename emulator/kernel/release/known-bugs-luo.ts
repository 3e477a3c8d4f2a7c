/** What was fixed in the Live Update Orchestrator (kernel/liveupdate/luo_*.c). */
import type { KnownBug } from './known-bug';

/** The code of LUO as it was from 6.19 to 7.1. */
const BEFORE_7_2 = ['luo-fdt'];
/** The code of FLBs of the same time. */
const FLBS_BEFORE_7_2 = ['luo-flb-fdt'];

export const LUO_BUGS: readonly KnownBug[] = [
    {
        name: 'luo_list_iterator',
        what: 'after a failed freeze, unwinding continues with an invalid list iterator; bounds are not checked',
        in: [{ since: '6.19-rc1', fixed: '6.19-rc2' }],
    },
    {
        name: 'luo_retried_retrieve',
        what: 'the error of a retrieve is not remembered, and a second attempt works on what the first has left of the data (CVE-2026-43489)',
        in: [{ since: '6.19-rc1', fixed: '7.0' }],
        flaw: { only: BEFORE_7_2 },
    },
    {
        name: 'luo_file_errors_ignored',
        what: 'a session whose files cannot be read exists without them, and no error says so',
        in: [{ since: '6.19-rc1', fixed: '7.0' }],
        flaw: { only: BEFORE_7_2 },
    },
    {
        name: 'luo_same_file_twice',
        what: 'a file can be preserved twice: one unpreserve takes the memory from both sessions, and one of two retrieves fails',
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
        flaw: { only: BEFORE_7_2 },
    },
    {
        name: 'luo_unterminated_strings',
        what: 'a compatible string of the previous kernel without a terminator is logged beyond the end of its field',
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
        flaw: { only: BEFORE_7_2 },
    },
    {
        name: 'luo_flb_lazy_init',
        what: 'the state of an FLB can be initialized twice if two processors use it at the same time',
        in: [{ since: '7.0-rc1', fixed: '7.1-rc1' }],
    },
    {
        name: 'luo_modules_pinned',
        what: 'a registered handler holds its module, which therefore cannot be unloaded; and no handler can register while a session exists',
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
        flaw: {},
    },
    {
        name: 'luo_session_errors_forgotten',
        what: 'a failed allocation while the sessions are read fails the first open of the device, and is forgotten at the second',
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
        flaw: { only: BEFORE_7_2 },
    },
    {
        name: 'luo_any_name',
        what: 'the name of a session can be empty, or have no terminator',
        in: [{ since: '6.19-rc1', fixed: '7.2-rc1' }],
    },
    {
        name: 'luo_any_kind_of_session',
        what: 'ioctls do not check the kind of the session: FINISH of an outgoing session and PRESERVE_FD in an incoming one succeed',
        in: [{ since: '6.19-rc1', fixed: '7.2-rc1' }],
    },
    {
        name: 'luo_stale_session',
        what: 'between the search for a session and its use, its last close can finish and free it',
        in: [{ since: '6.19-rc1', fixed: '7.2-rc1' }],
        flaw: { only: BEFORE_7_2 },
    },
    {
        name: 'luo_changes_during_reboot',
        what: 'sessions can be closed and files preserved between the freeze and the jump',
        in: [{ since: '6.19-rc1', fixed: '7.2-rc1' }],
    },
    {
        name: 'luo_files_used_after_free',
        what: 'a file is used after it was freed when a session is unpreserved or finished',
        in: [{ since: '6.19-rc1', fixed: '7.2-rc1' }],
    },
    {
        name: 'luo_freezes_for_return',
        what: 'a kexec that returns (KEXEC_PRESERVE_CONTEXT) freezes every file, and none is unfrozen afterwards',
        in: [{ since: '6.19-rc1', fixed: '7.2-rc1' }],
        flaw: {},
    },
    {
        name: 'luo_flb_incoming_unreferenced',
        what: 'get_incoming() takes no reference: an FLB is finished with its last file although it is still in use',
        in: [{ since: '7.0-rc1', fixed: '7.2-rc1' }],
        flaw: { only: FLBS_BEFORE_7_2 },
    },
    {
        name: 'luo_get_name_argument',
        what: 'GET_NAME accepts an argument without room for the name, and refuses one whose room is not zeroed',
        in: [{ since: '7.2-rc1', fixed: '7.2-rc5' }],
        flaw: { only: ['luo'] },
    },
    {
        name: 'luo_finish_reserved',
        what: 'FINISH does not check its reserved word',
        in: [{ since: '6.19-rc1', fixed: '7.3-rc1', stable: ['7.2.13'] }],
        flaw: { only: ['luo', ...BEFORE_7_2] },
    },
    {
        name: 'luo_flb_outgoing_unreferenced',
        what: 'get_outgoing() takes no reference: an FLB is unpreserved with its last file although it is still in use',
        in: [{ since: '7.0-rc1', fixed: '7.3-rc1', stable: ['7.2.13'] }],
        flaw: { only: ['luo-flb'] },
    },
    {
        name: 'luo_flb_retried_retrieve',
        what: 'an FLB whose retrieve() failed is retrieved again for every caller, from what the first attempt has left of the data',
        in: [{ since: '7.0-rc1', fixed: '7.3-rc1', stable: ['7.2.13'] }],
        flaw: { only: ['luo', ...FLBS_BEFORE_7_2] },
    },
];
