/**
 * The IOMMU as seen by its driver, with what is needed to hand its tables to the next kernel, or to continue with those
 * of the previous one.
 */
import { costId } from '../../machine/costs';
import type { Device } from '../../machine/devices/device';
import type { Iommu } from '../../machine/iommu/iommu';
import type { IommuVendor } from '../../machine/iommu/unit';
import { JournaledRecord, JournaledList } from '../../machine/journal';
import { err, type Err } from '../release/errno';
import { FolioList } from '../mm/file-folios';
import type { BoundDevice } from './bound';
import { Domain, type DomainKind, levelsOf } from './domain';
import type { DomainIds } from './domain-ids';
import type { DriverEnv } from './driver-env';
import { readTables, type TableTree } from './page-tables';
import { TABLE_OWNER } from './tables';

const IOMMU_TABLE = costId('iommu_table');
const IOMMU_FLUSH = costId('iommu_flush');

/** Tables of these levels and above do not map memory, except for the leaves of 1 GiB that tables of 4 KiB can have. */
const UPPER = 3;
/** The values in the FLB, and the addresses of the registers of the emulated machines. */
const UNITS: Readonly<Record<IommuVendor, { readonly type: number; readonly registers: number }>> = {
    vtd: { type: 1, registers: 0xfed9_0000 },
    amd: { type: 2, registers: 0xfeb8_0000 },
    smmuv3: { type: 3, registers: 0x0905_0000 },
};

/** The driver of the IOMMU, as needed for a handover. */
export interface IommuDriver {
    readonly iommu: Iommu | null;
    readonly iommuWanted: boolean;
    readonly bound: JournaledList<BoundDevice>;
    readonly ids: DomainIds;
    of(device: Device): BoundDevice | undefined;
    newDomain(kind: DomainKind, name: string): Domain;
    /** @returns false: no memory */
    attach(b: BoundDevice, domain: Domain): boolean;
    /** A device that will be found later continues with a domain of the previous kernel. */
    inherit(device: Device, domain: Domain): void;
    startIommu(): void;
    resumeIommu(root: number): void;
    stopIommu(): void;
}

export class IommuUnit extends JournaledRecord {
    /** Domains of the handover, until their file is finished. */
    readonly restored: JournaledList<Domain>;

    constructor(
        private readonly k: DriverEnv,
        private readonly devices: IommuDriver,
    ) {
        super(k.machine.journal);
        this.restored = new JournaledList(k.machine.journal);
    }

    /** @throws RangeError if the machine has no IOMMU: then there would be no driver */
    private get iommu(): Iommu {
        const { iommu } = this.devices;
        if (!iommu) {
            throw new RangeError('there is no IOMMU');
        }
        return iommu;
    }

    get wanted(): boolean {
        return this.devices.iommuWanted;
    }

    get type(): number {
        return UNITS[this.iommu.format.vendor].type;
    }

    get registers(): number {
        return UNITS[this.iommu.format.vendor].registers;
    }

    get root(): number {
        return this.iommu.root;
    }

    /** The devices of this kernel. */
    get all(): readonly Device[] {
        return this.devices.bound.items.map((b) => b.device);
    }

    start(): void {
        this.devices.startIommu();
    }

    stop(): void {
        this.devices.stopIommu();
    }

    /** The tables from a root table on that do not belong to a single device or domain. */
    tablesAt(root: number): FolioList {
        return this.folios(this.iommu.format.tables(this.k.machine, root));
    }

    /** Tables that belong to one device. */
    tablesOf(device: Device): FolioList {
        return this.folios(this.iommu.format.deviceTables(this.k.machine, this.root, device.requester));
    }

    /** Every table of a domain that was restored. */
    tablesRestored(domain: Domain): FolioList {
        return this.folios(domain.tablePages);
    }

    /** @param upper only those of the upper levels */
    tablesOfDomain(domain: Domain, upper = false): FolioList {
        const tree = this.read(domain.root, domain.levels, upper);
        return this.folios(typeof tree === 'string' ? [] : tree.tables.map((t) => t.pa));
    }

    private folios(tables: readonly number[]): FolioList {
        const { page } = this.k;
        const list = new FolioList(page);
        for (const pa of tables) {
            list.push(pa / page.size);
        }
        return list;
    }

    private read(root: number, levels: number, upper: boolean): TableTree | string {
        const { machine } = this.k;
        return readTables(
            machine.memory,
            (pa, n) => machine.isRam(pa, n),
            this.iommu.format.pages,
            root,
            levels,
            upper ? UPPER : 1,
        );
    }

    // ------------------------------------------------------------ shutdown

    /** Clears a device's entry: the device cannot reach memory any more. */
    clear(device: Device): void {
        const b = this.devices.of(device);
        if (b) {
            this.devices.attach(b, this.devices.newDomain('blocked', 'shutdown'));
        }
    }

    /** Global invalidation: all entries and translations that the hardware has cached. */
    flush(): void {
        this.k.clock.charge(IOMMU_FLUSH);
        this.iommu.invalidateContext();
        this.iommu.tlb.invalidate();
    }

    // ------------------------------------------------------------ boot

    /**
     * A domain around existing tables.
     * @param id the tag of its devices; 0: none is attached
     * @param upper the tables that map memory were not preserved
     * @returns EINVAL (they are invalid), EBUSY (the id is taken)
     */
    restoreDomain(top: number, levels: number, id: number): Domain | Err {
        const { k, devices } = this;
        const upper = k.desc.flaws.has('iommu_upper_tables');
        const tree = levels === levelsOf(this.iommu) ? this.read(top, levels, upper) : `a domain with ${levels} levels`;
        if (typeof tree === 'string') {
            k.klog('err', `iommu: a domain cannot be restored: ${tree} makes no sense`);
            return err('EINVAL');
        }
        k.clock.charge(IOMMU_TABLE, tree.tables.length);
        if (id !== 0 && !devices.ids.reserve(id)) {
            return err('EBUSY');
        }
        const domain = new Domain(
            k,
            this.iommu,
            k.boot,
            'paging',
            id === 0 ? devices.ids.take() : id,
            'the user space of the previous kernel',
        );
        // only the kernel that mapped the memory knew its owner
        domain.takeOver(top, levels, tree, k.owners.id('memory mapped by the previous kernel'));
        this.restored.push(domain);
        return domain;
    }

    /** Makes a page a table of this kernel. */
    keep(pfn: number): void {
        this.k.memmap.setOwner(pfn, this.k.owners.id(`${TABLE_OWNER} page table`));
    }

    deviceAt(segment: number, requester: number): Device | Err {
        return (
            this.k.machine.pci.devices.find((d) => d.segment === segment && d.requester === requester) ?? err('ENODEV')
        );
    }

    /** A device continues with the domain of this topmost table. @returns EINVAL: no such domain was handed over */
    restoreDevice(device: Device, top: number): undefined | Err {
        const domain = this.restored.items.find((d) => d.root === top);
        if (!domain) {
            return err('EINVAL');
        }
        this.devices.inherit(device, domain);
        return undefined;
    }

    /** Continues with the tables of the previous kernel, in which all other devices get their own domains. */
    resume(root: number): void {
        this.devices.resumeIommu(root);
    }

    /** Invalidates what is cached for one domain. */
    flushDomain(id: number): void {
        this.k.clock.charge(IOMMU_FLUSH);
        this.iommu.tlb.invalidate(id);
    }

    hash(hasher: Parameters<Domain['hash']>[0]): void {
        for (const d of this.restored) {
            d.hash(hasher);
        }
    }
}
