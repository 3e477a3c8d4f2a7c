/**
 * The machine below all kernels: RAM and nodes, the clock, PCI devices. It does not know the software that runs on it.
 */
import { PAGE_GEOMETRIES, type ArchName, type PageGeometry } from './arch';
import { Clock } from './clock';
import { Firmware, type FirmwareKind } from './firmware';
import type { GuestObserver } from './guests';
import type { Hasher } from './hash';
import { PageHistory } from './history';
import { Journal, JournaledRecord } from './journal';
import { PhysicalMemory } from './memory';
import { Owners } from './owners';
import { Processors } from './processors';
import type { DeviceShape } from './devices/device';
import type { IommuVendor } from './iommu/unit';
import { PciBus } from './pci/bus';
import { Tee } from './tee/tee';
import type { TeeKind } from './tee/entry';

/** Usable RAM, as in the firmware's memory map. Addresses and sizes in bytes. */
export interface RamRange {
    readonly start: number;
    readonly size: number;
    readonly node: number;
}

/** Fixed places for what the first kernel hands over; by default the kernel chooses. Addresses and sizes in bytes. */
export interface HandoverPlaces {
    /** The page of the root FDT. */
    readonly fdt?: number | undefined;
    /** The page of the array of scratch areas. */
    readonly scratchArray?: number | undefined;
    /** Lowmem, global, one for each node; none: the kernel sizes and places them. */
    readonly scratch: readonly { readonly addr: number; readonly size: number }[];
}

/** Maximum RAM of a machine, in bytes; MAX_PHYSMEM_BITS of x86-64 with four levels of page tables is 46. */
export const MOST_MEMORY = 2 ** 46;
/** RAM lies below this address. */
export const MEMORY_LIMIT = 2 ** 47;

const NO_PLACES: HandoverPlaces = { scratch: [] };

export interface MachineShape {
    readonly ranges: readonly RamRange[];
    /** Default: x86-64. */
    readonly arch?: ArchName;
    /** Page size of the kernels that run on it; default: the usual one of the architecture. */
    readonly page?: PageGeometry | undefined;
    /** Nodes that have processors but no memory. */
    readonly emptyNodes?: readonly number[];
    readonly places?: HandoverPlaces | undefined;
    /** Default: none, so that requests of devices reach memory untranslated. */
    readonly iommu?: IommuVendor | undefined;
    readonly devices?: readonly DeviceShape[] | undefined;
    /** Processors; default: one. */
    readonly cpus?: number | undefined;
    /** Default: UEFI. */
    readonly firmware?: FirmwareKind | undefined;
    /** Confidential guests; default: none. `slots`: ASIDs or KeyIDs. */
    readonly tee?: { readonly kind: TeeKind; readonly slots: number } | undefined;
}

/** What outlives kernels: memory and its map, the clock, the devices, and the observers' log of the owners of pages. */
export class Machine extends JournaledRecord {
    readonly memory: PhysicalMemory;
    readonly clock: Clock;
    readonly owners: Owners;
    readonly history: PageHistory;
    readonly pci: PciBus;
    readonly firmware: Firmware;
    /** Confidential guests; null: the machine cannot have them. */
    readonly tee: Tee | null;
    /** Processors that were set aside. */
    readonly processors: Processors;
    /** Receives events of virtual machines; part of the observer's state, not of the machine's. */
    guestObserver: GuestObserver | null = null;
    /** Usable RAM, ascending, without overlaps. */
    readonly ram: readonly RamRange[];
    /** The part of it that the running kernel uses, as it counts the nodes; of the same order. */
    readonly map: readonly RamRange[];
    readonly arch: ArchName;
    /** The page size of all its kernels. */
    readonly page: PageGeometry;
    /** Nodes of the running kernel that have processors but no memory. */
    readonly emptyNodes: readonly number[];
    private readonly allEmptyNodes: readonly number[];
    /** Processors. */
    readonly cpus: number;
    private readonly wanted: HandoverPlaces;
    /** Number of kernels that have booted on this machine. */
    readonly boots: number = 0;

    /** @throws RangeError if ranges overlap, are empty or too large, or if devices cannot be plugged in this way. */
    constructor(
        shape: MachineShape,
        readonly journal = new Journal(),
    ) {
        super(journal);
        this.arch = shape.arch ?? 'x86-64';
        this.page = shape.page ?? PAGE_GEOMETRIES[this.arch][0];
        this.allEmptyNodes = shape.emptyNodes ?? [];
        this.emptyNodes = this.allEmptyNodes;
        this.cpus = shape.cpus ?? 1;
        this.wanted = shape.places ?? NO_PLACES;
        this.ram = [...shape.ranges].sort((a, b) => a.start - b.start);
        this.map = this.ram;
        let end = 0;
        for (const range of this.ram) {
            if (range.start < end || range.size <= 0) {
                throw new RangeError(`memory at 0x${range.start.toString(16)} overlaps or is empty`);
            }
            end = range.start + range.size;
        }
        if (end > MEMORY_LIMIT) {
            throw new RangeError(
                `its memory ends at 0x${end.toString(16)}, beyond the limit of 0x${MEMORY_LIMIT.toString(16)}`,
            );
        }
        if (this.ramSize > MOST_MEMORY) {
            throw new RangeError('it has more than 64 TiB of memory');
        }
        this.memory = new PhysicalMemory(journal);
        this.clock = new Clock(journal);
        this.owners = new Owners(journal);
        this.history = new PageHistory(journal, () => this.boots);
        this.firmware = new Firmware(journal, shape.firmware ?? 'uefi');
        this.tee = shape.tee ? new Tee(journal, this.memory, shape.tee.kind, shape.tee.slots, end) : null;
        this.processors = new Processors(journal);
        this.pci = new PciBus(journal, this.clock, this, shape.iommu, shape.devices ?? [], {
            count: this.cpus,
            its: this.arch === 'arm64',
            all: this.processors,
        });
    }

