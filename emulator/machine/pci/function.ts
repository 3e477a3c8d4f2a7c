/** A function on a bus: an endpoint, a bridge or a root port. */
import type { Hasher } from '../hash';
import { type Journal, Rec } from '../journal';
import { formatBdf, formatPciAddress, requesterOf, type PciAddress } from './address';
import {
    COMMAND_MASTER, COMMAND_MEMORY, ConfigSpace, PCI_COMMAND, PCI_PRIMARY_BUS, PCI_SECONDARY_BUS, PCI_SUBORDINATE_BUS, PM_CSR, type FunctionIds,
} from './config';

export interface FunctionShape {
    readonly ids: FunctionIds;
    readonly vectors?: number;
    readonly barSize?: number;
    /** The number of the bus below, for bridges. */
    readonly secondary?: number;
}

export class PciFunction extends Rec {
    readonly config: ConfigSpace;
    /** 16 bits that all its requests carry. */
    readonly requester: number;
    /** The bus below; −1: it is no bridge. */
    private readonly secondary: number;

    /** @param upstream the bridge above; null: the root complex itself */
    constructor(protected readonly journal: Journal, readonly address: PciAddress, readonly upstream: PciFunction | null, shape: FunctionShape) {
        super(journal);
        this.config = new ConfigSpace(journal, shape.ids, shape.secondary !== undefined, shape.vectors ?? 0, shape.barSize ?? 0);
        this.requester = requesterOf(address);
        this.secondary = shape.secondary ?? -1;
        this.numberBuses();
    }

    /** As the firmware does it. */
    private numberBuses(): void {
        if (this.secondary >= 0) {
            this.config.write(PCI_PRIMARY_BUS, 1, this.address.bus);
            this.config.write(PCI_SECONDARY_BUS, 1, this.secondary);
            this.config.write(PCI_SUBORDINATE_BUS, 1, this.secondary);
        }
    }

    /** The registers are as after power-on, when the firmware has numbered the buses. */
    reset(): void {
        this.config.reset();
        this.numberBuses();
    }

    get name(): string {
        return formatPciAddress(this.address);
    }

    /** Without the segment, as some messages have it. */
    get bdf(): string {
        return formatBdf(this.address);
    }

    /** pci_enable_device(): it answers at the addresses of its BARs. */
    enable(): void {
        this.config.write(PCI_COMMAND, 2, this.config.read(PCI_COMMAND, 2) | COMMAND_MEMORY);
    }

    get busMaster(): boolean {
        return (this.config.read(PCI_COMMAND, 2) & COMMAND_MASTER) !== 0;
    }

    /** pci_set_master() and pci_clear_master(). */
    setBusMaster(on: boolean): void {
        const command = this.config.read(PCI_COMMAND, 2);
        this.config.write(PCI_COMMAND, 2, on ? command | COMMAND_MASTER : command & ~COMMAND_MASTER);
    }

    /** The power state: 0 (D0, on) to 3 (D3hot). */
    get power(): number {
        return this.config.read(PM_CSR, 1) & 3;
    }

    setPower(state: number): void {
        this.config.write(PM_CSR, 1, state);
    }

    /** True where its requests come through: it and every bridge above may master the bus, and all are in D0. */
    get reachesMemory(): boolean {
        return this.busMaster && this.power === 0 && (this.upstream?.reachesMemory ?? true);
    }

    /** The bridges above, the nearest first. */
    get path(): readonly PciFunction[] {
        return this.upstream ? [this.upstream, ...this.upstream.path] : [];
    }

    hash(hasher: Hasher): void {
        hasher.num(this.requester);
        this.config.hash(hasher);
    }
}
