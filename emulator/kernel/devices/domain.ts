/**
 * A domain: the address space of some devices (drivers/iommu/iommu.c). Its page tables are bytes in pages of the
 * kernel.
 */
import type { Area, Intent } from '../../machine/devices/device';
import type { Put } from '../../machine/devices/model';
import type { Hasher } from '../../machine/hash';
import type { Iommu } from '../../machine/iommu/iommu';
import { IO_PAGE } from '../../machine/iommu/tables';
import type { Attachment } from '../../machine/iommu/unit';
import { JournaledRecord, JournaledList } from '../../machine/journal';
import type { KernelCore } from '../fs/core';
import { clearTables, fillTables, type TableSetup, type TableTree } from './page-tables';
import { IommuTables } from './tables';

export type DomainKind = 'paging' | 'identity' | 'blocked';

/** Number of address bits that tables are made for. */
const ADDRESS_BITS = 48;
/**
 * The DMA API allocates addresses below 4 GiB first, from the top down (drivers/iommu/dma-iommu.c,
 * iommu_dma_alloc_iova).
 */
const DMA_TOP = 2 ** 32;
/** Addresses of interrupt messages, which no domain maps. */
export const MSI_START = 0xfee0_0000;
const MSI_END = 0xfef0_0000;

/** Levels of the tables of a domain. */
export function levelsOf(iommu: Iommu): number {
    return iommu.format.pages.shape.levelsFor(ADDRESS_BITS);
}

export class Domain extends JournaledRecord implements Intent {
    /** The topmost table; 0: none. */
    readonly root: number = 0;
    readonly levels: number;
    /** Number of address bits that its tables translate. */
    readonly width = ADDRESS_BITS;
    /** Ascending by address, without overlaps. Replaced, never changed. */
    readonly areas: readonly Area[] = [];
    /** Every table below the root, freed with the domain. */
    private readonly tables: JournaledList<number>;

    constructor(
        private readonly k: KernelCore,
        private readonly iommu: Iommu | null,
        readonly boot: number,
        readonly kind: DomainKind,
        /** The domain id with which the hardware tags its cache. */
        readonly id: number,
        readonly name: string,
    ) {
        super(k.journal);
        this.tables = new JournaledList(k.journal);
        this.levels = iommu ? levelsOf(iommu) : 0;
    }

    get translated(): boolean {
        return this.kind === 'paging';
    }

    /** The contents of the entry of an attached device. */
    get attachment(): Attachment {
        if (this.kind === 'blocked') {
            return { kind: 'blocked' };
        }
        return this.kind === 'identity'
            ? { kind: 'identity', domain: this.id }
            : { kind: 'paging', domain: this.id, root: this.root, levels: this.levels };
    }

    /** Number of pages of its tables. */
    get tableCount(): number {
        return this.root === 0 ? 0 : this.tables.length + 1;
    }

    /** All pages of its tables, the topmost first. */
    get tablePages(): readonly number[] {
        return this.root === 0 ? [] : [this.root, ...this.tables];
    }

    /** Allocates the topmost table of a domain that translates. @returns false: no memory */
    prepare(): boolean {
        if (this.kind !== 'paging' || this.root !== 0) {
            return true;
        }
        const root = new IommuTables(this.k).allocate(this.format.shape.size, 'page table');
        if (root > 0) {
            this.k.journal.edit<Domain>(this).root = root;
        }
        return root > 0;
    }

    /** The area that contains an address. */
    areaAt(iova: number): Area | undefined {
        const { areas } = this;
        let low = 0;
        let high = areas.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            const a = areas[middle];
            if (a && a.iova + a.length <= iova) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        const found = areas[low];
        return found && found.iova <= iova ? found : undefined;
    }

    /** True if nothing of [iova, iova+length) is mapped. */
    isFree(iova: number, length: number): boolean {
        return !this.areas.some((a) => a.iova < iova + length && iova < a.iova + a.length);
    }

