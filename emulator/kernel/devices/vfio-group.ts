/**
 * VFIO's older interface: `/dev/vfio/N`, an IOMMU group (drivers/vfio/group.c), and `/dev/vfio/vfio`, a container of
 * groups with one address space for all of their devices (drivers/vfio/container.c, vfio_iommu_type1.c).
 */
import type { Device } from '../../machine/devices/device';
import type { Hasher } from '../../machine/hash';
import { JournaledList, JournaledMap, JournaledRecord } from '../../machine/journal';
import { S_IFCHR } from '../fs/fcntl';
import { allocFile, type FileOps, fput, getFile, type OpenFile } from '../fs/file';
import { anonFile } from '../fs/anon';
import { O_RDWR } from '../fs/fcntl';
import { Inode } from '../fs/inode';
import { fgetPriv, type Process } from '../fs/process';
import { err, type Err } from '../release/errno';
import { hasSeries } from '../release/layers';
import type { BoundDevice } from './bound';
import type { Ioas } from './ioas';
import { Iommufd, iommufdOf } from './iommufd';
import type { DeviceEnv } from './manager';
import { VfioFile, vfioOps } from './vfio';

const CONTAINER_PATH = '/dev/vfio/vfio';
const GROUP_PATH = /^\/dev\/vfio\/(noiommu-)?(\d+)$/;
/** include/uapi/linux/vfio.h */
export const VFIO_TYPE1v2_IOMMU = 3;
export const VFIO_NOIOMMU_IOMMU = 8;
export const VFIO_GROUP_FLAGS_VIABLE = 1;
export const VFIO_GROUP_FLAGS_CONTAINER_SET = 2;
const EINVAL = err('EINVAL');
const EBUSY = err('EBUSY');

/** An open `/dev/vfio/vfio`. */
export class VfioContainer extends JournaledRecord implements Container {
    /** The address space of VFIO_SET_IOMMU; it goes with the last group. */
    readonly space: Ioas | null = null;
    /** VFIO_SET_IOMMU was called with VFIO_NOIOMMU_IOMMU: its devices are not translated. */
    readonly untranslated: boolean = false;
    private readonly groups: JournaledList<VfioGroup>;

    constructor(
        private readonly k: DeviceEnv,
        private readonly file: OpenFile,
    ) {
        super(k.journal);
        this.groups = new JournaledList(k.journal);
    }

    /** VFIO_SET_IOMMU was called, and there is still a group. */
    get ready(): boolean {
        return this.space !== null || this.untranslated;
    }

    /** Whether its groups are such without an IOMMU. */
    private get noIommu(): boolean {
        return this.groups.items.some((g) => g.noIommu);
    }

    /**
     * VFIO_SET_IOMMU. With VFIO_TYPE1v2_IOMMU the devices of its groups get an address space.
     * @returns EINVAL (no group, or done already, or not the type for its groups), ENOMEM
     */
    setIommu(type: number): undefined | Err {
        const wanted = this.noIommu ? VFIO_NOIOMMU_IOMMU : VFIO_TYPE1v2_IOMMU;
        if (this.groups.length === 0 || this.ready || type !== wanted) {
            return EINVAL;
        }
        if (this.noIommu) {
            this.k.journal.edit<VfioContainer>(this).untranslated = true;
            return undefined;
        }
        const space = new Iommufd(this.k, this.file).allocate();
        const attached: VfioGroup[] = [];
        for (const group of this.groups) {
            const failed = group.attach(space);
            if (failed) {
                for (const g of attached) {
                    g.detach();
                }
                space.iommufd.close();
                return failed;
            }
            attached.push(group);
        }
        this.k.journal.edit<VfioContainer>(this).space = space;
        return undefined;
    }

    /**
     * VFIO_IOMMU_MAP_DMA of mapped memory of this file. The memory is pinned at once.
     * @returns EINVAL (no VFIO_SET_IOMMU, not a multiple of a page), ENOTTY (without an IOMMU), EEXIST, ENOMEM, or why
     * it cannot be pinned
     */
    map(file: OpenFile, iova: number, length: number, offset: number): undefined | Err {
        return this.space ? this.space.map(file, iova, length, offset) : this.withoutSpace;
    }

    private get withoutSpace(): Err {
        return this.untranslated ? err('ENOTTY') : EINVAL;
    }

