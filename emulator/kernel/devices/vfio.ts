/**
 * /dev/vfio/devices/vfioN: a device controlled by user space (drivers/vfio/device_cdev.c,
 * drivers/vfio/pci/vfio_pci_core.c).
 */
import { Device } from '../../machine/devices/device';
import { costId } from '../../machine/costs';
import type { Hasher } from '../../machine/hash';
import { JournaledRecord } from '../../machine/journal';
import { anonFile } from '../fs/anon';
import { err, Err } from '../release/errno';
import { O_RDWR, S_IFCHR } from '../fs/fcntl';
import { allocFile, type FileOps, type OpenFile } from '../fs/file';
import { Inode } from '../fs/inode';
import { fgetPriv, type Process } from '../fs/process';
import type { VirtualMachine } from '../kvm/vm';
import type { BoundDevice } from './bound';
import type { Domain } from './domain';
import type { Hwpt } from './hwpt';
import type { DeviceEnv } from './manager';
import { Ioas } from './ioas';
import { Iommufd } from './iommufd';
import type { PciDev } from './pci';

const DEVICE_RESET = costId('device_reset');
const FOLDER = '/dev/vfio/devices/vfio';
/** D0 and D3hot. */
const ON = 0;
const SUSPENDED = 3;

/** The group through which a device was opened. */
interface Group {
    deviceClosed(b: BoundDevice): boolean;
}

/** The state of an open cdev, or of a device that was opened through its group. */
export class VfioFile extends JournaledRecord {
    /** The device can be used: it is bound to an iommufd, or its group has a container. */
    readonly bound: boolean;

    constructor(
        private readonly k: DeviceEnv,
        readonly device: BoundDevice,
        readonly group: Group | null = null,
    ) {
        super(k.journal);
        this.bound = group !== null;
    }

    /**
     * Why an operation is refused: ENODEV (the device was removed, or another driver has it), EBUSY (a live update has
     * frozen it).
     */
    get refusal(): undefined | Err {
        const { k, device: b } = this;
        return k.devices.of(b.device) !== b ? err('ENODEV') : b.refusal;
    }

    /** iommu_device_claim_dma_owner(): a driver of the kernel, or another iommufd, has a device of its group. */
    hasOtherOwner(iommufd: Iommufd): boolean {
        const { devices } = this.k;
        return devices.pci.group(this.device.device).some((d) => {
            const b = devices.of(d);
            const driver = b?.driver ?? '';
            return (driver !== '' && driver !== 'vfio-pci') || (b?.iommufd && b.iommufd !== iommufd);
        });
    }

    /** The device is inherited and running, and must not be touched. */
    private get kept(): boolean {
        const { k, device: b } = this;
        return k.desc.vfioPhase === 'keep' && (k.devices.pci.of(b.device)?.incoming ?? 0) !== 0;
    }

    /**
     * VFIO_DEVICE_BIND_IOMMUFD, and with an address space or a hardware page table VFIO_DEVICE_ATTACH_IOMMUFD_PT at
     * once: only then the device can reach the memory mapped there.
     * @param target what the caller's descriptor stands for; it is looked up after the device is checked
     * @returns EINVAL (already bound, also through another descriptor), EBUSY (the group is open), EPERM (a driver of
     * the kernel or another iommufd has a device of its group, or it was preserved with another iommufd), ENOMEM, or
     * why the memory cannot be pinned
     */
    bind(target: () => Iommufd | Ioas | Hwpt | Err): undefined | Err {
        const { k, device: b } = this;
        if (this.group) {
            return err('EINVAL');
        }
        if (b.groupOpen) {
            return err('EBUSY');
        }
        const to = this.bound ? err('EINVAL') : target();
        if (to instanceof Err) {
            return to;
        }
        const iommufd = to instanceof Iommufd ? to : to instanceof Ioas ? to.iommufd : to.ioas?.iommufd;
        if (b.iommufd || !iommufd) {
            return err('EINVAL');
        }
        if (b.inherited) {
            return this.takeOver(b.inherited, iommufd);
        }
        if (this.hasOtherOwner(iommufd)) {
            return err('EPERM');
        }
        if (!this.kept) {
            // iommu_device_claim_dma_owner(): until it is attached, it cannot reach memory
            k.devices.attach(b, k.devices.newDomain('blocked', 'vfio'));
            this.wake();
        }
        k.journal.edit(b).iommufd = iommufd;
        const failed = to instanceof Iommufd ? undefined : to.attach(b);
        if (failed) {
            k.journal.edit(b).iommufd = null;
            k.devices.attach(b, b.own);
            b.device.setPower(SUSPENDED);
            return failed;
        }
        k.journal.edit<VfioFile>(this).bound = true;
        return undefined;
    }

    /** vfio_pci_core_enable(): awake, not mastering, and in the state after a reset. */
    wake(): void {
        const { device } = this.device;
        this.k.devices.interrupts.release(device);
        device.setPower(ON);
        this.reset();
        device.enable();
    }

    /**
     * An inherited device: it keeps running, with the domain that the previous kernel left.
     * @returns EPERM: another iommufd than the one that was preserved with it
     */
    private takeOver(domain: Domain, iommufd: Iommufd): undefined | Err {
        const { k, device: b } = this;
        const hwpt = iommufd.incoming.items.find((h) => h.domain === domain);
        if (!hwpt) {
            return err('EPERM');
        }
        if (!this.kept) {
            this.wake();
        }
        const e = k.journal.edit(b);
        e.iommufd = iommufd;
        e.hwpt = hwpt;
        hwpt.devices.push(b);
        k.journal.edit<VfioFile>(this).bound = true;
        return undefined;
    }