    /** A free address for a mapping of the DMA API; −1: none is left. */
    findIova(length: number): number {
        const size = 2 ** Math.ceil(Math.log2(Math.max(length, this.format.shape.size)));
        for (let iova = DMA_TOP - size; iova >= size; iova -= size) {
            if (this.isFree(iova, size) && (iova >= MSI_END || iova + size <= MSI_START)) {
                return iova;
            }
        }
        return -1;
    }

    /**
     * Maps memory. Nothing in the ranges may be mapped; all of them are multiples of the smallest page of the tables.
     * @returns false: no memory for a table; the partial mapping is removed
     */
    map(areas: readonly Area[]): boolean {
        for (const [i, area] of areas.entries()) {
            if (this.kind === 'paging' && !fillTables(this.setup, area, (table) => this.tables.push(table))) {
                for (const done of areas.slice(0, i + 1)) {
                    clearTables(this.setup, done.iova, done.length);
                }
                return false;
            }
        }
        this.k.journal.edit<Domain>(this).areas = [...this.areas, ...areas].sort((x, y) => x.iova - y.iova);
        return true;
    }

    private get setup(): TableSetup {
        return { k: this.k, format: this.format, root: this.root, levels: this.levels };
    }

    private get format(): Iommu['format']['pages'] {
        if (!this.iommu) {
            throw new RangeError('a domain with page tables needs an IOMMU');
        }
        return this.iommu.format.pages;
    }

    /** Removes whole areas in a range from the tables and from the IOMMU's cache. */
    unmap({ iova, length }: { readonly iova: number; readonly length: number }): void {
        const inside = (a: Area): boolean => a.iova >= iova && a.iova + a.length <= iova + length;
        for (const area of this.areas) {
            if (this.kind === 'paging' && inside(area)) {
                clearTables(this.setup, area.iova, area.length);
            }
        }
        this.iommu?.tlb.invalidate(this.id, iova / IO_PAGE, length / IO_PAGE);
        this.k.journal.edit<Domain>(this).areas = this.areas.filter((a) => !inside(a));
    }

    /** Adopts existing tables, which another kernel made. */
    takeOver(root: number, levels: number, tree: TableTree, owner: number): void {
        for (const { pa } of tree.tables) {
            if (pa !== root) {
                this.tables.push(pa);
            }
        }
        const e = this.k.journal.edit<Domain>(this);
        e.root = root;
        e.levels = levels;
        e.areas = tree.mapped.map((m) => ({ ...m, owner }));
    }

    /** Gives the mappings new owners. */
    replaceAreas(areas: readonly Area[]): void {
        this.k.journal.edit<Domain>(this).areas = [...areas].sort((x, y) => x.iova - y.iova);
    }

    /**
     * Frees the tables, when no device is attached any more.
     * @param flush false: the caller has made sure that nothing is cached
     */
    destroy(flush = true): void {
        if (flush) {
            this.iommu?.tlb.invalidate(this.id);
        }
        const tables = new IommuTables(this.k);
        for (const pa of this.tables) {
            tables.free(pa);
        }
        this.tables.clear();
        if (this.root !== 0) {
            tables.free(this.root);
        }
        const e = this.k.journal.edit<Domain>(this);
        e.root = 0;
        e.areas = [];
    }

    /** Writes memory as a device in this domain would; unmapped addresses are skipped. */
    get put(): Put {
        return (iova, bytes) => {
            for (let done = 0; done < bytes.length; ) {
                const area = this.areaAt(iova + done);
                const n = area ? Math.min(area.iova + area.length - iova - done, bytes.length - done) : 1;
                if (area) {
                    this.k.memory.write(area.pa + iova + done - area.iova, bytes.subarray(done, done + n));
                }
                done += n;
            }
        };
    }

    display(): string {
        return `${this.kind} domain ${this.id} of ${this.name}`;
    }

    hash(hasher: Hasher): void {
        hasher.num(this.boot).str(this.kind).num(this.id).str(this.name).num(this.root);
        for (const a of this.areas) {
            hasher.num(a.iova).num(a.pa).num(a.length).num(a.owner);
        }
        for (const pa of this.tables) {
            hasher.num(pa);
        }
    }
}
