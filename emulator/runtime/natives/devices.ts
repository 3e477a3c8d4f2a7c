/** Devices of the machine for `.lus` code: their driver, DMA and interrupts. */
import { counted } from '../../text/text';
import type { BoundDevice } from '../../kernel/devices/bound';
import type { Err } from '../../kernel/release/errno';
import { BOOL, INT, listOf, objectOf, PHYS, STRING, type Value, SIZE } from '../../language/types';
import { asBool, asNumber, format, ProgramError } from '../../language/values';
import { Device, type DriverChoice } from '../../machine/devices/device';
import { folioArg, numberOr } from './arguments';
import { code, Members, nothing, param } from './define';
import type { NativeContext } from './native';

const DRIVERS: readonly DriverChoice[] = ['native', 'vfio', 'none'];

/** The running kernel's object for a device. */
export function boundOf({ running }: NativeContext, device: Device): BoundDevice {
    const bound = running.devices.of(device);
    if (!bound) {
        throw new ProgramError(`the kernel that runs does not know ${device.shape.name}`);
    }
    return bound;
}

/** An optional number. */
function given(v: Value, what: string): number | undefined {
    const number = numberOr(v, what, undefined);
    if (number !== undefined && number < 0) {
        throw new ProgramError(`${what} cannot be negative`);
    }
    return number;
}

/** Starts the DMA of a device. Omitted arguments come from the kernel's driver. */
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
                ? `${device.shape.name} is not open: bind its cdev to an I/O address space first`
                : `the kernel's driver has no memory for ${device.shape.name}: pass the device address of the ring`,
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
        throw new ProgramError('interval, length and size must be at least 1');
    }
    return nothing(context.running.devices.start(bound, program));
}

function vectorOf(device: Device, v: Value): number {
    const vector = asNumber(v, 'the vector');
    if (!Number.isInteger(vector) || vector < 0 || vector >= device.msix.length) {
        throw new ProgramError(`${device.shape.name} has ${counted(device.msix.length, 'vector')}, numbered from 0`);
    }
    return vector;
}

function driverArg(v: Value): DriverChoice {
    const choice = DRIVERS.find((c) => c === v);
    if (!choice) {
        throw new ProgramError(`the driver must be "native", "vfio" or "none", not ${format(v)}`);
    }
    return choice;
}

const ANYWHERE = 'any' as const;
const VECTOR = param('vector', INT);

