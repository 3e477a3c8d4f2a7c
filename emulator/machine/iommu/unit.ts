/** What differs between the IOMMUs of the three vendors. */
import type { Entry, FaultReason, PageTableFormat, WalkedMemory } from './tables';

/** What the IOMMU does with the requests of a device. */
export type Target =
    | { readonly kind: 'paging'; readonly domain: number; readonly root: number; readonly levels: number }
    /** Addresses are physical ones. */
    | { readonly kind: 'identity'; readonly domain: number };

/** What a device's entry is to say. */
export type Attachment = Target | { readonly kind: 'blocked' };

export type Lookup = Target | { readonly fault: FaultReason };

export type IommuVendor = 'vtd' | 'amd' | 'smmuv3';

/** A table that a driver sets up: memory of the running kernel, in whole pages. */
export interface TableMemory {
    /** Zeroed pages that lie together, as many as these bytes take, aligned to their size; −1: no memory. */
    allocate(bytes: number, what: string): number;
    write(pa: number, entry: Entry): void;
    read(pa: number): Entry;
}

/** How a vendor's IOMMU finds what holds for a device, and how its driver sets that up. */
export interface UnitFormat {
    readonly vendor: IommuVendor;
    /** As the kernel's documentation calls it. */
    readonly title: string;
    readonly pages: PageTableFormat;
    /** Reads the device's entry as it lies in memory. `trail` gets the address of every table that is read. */
    lookup(m: WalkedMemory, root: number, requester: number, trail: number[]): Lookup;
    /** Makes the topmost table. @returns what the register takes, −1: no memory */
    makeRoot(m: TableMemory): number;
    /** Writes the device's entry. @returns false: no memory */
    attach(m: TableMemory, root: number, requester: number, to: Attachment): boolean;
    /** All tables that requests go through before it is known which device's they are, the topmost first. */
    tables(m: WalkedMemory, root: number): number[];
    /** Tables of one device alone, but for those of its domain. */
    deviceTables(m: WalkedMemory, root: number, requester: number): number[];
    /** The number that the hardware gives a fault. */
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
