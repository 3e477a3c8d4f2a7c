/** All natives: those of the host, and what scenarios ask of the updates and diagnoses of their run. */
import { isDiagnosisCode } from '../findings/catalogue';
import { Device } from '../machine/devices/device';
import { Clock } from '../machine/clock';
import { COST_NAMES } from '../machine/costs';
import { BOOL, INT, objectOf, STRING } from '../language/types';
import { asString, ProgramError } from '../language/values';
import { hostDevice, HOST_NATIVES } from '../runtime/natives';
import type { Host } from '../runtime/host/host';
import { fn, global, Members, param, table } from '../runtime/natives/define';
import type { NativeFunction, NativeGlobal, Natives, ObjectType } from '../runtime/natives/native';
import { Update, Updates } from './updates';
import { Verdicts } from './verdicts';

const clockObject = new Members(Clock, 'clock', "The machine's virtual clock.", false).field(
    'now',
    INT,
    'Nanoseconds since the first kernel was started.',
    (c) => c.now,
);

const updateObject = new Members(
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

const timeGlobals: readonly NativeGlobal[] = [
    global('clock', objectOf('clock'), 'any', "The machine's virtual clock.", ({ machine }) => machine.clock),
    global(
        'update',
        objectOf('update'),
        'any',
        'The live update that is under way, or else the last one.',
        (host: Host) => {
            const updates = Updates.of(host);
            if (!updates) {
                throw new ProgramError('nobody watches the updates of this run');
            }
            return updates.current;
        },
    ),
];

const diagnosisFunctions: readonly NativeFunction[] = [
    fn(
        'diagnosed',
        [param('code', STRING)],
        { context: 'scenario', result: BOOL },
        'Whether a diagnosis with this code was made so far, or would be made if the scenario ended here: `assert diagnosed("LU1001")`. The codes are those of [the page of diagnoses](diagnoses.md). What a scenario asks for does not make it fail under `lus run --strict`.',
        (host: Host, [code]) => {
            const text = asString(code, 'the code');
            if (!isDiagnosisCode(text)) {
                throw new ProgramError(
                    `no diagnosis has the code "${text}": they are LU1001 and what follows, see the page of diagnoses`,
                );
            }
            return Verdicts.of(host)?.has(text) ?? false;
        },
    ),
];

/** What the sanitizer knows of a device. */
const judged = new Members(Device, 'device', '').field(
    'strays',
    INT,
    'Requests that went to memory which did not belong to whoever mapped it: what the sanitizer counts.',
    (device, host: Host) => Verdicts.of(host)?.straysOf(device.shape.name) ?? 0,
);

const device = hostDevice.and(judged).type;

function typeOf(o: object): ObjectType | undefined {
    if (o instanceof Clock) {
        return clockObject.type;
    }
    if (o instanceof Update) {
        return updateObject.type;
    }
    return o instanceof Device ? device : HOST_NATIVES.typeOf(o);
}

export const NATIVES: Natives = {
    ...HOST_NATIVES,
    typeOf,
    functions: table([...HOST_NATIVES.functions.values(), ...diagnosisFunctions]),
    objects: table([
        ...[...HOST_NATIVES.objects.values()].map((type) => (type.name === device.name ? device : type)),
        clockObject.type,
        updateObject.type,
    ]),
    globals: table([...HOST_NATIVES.globals.values(), ...timeGlobals]),
};
