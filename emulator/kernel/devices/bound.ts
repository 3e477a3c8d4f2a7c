/** A device as one kernel knows it: its driver, and the domain it is attached to. */
import type { Device } from '../../machine/devices/device';
import { type Journal, JournaledRecord, type JournaledList } from '../../machine/journal';
import type { KernelCore } from '../fs/core';
import type { KernelDescription } from '../release/descriptions';
import { err, type Err } from '../release/errno';
import type { Domain, DomainKind } from './domain';
import type { Hwpt } from './hwpt';
import type { Iommufd } from './iommufd';

/** The memory that a driver of the kernel's own gave its device. */
export interface DriverMemory {
    readonly pfn: number;
    readonly order: number;
    readonly iova: number;
}

/** What the objects of an iommufd need of their kernel: its domains, and who sees which. */
export interface IommufdEnv extends KernelCore {
    readonly desc: Pick<KernelDescription, 'layers'>;
    readonly devices: {
        readonly bound: JournaledList<BoundDevice>;
        newDomain(kind: DomainKind, name: string): Domain;
        destroyDomain(domain: Domain, flush?: boolean): void;
        /** Has a device see another domain. @returns false: no memory */
        attach(b: BoundDevice, domain: Domain): boolean;
        /** Domains that came with a handover. */
        readonly unit: { readonly restored: JournaledList<Domain> };
    };
}

export class BoundDevice extends JournaledRecord {
    /** What its entry in the IOMMU says now. */
    readonly domain: Domain;
    readonly memory: DriverMemory | null = null;
    /** Bound through its cdev: claimed for user space. */
    readonly iommufd: Iommufd | null = null;
    /** What it is attached to there. */
    readonly hwpt: Hwpt | null = null;
    /**
     * What a file handler has written about its attachment for the next kernel, as an address; 0: it is not preserved.
     */
    readonly preserved: number = 0;
    /**
     * The domain that it came along with from the previous kernel, until it sees another one; null: it is this kernel's
     * alone.
     */
    readonly inherited: Domain | null = null;
    /** A live update has frozen it: whatever user space asks of it is refused. */
    readonly frozen: boolean = false;

    constructor(
        journal: Journal,
        readonly device: Device,
        /** The kernel's name for the driver; empty: none. */
        readonly driver: string,
        /** What it is attached to while nobody asks for anything else. */
        readonly own: Domain,
        /** The number of its cdev; −1: it has none. */
        readonly vfio: number,
    ) {
        super(journal);
        this.domain = own;
    }

    /** Why user space and its guests may ask nothing of it: EBUSY, since a live update has frozen it. */
    get refusal(): undefined | Err {
        return this.frozen ? err('EBUSY') : undefined;
    }

    display(): string {
        return `${this.device.shape.name}${this.driver === '' ? '' : ` of ${this.driver}`}`;
    }
}
