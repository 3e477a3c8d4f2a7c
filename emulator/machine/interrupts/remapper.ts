/**
 * Interrupt remapping of the machine's IOMMU: it holds registers and cached entries; it reads everything else from
 * memory.
 */
import type { Hasher } from '../hash';
import type { WalkedMemory } from '../iommu/tables';
import type { Iommu } from '../iommu/iommu';
import type { IommuVendor } from '../iommu/unit';
import { type Journal, JournaledRecord, JournaledList, JournaledMap } from '../journal';
import { AMD_INTERRUPTS } from './amd';
import type { Message } from './message';
import type { InterruptEntry, InterruptFaultReason, RemappingFormat, Route } from './remapping';
import { VTD_INTERRUPTS } from './vtd';

/** Interrupts of machines with SMMUv3 go to a GIC with its ITS, which is not emulated. */
const FORMATS: ReadonlyMap<IommuVendor, RemappingFormat> = new Map([
    ['vtd', VTD_INTERRUPTS],
    ['amd', AMD_INTERRUPTS],
]);

export interface InterruptFault {
    /** Virtual time in nanoseconds. */
    readonly time: number;
    readonly requester: number;
    /** Index of the entry of the table; −1: the message named none. */
    readonly index: number;
    readonly address: number;
    readonly reason: InterruptFaultReason;
    /** The vendor's number for the reason. */
    readonly code: number;
}

/** Capacity of the fault log; further faults are only counted. */
const FAULT_LOG = 256;

export class Remapper extends JournaledRecord {
    /** Interrupt remapping is on. */
    readonly enabled: boolean = false;
    /** Address and size of the table as set by the driver; with AMD, the entry of each device holds them. */
    readonly table: number = 0;
    readonly entries: number = 0;
    readonly cache: JournaledMap<number, InterruptEntry>;
    readonly faults: JournaledList<InterruptFault>;
    readonly faultCount: number = 0;

    private constructor(
        private readonly journal: Journal,
        readonly format: RemappingFormat,
        private readonly iommu: Iommu,
        private readonly host: WalkedMemory & { readonly now: number },
    ) {
        super(journal);
        this.cache = new JournaledMap(journal);
        this.faults = new JournaledList(journal);
    }

    /** The remapper of an IOMMU; null if it has none. */
    static of(journal: Journal, iommu: Iommu | null, host: WalkedMemory & { readonly now: number }): Remapper | null {
        const format = iommu && FORMATS.get(iommu.format.vendor);
        return format && iommu ? new Remapper(journal, format, iommu, host) : null;
    }

    /**
     * The driver writes the register of the table, which has this many entries. Cached entries stay until they are
     * invalidated.
     */
    setTable(pa: number, entries: number): void {
        const e = this.journal.edit<Remapper>(this);
        e.table = pa;
        e.entries = entries;
    }

    /** With AMD there is no separate register: it is part of translation. */
    setEnabled(on: boolean): void {
        this.journal.edit<Remapper>(this).enabled = on;
    }

    powerOn(): void {
        this.setEnabled(false);
        this.setTable(0, 0);
        this.invalidate();
        this.faults.clear();
    }

    /** Invalidates an entry, by its key, or all of them. */
    invalidate(key?: number): void {
        if (key === undefined) {
            this.cache.clear();
        } else {
            this.cache.delete(key);
        }
    }

    /** The key of a device's entry in the cache. */
    keyOf(requester: number, index: number): number {
        return this.format.tableOfDevice ? requester * 0x1_0000 + index : index;
    }

    /** Messages in the remappable format are remapped; those in the compatibility format are refused. */
    get on(): boolean {
        return this.enabled && (!this.format.tableOfDevice || this.iommu.enabled);
    }

    route(requester: number, message: Message, trail: number[]): Route {
        const table = this.format.tableOfDevice ? this.iommu.root : this.table;
        const route = this.format.route(
            this.host,
            { on: this.on, table, entries: this.entries, strict: true },
            this.cache,
            requester,
            message,
            trail,
        );
        return route.kind === 'fault' ? this.fault(requester, message, route.reason, route.index) : route;
    }

    /** Writes a fault into the log. */
    fault(requester: number, message: Message, reason: InterruptFaultReason, index: number): Route {
        this.journal.edit<Remapper>(this).faultCount++;
        if (this.faults.length < FAULT_LOG) {
            this.faults.push({
                time: this.host.now,
                requester,
                index,
                address: message.address,
                reason,
                code: this.format.code(reason),
            });
        }
        return { kind: 'fault', reason, index };
    }

    hash(hasher: Hasher): void {
        hasher
            .u32(this.enabled ? 1 : 0)
            .num(this.table)
            .num(this.entries)
            .num(this.faultCount);
        for (const [key, e] of this.cache) {
            hasher
                .num(key)
                .str(e.kind)
                .num(e.kind === 'posted' ? e.descriptor : e.to.cpu)
                .num(e.kind === 'posted' ? e.vector : e.to.vector);
        }
        for (const f of this.faults) {
            hasher.num(f.time).num(f.requester).num(f.index).str(f.reason);
        }
    }
}