    /**
     * VFIO_IOMMU_UNMAP_DMA: nothing mapped there is not an error.
     * @returns EINVAL (no VFIO_SET_IOMMU, part of a mapping), ENOTTY (without an IOMMU)
     */
    unmap(iova: number, length: number): undefined | Err {
        const { space } = this;
        if (!space) {
            return this.withoutSpace;
        }
        const touched = space.mappings.items.some((m) => m.iova < iova + length && iova < m.iova + m.length);
        return touched && space.unmap(iova, length) ? EINVAL : undefined;
    }

    /** @returns EPERM (groups with and without an IOMMU), ENOMEM, or why the memory cannot be pinned */
    add(group: VfioGroup): undefined | Err {
        if (this.groups.length > 0 && this.noIommu !== group.noIommu) {
            return err('EPERM');
        }
        const failed = this.space ? group.attach(this.space) : undefined;
        if (!failed) {
            this.groups.push(group);
        }
        return failed;
    }

    remove(group: VfioGroup): void {
        group.detach();
        this.groups.remove(group);
        if (this.groups.length === 0) {
            this.space?.iommufd.close();
            const container = this.k.journal.edit<VfioContainer>(this);
            container.space = null;
            container.untranslated = false;
        }
    }

    hash(hasher: Hasher): void {
        hasher.u32(this.groups.length).u32(this.untranslated ? 1 : 0);
        this.space?.hash(hasher);
    }
}

/** An open `/dev/vfio/N`. */
export class VfioGroup extends JournaledRecord {
    readonly container: VfioContainer | null = null;
    /** A descriptor of /dev/iommu instead of a container. */
    readonly iommufd: Iommufd | null = null;
    readonly opened: boolean = false;
    /** Open descriptors of each device; each keeps the group open. */
    private readonly users: JournaledMap<BoundDevice, number>;

    constructor(
        private readonly k: DeviceEnv,
        private readonly file: OpenFile,
        private readonly devices: readonly Device[],
    ) {
        super(k.journal);
        this.users = new JournaledMap(k.journal);
    }

    /** No IOMMU translates its device. */
    get noIommu(): boolean {
        return this.members.some((b) => b.noIommu >= 0);
    }

    private get members(): BoundDevice[] {
        return membersOf(this.k, this.devices);
    }

    /** vfio_group_fops_open(). @returns EBUSY: it is open already, or a device of it is bound through its own node */
    open(): undefined | Err {
        const { k, members } = this;
        if (members.some((b) => b.groupOpen || b.iommufd)) {
            return EBUSY;
        }
        for (const b of members) {
            k.journal.edit(b).groupOpen = true;
        }
        k.journal.edit<VfioGroup>(this).opened = true;
        return undefined;
    }

    /**
     * VFIO_GROUP_SET_CONTAINER. An iommufd does not claim the group: each device does when it is opened.
     * @param file a descriptor of `/dev/vfio/vfio` or `/dev/iommu`
     * @returns EINVAL (it has a container), EPERM (a driver of the kernel has a device of the group), EBADFD (another
     * file), ENOMEM, or why the memory cannot be pinned
     */
    setContainer(file: OpenFile): undefined | Err {
        const { k } = this;
        if (this.container || this.iommufd) {
            return EINVAL;
        }
        const { priv: container } = file;
        if (container instanceof Iommufd) {
            container.ensureCompat();
            getFile(k, file);
            k.journal.edit<VfioGroup>(this).iommufd = container;
            return undefined;
        }
        if (!(container instanceof VfioContainer)) {
            return err('EBADFD');
        }
        if (this.driven) {
            return err('EPERM');
        }
        const failed = container.add(this);
        if (!failed) {
            k.journal.edit<VfioGroup>(this).container = container;
        }
        return failed;
    }

    /** A driver of the kernel has one of its devices. */
    private get driven(): boolean {
        const bound = this.devices.flatMap((d) => this.k.devices.of(d) ?? []);
        return bound.some((b) => b.driver !== '' && b.driver !== 'vfio-pci');
    }

    /** The flags of VFIO_GROUP_GET_STATUS. */
    get status(): number {
        return this.container || this.iommufd
            ? VFIO_GROUP_FLAGS_VIABLE | VFIO_GROUP_FLAGS_CONTAINER_SET
            : this.driven
              ? 0
              : VFIO_GROUP_FLAGS_VIABLE;
    }

    /**
     * VFIO_GROUP_UNSET_CONTAINER. Open devices of an iommufd keep it.
     * @returns EINVAL (it has none), EBUSY (a device is open)
     */
    unsetContainer(): undefined | Err {
        if (!this.container && !this.iommufd) {
            return EINVAL;
        }
        if (this.container && this.users.size > 0) {
            return EBUSY;
        }
        this.leave();
        return undefined;
    }

