/** A device as one kernel manages it: its driver, and the domain it is attached to. */
import type { Device } from '../../machine/devices/device';
import { type Journal, JournaledRecord, type JournaledList } from '../../machine/journal';
import type { KernelCore } from '../fs/core';
import type { KernelDescription } from '../release/descriptions';
import { err, type Err } from '../release/errno';
import type { Domain, DomainKind } from './domain';
import type { Hwpt } from './hwpt';
import type { Iommufd } from './iommufd';

/** The memory that a driver of the kernel mapped for its device. */
export interface DriverMemory {
    readonly pfn: number;
    readonly order: number;
    readonly iova: number;
}

/** What the objects of an iommufd need from their kernel: its domains, and the attachment of devices. */
export interface IommufdEnv extends KernelCore {
    readonly desc: Pick<KernelDescription, 'layers'>;
    readonly devices: {
        readonly bound: JournaledList<BoundDevice>;
        newDomain(kind: DomainKind, name: string): Domain;
        destroyDomain(domain: Domain, flush?: boolean): void;
        /** Attaches a device to another domain. @returns false: no memory */
        attach(b: BoundDevice, domain: Domain): boolean;
        /** Domains that came with a handover. */
        readonly unit: { readonly restored: JournaledList<Domain> };
    };
}

export class BoundDevice extends JournaledRecord {
    /** The current contents of its entry in the IOMMU. */
    readonly domain: Domain;
    readonly memory: DriverMemory | null = null;
    /** Bound through its cdev: claimed for user space. */
    readonly iommufd: Iommufd | null = null;
    /** The object of the iommufd that it is attached to. */
    readonly hwpt: Hwpt | null = null;
    /**
     * Address of what a file handler has serialized about its attachment for the next kernel; 0: it is not preserved.
     */
    readonly preserved: number = 0;
    /**
     * The domain that the previous kernel handed over with it, until it is attached to another one; null: it has none.
     */
    readonly inherited: Domain | null = null;
    /** The group of VFIO that it is in is open: it cannot be bound through its cdev. */
    readonly groupOpen: boolean = false;
    /** A live update has frozen it: every operation of user space on it is refused. */
    readonly frozen: boolean = false;

    constructor(
        journal: Journal,
        readonly device: Device,
        /** The kernel's name for the driver; empty: none. */
        readonly driver: string,
        /** The domain that it is attached to by default. */
        readonly own: Domain,
        /** The number of its cdev; −1: it has none. */
        readonly vfio: number,
        /** The number of its group `/dev/vfio/noiommu-N`; −1: it has none. */
        readonly noIommu = -1,
    ) {
        super(journal);
        this.domain = own;
    }

    /** The error for operations of user space and its guests: EBUSY, because a live update has frozen it. */
    get refusal(): undefined | Err {
        return this.frozen ? err('EBUSY') : undefined;
    }

    display(): string {
        return `${this.device.shape.name}${this.driver === '' ? '' : ` of ${this.driver}`}`;
    }
}
