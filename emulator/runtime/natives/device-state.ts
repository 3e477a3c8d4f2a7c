/** The registers of devices for drivers that save and restore them, and what users notice of a stopped network card. */
import { costId } from '../../machine/costs';
import { Device } from '../../machine/devices/device';
import { err } from '../../kernel/release/errno';
import { FolioRef } from '../../kernel/mm/file-folios';
import { BOOL, INT, objectOf, PHYS, SIZE } from '../../language/types';
import { asNumber } from '../../language/values';
import type { Host } from '../host/host';
import { folioArg, numberOr } from './arguments';
import { Members, nothing, param } from './define';
import { boundOf } from './devices';

const SUSPEND = costId('device_suspend');
const RESUME = costId('device_resume');

/** More rounds than a device makes: garbage in its registers. */
const MOST_ROUNDS = 2 ** 32;

export const deviceState = new Members(Device, 'device', '')
    .field(
        'lost_frames',
        INT,
        'Frames from the peer of a network card that the card did not store, since it was first started: it was stopped, reset, or could not reach its memory. 0 for other devices.',
        ({ link }) => link?.lost ?? 0,
    )
    .field(
        'blackout',
        INT,
        'The longest time in which a network card stored no frame, in nanoseconds. If it is not over: the time until now.',
        ({ link }) => link?.blackout ?? 0,
    )
    .field(
        'ring',
        PHYS,
        'Register: the device address of its rings; 0 if it was not started since its last reset.',
        (d) => d.program?.base ?? 0,
    )
    .field('ring_length', SIZE, 'Register: the size of its rings and buffers in bytes.', (d) => d.program?.length ?? 0)
    .field('frame_size', SIZE, 'Register: the bytes that it moves in a round.', (d) => d.program?.size ?? 0)
    .field('interval', INT, 'Register: the nanoseconds between two rounds.', (d) => d.program?.every ?? 0)
    .field(
        'head',
        INT,
        'Register: the number of rounds since it was started. It decides which descriptor is next.',
        (d) => d.round,
    )
    .field(
        'kernel_driven',
        BOOL,
        'Whether a driver of the running kernel has started it in its own memory: not vfio-pci, and not code of the scenario.',
        (device, context) => {
            const { memory } = boundOf(context, device);
            return device.running && memory !== null && device.program?.base === memory.iova;
        },
    )
    .field(
        'driver_memory',
        objectOf('folio'),
        "The folio in which the kernel's driver has its rings; `none` if it has none.",
        (device, context) => {
            const { memory } = boundOf(context, device);
            return memory ? new FolioRef(memory.pfn, context.running.page) : null;
        },
    )
    .method('abandon_memory', [], {}, 'Undoes adopt_memory(), without freeing the folio.', (device, _args, context) =>
        nothing(context.running.devices.abandon(boundOf(context, device))),
    )
    .method(
        'suspend',
        [],
        {},
        'The part of a suspend callback that concerns the hardware: stops the device, which keeps its registers until it is reset, and blocks its requests.',
        (device, _args, host: Host) => {
            host.machine.clock.charge(SUSPEND);
            device.stop();
            host.tell((l) => l.deviceSuspended?.(device));
            return nothing(device.setBusMaster(false));
        },
    )
    .method(
        'adopt_memory',
        [param('folio', objectOf('folio')), param('address', PHYS)],
        { fails: true },
        "Makes a folio the memory of the kernel's driver, at the address that the device has in its registers. The driver then does not reset the device when it binds. EINVAL: the address cannot be mapped to the folio, ENOMEM.",
        (device, [folio, address], context) =>
            context.running.devices.adopt(boundOf(context, device), folioArg(folio), asNumber(address, 'the address')),
    )
    .method(
        'resume',
        [
            param('ring', PHYS),
            param('length', INT),
            param('every', INT),
            param('head', INT, null),
            param('size', INT, null),
        ],
        { fails: true },
        'The part of a resume callback that concerns the hardware: writes the registers and starts the device. Registers that are left out keep their value if the device was not reset since, otherwise they have that of a reset. EINVAL: the device does not run with such values.',
        (device, [ring, length, every, head, size], host: Host) => {
            host.machine.clock.charge(RESUME);
            const wasReset = device.program === null;
            const program = {
                base: asNumber(ring, 'the address of the ring'),
                length: asNumber(length, 'the length'),
                every: asNumber(every, 'the interval'),
                size: numberOr(size, 'the size', device.program?.size ?? device.defaults({ base: 0 }).size),
                waits: device.program?.waits ?? false,
            };
            const round = numberOr(head, 'the head', device.program ? device.round : 0);
            if (program.length < 1 || program.every < 1 || program.size < 1 || round > MOST_ROUNDS) {
                return err('EINVAL');
            }
            const bound = boundOf(host, device);
            device.setPower(0);
            device.enable();
            device.setBusMaster(true);
            device.restart(program, bound.domain, round);
            host.tell((l) => l.deviceResumed?.(device, wasReset));
            return undefined;
        },
    );
