/** A function on a bus: an endpoint, a bridge or a root port. */
import type { Hasher } from '../hash';
import { type Journal, JournaledRecord } from '../journal';
import { formatBdf, formatPciAddress, requesterOf, type PciAddress } from './address';
import {
    ACS_CONTROL,
    ARI_FORWARDING,
    COMMAND_MASTER,
    COMMAND_MEMORY,
    ConfigSpace,
    DEVICE_CONTROL_2,
    PCI_COMMAND,
    PCI_PRIMARY_BUS,
    PCI_SECONDARY_BUS,
    PCI_SUBORDINATE_BUS,
    PM_CSR,
    type FunctionIds,
} from './config';

export interface FunctionShape {
    readonly ids: FunctionIds;
    readonly vectors?: number;
    readonly barSize?: number;
    /** The number of the bus below, for bridges. */
    readonly secondary?: number;
    /** A bridge that can isolate the devices below it (ACS). */
    readonly acs?: boolean;
}

export class PciFunction extends JournaledRecord {
    readonly config: ConfigSpace;
    /** It is plugged in. */
    readonly present: boolean = true;
    /** The number of the bus below, as assigned by the firmware; −1: it is no bridge. */
    private readonly secondary: number;
    /** Device and function, the lower byte of its requester id. */
    private readonly slot: number;

    /**
     * @param address its address while the buses have the numbers that the firmware assigned
     * @param upstream the bridge above; null: the root complex itself
     */
    constructor(
        protected readonly journal: Journal,
        private readonly address: PciAddress,
        readonly upstream: PciFunction | null,
        shape: FunctionShape,
    ) {
        super(journal);
        this.config = new ConfigSpace(
            journal,
            shape.ids,
            shape.secondary !== undefined,
            shape.vectors ?? 0,
            shape.barSize ?? 0,
            shape.acs ?? false,
        );
        this.secondary = shape.secondary ?? -1;
        this.slot = requesterOf(address) & 0xff;
        this.numberBuses();
    }

    /** Assigns the bus numbers of the firmware. */
    private numberBuses(): void {
        if (this.secondary >= 0) {
            this.setBuses(this.address.bus, this.secondary, this.secondary);
        }
    }

    /** The state of the registers after power-on, when the firmware has numbered the buses. */
    reset(): void {
        this.config.reset();
        this.numberBuses();
    }

    get isBridge(): boolean {
        return this.secondary >= 0;
    }

    /** The bus that it is on: the secondary bus number of the bridge above. */
    get busNumber(): number {
        return this.upstream ? this.upstream.secondaryBus : this.address.bus;
    }

    get segment(): number {
        return this.address.segment;
    }

    /** Its address with the current bus numbers. */
    get place(): PciAddress {
        return { ...this.address, bus: this.busNumber };
    }

    /** Its 16-bit requester id: bus, device, function. */
    get requester(): number {
        return this.busNumber * 256 + this.slot;
    }

    get name(): string {
        return formatPciAddress(this.place);
    }

    /** Without the segment, as in some messages. */
    get bdf(): string {
        return formatBdf(this.place);
    }

    /** The number of the bus below a bridge. */
    get secondaryBus(): number {
        return this.config.read(PCI_SECONDARY_BUS, 1);
    }

    get subordinateBus(): number {
        return this.config.read(PCI_SUBORDINATE_BUS, 1);
    }

    /** Makes a bridge forward requests for the buses `secondary` to `subordinate`. */
    setBuses(primary: number, secondary: number, subordinate: number): void {
        this.config.write(PCI_PRIMARY_BUS, 1, primary);
        this.config.write(PCI_SECONDARY_BUS, 1, secondary);
        this.config.write(PCI_SUBORDINATE_BUS, 1, subordinate);
    }

    /**
     * Its bus numbers are consistent, so that requests are routed (pci_scan_bridge_extend() in drivers/pci/probe.c).
     */
    get busesFit(): boolean {
        return (
            this.config.read(PCI_PRIMARY_BUS, 1) === this.busNumber &&
            this.secondaryBus > this.busNumber &&
            this.subordinateBus >= this.secondaryBus
        );
    }

    /** The enabled bits of the ACS control register; 0 for functions without ACS. */
    get acs(): number {
        return this.config.acs ? this.config.read(ACS_CONTROL, 2) : 0;
    }

    setAcs(bits: number): void {
        if (this.config.acs) {
            this.config.write(ACS_CONTROL, 2, bits);
        }
    }

    /** A bridge that forwards requests of functions beyond the eighth (ARI). */
    get ariForwarding(): boolean {
        return this.isBridge && (this.config.read(DEVICE_CONTROL_2, 2) & ARI_FORWARDING) !== 0;
    }

    setAriForwarding(on: boolean): void {
        this.config.write(DEVICE_CONTROL_2, 2, on ? ARI_FORWARDING : 0);
    }

    /** It is unplugged, or plugged in again: then its state is that after power-on. */
    plug(present: boolean): void {
        this.reset();
        this.journal.edit<PciFunction>(this).present = present;
    }

    /** pci_enable_device(): it responds at the addresses of its BARs. */
    enable(): void {
        this.config.write(PCI_COMMAND, 2, this.config.read(PCI_COMMAND, 2) | COMMAND_MEMORY);
    }

    /** It does not respond at any address any more. */
    disable(): void {
        this.config.write(PCI_COMMAND, 2, this.config.read(PCI_COMMAND, 2) & ~COMMAND_MEMORY);
    }

    /** It is on, and responds at the addresses of its BARs. */
    get responds(): boolean {
        return this.present && this.power === 0 && (this.config.read(PCI_COMMAND, 2) & COMMAND_MEMORY) !== 0;
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

    /** True if its requests pass: it and every bridge above may master the bus, and all are in D0. */
    get reachesMemory(): boolean {
        return this.present && this.busMaster && this.power === 0 && (this.upstream?.reachesMemory ?? true);
    }

    /** The same for a request that turns at a bridge above: what is below that bridge counts. */
    reaches(bridge: PciFunction): boolean {
        return (
            this.present &&
            this.power === 0 &&
            this.busMaster &&
            (this.upstream === bridge || this.upstream === null || this.upstream.reaches(bridge))
        );
    }

    /** The bridges above, the nearest first. */
    get path(): readonly PciFunction[] {
        return this.upstream ? [this.upstream, ...this.upstream.path] : [];
    }

    hash(hasher: Hasher): void {
        hasher.num(this.requester).u32(this.present ? 1 : 0);
        this.config.hash(hasher);
    }
}
