/** Devices of the machine, /dev/iommu and /dev/vfio for `.lus` code. */
import { Hwpt } from '../../kernel/devices/hwpt';
import { Ioas } from '../../kernel/devices/ioas';
import { Iommufd } from '../../kernel/devices/iommufd';
import { VfioFile } from '../../kernel/devices/vfio';
import type { BoundDevice } from '../../kernel/devices/bound';
import { Err, err } from '../../kernel/release/errno';
import { FolioRef } from '../../kernel/mm/file-folios';
import { vmOf } from '../../kernel/kvm/file';
import { fget } from '../../kernel/fs/process';
import { Device, type DriverChoice } from '../../machine/devices/device';
import { PAGE_SIZE } from '../../machine/memory';
import { ANY, BOOL, FD, INT, listOf, NONE, objectOf, PHYS, STRING, type Value } from '../../language/types';
import type { NativeFunction } from './native';
import { asBool, asInt, asNumber, format, ProgramError } from '../../language/values';
import type { Vm } from '../interpreter';
import { fdArg } from './arguments';
import { code, expect, fn, Members, param } from './define';

const EINVAL = err('EINVAL');
const ENOTTY = err('ENOTTY');
const DRIVERS: readonly DriverChoice[] = ['native', 'vfio', 'none'];

/** The device as the running kernel knows it. */
export function boundOf(vm: Vm, device: Device): BoundDevice {
    const b = vm.running.devices.of(device);
    if (!b) {
        throw new ProgramError(`the kernel that runs does not know ${device.shape.name}`);
    }
    return b;
}

/** A number among the arguments that may be left out. */
function given(v: Value, what: string): number | undefined {
    const n = v === undefined || v === null ? undefined : asNumber(v, what);
    if (n !== undefined && n < 0) {
        throw new ProgramError(`${what} cannot be negative`);
    }
    return n;
}

