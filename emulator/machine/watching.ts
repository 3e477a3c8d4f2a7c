/**
 * Watching of physical memory and of the ownership of pages. A write is told before it happens, so that the old
 * contents can still be read. While nothing is watched, this costs one comparison with null for each write.
 */

/** Who writes memory other than the running code. */
export type Writer =
    /** `path`: the tables that the IOMMU has read for the request, the top level first; none if it was cached. */
    | { readonly kind: 'device'; readonly device: string; readonly iova: number; readonly path: readonly number[] }
    | { readonly kind: 'guest'; readonly guest: string; readonly vcpu: number };

/** Addresses and lengths in bytes. */
export interface MemoryWatcher {
    /** [pa, pa+length) is about to be written. `exact`: false if perhaps only a part of it is. */
    writes(pa: number, length: number, exact: boolean): void;
    /** Kernel code reads a field of a struct. */
    reads(pa: number, length: number): void;
}

/** The hardware that checks who may write: on machines with confidential guests. */
export interface MemoryGuard {
    /** [pa, pa+length) is about to be written, in bytes. @throws an error that ends the running kernel */
    writes(pa: number, length: number): void;
}

/** Pages get another owner or another state. `kind`: see {@link PageHistory}. */
export type OwnerWatcher = (kind: number, pfn: number, count: number, owner: number) => void;
