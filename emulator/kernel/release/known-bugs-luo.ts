/** What was fixed in the Live Update Orchestrator (kernel/liveupdate/luo_*.c). */
import type { KnownBug } from './known-bug';

/** The code of LUO as it was from 6.19 to 7.1. */
const BEFORE_7_2 = ['luo-fdt'];
/** The code of FLBs of the same time. */
const FLBS_BEFORE_7_2 = ['luo-flb-fdt'];

/**
 * Queued for 7.2 and released with 7.3: the recorded 7.2.13 has them, so a stable release brought them, and nobody
 * knows which.
 */
const IN_7_2_13 = 'Which stable release of 7.2 was the first to have it: 7.2.13 has, and no older one is taken to.';

export const LUO_BUGS: readonly KnownBug[] = [
    {
        name: 'luo_list_iterator',
        what: 'the way back from a freeze that fails goes on with a list iterator that is none; bounds are not checked',
        fixes: ['three commits of 10 December 2025'],
        in: [{ since: '6.19-rc1', fixed: '6.19-rc2' }],
        inferred: 'The release candidate that has them.',
        shown: {
            not: 'It is in one release candidate only, and what it reads there is the head of a list, no memory of a scenario.',
        },
    },
    {
        name: 'luo_retried_retrieve',
        what: 'a retrieve that failed is forgotten, and tried again with what the first attempt has left of the data (CVE-2026-43489)',
        fixes: ['f85b1c6af5bc', '1d3ad69484dc'],
        in: [{ since: '6.19-rc1', fixed: '7.0' }],
        inferred:
            'Release candidates of 7.0 are taken to have it up to the last. A stable release of 6.19 has it as well; which one is not known, so none is taken to.',
        flaw: { only: BEFORE_7_2 },
        shown: 'F-65',
    },
    {
        name: 'luo_file_errors_ignored',
        what: 'a session whose files cannot be read is there all the same, without them, and nobody is told',
        fixes: ['307e0c5859b0'],
        in: [{ since: '6.19-rc1', fixed: '7.0' }],
        flaw: { only: BEFORE_7_2 },
        shown: 'here',
    },
    {
        name: 'luo_same_file_twice',
        what: 'nobody notices that a file is preserved already: unpreserving it once takes its memory away from both sessions, and one of two retrieves fails',
        fixes: ['00d0b372374f', 'bc3a5763f466'],
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
        flaw: { only: BEFORE_7_2 },
        shown: 'F-62',
    },
    {
        name: 'luo_unterminated_strings',
        what: 'a compatible string of the previous kernel without an end is logged beyond its field',
        fixes: ['277f4e5e398b'],
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
        flaw: { only: BEFORE_7_2 },
        shown: 'here',
    },
    {
        name: 'luo_flb_lazy_init',
        what: 'the state of an FLB may be set up twice where two processors come across it first',
        fixes: ['38fb71ace230'],
        in: [{ since: '7.0-rc1', fixed: '7.1-rc1' }],
        shown: {
            not: 'Registering an FLB sets its state up, and kernels register theirs one after the other, long before any file is preserved.',
        },
    },
    {
        name: 'luo_modules_pinned',
        what: 'a handler holds its module for as long as it is registered, so that it cannot be unloaded; and it cannot register while there are sessions',
        fixes: ['9e1e18584548', '6b2b22f7c8cf', '76be9983df33', '118c39082420', '5ee1c7d6414a'],
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
        inferred: 'That 6.19 has it: the tables say 7.0.',
        flaw: {},
        shown: 'here',
    },
    {
        name: 'luo_session_errors_forgotten',
        what: 'a session that got no memory while the sessions are read is an error to the first open of the device, and forgotten at the second',
        fixes: ['b27349c96721'],
        in: [{ since: '6.19-rc1', fixed: '7.1-rc1' }],
        inferred: 'That it came with the first release candidate of 7.1, as the rest of its series.',
        flaw: { only: BEFORE_7_2 },
        shown: 'F-73',
    },
    {
        name: 'luo_any_name',
        what: 'the name of a session may be empty, and may have no end',
        fixes: ['e947433cd0d2'],
        in: [{ since: '6.19-rc1', fixed: '7.2-rc1' }],
        shown: 'F-44',
    },
    {
        name: 'luo_any_kind_of_session',
        what: 'nobody asks which kind of session an ioctl is for: FINISH of one that is to be handed over, and PRESERVE_FD in one that came along, go through',
        fixes: ['507e3b479f9c'],
        in: [{ since: '6.19-rc1', fixed: '7.2-rc1' }],
        shown: 'F-55',
    },
    {
        name: 'luo_stale_session',
        what: 'between the search for a session and the use of it the session may be finished and freed by its last close',
        fixes: ['d3ae9e7fddb4'],
        in: [{ since: '6.19-rc1', fixed: '7.2-rc1' }],
        flaw: { only: BEFORE_7_2 },
        shown: 'here',
    },
    {
        name: 'luo_changes_during_reboot',
        what: 'sessions may be closed and files preserved between the freeze and the jump',
        fixes: ['bb1328be35bf'],
        in: [{ since: '6.19-rc1', fixed: '7.2-rc1' }],
        shown: 'here',
    },
    {
        name: 'luo_files_used_after_free',
        what: 'a file is used after it was freed where a session is unpreserved or finished',
        fixes: ['291dcd37c8c8'],
        in: [{ since: '6.19-rc1', fixed: '7.2-rc1' }],
        inferred: 'All but the subject of the commit.',
        shown: {
            not: 'What it uses is known to nobody who was asked, and without KASAN it has been seen to do no harm.',
        },
    },
    {
        name: 'luo_freezes_for_return',
        what: 'a kexec from which the kernel comes back (KEXEC_PRESERVE_CONTEXT) freezes every file, and nobody thaws them afterwards',
        fixes: ['5eff62b051fb'],
        in: [{ since: '6.19-rc1', fixed: '7.2-rc1' }],
        flaw: {},
        shown: 'here',
    },
    {
        name: 'luo_flb_incoming_unreferenced',
        what: 'get_incoming() takes no reference: an FLB is finished with its last file, whoever still uses it',
        fixes: ['d2850ff2f8c5', 'd8e47bd066d7'],
        in: [{ since: '7.0-rc1', fixed: '7.2-rc1' }],
        flaw: { only: FLBS_BEFORE_7_2 },
        shown: 'here',
    },
    {
        name: 'luo_get_name_argument',
        what: 'GET_NAME takes an argument that has no room for the name, and refuses one whose room is not zeroed',
        fixes: ['4416f8a9ed5f'],
        in: [{ since: '7.2-rc1', fixed: '7.2-rc5' }],
        flaw: { only: ['luo'] },
        shown: 'here',
    },
    {
        name: 'luo_finish_reserved',
        what: 'nobody looks at the reserved word of FINISH',
        fixes: ['05cf3d87a0bf'],
        in: [{ since: '6.19-rc1', fixed: '7.3-rc1', stable: ['7.2.13'] }],
        inferred: IN_7_2_13,
        flaw: { only: ['luo', ...BEFORE_7_2] },
        shown: 'here',
    },
    {
        name: 'luo_flb_outgoing_unreferenced',
        what: 'get_outgoing() takes no reference: an FLB is unpreserved with its last file, whoever still uses it',
        fixes: ['36882f339239'],
        in: [{ since: '7.0-rc1', fixed: '7.3-rc1', stable: ['7.2.13'] }],
        inferred: IN_7_2_13,
        flaw: { only: ['luo-flb'] },
        shown: 'here',
    },
    {
        name: 'luo_flb_retried_retrieve',
        what: 'an FLB whose retrieve() failed is retrieved again for everybody who asks, with what the first attempt has left of the data',
        fixes: ['5c4a03afcb21'],
        in: [{ since: '7.0-rc1', fixed: '7.3-rc1', stable: ['7.2.13'] }],
        inferred: IN_7_2_13,
        flaw: { only: ['luo', ...FLBS_BEFORE_7_2] },
        shown: 'here',
    },
];
