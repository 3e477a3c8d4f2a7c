/**
 * Devices of user space for `.lus` code: `/dev/vfio/devices/vfioN`, for processes and for its file handler.
 */
import { Hwpt } from '../../kernel/devices/hwpt';
import { Ioas } from '../../kernel/devices/ioas';
import { iommufdFrom } from '../../kernel/devices/iommufd';
import { PciDev } from '../../kernel/devices/pci';
import { VfioFile, vfioLiveupdateFile, vfioOf } from '../../kernel/devices/vfio';
import { OpenFile } from '../../kernel/fs/file';
import { vmOf } from '../../kernel/kvm/file';
import { Err } from '../../kernel/release/errno';
import { ANY, BOOL, FD, INT, objectOf, type Value } from '../../language/types';
import { asBool, asNumber, format, ProgramError } from '../../language/values';
import { expect, fdArg, isLeftOut } from './arguments';
import { fdMethodOn, fn, nothing, param, RecordMembers, Members } from './define';
import type { NativeContext, NativeFunction } from './native';

/** Additional members of open files of kind `vfio`. */
export const vfioOfFile = new Members(OpenFile, 'file', '').field(
    'vfio',
    objectOf('vfio_device'),
    'The device of a file of kind `vfio`; `none` for other files.',
    ({ priv }) => (priv instanceof VfioFile ? priv : null),
);

export const vfioDevice = new RecordMembers(
    VfioFile,
    'vfio_device',
    'A device that is bound to vfio-pci, as one open file.',
)
    .field(
        'pci_dev',
        objectOf('pci_dev'),
        'The PCI function; `none` after the device is unplugged.',
        (file, { running }) => running.devices.pci.of(file.device.device) ?? null,
    )
    .field('device', objectOf('device'), 'The device itself.', (file) => file.device.device)
    .field('present', BOOL, 'Whether the device is plugged in.', (file) => file.device.device.present)
    .field(
        'bound',
        BOOL,
        'Whether the file is bound to an iommufd; never that of a group.',
        (file) => file.bound && !file.group,
    )
    .field(
        'irqs',
        BOOL,
        'Whether its interrupts are set up: their type is not none.',
        (file) => file.device.device.msix.enabled,
    )
    .field('power', INT, 'Its power state, 0 (D0) to 3 (D3hot).', (file) => file.device.device.power)
    .journaledIn(
        (file: VfioFile) => file.device,
        'frozen',
        'frozen',
        BOOL,
        'Whether a live update has frozen it: all operations on the file fail with EBUSY.',
        asBool,
    )
    .method(
        'zap_bars',
        [],
        {},
        'vfio_pci_zap_bars(): unmaps its registers from user space, and disables them in the device.',
        (file) => nothing(file.device.device.disable()),
    )
    .method('clear_master', [], {}, 'pci_clear_master(): blocks its requests.', (file) =>
        nothing(file.device.device.setBusMaster(false)),
    )
    .method('reset', [], {}, 'pci_reset_function_locked(): resets it to its power-on state.', (file) =>
        nothing(file.reset()),
    );

export const vfioFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'vfio_alloc_file',
        [param('dev', objectOf('pci_dev'))],
        { result: objectOf('file'), fails: true },
        'Creates the file `[vfio-device-liveupdate]` of a device from the previous kernel, which must be bound to an iommufd before use. ENODEV if the device is not bound to vfio-pci.',
        ({ running }, [dev]) => vfioLiveupdateFile(running, expect(PciDev, dev, 'a pci_dev')),
    ),
];

/** The targets that a device can be attached to. */
function pageTable(v: Value): Ioas | Hwpt {
    if (v instanceof Ioas || v instanceof Hwpt) {
        return v;
    }
    throw new ProgramError(
        `this must be an I/O address space of ioas_alloc() or a hardware page table of hwpt_alloc(), not ${format(v)}`,
    );
}

const onVfio = fdMethodOn(vfioOf);

/** Ioctls of the device file: ENOTTY on any other descriptor. */
export const vfioSyscalls: readonly NativeFunction<NativeContext>[] = [
    onVfio(
        'bind_iommufd',
        [param('to', ANY)],
        {},
        '`VFIO_DEVICE_BIND_IOMMUFD` on `/dev/vfio/devices/vfioN`, to a descriptor of `/dev/iommu`: resets the device, which has no access to memory yet. With an I/O address space or a hardware page table, it also does `VFIO_DEVICE_ATTACH_IOMMUFD_PT`. EINVAL (bound already), EBUSY (its group is open), EPERM (a driver of the kernel or another `/dev/iommu` has a device of the group, or it was preserved with another `/dev/iommu`), EBADF, EBADFD (not `/dev/iommu`), ENOMEM. ENOTTY on other files.',
        (vfio, [to], { process }) =>
            vfio.bind(() => (to instanceof Ioas || to instanceof Hwpt ? to : iommufdFrom(process, fdArg(to)))),
    ),
    onVfio(
        'attach_iommufd_pt',
        [param('to', ANY)],
        {},
        '`VFIO_DEVICE_ATTACH_IOMMUFD_PT`: attaches the device to an I/O address space or a hardware page table. If it was attached to another one, the switch is atomic: each request uses the old or the new table. EINVAL (not bound, or bound to another `/dev/iommu`), EBUSY (preserved), ENOMEM. ENOTTY on other files.',
        (vfio, [to]) => vfio.attach(pageTable(to)),
    ),
    onVfio(
        'detach_iommufd_pt',
        [],
        {},
        "`VFIO_DEVICE_DETACH_IOMMUFD_PT`: ends the device's access to memory. EINVAL (not attached), EBUSY (preserved). ENOTTY on other files.",
        (vfio) => vfio.detach(),
    ),
    onVfio(
        'set_irqs',
        [param('msix', INT), param('vm', FD, null)],
        {},
        '`VFIO_DEVICE_SET_IRQS`: sets up an eventfd for each of the first vectors of the device, and turns MSI-X on. With a VM, each eventfd is an irqfd of it (`KVM_IRQFD`); if the IOMMU can post interrupts, they bypass the kernel. ' +
            'EINVAL (not bound, or not enough vectors), ENOSPC (no free vector on any processor), ENOMEM. ENOTTY on other files.',
        (vfio, [msix, guest], { process }) => {
            const live = isLeftOut(guest) ? null : vmOf(process, fdArg(guest));
            return live instanceof Err ? live : vfio.setIrqs(asNumber(msix, 'the number of vectors'), live);
        },
    ),
    onVfio(
        'disable_irqs',
        [],
        {},
        '`VFIO_DEVICE_SET_IRQS` without vectors: turns MSI-X off; interrupts of the device are lost. EINVAL (not bound). ENOTTY on other files.',
        (vfio) => vfio.disableIrqs(),
    ),
    onVfio(
        'trigger_irq',
        [param('vector', INT)],
        {},
        '`VFIO_DEVICE_SET_IRQS` with `VFIO_IRQ_SET_ACTION_TRIGGER`: acts as if the device had raised a vector. A VMM can inject a spurious interrupt with it. EINVAL (not bound, or not set up). ENOTTY on other files.',
        (vfio, [vector]) => vfio.trigger(asNumber(vector, 'the vector')),
    ),
];