function start(vm: Vm, device: Device, [ring, every, length, size, waits]: readonly Value[]): undefined | Err {
    const b = boundOf(vm, device);
    if (b.frozen) {
        return err('EBUSY');
    }
    const base = given(ring, 'the address of the ring') ?? (b.iommufd ? undefined : b.memory?.iova);
    if (base === undefined) {
        throw new ProgramError(
            b.driver === 'vfio-pci' && !b.iommufd
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
    vm.running.devices.start(b, program);
    return undefined;
}

function vectorOf(device: Device, v: Value): number {
    const vector = asNumber(v, 'the vector');
    if (!Number.isInteger(vector) || vector < 0 || vector >= device.msix.length) {
        throw new ProgramError(`${device.shape.name} has ${device.msix.length} vectors, from 0 on`);
    }
    return vector;
}

const ANYWHERE = 'any' as const;

export const deviceObject = new Members(
    Device,
    'device',
    'A device of the machine. It stays when kernels come and go.',
    false,
)
    .field('name', STRING, 'Where it sits: segment, bus, device and function.', (d) => d.name)
    .field('kind', STRING, '`nic`, `nvme`, `gpu` or `dma`.', (d) => d.kind)
    .field('running', BOOL, 'It was started, and nobody has stopped or reset it.', (d) => d.running)
    .field('writes', INT, 'Its writes that came through, since the machine was switched on.', (d) => d.writes)
    .field('reads', INT, 'Its reads that came through.', (d) => d.reads)
    .field('transferred', INT, 'Bytes of those.', (d) => d.bytes)
    .field('faults', INT, 'Requests that the IOMMU refused.', (d) => d.faults)
    .field(
        'dropped',
        INT,
        'Requests that led nowhere: no bus master, not in D0, or no memory at the address.',
        (d) => d.dropped,
    )
    .field(
        'bus_master',
        BOOL,
        'The bus master bit of its command register. Can be assigned.',
        (d) => d.busMaster,
        (d, v) => d.setBusMaster(asBool(v, 'bus_master')),
    )
    .field(
        'power',
        INT,
        'Its power state, 0 (D0) to 3 (D3hot). Can be assigned.',
        (d) => d.power,
        (d, v) => d.setPower(asNumber(v, 'a power state')),
    )
    .field(
        'driver',
        STRING,
        'The driver that the running kernel has bound to it; empty: none.',
        (d, vm) => vm.running.devices.of(d)?.driver ?? '',
    )
    .field(
        'iova',
        PHYS,
        "Where the memory of the kernel's own driver is, by the device's addresses; 0: it has none.",
        (d, vm) => vm.running.devices.of(d)?.memory?.iova ?? 0,
    )
    .field('interrupts', INT, 'Interrupts that reached a handler.', (d) => d.msix.delivered)
    .field('pending_interrupts', INT, 'Vectors that are masked and have something to say.', (d) => d.msix.pending)
    .field(
        'merged_interrupts',
        INT,
        'Interrupts that were raised while the same vector was pending.',
        (d) => d.msix.merged,
    )
    .field(
        'posted_interrupts',
        INT,
        'Interrupts that the IOMMU left in a posted-interrupt descriptor, for a guest.',
        (d) => d.msix.posted,
    )
    .field(
        'lost_interrupts',
        INT,
        'Interrupts that never left the device (MSI-X off, no way to memory), or went to a processor that takes none.',
        (d) => d.msix.lost,
    )
    .field('refused_interrupts', INT, "Interrupts that the IOMMU's remapping refused.", (d) => d.msix.refused)
    .field('spurious_interrupts', INT, 'Interrupts to a vector that nobody has.', (d) => d.msix.spurious)
    .field('misrouted_interrupts', INT, "Interrupts to a vector that is somebody else's.", (d) => d.msix.misrouted)
    .field(
        'awaits_driver',
        BOOL,
        'It has raised an interrupt, and waits until its driver has seen it (see `start_dma`).',
        (d) => d.awaits !== null,
    )
    .field('present', BOOL, 'It is plugged in.', (d) => d.present)
    .field('bridge', objectOf('bridge'), 'The bridge or root port above it; `none` on a root bus.', (d) => d.upstream)
    .field(
        'group',
        listOf(STRING),
        'Its IOMMU group in the running kernel: the names of all devices that nothing keeps apart from it, itself included.',
        (d, vm) => vm.list(vm.running.devices.pci.group(d).map((o) => o.shape.name)),
    )
    .field(
        'pci_dev',
        objectOf('pci_dev'),
        'The device as the running kernel knows it; `none` where the scan of the buses has not found it.',
        (d, vm) => vm.running.devices.pci.of(d) ?? null,
    )
    .method(
        'remove',
        [],
        { context: 'kernel' },
        'The device is out, and its virtual functions with it: the kernel forgets them.',
        (d, _a, vm) => {
            for (const gone of vm.machine.pci.devices.filter((o) => o === d || o.shape.physical === d.shape.name)) {
                vm.running.devices.unplugged(gone);
                gone.plug(false);
            }
            return undefined;
        },
    )
    .method(
        'plug',
        [],
        { context: ANYWHERE },
        'Somebody plugs it in again: it is as after power-on, and the running kernel takes it.',
        (d, _a, vm) => {
            if (!d.present) {
                d.plug(true);
                vm.running.devices.plugged(d);
            }
            return undefined;
        },
    )
    .method(
        'bind',
        [param('driver', STRING)],
        { context: ANYWHERE, fails: true },
        'An administrator has another driver take it (`/sys/bus/pci/drivers/…/bind`): `"native"`, `"vfio"` or `"none"`. EBUSY where somebody has it open.',
        (d, [driver], vm) => {
            const choice = DRIVERS.find((c) => c === driver);
            if (!choice) {
                throw new ProgramError(`a driver is "native", "vfio" or "none", not ${format(driver)}`);
            }
            return vm.running.devices.bind(boundOf(vm, d), choice);
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
        (d, args, vm) => start(vm, d, args),
    )
    .method('stop', [], { context: ANYWHERE }, 'Its driver stops it.', (d) => {
        d.stop();
        return undefined;
    })
    .method(
        'reset',
        [],
        { context: ANYWHERE },
        'A function level reset: it stops, and forgets what it was told.',
        (d) => {
            d.reset();
            return undefined;
        },
    )
    .method(
        'mask',
        [param('vector', INT)],
        { context: ANYWHERE },
        'Masks an MSI-X vector: interrupts wait.',
        (d, [v]) => {
            d.mask(vectorOf(d, v), true);
            return undefined;
        },
    )
    .method(
        'unmask',
        [param('vector', INT)],
        { context: ANYWHERE },
        'Unmasks an MSI-X vector: one interrupt that waited is sent.',
        (d, [v]) => {
            d.mask(vectorOf(d, v), false);
            return undefined;
        },
    )
    .method(
        'request_irqs',
        [param('count', INT)],
        { context: 'kernel', fails: true },
        '`pci_alloc_irq_vectors()` and `request_irq()`: the first vectors of the device lead to its driver, and MSI-X is on. ENOSPC (no vector of a processor is left), ENOMEM.',
        (d, [count], vm) =>
            vm.running.devices.interrupts.request(d, asNumber(count, 'the number of vectors'), d.shape.name),
    )
    .method(
        'free_irqs',
        [],
        { context: 'kernel' },
        '`free_irq()` and `pci_free_irq_vectors()`: its vectors are given back, and MSI-X is off.',
        (d, _args, vm) => {
            vm.running.devices.interrupts.release(d);
            return undefined;
        },
    )
    .method(
        'set_affinity',
        [param('vector', INT), param('cpu', INT)],
        { context: ANYWHERE, fails: true },
        '`/proc/irq/N/smp_affinity`: a vector goes to another processor. EINVAL (not set up, or no such processor runs), ENOSPC (it has no vector left).',
        (d, [v, cpu], vm) =>
            vm.running.devices.interrupts.setAffinity(d, vectorOf(d, v), asNumber(cpu, 'the processor')),
    )
    .method(
        'dma_map',
        [param('folio', objectOf('folio'))],
        { context: 'kernel', result: PHYS, fails: true },
        'dma_map_single(): the device may use a folio. The result is its address for the device: ENOMEM.',
        (d, [folio], vm) => {
            const { pfn } = expect(FolioRef, folio, 'a folio');
            const b = boundOf(vm, d);
            const iova = vm.running.devices.dmaMap(b, pfn * PAGE_SIZE, PAGE_SIZE * 2 ** vm.running.memmap.orderOf(pfn));
            return iova < 0 ? err('ENOMEM') : iova;
        },
    )
    .method(
        'dma_unmap',
        [param('address', INT)],
        { context: 'kernel', fails: true },
        'dma_unmap_single(): the device may not use it any more. EINVAL where nothing is mapped at this address.',
        (d, [iova], vm) => vm.running.devices.dmaUnmap(boundOf(vm, d), asNumber(iova, 'the address')),
    );

const USER = 'user' as const;

export const ioasObject = new Members(Ioas, 'ioas', 'An I/O address space of `/dev/iommu`: what the devices in it see.')
    .field('id', INT, 'Its number.', (i) => i.id)
    .field('mappings', INT, 'How many mappings it has.', (i) => i.mappings.length)
    .field('devices', INT, 'How many devices are attached to it.', (i) => i.devices.length)
    .method(
        'map',
        [param('fd', FD), param('iova', INT), param('length', INT), param('offset', INT, 0)],
        { context: USER, fails: true, syscall: true },
        '`IOMMU_IOAS_MAP_FILE`: maps a piece of a memfd. Its folios are pinned as soon as a device is attached. EBADF, EINVAL (not a multiple of 4 KiB, the interrupt window, no memfd), EEXIST, ENOMEM.',
        (i, [fd, iova, length, offset], vm) => {
            const file = fget(vm.process, fdArg(fd));
            return file instanceof Err
                ? file
                : i.map(
                      file,
                      asNumber(iova, 'the address'),
                      asNumber(length, 'the length'),
                      asNumber(offset, 'the offset'),
                  );
        },
    )
    .method(
        'hwpt_alloc',
        [param('vfio', FD)],
        { context: USER, result: objectOf('hwpt'), fails: true, syscall: true },
        '`IOMMU_HWPT_ALLOC`: a hardware page table with all mappings of this address space, which has to do for a device that is bound. ENOENT (the device is not bound to this `/dev/iommu`), ENOMEM. ENOTTY where the descriptor is no device.',
        (i, [fd], vm) => {
            const vfio = behind(vm, fd, VfioFile);
            return vfio instanceof Err ? vfio : i.iommufd.allocateHwpt(i, vfio.device);
        },
    )
    .method(
        'unmap',
        [param('iova', INT), param('length', INT)],
        { context: USER, fails: true, syscall: true },
        '`IOMMU_IOAS_UNMAP`: whole mappings only. ENOENT.',
        (i, [iova, length]) => i.unmap(asNumber(iova, 'the address'), asNumber(length, 'the length')),
    );

/** The open file behind a descriptor, where it is of this class: ENOTTY on any other. */
function behind<T>(vm: Vm, fd: Value, cls: abstract new (...args: never[]) => T): T | Err {
    const file = fget(vm.process, fdArg(fd));
    if (file instanceof Err) {
        return file;
    }
    const { priv } = file;
    const refusal = priv instanceof VfioFile && priv.refusal;
    return priv instanceof cls ? refusal || priv : ENOTTY;
}

export const hwptObject = new Members(
    Hwpt,
    'hwpt',
    'A hardware page table of `/dev/iommu`: what the devices attached to it see, as the IOMMU reads it.',
)
    .field('id', INT, 'Its number.', (h) => h.id)
    .field('domain', INT, 'The id of its domain, with which the IOMMU tags what it remembers.', (h) => h.domain.id)
    .field(
        'token',
        INT,
        'The number by which it is found again in the next kernel; `none` where it is not marked.',
        (h) => h.token,
    )
    .field('devices', INT, 'How many devices are attached to it.', (h, vm) =>
        h.incoming ? vm.running.devices.bound.items.filter((b) => b.domain === h.domain).length : h.devices.length,
    )
    .field('tables', INT, 'How many pages its tables have.', (h) => h.domain.tableCount)
    .method(
        'mark_preserve',
        [param('token', INT)],
        { context: USER, result: NONE, fails: true, syscall: true },
        '`IOMMU_HWPT_LIVEUPDATE_MARK_PRESERVE`, with the layer iommu: it comes along when its `/dev/iommu` is preserved, and the next kernel finds it by this number. There is no way back. EADDRINUSE (the number is taken), EINVAL (marked already). ENOTTY without the layer.',
        (h, [token], vm) => {
            const iommufd = h.ioas?.iommufd;
            return !vm.running.desc.layers.has('iommu')
                ? ENOTTY
                : (iommufd?.mark(h, asInt(token, 'the token')) ?? (iommufd ? undefined : EINVAL));
        },
    )
    .method(
        'reuse',
        [param('ioas', objectOf('ioas'))],
        { context: USER, result: NONE, fails: true, syscall: true },
        "Takes a hardware page table of the previous kernel's over into an I/O address space that maps the very same memory: the devices go on by it, and it is like any other from then on. EINVAL where it maps anything else.",
        (h, [ioas]) => {
            const space = expect(Ioas, ioas, 'an I/O address space');
            return space.iommufd.reuse(h, space);
        },
    );

/** What a device can be attached to. */
function pageTable(v: Value): Ioas | Hwpt {
    if (v instanceof Ioas || v instanceof Hwpt) {
        return v;
    }
    throw new ProgramError(
        `this must be an I/O address space of ioas_alloc() or a hardware page table of hwpt_alloc(), not ${format(v)}`,
    );
}

/** Ioctls of the two device files: ENOTTY on any other descriptor. */
export const deviceSyscalls: readonly NativeFunction[] = [
    fn(
        'ioas_alloc',
        [],
        { context: USER, result: objectOf('ioas'), fails: true, syscall: true },
        '`IOMMU_IOAS_ALLOC` on `/dev/iommu`: a new I/O address space. ENOTTY on other files.',
        (vm, [fd]) => {
            const iommufd = behind(vm, fd, Iommufd);
            return iommufd instanceof Err ? iommufd : iommufd.allocate();
        },
    ),
    fn(
        'hwpt',
        [param('token', INT)],
        { context: USER, result: objectOf('hwpt'), fails: true, syscall: true },
        'On a retrieved `/dev/iommu`, with the layer iommu: the hardware page table that came along under this number. ENOENT. ENOTTY on other files.',
        (vm, [fd, token]) => {
            const iommufd = behind(vm, fd, Iommufd);
            return iommufd instanceof Err
                ? iommufd
                : (iommufd.incoming.items.find((h) => h.token === asInt(token, 'the token')) ?? err('ENOENT'));
        },
    ),
    fn(
        'bind_iommufd',
        [param('to', ANY)],
        { context: USER, result: NONE, fails: true, syscall: true },
        '`VFIO_DEVICE_BIND_IOMMUFD` on `/dev/vfio/devices/vfioN`, to a descriptor of `/dev/iommu`: resets the device, which sees nothing yet. With an I/O address space or a hardware page table `VFIO_DEVICE_ATTACH_IOMMUFD_PT` follows at once. EINVAL (bound already), EBUSY (another descriptor has it, or another `/dev/iommu` does over a kexec), ENOMEM. ENOTTY on other files.',
        (vm, [fd, to]) => {
            const vfio = behind(vm, fd, VfioFile);
            if (vfio instanceof Err) {
                return vfio;
            }
            const target = to instanceof Ioas || to instanceof Hwpt ? to : behind(vm, to, Iommufd);
            return target instanceof Err ? target : vfio.bind(target);
        },
    ),
    fn(
        'attach_iommufd_pt',
        [param('to', ANY)],
        { context: USER, result: NONE, fails: true, syscall: true },
        '`VFIO_DEVICE_ATTACH_IOMMUFD_PT`: the device sees an I/O address space or a hardware page table; where it saw another one, it sees the new one from one request to the next. EINVAL (not bound, or to another `/dev/iommu`), EBUSY (preserved), ENOMEM. ENOTTY on other files.',
        (vm, [fd, to]) => {
            const vfio = behind(vm, fd, VfioFile);
            return vfio instanceof Err ? vfio : vfio.attach(pageTable(to));
        },
    ),
    fn(
        'detach_iommufd_pt',
        [],
        { context: USER, result: NONE, fails: true, syscall: true },
        '`VFIO_DEVICE_DETACH_IOMMUFD_PT`: the device sees nothing any more. EINVAL (not attached), EBUSY (preserved). ENOTTY on other files.',
        (vm, [fd]) => {
            const vfio = behind(vm, fd, VfioFile);
            return vfio instanceof Err ? vfio : vfio.detach();
        },
    ),
    fn(
        'set_irqs',
        [param('msix', INT), param('vm', FD, null)],
        { context: USER, result: NONE, fails: true, syscall: true },
        '`VFIO_DEVICE_SET_IRQS`: an eventfd for each of the first vectors of the device, and MSI-X is on. With a VM each is an irqfd of it (`KVM_IRQFD`), and where the IOMMU can post interrupts they go past the kernel. ' +
            'EINVAL (not bound, or not so many vectors), ENOSPC (no vector of a processor is left), ENOMEM. ENOTTY on other files.',
        (vm, [fd, msix, guest]) => {
            const vfio = behind(vm, fd, VfioFile);
            const live = guest === undefined || guest === null ? null : vmOf(vm.process, fdArg(guest));
            if (vfio instanceof Err) {
                return vfio;
            }
            return live instanceof Err ? live : vfio.setIrqs(asNumber(msix, 'the number of vectors'), live);
        },
    ),
    fn(
        'disable_irqs',
        [],
        { context: USER, result: NONE, fails: true, syscall: true },
        '`VFIO_DEVICE_SET_IRQS` with no vectors: MSI-X is off, and what the device raises is lost. EINVAL (not bound). ENOTTY on other files.',
        (vm, [fd]) => {
            const vfio = behind(vm, fd, VfioFile);
            return vfio instanceof Err ? vfio : vfio.disableIrqs();
        },
    ),
    fn(
        'trigger_irq',
        [param('vector', INT)],
        { context: USER, result: NONE, fails: true, syscall: true },
        '`VFIO_DEVICE_SET_IRQS` with `VFIO_IRQ_SET_ACTION_TRIGGER`: as if the device had raised a vector; with this a VMM puts a spurious interrupt into a guest. EINVAL (not bound, or not set up). ENOTTY on other files.',
        (vm, [fd, vector]) => {
            const vfio = behind(vm, fd, VfioFile);
            return vfio instanceof Err ? vfio : vfio.trigger(asNumber(vector, 'the vector'));
        },
    ),
];
