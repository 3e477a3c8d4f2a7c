/** Memory on devices for `.lus` code: through the BAR of the device, and computations of the device in it. */
import { sizeText } from '../../text/text';
import { costId } from '../../machine/costs';
import { Device } from '../../machine/devices/device';
import { type DeviceMemory, ENTRY } from '../../machine/devices/device-memory';
import { err, type Err } from '../../kernel/release/errno';
import { BYTES, INT, PHYS, SIZE } from '../../language/types';
import { asNumber, ProgramError } from '../../language/values';
import { dataArg, lengthArg } from './arguments';
import { Members, nothing, param } from './define';
import { boundOf } from './devices';
import type { NativeContext } from './native';

const COPY = costId('vram_copy');
const ANYWHERE = 'any' as const;

function memoryOf(device: Device): DeviceMemory {
    if (!device.memory) {
        throw new ProgramError(`${device.shape.name} has no memory: give it some with vram`);
    }
    return device.memory;
}

function checkRange(device: Device, at: number, length: number): void {
    const { size } = memoryOf(device);
    if (at < 0 || at + length > size) {
        throw new ProgramError(`${device.shape.name} has ${sizeText(size)} of memory`);
    }
}

/** Why the BAR of the device cannot be used. */
function refusalOf(context: NativeContext, device: Device): undefined | Err {
    return boundOf(context, device).refusal ?? (device.responds ? undefined : err('EIO'));
}

export const deviceVram = new Members(Device, 'device', '')
    .field('vram', SIZE, 'The size of its own memory; 0: it has none.', ({ memory }) => memory?.size ?? 0)
    .field('bar', PHYS, 'The bus address of its memory; 0: it has none.', ({ memory }) => memory?.bar ?? 0)
    .field(
        'vram_lost',
        SIZE,
        'The bytes of its memory that were written before a reset, and not since.',
        ({ memory }) => memory?.lostBytes ?? 0,
    )
    .field(
        'steps',
        INT,
        'The steps of the computation in its memory (see `compute`).',
        ({ memory }) => memory?.steps ?? 0,
    )
    .method(
        'write_vram',
        [param('data', BYTES), param('at', INT)],
        { context: ANYWHERE, fails: true },
        'Writes to the memory of the device through its BAR, from the byte `at` on. EBUSY: a live update has frozen the device; EIO: it is asleep, or does not respond at its BARs.',
        (device, [data, at], context) => {
            const bytes = dataArg(data, 'the data');
            const start = asNumber(at, 'the place');
            checkRange(device, start, bytes.length);
            const refused = refusalOf(context, device);
            if (refused) {
                return refused;
            }
            context.running.clock.chargeBytes(COPY, bytes.length);
            return nothing(memoryOf(device).write(start, bytes));
        },
    )
    .method(
        'read_vram',
        [param('length', INT), param('at', INT)],
        { context: ANYWHERE, result: BYTES, fails: true },
        'Reads the memory of the device through its BAR, from the byte `at` on. EBUSY, EIO.',
        (device, [length, at], context) => {
            const [n, start] = [lengthArg(length, 'the length'), asNumber(at, 'the place')];
            checkRange(device, start, n);
            const refused = refusalOf(context, device);
            if (refused) {
                return refused;
            }
            context.running.clock.chargeBytes(COPY, n);
            return memoryOf(device).read(start, n);
        },
    )
    .method(
        'compute',
        [param('weights', INT), param('length', INT), param('cache', INT), param('every', INT)],
        { context: ANYWHERE, fails: true },
        `Starts a computation in the memory of the device: each step, \`every\` so many nanoseconds, reads some of the weights (\`length\` bytes from \`weights\` on) and the entry before, and adds an entry of ${ENTRY} bytes to the cache at \`cache\`. It ends with \`stop()\`, with a reset, or at the end of the memory. EBUSY, EIO.`,
        (device, [weights, length, cache, every], context) => {
            const job = {
                weights: asNumber(weights, 'the place of the weights'),
                length: lengthArg(length, 'the length'),
                cache: asNumber(cache, 'the place of the cache'),
                every: asNumber(every, 'the interval'),
            };
            if (job.length < 1 || job.every < 1) {
                throw new ProgramError('length and interval must be at least 1');
            }
            checkRange(device, job.weights, job.length);
            checkRange(device, job.cache, ENTRY);
            const bound = boundOf(context, device);
            return refusalOf(context, device) ?? nothing(device.compute(memoryOf(device), job, bound.domain));
        },
    );
