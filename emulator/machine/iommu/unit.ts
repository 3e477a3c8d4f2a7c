/** The differences between the IOMMUs of the three vendors. */
import type { Entry, FaultReason, PageTableFormat, WalkedMemory } from './tables';

/** What the IOMMU does with the requests of a device. */
export type Target =
    | { readonly kind: 'paging'; readonly domain: number; readonly root: number; readonly levels: number }
    /** Addresses are physical. */
    | { readonly kind: 'identity'; readonly domain: number };

/** The intended contents of a device's entry. */
export type Attachment = Target | { readonly kind: 'blocked' };

export type Lookup = Target | { readonly fault: FaultReason };

export type IommuVendor = 'vtd' | 'amd' | 'smmuv3';

/** A table that a driver sets up: memory of the running kernel, in whole pages. */
export interface TableMemory {
    /** Contiguous zeroed pages for this many bytes, aligned to their size; −1: no memory. */
    allocate(bytes: number, what: string): number;
    write(pa: number, entry: Entry): void;
    read(pa: number): Entry;
}

/** How a vendor's IOMMU finds the entry of a device, and how its driver sets it up. */
export interface UnitFormat {
    readonly vendor: IommuVendor;
    /** Name in the kernel's documentation. */
    readonly title: string;
    readonly pages: PageTableFormat;
    /** Reads the device's entry from memory. `trail` receives the address of every table that is read. */
    lookup(m: WalkedMemory, root: number, requester: number, trail: number[]): Lookup;
    /** Allocates the topmost table. @returns the value for its register, −1: no memory */
    makeRoot(m: TableMemory): number;
    /** Writes the device's entry. @returns false: no memory */
    attach(m: TableMemory, root: number, requester: number, to: Attachment): boolean;
    /** All tables that requests use before their device is identified, the topmost first. */
    tables(m: WalkedMemory, root: number): number[];
    /** Tables of one device alone, without those of its domain. */
    deviceTables(m: WalkedMemory, root: number, requester: number): number[];
    /** The hardware's number for a fault. */
    code(reason: FaultReason, write: boolean): number;
    /** The line of the kernel's log. */
    message(fault: {
        readonly reason: FaultReason;
        readonly code: number;
        readonly write: boolean;
        readonly iova: number;
        readonly domain: number;
        readonly device: string;
        readonly requester: number;
    }): string;
}