export const deviceObject = new Members(
    Device,
    'device',
    'A device of the machine. It exists independently of kernels.',
    false,
)
    .field('name', STRING, 'Its PCI address: segment, bus, device and function.', (device) => device.name)
    .field('kind', STRING, '`nic`, `nvme`, `gpu` or `dma`.', (device) => device.kind)
    .field('running', BOOL, 'Whether it is started. A stop or a reset ends this.', (device) => device.running)
    .field(
        'writes',
        INT,
        'The number of successful writes since the machine was switched on.',
        (device) => device.writes,
    )
    .field('reads', INT, 'The number of successful reads.', (device) => device.reads)
    .field('transferred', SIZE, 'The bytes written and read by them.', (device) => device.bytes)
    .field('faults', INT, 'The number of requests that the IOMMU refused.', (device) => device.faults)
    .field(
        'dropped',
        INT,
        'The number of requests without effect: no bus master, not in D0, or no memory at the address.',
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
        'The driver that the running kernel has bound to it; empty if there is none.',
        (device, { running }) => running.devices.of(device)?.driver ?? '',
    )
    .field(
        'iova',
        PHYS,
        "The device address of the memory of the kernel's driver; 0 if it has none.",
        (device, { running }) => running.devices.of(device)?.memory?.iova ?? 0,
    )
    .field('interrupts', INT, 'The number of interrupts that reached a handler.', ({ msix }) => msix.delivered)
    .field(
        'pending_interrupts',
        INT,
        'The number of masked vectors with a pending interrupt.',
        ({ msix }) => msix.pending,
    )
    .field(
        'merged_interrupts',
        INT,
        'The number of interrupts that were raised while the same vector was already pending.',
        ({ msix }) => msix.merged,
    )
    .field(
        'posted_interrupts',
        INT,
        'The number of interrupts that the IOMMU wrote to a posted-interrupt descriptor, for a guest.',
        ({ msix }) => msix.posted,
    )
    .field(
        'lost_interrupts',
        INT,
        'The number of interrupts that never left the device (MSI-X off, no path to memory), or went to a processor that takes none.',
        ({ msix }) => msix.lost,
    )
    .field(
        'refused_interrupts',
        INT,
        'The number of interrupts that interrupt remapping of the IOMMU refused.',
        ({ msix }) => msix.refused,
    )
    .field(
        'spurious_interrupts',
        INT,
        'The number of interrupts to a vector that is not in use.',
        ({ msix }) => msix.spurious,
    )
    .field(
        'misrouted_interrupts',
        INT,
        'The number of interrupts to a vector of another device.',
        ({ msix }) => msix.misrouted,
    )
    .field(
        'awaits_driver',
        BOOL,
        'Whether it has raised an interrupt and waits until its driver has handled it (see `start_dma`).',
        (device) => device.awaits !== null,
    )
    .field('present', BOOL, 'Whether it is plugged in.', (device) => device.present)
    .field(
        'bridge',
        objectOf('bridge'),
        'The bridge or root port above it; `none` on a root bus.',
        (device) => device.upstream,
    )
    .field(
        'group',
        listOf(STRING),
        'Its IOMMU group in the running kernel: the names of all devices that are not isolated from it, including itself.',
        (device, context) => context.list(context.running.devices.pci.group(device).map((d) => d.shape.name)),
    )
    .field(
        'pci_dev',
        objectOf('pci_dev'),
        'The PCI function of the running kernel for it; `none` if the bus scan has not found it.',
        (device, { running }) => running.devices.pci.of(device) ?? null,
    )
    .method(
        'remove',
        [],
        {},
        'Unplugs the device and its virtual functions: the kernel removes them.',
        (device, _args, { running }) => nothing(running.devices.pullOut(device)),
    )
    .method(
        'plug',
        [],
        { context: ANYWHERE },
        'Plugs the device in again: it is in its power-on state, and the running kernel binds it.',
        (device, _args, { running }) => nothing(running.devices.plugIn(device)),
    )
    .method(
        'bind',
        [param('driver', STRING)],
        { context: ANYWHERE, fails: true },
        'Binds another driver (`/sys/bus/pci/drivers/…/bind`): `"native"`, `"vfio"` or `"none"`. EBUSY if the device is open.',
        (device, [driver], context) => {
            const choice = driverArg(driver);
            return context.running.devices.bind(boundOf(context, device), choice);
        },
    )
    .add(code('unplug', [], { context: ANYWHERE, fails: false }, 'Hot removal: unplugs the device.', 'pci_hot_remove'))
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
        "Its driver starts DMA: the device works by the machine's clock, one round `every` so many nanoseconds, until it is stopped. " +
            "`ring`: the device address of its rings and buffers (default: the memory of the kernel's driver). `length`: the size of that memory in bytes, `size`: bytes per round. " +
            "If no interrupts of a guest's device are set up, this sets up all of its vectors. " +
            '`waits: true`: after an interrupt the device is idle until the driver has handled it and submits new work.',
        (device, args, context) => start(context, device, args),
    )
    .method('stop', [], { context: ANYWHERE }, 'Its driver stops DMA.', (device) => nothing(device.stop()))
    .method(
        'reset',
        [],
        { context: ANYWHERE },
        'Function level reset: the device stops and loses its configuration.',
        (device) => nothing(device.reset()),
    )
    .method(
        'mask',
        [VECTOR],
        { context: ANYWHERE },
        'Masks an MSI-X vector: interrupts stay pending.',
        (device, [vector]) => nothing(device.mask(vectorOf(device, vector), true)),
    )
    .method(
        'unmask',
        [VECTOR],
        { context: ANYWHERE },
        'Unmasks an MSI-X vector: a pending interrupt is sent.',
        (device, [vector]) => nothing(device.mask(vectorOf(device, vector), false)),
    )
    .method(
        'request_irqs',
        [param('count', INT)],
        { fails: true },
        '`pci_alloc_irq_vectors()` and `request_irq()`: the first vectors of the device are routed to its driver, and MSI-X is on. ENOSPC (no free vector on any processor), ENOMEM.',
        (device, [count], { running }) =>
            running.devices.interrupts.request(device, asNumber(count, 'the number of vectors'), device.shape.name),
    )
    .method(
        'free_irqs',
        [],
        {},
        '`free_irq()` and `pci_free_irq_vectors()`: its vectors are freed, and MSI-X is off.',
        (device, _args, { running }) => nothing(running.devices.interrupts.release(device)),
    )
    .method(
        'set_affinity',
        [VECTOR, param('cpu', INT)],
        { context: ANYWHERE, fails: true },
        '`/proc/irq/N/smp_affinity`: moves a vector to another processor. EINVAL (not set up, or no such processor), ENOSPC (that processor has no free vector).',
        (device, [vector, cpu], { running }) =>
            running.devices.interrupts.setAffinity(device, vectorOf(device, vector), asNumber(cpu, 'the processor')),
    )
    .method(
        'dma_map',
        [param('folio', objectOf('folio'))],
        { result: PHYS, fails: true },
        'dma_map_single(): lets the device use a folio. Returns the device address. ENOMEM.',
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
        'dma_unmap_single(): ends the use of the folio by the device. EINVAL if nothing is mapped at this address.',
        (device, [address], context) =>
            context.running.devices.dmaUnmap(boundOf(context, device), asNumber(address, 'the address')),
    );
