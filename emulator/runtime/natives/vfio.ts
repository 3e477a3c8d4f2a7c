/**
 * Devices in the hands of user space for `.lus` code: `/dev/vfio/devices/vfioN`, for processes and for its file
 * handler.
 */
import { Hwpt } from '../../kernel/devices/hwpt';
import { Ioas } from '../../kernel/devices/ioas';
import { iommufdOf } from '../../kernel/devices/iommufd';
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

/** What an open file of the kind `vfio` has besides. */
export const vfioOfFile = new Members(OpenFile, 'file', '').field(
    'vfio',
    objectOf('vfio_device'),
    'The device behind the file, for files of the kind vfio; else `none`.',
    ({ priv }) => (priv instanceof VfioFile ? priv : null),
);

export const vfioDevice = new RecordMembers(
    VfioFile,
    'vfio_device',
    'A device in the hands of vfio-pci, as one open descriptor has it.',
)
    .field(
        'pci_dev',
        objectOf('pci_dev'),
        'The PCI function; `none` once it is pulled out.',
        (file, { running }) => running.devices.pci.of(file.device.device) ?? null,
    )
    .field('device', objectOf('device'), 'The device itself.', (file) => file.device.device)
    .field('present', BOOL, 'The device is plugged in.', (file) => file.device.device.present)
    .field('bound', BOOL, 'The descriptor is bound to an iommufd.', (file) => file.bound)
    .field(
        'irqs',
        BOOL,
        'Its interrupts are set up: their type is not none.',
        (file) => file.device.device.msix.enabled,
    )
    .field('power', INT, 'Its power state, 0 (D0) to 3 (D3hot).', (file) => file.device.device.power)
    .journaledIn(
        (file: VfioFile) => file.device,
        'frozen',
        'frozen',
        BOOL,
        'A live update has frozen it: whatever is asked of the descriptor is refused with EBUSY.',
        asBool,
    )
    .method(
        'zap_bars',
        [],
        {},
        'vfio_pci_zap_bars(): user space has no register of it mapped any more, and the device does not answer at its addresses.',
        (file) => nothing(file.device.device.disable()),
    )
    .method('clear_master', [], {}, 'pci_clear_master(): its requests do not come through any more.', (file) =>
        nothing(file.device.device.setBusMaster(false)),
    )
    .method('reset', [], {}, 'pci_reset_function_locked(): it stops, and is as after power-on.', (file) =>
        nothing(file.reset()),
    );

export const vfioFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'vfio_alloc_file',
        [param('dev', objectOf('pci_dev'))],
        { result: objectOf('file'), fails: true },
        'The file `[vfio-device-liveupdate]` of a device from the previous kernel. Before it is bound to an iommufd it can do nothing. ENODEV where vfio-pci does not drive the device.',
        ({ running }, [dev]) => vfioLiveupdateFile(running, expect(PciDev, dev, 'a pci_dev')),
    ),
];

/** What a device can be attached to. */
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
        '`VFIO_DEVICE_BIND_IOMMUFD` on `/dev/vfio/devices/vfioN`, to a descriptor of `/dev/iommu`: resets the device, which sees nothing yet. With an I/O address space or a hardware page table `VFIO_DEVICE_ATTACH_IOMMUFD_PT` follows at once. EINVAL (bound already), EBUSY (another descriptor has it, or another `/dev/iommu` does over a kexec), ENOMEM. ENOTTY on other files.',
        (vfio, [to], { process }) => {
            const target = to instanceof Ioas || to instanceof Hwpt ? to : iommufdOf(process, fdArg(to));
            return target instanceof Err ? target : vfio.bind(target);
        },
    ),
    onVfio(
        'attach_iommufd_pt',
        [param('to', ANY)],
        {},
        '`VFIO_DEVICE_ATTACH_IOMMUFD_PT`: the device sees an I/O address space or a hardware page table; where it saw another one, it sees the new one from one request to the next. EINVAL (not bound, or to another `/dev/iommu`), EBUSY (preserved), ENOMEM. ENOTTY on other files.',
        (vfio, [to]) => vfio.attach(pageTable(to)),
    ),
    onVfio(
        'detach_iommufd_pt',
        [],
        {},
        '`VFIO_DEVICE_DETACH_IOMMUFD_PT`: the device sees nothing any more. EINVAL (not attached), EBUSY (preserved). ENOTTY on other files.',
        (vfio) => vfio.detach(),
    ),
    onVfio(
        'set_irqs',
        [param('msix', INT), param('vm', FD, null)],
        {},
        '`VFIO_DEVICE_SET_IRQS`: an eventfd for each of the first vectors of the device, and MSI-X is on. With a VM each is an irqfd of it (`KVM_IRQFD`), and where the IOMMU can post interrupts they go past the kernel. ' +
            'EINVAL (not bound, or not so many vectors), ENOSPC (no vector of a processor is left), ENOMEM. ENOTTY on other files.',
        (vfio, [msix, guest], { process }) => {
            const live = isLeftOut(guest) ? null : vmOf(process, fdArg(guest));
            return live instanceof Err ? live : vfio.setIrqs(asNumber(msix, 'the number of vectors'), live);
        },
    ),
    onVfio(
        'disable_irqs',
        [],
        {},
        '`VFIO_DEVICE_SET_IRQS` with no vectors: MSI-X is off, and what the device raises is lost. EINVAL (not bound). ENOTTY on other files.',
        (vfio) => vfio.disableIrqs(),
    ),
    onVfio(
        'trigger_irq',
        [param('vector', INT)],
        {},
        '`VFIO_DEVICE_SET_IRQS` with `VFIO_IRQ_SET_ACTION_TRIGGER`: as if the device had raised a vector; with this a VMM puts a spurious interrupt into a guest. EINVAL (not bound, or not set up). ENOTTY on other files.',
        (vfio, [vector]) => vfio.trigger(asNumber(vector, 'the vector')),
    ),
];