    /**
     * VFIO_GROUP_GET_DEVICE_FD: the device at this address. Its first descriptor resets it.
     * @returns ENODEV (no such device in the group, or an iommufd without an address space for it), EINVAL (no
     * container, or one without an IOMMU), EBUSY (preserved by the previous kernel), EPERM (another iommufd, or a
     * driver of the kernel, has a device of the group), ENOMEM, or why the memory cannot be pinned
     */
    device(address: string): OpenFile | Err {
        const { k, users } = this;
        const b = this.members.find(({ device }) => device.name === address);
        if (!b) {
            return err('ENODEV');
        }
        if (!this.container?.ready && !this.iommufd) {
            return EINVAL;
        }
        if (hasSeries(k.desc.layers, 'vfio') && (k.devices.pci.of(b.device)?.incoming ?? 0) !== 0) {
            return EBUSY;
        }
        const vfio = new VfioFile(k, b, this);
        const count = users.get(b) ?? 0;
        if (count === 0) {
            const failed = this.firstOpen(vfio);
            if (failed) {
                return failed;
            }
        }
        const file = anonFile(k, 'vfio', '[vfio-device]', O_RDWR, vfioOps);
        k.journal.edit(file).priv = vfio;
        users.set(b, count + 1);
        getFile(k, this.file);
        return file;
    }

    /** vfio_df_device_first_open() and, with an iommufd, vfio_iommufd_compat_attach_ioas(). */
    private firstOpen(vfio: VfioFile): undefined | Err {
        const { k, iommufd } = this;
        const { device: b } = vfio;
        if (!iommufd) {
            vfio.wake();
            if (b.noIommu >= 0) {
                k.klog('warn', `vfio-pci ${b.device.name}: vfio-noiommu device opened by user`);
            }
            return undefined;
        }
        if (vfio.hasOtherOwner(iommufd)) {
            return err('EPERM');
        }
        k.journal.edit(b).iommufd = iommufd;
        k.devices.attach(b, k.devices.newDomain('blocked', 'vfio'));
        vfio.wake();
        const failed = iommufd.compat ? iommufd.compat.attach(b) : err('ENODEV');
        if (failed) {
            this.release(b);
            vfio.sleep();
        }
        return failed;
    }

    /** A device of an iommufd has the domain again that it had before. */
    private release(b: BoundDevice): void {
        const { k } = this;
        if (b.hwpt) {
            b.hwpt.detach(b, b.own);
        } else {
            k.devices.attach(b, b.own);
        }
        k.journal.edit(b).iommufd = null;
    }

    /** A descriptor of a device is closed. @returns whether it was the last one */
    deviceClosed(b: BoundDevice): boolean {
        const left = (this.users.get(b) ?? 1) - 1;
        if (left > 0) {
            this.users.set(b, left);
        } else {
            this.users.delete(b);
            if (!this.container) {
                this.release(b);
            }
        }
        fput(this.k, this.file);
        return left === 0;
    }

    /** Its devices can reach the memory of this address space. */
    attach(space: Ioas): undefined | Err {
        const { k } = this;
        for (const b of this.members) {
            k.journal.edit(b).iommufd = space.iommufd;
            const failed = space.attach(b);
            if (failed) {
                this.detach();
                return failed;
            }
        }
        return undefined;
    }

    /** Its devices have the domains that they had before. */
    detach(): void {
        const { k } = this;
        for (const b of this.members) {
            b.hwpt?.detach(b, b.own);
            k.journal.edit(b).iommufd = null;
        }
    }

    private leave(): void {
        const { container, iommufd } = this;
        const group = this.k.journal.edit<VfioGroup>(this);
        group.container = null;
        group.iommufd = null;
        container?.remove(this);
        if (iommufd) {
            fput(this.k, iommufd.file);
        }
    }

    /** The last descriptor of the group and of its devices is closed. */
    close(): void {
        if (this.opened) {
            this.leave();
            for (const b of this.members) {
                this.k.journal.edit(b).groupOpen = false;
            }
        }
    }

    hash(hasher: Hasher): void {
        hasher
            .u32(this.opened ? 1 : 0)
            .u32(this.status)
            .u32(this.iommufd ? 1 : 0);
        for (const [b, count] of this.users) {
            hasher.str(b.device.shape.name).u32(count);
        }
    }
}

function membersOf(k: DeviceEnv, devices: readonly Device[]): BoundDevice[] {
    return devices.flatMap((d) => {
        const b = k.devices.of(d);
        return b?.driver === 'vfio-pci' ? [b] : [];
    });
}

