/** All natives: those of the host, and those that give scenarios the updates and diagnoses of their run. */
import { isDiagnosisCode } from '../findings/catalogue';
import { Device } from '../machine/devices/device';
import { Clock } from '../machine/clock';
import { COST_NAMES } from '../machine/costs';
import { BOOL, INT, objectOf, STRING, TIME } from '../language/types';
import { asString, ProgramError } from '../language/values';
import { hostDevice, HOST_NATIVES } from '../runtime/natives';
import type { Host } from '../runtime/host/host';
import { fn, global, Members, param, table } from '../runtime/natives/define';
import type { NativeFunction, NativeGlobal, Natives, ObjectType } from '../runtime/natives/native';
import { Diagnoses } from './diagnoses';
import { Update, Updates } from './updates';

const clockObject = new Members(Clock, 'clock', "The machine's virtual clock.", false).field(
    'now',
    TIME,
    'Nanoseconds since the first kernel was started.',
    (c) => c.now,
);

const updateObject = new Members(
    Update,
    'update',
    'The times of a live update, in nanoseconds. [The page about time](time.md) says where each phase begins.',
    false,
)
    .field('number', INT, 'Number of the update, from 1.', (u) => u.number)
    .field(
        'phase',
        STRING,
        'The current phase: `"pre-lu"`, `"pre-blackout"`, `"blackout"`, `"post-blackout"`, `"post-lu"`.',
        (u) => u.phase,
    )
    .field(
        'pre_blackout',
        TIME,
        'From the first session, or the first loaded kernel, to the blackout.',
        (u) => u.preBlackout,
    )
    .field(
        'blackout',
        TIME,
        'The blackout of the guest that was stopped for the longest time: from the pause of its first vCPU until its last vCPU runs again. Without guests, from the first freeze to the last file that was retrieved. If the blackout is not over, up to now; before it, 0.',
        (u) => u.blackout,
    )
    .field(
        'pausing',
        TIME,
        'The first part of the blackout if there are guests: VMMs pause them and save their state, up to the first freeze.',
        (u) => u.pausing,
    )
    .field(
        'kernel_shutdown',
        TIME,
        'The part of the blackout in the old kernel: freezing, shutting down, the jump.',
        (u) => u.kernelShutdown,
    )
    .field('kernel_startup', TIME, 'The part of the blackout in which the next kernel boots.', (u) => u.kernelStartup)
    .field(
        'userspace',
        TIME,
        'The last part of the blackout: the agent and its VMMs retrieve everything, and guests run again.',
        (u) => u.userspace,
    )
    .field(
        'post_blackout',
        TIME,
        'From the end of the blackout until the last session is finished.',
        (u) => u.postBlackout,
    )
    .field('files', INT, 'Files that were handed over.', (u) => u.files)
    .field('sessions', INT, 'Sessions that were handed over.', (u) => u.sessions)
    .method(
        'spent',
        [param('cost', STRING)],
        { context: 'any', result: TIME },
        'The time of the blackout that went to a cost: `update.spent("purgatory")`, `update.spent("sleep")`.',
        (u, [c]) => {
            const name = asString(c, 'the cost');
            if (!COST_NAMES.some((n) => n === name)) {
                throw new ProgramError(`unknown cost "${name}": the costs are ${COST_NAMES.join(', ')}`);
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
        'The live update in progress, or the last one if none is.',
        (host: Host) => {
            const updates = Updates.of(host);
            if (!updates) {
                throw new ProgramError('the updates of this run are not recorded');
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
        'Whether a diagnosis with this code was made so far, or would be made if the scenario ended here: `assert diagnosed("LU1001")`. [The page about diagnoses](diagnoses.md) lists the codes. A diagnosis that a scenario asks for does not make it fail under `lus run --strict`.',
        (host: Host, [code]) => {
            const text = asString(code, 'the code');
            if (!isDiagnosisCode(text)) {
                throw new ProgramError(
                    `unknown diagnosis "${text}": codes begin with LU1001, see the page about diagnoses`,
                );
            }
            return Diagnoses.of(host)?.has(text) ?? false;
        },
    ),
];

/** The field of a device that the DMA sanitizer fills. */
const judged = new Members(Device, 'device', '').field(
    'strays',
    INT,
    'Number of requests of the device to memory that was not mapped for it, as counted by the DMA sanitizer.',
    (device, host: Host) => Diagnoses.of(host)?.straysOf(device.shape.name) ?? 0,
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