    /** Nanoseconds of virtual time. */
    get now(): number {
        return this.clock.now;
    }

    /** The places for what the booting kernel hands over: given only to the first kernel. */
    get places(): HandoverPlaces {
        return this.boots <= 1 ? this.wanted : NO_PLACES;
    }

    /** The running kernel uses all memory. */
    useAll(): void {
        const m = this.journal.edit<Machine>(this);
        m.map = this.ram;
        m.emptyNodes = this.allEmptyNodes;
    }

    /** The running kernel uses only this memory, ascending; without nodes, all of it is on node 0. */
    use(map: readonly RamRange[], nodes: boolean): void {
        const m = this.journal.edit<Machine>(this);
        m.map = map;
        m.emptyNodes = nodes ? this.allEmptyNodes : [];
    }

    /** Node ids with memory that the running kernel uses, ascending. */
    get nodes(): readonly number[] {
        return [...new Set(this.map.map((r) => r.node))].sort((a, b) => a - b);
    }

    /** Bytes of memory that the running kernel uses. */
    get ramSize(): number {
        return this.map.reduce((sum, r) => sum + r.size, 0);
    }

    /** The machine is switched on. Its memory keeps what is in it. */
    powerOn(): void {
        this.firmware.powerOn();
        this.tee?.powerOn();
        this.processors.powerOn();
        this.pci.powerOn();
    }

    /** True if all of [pa, pa+length) is usable RAM. */
    isRam(pa: number, length = 1): boolean {
        let at = pa;
        for (const r of this.ram) {
            if (at >= r.start && at < r.start + r.size) {
                at = r.start + r.size;
                if (at >= pa + length) {
                    return true;
                }
            }
        }
        return false;
    }

    /** The node of an address; undefined if the running kernel uses no memory there. */
    nodeOf(pa: number): number | undefined {
        return this.map.find((r) => pa >= r.start && pa < r.start + r.size)?.node;
    }

    /** A fingerprint of everything that outlives a kernel. @param past with the history of its pages */
    hash(hasher: Hasher, past = true): void {
        hasher.num(this.boots).num(this.clock.now);
        this.clock.hashLate(hasher);
        for (const { start, size, node } of this.map === this.ram ? [] : this.map) {
            hasher.num(start).num(size).num(node);
        }
        this.memory.hash(hasher);
        if (past) {
            this.owners.hash(hasher);
            this.history.hash(hasher);
        }
        this.firmware.hash(hasher);
        this.tee?.hash(hasher);
        this.processors.hash(hasher);
        this.pci.hash(hasher);
    }
}

/**
 * The ranges of a machine with these amounts of memory, laid out from 0 upwards like a PC's: a hole below 1 MiB and one
 * below 4 GiB.
 */
export function pcMemory(memory: readonly { readonly size: number; readonly node: number }[]): RamRange[] {
    const LOW_START = 0x1000;
    const LOW_END = 0x9fc00;
    const HOLE_START = 0xc0000000;
    const HOLE_END = 0x100000000;
    const ranges: RamRange[] = [];
    let at = 0;
    for (const { size, node } of memory) {
        let left = size;
        while (left > 0) {
            const limit = at < HOLE_START ? HOLE_START : Infinity;
            const n = Math.min(left, limit - at);
            // The first 4 KiB and 0x9fc00 … 1 MiB belong to the firmware.
            if (at === 0) {
                ranges.push({ start: LOW_START, size: Math.min(LOW_END, n) - LOW_START, node });
                if (n > 0x100000) {
                    ranges.push({ start: 0x100000, size: n - 0x100000, node });
                }
            } else {
                ranges.push({ start: at, size: n, node });
            }
            left -= n;
            at = at + n === HOLE_START ? HOLE_END : at + n;
        }
    }
    return ranges;
}

/** The ranges of an arm64 machine, as QEMU's "virt" has them: without holes from 1 GiB upwards. */
export function armMemory(memory: readonly { readonly size: number; readonly node: number }[]): RamRange[] {
    let at = 0x40000000;
    return memory.map(({ size, node }) => {
        const start = at;
        at += size;
        return { start, size, node };
    });
}