function deviceWithoutIommu(k: DeviceEnv, number: number): readonly Device[] {
    return k.devices.bound.items.filter((b) => b.noIommu === number).map((b) => b.device);
}

/** The groups, numbered in the order in which their first devices were found. */
function groupNumbered(k: DeviceEnv, number: number): readonly Device[] | undefined {
    const seen = new Set<Device>();
    const groups: (readonly Device[])[] = [];
    for (const device of k.devices.pci.endpoints) {
        if (!seen.has(device)) {
            const group = k.devices.pci.group(device);
            groups.push(group);
            for (const d of group) {
                seen.add(d);
            }
        }
    }
    return groups[number];
}

const containerOps: FileOps = { positioned: true };

const groupOps: FileOps = {
    positioned: true,
    release: (_k, file) => {
        if (file.priv instanceof VfioGroup) {
            file.priv.close();
        }
    },
};

function nodeFile(k: DeviceEnv, kind: string, ops: FileOps, path: string): OpenFile {
    const inode = new Inode(k.journal, k.ids.nextInode(k.journal), 'chardev', S_IFCHR + 0o600);
    return allocFile(k, kind, ops, inode, O_RDWR, path);
}

/** What opening `/dev/vfio/vfio` creates; undefined for other paths, and without an IOMMU. */
export function containerOpener(k: DeviceEnv, path: string): (() => OpenFile) | undefined {
    if (path !== CONTAINER_PATH || !(k.devices.iommu?.enabled === true || k.commandLine.vfioNoIommu)) {
        return undefined;
    }
    return () => {
        const file = nodeFile(k, 'vfio_container', containerOps, path);
        k.journal.edit(file).priv = new VfioContainer(k, file);
        return file;
    };
}

/** What opening the node of a group creates, before its open() runs; undefined if vfio-pci has none of its devices. */
export function groupOpener(k: DeviceEnv, path: string): (() => OpenFile) | undefined {
    const [, without, number] = GROUP_PATH.exec(path) ?? [];
    if (number === undefined) {
        return undefined;
    }
    const devices = without ? deviceWithoutIommu(k, Number(number)) : groupNumbered(k, Number(number));
    if (!devices || !membersOf(k, devices).some((b) => b.noIommu >= 0 === (without !== undefined))) {
        return undefined;
    }
    return () => {
        const file = nodeFile(k, 'vfio_group', groupOps, path);
        k.journal.edit(file).priv = new VfioGroup(k, file, devices);
        return file;
    };
}

/** What the ioctls of a container do. */
export interface Container {
    setIommu(type: number): undefined | Err;
    map(file: OpenFile, iova: number, length: number, offset: number): undefined | Err;
    unmap(iova: number, length: number): undefined | Err;
}

/** `/dev/iommu` as a container (drivers/iommu/iommufd/vfio_compat.c). Each returns ENODEV without an address space. */
class CompatContainer implements Container {
    constructor(private readonly iommufd: Iommufd) {}

    /** @returns EINVAL (not VFIO_TYPE1v2_IOMMU) */
    setIommu(type: number): undefined | Err {
        return type === VFIO_TYPE1v2_IOMMU ? this.missing : EINVAL;
    }

    private get missing(): undefined | Err {
        return this.iommufd.compat ? undefined : err('ENODEV');
    }

    map(file: OpenFile, iova: number, length: number, offset: number): undefined | Err {
        return this.iommufd.compat ? this.iommufd.compat.map(file, iova, length, offset) : this.missing;
    }

    /** @returns EINVAL (no length), ENOENT (part of a mapping); nothing mapped there is not an error */
    unmap(iova: number, length: number): undefined | Err {
        const { compat } = this.iommufd;
        if (!compat) {
            return err('ENODEV');
        }
        if (length <= 0) {
            return EINVAL;
        }
        const touched = compat.mappings.items.some((m) => m.iova < iova + length && iova < m.iova + m.length);
        return touched ? compat.unmap(iova, length) : undefined;
    }
}

/** The container of a descriptor, also of `/dev/iommu`. @returns EBADF; ENOTTY for other files */
export function containerOf(p: Process, fd: number): Container | Err {
    const iommufd = iommufdOf(p, fd);
    return iommufd instanceof Iommufd ? new CompatContainer(iommufd) : fgetPriv(p, fd, VfioContainer);
}

/** The group of a descriptor. @returns EBADF; ENOTTY for other files */
export function groupOf(p: Process, fd: number): VfioGroup | Err {
    return fgetPriv(p, fd, VfioGroup);
}
