/** The tables of an IOMMU, managed by its driver: pages of the running kernel. */
import type { Entry } from '../../machine/iommu/tables';
import { readEntry, writeEntry } from '../../machine/iommu/tables';
import type { TableMemory } from '../../machine/iommu/unit';
import type { KernelCore } from '../fs/core';

/** Prefix of the owners of all tables; observers recognize tables by it. */
export const TABLE_OWNER = 'IOMMU';

export class IommuTables implements TableMemory {
    constructor(private readonly k: KernelCore) {}

    allocate(bytes: number, what: string): number {
        const { k } = this;
        const order = Math.max(0, Math.ceil(Math.log2(bytes / k.page.size)));
        const pfn = k.pages.alloc(order, { owner: k.owners.id(`${TABLE_OWNER} ${what}`), zero: true });
        return pfn < 0 ? -1 : pfn * k.page.size;
    }

    free(pa: number): void {
        this.k.pages.free(pa / this.k.page.size, 0);
    }

    write(pa: number, entry: Entry): void {
        writeEntry(this.k.memory, pa, entry);
    }

    read(pa: number): Entry {
        return readEntry(this.k.memory, pa);
    }
}
