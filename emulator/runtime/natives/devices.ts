/** Devices of the machine for `.lus` code: their driver, DMA and interrupts. */
import type { BoundDevice } from '../../kernel/devices/bound';
import type { Err } from '../../kernel/release/errno';
import { BOOL, INT, listOf, objectOf, PHYS, STRING, type Value } from '../../language/types';
import { asBool, asNumber, format, ProgramError } from '../../language/values';
import { Device, type DriverChoice } from '../../machine/devices/device';
import { folioArg, numberOr } from './arguments';
import { code, Members, nothing, param } from './define';
import type { NativeContext } from './native';

const DRIVERS: readonly DriverChoice[] = ['native', 'vfio', 'none'];

/** The device as the running kernel knows it. */
export function boundOf({ running }: NativeContext, device: Device): BoundDevice {
    const bound = running.devices.of(device);
    if (!bound) {
        throw new ProgramError(`the kernel that runs does not know ${device.shape.name}`);
    }
    return bound;
}

/** A number among the arguments that may be left out. */
function given(v: Value, what: string): number | undefined {
    const number = numberOr(v, what, undefined);
    if (number !== undefined && number < 0) {
        throw new ProgramError(`${what} cannot be negative`);
    }
    return number;
}

/** Has a device work. What a driver of the kernel has for it is what the arguments leave out. */
function start(
    context: NativeContext,
    device: Device,
    [ring, every, length, size, waits]: readonly Value[],
): undefined | Err {
    const bound = boundOf(context, device);
    if (bound.refusal) {
        return bound.refusal;
    }
    const base = given(ring, 'the address of the ring') ?? (bound.iommufd ? undefined : bound.memory?.iova);
    if (base === undefined) {
        throw new ProgramError(
            bound.driver === 'vfio-pci' && !bound.iommufd
                ? `nobody has ${device.shape.name} open: bind its cdev to an I/O address space first`
                : `no driver of the kernel has memory for ${device.shape.name}: say where its ring is, as an address of the device's`,
        );
    }
    const program = device.defaults({
        base,
        every: given(every, 'the interval'),
        length: given(length, 'the length'),
        size: given(size, 'the size'),
        waits: waits === true,
    });
    if (program.every < 1 || program.size < 1 || program.length < 1) {
        throw new ProgramError('interval, length and size are at least 1');
    }
    return nothing(context.running.devices.start(bound, program));
}

function vectorOf(device: Device, v: Value): number {
    const vector = asNumber(v, 'the vector');
    if (!Number.isInteger(vector) || vector < 0 || vector >= device.msix.length) {
        throw new ProgramError(`${device.shape.name} has ${device.msix.length} vectors, from 0 on`);
    }
    return vector;
}

function driverArg(v: Value): DriverChoice {
    const choice = DRIVERS.find((c) => c === v);
    if (!choice) {
        throw new ProgramError(`a driver is "native", "vfio" or "none", not ${format(v)}`);
    }
    return choice;
}

const ANYWHERE = 'any' as const;
const VECTOR = param('vector', INT);