    /**
     * VFIO_DEVICE_ATTACH_IOMMUFD_PT: attaches the device, or switches it atomically to another address space.
     * @returns EINVAL (not bound, or to another iommufd), EBUSY (preserved), ENOTTY (a device of a group), ENOMEM, or
     * why the memory cannot be pinned
     */
    attach(to: Ioas | Hwpt): undefined | Err {
        const { device: b } = this;
        if (this.group) {
            return err('ENOTTY');
        }
        const ioas = to instanceof Ioas ? to : to.ioas;
        return this.bound && ioas?.iommufd === b.iommufd && b.iommufd ? to.attach(b) : err('EINVAL');
    }

    /**
     * VFIO_DEVICE_DETACH_IOMMUFD_PT: the device cannot reach memory any more.
     * @returns EINVAL (not bound, or not attached), EBUSY (preserved); ENOTTY for a device of a group
     */
    detach(): undefined | Err {
        const { k, device: b } = this;
        if (this.group) {
            return err('ENOTTY');
        }
        if (!this.bound || !b.hwpt) {
            return err('EINVAL');
        }
        if (b.preserved !== 0) {
            return err('EBUSY');
        }
        b.hwpt.detach(b, k.devices.newDomain('blocked', 'vfio'));
        return undefined;
    }

    /**
     * VFIO_DEVICE_SET_IRQS: an eventfd for each of the first vectors, and MSI-X is turned on. With a VM, each is an
     * irqfd of the VM.
     * @returns EINVAL (not bound, or too many vectors), ENOSPC (no vector of a processor is left), ENOMEM
     */
    setIrqs(count: number, vm: VirtualMachine | null): undefined | Err {
        const {
            k,
            device: { device },
        } = this;
        if (!this.bound || count < 1 || count > device.msix.length) {
            return err('EINVAL');
        }
        return k.devices.interrupts.request(device, count, `vfio ${device.shape.name}`, vm);
    }

    /**
     * The same with no vectors: MSI-X is turned off, and the device has no interrupt type.
     * @returns EINVAL (not bound)
     */
    disableIrqs(): undefined | Err {
        if (!this.bound) {
            return err('EINVAL');
        }
        this.k.devices.interrupts.release(this.device.device);
        return undefined;
    }

    /**
     * The same with VFIO_IRQ_SET_ACTION_TRIGGER and no data: acts as if the device had raised the vector.
     * @returns EINVAL (not bound, or not set up)
     */
    trigger(vector: number): undefined | Err {
        const irq = this.bound
            ? this.k.devices.interrupts.of(this.device.device).find((i) => i.index === vector)
            : undefined;
        if (!irq) {
            return err('EINVAL');
        }
        irq.line?.puts();
        irq.signal();
        return undefined;
    }

    /** vfio_pci_core_disable() */
    sleep(): void {
        const { device } = this.device;
        this.k.devices.interrupts.release(device);
        device.setBusMaster(false);
        this.reset();
        device.setPower(SUSPENDED);
    }

    /** pci_reset_function_locked(): the device stops, and has the state after power-on. */
    reset(): void {
        this.device.device.reset();
        this.k.clock.charge(DEVICE_RESET);
    }

    hash(hasher: Hasher): void {
        hasher.str(this.device.device.shape.name).u32(this.bound ? 1 : 0);
    }

    /** The last reference is dropped. */
    close(): void {
        const { device: b, group } = this;
        if (!this.bound || (group && !group.deviceClosed(b))) {
            return;
        }
        this.sleep();
        if (!group) {
            if (b.hwpt) {
                b.hwpt.detach(b, b.own);
            } else {
                this.k.devices.attach(b, b.own);
            }
            const e = this.k.journal.edit(b);
            e.iommufd = null;
            e.frozen = false;
        }
    }
}

export const vfioOps: FileOps = {
    positioned: true,
    release: (_k, file) => {
        if (file.priv instanceof VfioFile) {
            file.priv.close();
        }
    },
};

/**
 * The device behind a descriptor of its cdev.
 * @returns EBADF; ENOTTY for other files; why an operation is refused
 */
export function vfioOf(p: Process, fd: number): VfioFile | Err {
    const file = fgetPriv(p, fd, VfioFile);
    return file instanceof Err ? file : (file.refusal ?? file);
}

/** The device whose cdev has this path. */
export function vfioDeviceAt(k: DeviceEnv, path: string): BoundDevice | undefined {
    const number = path.startsWith(FOLDER) ? path.slice(FOLDER.length) : '';
    return /^\d+$/.test(number) ? k.devices.vfio(Number(number)) : undefined;
}

export function openVfio(k: DeviceEnv, b: BoundDevice, path: string, flags: number): OpenFile {
    const inode = new Inode(k.journal, k.ids.nextInode(k.journal), 'chardev', S_IFCHR + 0o600);
    const file = allocFile(k, 'vfio', vfioOps, inode, flags, path);
    k.journal.edit(file).priv = new VfioFile(k, b);
    return file;
}

/** The file of an inherited device, created by its file handler. @returns ENODEV if it is not bound to vfio-pci */
export function vfioLiveupdateFile(k: DeviceEnv, { fn }: PciDev): OpenFile | Err {
    const b = fn instanceof Device ? k.devices.of(fn) : undefined;
    if (!b || b.vfio < 0) {
        return err('ENODEV');
    }
    const file = anonFile(k, 'vfio', '[vfio-device-liveupdate]', O_RDWR, vfioOps);
    k.journal.edit(file).priv = new VfioFile(k, b);
    return file;
}
