/** The machine's IOMMU: it holds registers and caches; it reads everything else from memory. */
import type { PageGeometry } from '../arch';
import type { Hasher } from '../hash';
import { type Journal, JournaledRecord, JournaledList, JournaledMap } from '../journal';
import { AMD } from './amd';
import { IoTlb } from './iotlb';
import { smmuv3 } from './smmuv3';
import { IO_PAGE, walk, type FaultReason, type WalkedMemory } from './tables';
import type { IommuVendor, Target, UnitFormat } from './unit';
import { VTD } from './vtd';

const UNIT_FORMATS: Readonly<Record<IommuVendor, (page: PageGeometry) => UnitFormat>> = {
    vtd: () => VTD,
    amd: () => AMD,
    smmuv3,
};

/** The IOMMU of a vendor in a machine whose kernels have this page size. */
export function unitFormat(vendor: IommuVendor, page: PageGeometry): UnitFormat {
    return UNIT_FORMATS[vendor](page);
}

/** What an IOMMU needs from its machine. */
export type IommuHost = WalkedMemory & { readonly now: number; readonly page: PageGeometry };

export interface IommuFault {
    /** Virtual time in nanoseconds. */
    readonly time: number;
    /** Bus, device and function as the hardware sees them. */
    readonly requester: number;
    readonly iova: number;
    readonly write: boolean;
    readonly domain: number;
    readonly reason: FaultReason;
    /** The vendor's number for the reason. */
    readonly code: number;
}

/** Called with the tables that were read for a request: their addresses, the topmost first. */
export type Walked = (trail: readonly number[], requester: number, iova: number) => void;

/** Capacity of the fault log; further faults are only counted. */
const FAULT_LOG = 256;

export class Iommu extends JournaledRecord {
    readonly format: UnitFormat;
    /** Translation is on. While it is off, addresses are physical. */
    readonly enabled: boolean = false;
    /** Address of the root table, device table or stream table as set by the driver. */
    readonly root: number = 0;
    readonly tlb: IoTlb;
    /** The cached device entries. */
    readonly contexts: JournaledMap<number, Target>;
    readonly faults: JournaledList<IommuFault>;
    readonly faultCount: number = 0;

    constructor(
        private readonly journal: Journal,
        vendor: IommuVendor,
        private readonly host: IommuHost,
    ) {
        super(journal);
        this.format = unitFormat(vendor, host.page);
        this.tlb = new IoTlb(journal);
        this.contexts = new JournaledMap(journal);
        this.faults = new JournaledList(journal);
    }

    /** The driver writes the register of the topmost table. Cached entries stay until they are invalidated. */
    setRoot(pa: number): void {
        this.journal.edit<Iommu>(this).root = pa;
    }

    setEnabled(on: boolean): void {
        this.journal.edit<Iommu>(this).enabled = on;
    }

    /** The state after the machine is switched on. */
    powerOn(): void {
        this.setEnabled(false);
        this.setRoot(0);
        this.tlb.invalidate();
        this.contexts.clear();
        this.faults.clear();
    }

    /** Invalidates the entry of one device, or of all. */
    invalidateContext(requester?: number): void {
        if (requester === undefined) {
            this.contexts.clear();
        } else {
            this.contexts.delete(requester);
        }
    }

    /**
     * The physical address of a request; −1 if there is none, with a fault in the log.
     * @param walked called with the tables that were read, if any were
     */
    translate(requester: number, iova: number, write: boolean, walked: Walked): number {
        if (!this.enabled) {
            return iova;
        }
        const known = this.contexts.get(requester);
        if (known?.kind === 'paging') {
            const page = Math.floor(iova / IO_PAGE);
            const frame = this.tlb.find(known.domain, page, write);
            if (frame >= 0) {
                return frame * IO_PAGE + (iova - page * IO_PAGE);
            }
        }
        return known?.kind === 'identity' ? iova : this.walk(requester, iova, write, walked);
    }

    private walk(requester: number, iova: number, write: boolean, walked: Walked): number {
        const trail: number[] = [];
        const { format, host } = this;
        let target = this.contexts.get(requester);
        if (!target) {
            const found = format.lookup(host, this.root, requester, trail);
            if ('fault' in found) {
                walked(trail, requester, iova);
                return this.fault(requester, iova, write, 0, found.fault);
            }
            target = found;
            this.contexts.set(requester, found);
        }
        if (target.kind === 'identity') {
            walked(trail, requester, iova);
            return iova;
        }
        const { domain } = target;
        const w = walk(host, format.pages, target.root, target.levels, iova, trail);
        walked(trail, requester, iova);
        if ('fault' in w) {
            return this.fault(requester, iova, write, domain, w.fault);
        }
        if (!(write ? w.write : w.read)) {
            return this.fault(requester, iova, write, domain, write ? 'write' : 'read');
        }
        this.tlb.add(domain, Math.floor(iova / IO_PAGE), Math.floor(w.pa / IO_PAGE), w.read, w.write);
        return w.pa;
    }

    private fault(requester: number, iova: number, write: boolean, domain: number, reason: FaultReason): number {
        this.journal.edit<Iommu>(this).faultCount++;
        if (this.faults.length < FAULT_LOG) {
            this.faults.push({
                time: this.host.now,
                requester,
                iova,
                write,
                domain,
                reason,
                code: this.format.code(reason, write),
            });
        }
        return -1;
    }

    display(): string {
        return `${this.format.title}, translation ${this.enabled ? 'on' : 'off'}`;
    }

    hash(hasher: Hasher): void {
        hasher
            .str(this.format.vendor)
            .u32(this.enabled ? 1 : 0)
            .num(this.root)
            .num(this.faultCount);
        for (const e of this.tlb.entries()) {
            hasher
                .num(e.domain)
                .num(e.page)
                .num(e.frame)
                .u32((e.read ? 1 : 0) + (e.write ? 2 : 0));
        }
        for (const [requester, t] of this.contexts) {
            hasher
                .num(requester)
                .str(t.kind)
                .num(t.domain)
                .num(t.kind === 'paging' ? t.root : 0);
        }
        for (const f of this.faults) {
            hasher.num(f.time).num(f.requester).num(f.iova).str(f.reason);
        }
    }
}