export const deviceObject = new Members(
    Device,
    'device',
    'A device of the machine. It stays when kernels come and go.',
    false,
)
    .field('name', STRING, 'Where it sits: segment, bus, device and function.', (device) => device.name)
    .field('kind', STRING, '`nic`, `nvme`, `gpu` or `dma`.', (device) => device.kind)
    .field('running', BOOL, 'It was started, and nobody has stopped or reset it.', (device) => device.running)
    .field('writes', INT, 'Its writes that came through, since the machine was switched on.', (device) => device.writes)
    .field('reads', INT, 'Its reads that came through.', (device) => device.reads)
    .field('transferred', INT, 'Bytes of those.', (device) => device.bytes)
    .field('faults', INT, 'Requests that the IOMMU refused.', (device) => device.faults)
    .field(
        'dropped',
        INT,
        'Requests that led nowhere: no bus master, not in D0, or no memory at the address.',
        (device) => device.dropped,
    )
    .field(
        'bus_master',
        BOOL,
        'The bus master bit of its command register. Can be assigned.',
        (device) => device.busMaster,
        (device, on) => device.setBusMaster(asBool(on, 'bus_master')),
    )
    .field(
        'power',
        INT,
        'Its power state, 0 (D0) to 3 (D3hot). Can be assigned.',
        (device) => device.power,
        (device, state) => device.setPower(asNumber(state, 'a power state')),
    )
    .field(
        'driver',
        STRING,
        'The driver that the running kernel has bound to it; empty: none.',
        (device, { running }) => running.devices.of(device)?.driver ?? '',
    )
    .field(
        'iova',
        PHYS,
        "Where the memory of the kernel's own driver is, by the device's addresses; 0: it has none.",
        (device, { running }) => running.devices.of(device)?.memory?.iova ?? 0,
    )
    .field('interrupts', INT, 'Interrupts that reached a handler.', ({ msix }) => msix.delivered)
    .field('pending_interrupts', INT, 'Vectors that are masked and have something to say.', ({ msix }) => msix.pending)
    .field(
        'merged_interrupts',
        INT,
        'Interrupts that were raised while the same vector was pending.',
        ({ msix }) => msix.merged,
    )
    .field(
        'posted_interrupts',
        INT,
        'Interrupts that the IOMMU left in a posted-interrupt descriptor, for a guest.',
        ({ msix }) => msix.posted,
    )
    .field(
        'lost_interrupts',
        INT,
        'Interrupts that never left the device (MSI-X off, no way to memory), or went to a processor that takes none.',
        ({ msix }) => msix.lost,
    )
    .field('refused_interrupts', INT, "Interrupts that the IOMMU's remapping refused.", ({ msix }) => msix.refused)
    .field('spurious_interrupts', INT, 'Interrupts to a vector that nobody has.', ({ msix }) => msix.spurious)
    .field('misrouted_interrupts', INT, "Interrupts to a vector that is somebody else's.", ({ msix }) => msix.misrouted)
    .field(
        'awaits_driver',
        BOOL,
        'It has raised an interrupt, and waits until its driver has seen it (see `start_dma`).',
        (device) => device.awaits !== null,
    )
    .field('present', BOOL, 'It is plugged in.', (device) => device.present)
    .field(
        'bridge',
        objectOf('bridge'),
        'The bridge or root port above it; `none` on a root bus.',
        (device) => device.upstream,
    )
    .field(
        'group',
        listOf(STRING),
        'Its IOMMU group in the running kernel: the names of all devices that nothing keeps apart from it, itself included.',
        (device, context) => context.list(context.running.devices.pci.group(device).map((d) => d.shape.name)),
    )
    .field(
        'pci_dev',
        objectOf('pci_dev'),
        'The device as the running kernel knows it; `none` where the scan of the buses has not found it.',
        (device, { running }) => running.devices.pci.of(device) ?? null,
    )
    .method(
        'remove',
        [],
        {},
        'The device is out, and its virtual functions with it: the kernel forgets them.',
        (device, _args, { running }) => nothing(running.devices.pullOut(device)),
    )
    .method(
        'plug',
        [],
        { context: ANYWHERE },
        'Somebody plugs it in again: it is as after power-on, and the running kernel takes it.',
        (device, _args, { running }) => nothing(running.devices.plugIn(device)),
    )
    .method(
        'bind',
        [param('driver', STRING)],
        { context: ANYWHERE, fails: true },
        'An administrator has another driver take it (`/sys/bus/pci/drivers/…/bind`): `"native"`, `"vfio"` or `"none"`. EBUSY where somebody has it open.',
        (device, [driver], context) => {
            const choice = driverArg(driver);
            return context.running.devices.bind(boundOf(context, device), choice);
        },
    )
    .add(code('unplug', [], { context: ANYWHERE, fails: false }, 'Somebody pulls it out.', 'pci_hot_remove'))
    .method(
        'start_dma',
        [
            param('ring', INT, null),
            param('every', INT, null),
            param('length', INT, null),
            param('size', INT, null),
            param('waits', BOOL, false),
        ],
        { context: ANYWHERE, fails: true },
        "Its driver sets it going: from now on it works by the machine's clock, a round `every` so many nanoseconds, until something stops it. " +
            "`ring`: where its rings and buffers are, by the device's addresses (left out: those of the kernel's driver). `length`: bytes from there on, `size`: bytes a round. " +
            "Where no interrupts of a guest's device are set up, all of its vectors are. " +
            '`waits: true`: after an interrupt it has nothing to do until the driver has seen it and gives it new work.',
        (device, args, context) => start(context, device, args),
    )
    .method('stop', [], { context: ANYWHERE }, 'Its driver stops it.', (device) => nothing(device.stop()))
    .method(
        'reset',
        [],
        { context: ANYWHERE },
        'A function level reset: it stops, and forgets what it was told.',
        (device) => nothing(device.reset()),
    )
    .method('mask', [VECTOR], { context: ANYWHERE }, 'Masks an MSI-X vector: interrupts wait.', (device, [vector]) =>
        nothing(device.mask(vectorOf(device, vector), true)),
    )
    .method(
        'unmask',
        [VECTOR],
        { context: ANYWHERE },
        'Unmasks an MSI-X vector: one interrupt that waited is sent.',
        (device, [vector]) => nothing(device.mask(vectorOf(device, vector), false)),
    )
    .method(
        'request_irqs',
        [param('count', INT)],
        { fails: true },
        '`pci_alloc_irq_vectors()` and `request_irq()`: the first vectors of the device lead to its driver, and MSI-X is on. ENOSPC (no vector of a processor is left), ENOMEM.',
        (device, [count], { running }) =>
            running.devices.interrupts.request(device, asNumber(count, 'the number of vectors'), device.shape.name),
    )
    .method(
        'free_irqs',
        [],
        {},
        '`free_irq()` and `pci_free_irq_vectors()`: its vectors are given back, and MSI-X is off.',
        (device, _args, { running }) => nothing(running.devices.interrupts.release(device)),
    )
    .method(
        'set_affinity',
        [VECTOR, param('cpu', INT)],
        { context: ANYWHERE, fails: true },
        '`/proc/irq/N/smp_affinity`: a vector goes to another processor. EINVAL (not set up, or no such processor runs), ENOSPC (it has no vector left).',
        (device, [vector, cpu], { running }) =>
            running.devices.interrupts.setAffinity(device, vectorOf(device, vector), asNumber(cpu, 'the processor')),
    )
    .method(
        'dma_map',
        [param('folio', objectOf('folio'))],
        { result: PHYS, fails: true },
        'dma_map_single(): the device may use a folio. The result is its address for the device: ENOMEM.',
        (device, [folio], context) => {
            const pfn = folioArg(folio);
            const { devices, folios, page } = context.running;
            return devices.dmaMap(boundOf(context, device), pfn * page.size, folios.sizeOf(pfn));
        },
    )
    .method(
        'dma_unmap',
        [param('address', INT)],
        { fails: true },
        'dma_unmap_single(): the device may not use it any more. EINVAL where nothing is mapped at this address.',
        (device, [address], context) =>
            context.running.devices.dmaUnmap(boundOf(context, device), asNumber(address, 'the address')),
    );
