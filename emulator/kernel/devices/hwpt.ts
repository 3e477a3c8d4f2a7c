/** Hardware page tables of iommufd: domains controlled by user space (drivers/iommu/iommufd/hw_pagetable.c). */
import type { Hasher } from '../../machine/hash';
import type { Int } from '../../machine/int';
import { JournaledRecord, JournaledList } from '../../machine/journal';
import { err, type Err } from '../release/errno';
import { hasSeries, versionOf } from '../release/layers';
import type { OpenFile } from '../fs/file';
import type { BoundDevice, IommufdEnv } from './bound';
import type { Domain } from './domain';
import type { Ioas } from './ioas';

const EBUSY = err('EBUSY');

export class Hwpt extends JournaledRecord {
    readonly devices: JournaledList<BoundDevice>;
    /** IOMMU_HWPT_LIVEUPDATE_MARK_PRESERVE: the token by which the next kernel finds it; null: it is not marked. */
    readonly token: Int | null = null;
    /** Address of what a file handler has serialized about it for the next kernel; 0: it is not preserved. */
    readonly preserved: number = 0;
    /**
     * The address space whose mappings it has; null: a previous kernel made it, and no address space has adopted it.
     */
    readonly ioas: Ioas | null;

    constructor(
        private readonly k: IommufdEnv,
        /** Its number among the objects of its iommufd. */
        readonly id: number,
        ioas: Ioas | null,
        readonly domain: Domain,
        /** Created by attaching a device to an address space: it is freed with its last device. */
        readonly automatic: boolean,
    ) {
        super(k.journal);
        this.ioas = ioas;
        this.devices = new JournaledList(k.journal);
    }

    /** It was handed over, with the mappings of the previous kernel's user space. */
    get incoming(): boolean {
        return this.ioas === null;
    }

    /** Number of attached devices, including inherited devices that are not bound yet. */
    get deviceCount(): number {
        const { k, domain } = this;
        return this.incoming ? k.devices.bound.items.filter((b) => b.domain === domain).length : this.devices.length;
    }

    /** All memory that it maps was sealed against changes of its size when it was mapped. */
    get sealed(): boolean {
        return this.ioas?.mappings.items.every((m) => m.sealed) ?? false;
    }

    /** The files whose memory it maps, each once. */
    get backing(): readonly OpenFile[] {
        return [...new Set(this.ioas?.mappings.items.map((m) => m.file))];
    }

    /**
     * IOMMU_HWPT_LIVEUPDATE_MARK_PRESERVE, an ioctl of the layer `iommu`.
     * @returns ENOTTY without that layer, EINVAL (already marked, or from the previous kernel), EADDRINUSE (token
     * taken)
     */
    mark(token: Int): undefined | Err {
        const { k, ioas } = this;
        if (!hasSeries(k.desc.layers, 'iommu')) {
            return err('ENOTTY');
        }
        return ioas ? ioas.iommufd.mark(this, token) : err('EINVAL');
    }

    /**
     * The same ioctl without its flag, of the layer `iommu` from v5 on: the next kernel does not get it.
     * @returns ENOTTY without that layer, EINVAL (not marked, or from the previous kernel), EBUSY (preserved)
     */
    unmark(): undefined | Err {
        const { k } = this;
        const version = versionOf(k.desc.layers, 'iommu');
        if (version === undefined || version === 'v4') {
            return err('ENOTTY');
        }
        if (this.token === null || this.incoming) {
            return err('EINVAL');
        }
        if (this.preserved !== 0) {
            return EBUSY;
        }
        k.journal.edit<Hwpt>(this).token = null;
        return undefined;
    }

    /** Attaches a device, or switches it from its current domain. @returns EBUSY (a part of it is preserved), ENOMEM */
    attach(b: BoundDevice): undefined | Err {
        const { k } = this;
        if (this.preserved !== 0 || b.preserved !== 0) {
            return EBUSY;
        }
        if (!k.devices.attach(b, this.domain)) {
            return err('ENOMEM');
        }
        const before = b.hwpt;
        k.journal.edit(b).hwpt = this;
        this.devices.push(b);
        before?.left(b);
        return undefined;
    }

    /** Detaches a device and attaches it to `other`. */
    detach(b: BoundDevice, other: Domain): void {
        const { k } = this;
        k.devices.attach(b, other);
        k.journal.edit(b).hwpt = null;
        this.left(b);
    }

    /** A device is detached; with the last one, an automatic table, or one that cannot be named any more, is freed. */
    private left(b: BoundDevice): void {
        this.devices.remove(b);
        if (this.devices.length === 0 && this.ioas && (this.automatic || this.ioas.orphaned)) {
            this.ioas.drop(this);
        }
    }

    display(): string {
        const mark = this.token === null ? '' : `, marked as 0x${this.token.toString(16)}`;
        return `hardware page table ${this.id}${this.incoming ? ' of the previous kernel' : ''}${mark}${this.preserved === 0 ? '' : ', preserved'}`;
    }

    hash(hasher: Hasher): void {
        hasher
            .num(this.id)
            .u32(this.automatic ? 1 : 0)
            .str(this.token?.toString() ?? '')
            .num(this.preserved)
            .num(this.ioas?.id ?? 0)
            .u32(this.devices.length);
        this.domain.hash(hasher);
    }
}
