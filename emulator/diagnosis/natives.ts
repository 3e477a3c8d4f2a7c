/** The clock and live updates in time, for scenarios. */
import { Clock } from '../machine/clock';
import { COST_NAMES } from '../machine/costs';
import { INT, objectOf, STRING } from '../language/types';
import type { NativeGlobal } from '../runtime/natives/native';
import { Update } from './updates';
import { asString, ProgramError } from '../language/values';
import { Members, param } from '../runtime/natives/define';

export const clockObject = new Members(Clock, 'clock', "The machine's virtual clock.", false).field(
    'now',
    INT,
    'Nanoseconds since the first kernel was started.',
    (c) => c.now,
);

export const updateObject = new Members(
    Update,
    'update',
    'A live update in time, in nanoseconds; [the page of time](time.md) says where each phase begins.',
    false,
)
    .field('number', INT, 'Which one, from 1.', (u) => u.number)
    .field(
        'phase',
        STRING,
        'Where it is: `"pre-lu"`, `"pre-blackout"`, `"blackout"`, `"post-blackout"`, `"post-lu"`.',
        (u) => u.phase,
    )
    .field('pre_blackout', INT, 'From the first session, or the loaded kernel, to the blackout.', (u) => u.preBlackout)
    .field(
        'blackout',
        INT,
        'Of the guest that stood still the longest, from its first paused vCPU to its last that ran again; without guests, from the first freeze to the last file that was retrieved. Up to now where it is not over, 0 before it.',
        (u) => u.blackout,
    )
    .field(
        'pausing',
        INT,
        "The blackout's beginning where there are guests: they are paused and their state is saved, up to the first freeze.",
        (u) => u.pausing,
    )
    .field(
        'kernel_shutdown',
        INT,
        "Its first part of the kernels': freezing, shutting down, the jump.",
        (u) => u.kernelShutdown,
    )
    .field('kernel_startup', INT, 'Its second part: the next kernel comes up.', (u) => u.kernelStartup)
    .field(
        'userspace',
        INT,
        'Its third part: the agent and its VMMs retrieve everything, and guests run again.',
        (u) => u.userspace,
    )
    .field('post_blackout', INT, 'From the end of the blackout to the end of the last session.', (u) => u.postBlackout)
    .field('files', INT, 'Files that were handed over.', (u) => u.files)
    .field('sessions', INT, 'Sessions that were handed over.', (u) => u.sessions)
    .method(
        'spent',
        [param('cost', STRING)],
        { context: 'any', result: INT },
        'How much of the blackout went to a cost: `update.spent("purgatory")`, `update.spent("sleep")`.',
        (u, [c]) => {
            const name = asString(c, 'the cost');
            if (!COST_NAMES.some((n) => n === name)) {
                throw new ProgramError(`no cost is called "${name}": there are ${COST_NAMES.join(', ')}`);
            }
            return u.shares.find((s) => s.cost === name)?.ns ?? 0;
        },
    );

export const timeGlobals: readonly NativeGlobal[] = [
    {
        name: 'clock',
        type: objectOf('clock'),
        context: 'any',
        doc: "The machine's virtual clock.",
        get: (vm) => vm.machine.clock,
    },
    {
        name: 'update',
        type: objectOf('update'),
        context: 'any',
        doc: 'The live update that is under way, or else the last one.',
        get(vm) {
            if (!vm.updates) {
                throw new ProgramError('nobody watches the updates of this run');
            }
            return vm.updates.current;
        },
    },
];
