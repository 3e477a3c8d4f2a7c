/**
 * Configuration space: PCI Local Bus Specification 3.0, section 6.1 (headers of type 0 and 1) and 6.8.2 (MSI-X), PCI
 * Bus Power Management Interface Specification 1.2, section 3.2, PCI Express Base Specification 5.0, sections 7.5.3
 * (function level reset; ARI forwarding in Device Control 2) and 7.7.8 (Access Control Services).
 */
import type { Hasher } from '../hash';
import type { Journal, Saveable } from '../journal';

export const PCI_VENDOR_ID = 0x00;
export const PCI_DEVICE_ID = 0x02;
export const PCI_COMMAND = 0x04;
const PCI_STATUS = 0x06;
const PCI_CLASS_REVISION = 0x08;
const PCI_HEADER_TYPE = 0x0e;
export const PCI_BASE_ADDRESS_0 = 0x10;
export const PCI_PRIMARY_BUS = 0x18;
export const PCI_SECONDARY_BUS = 0x19;
export const PCI_SUBORDINATE_BUS = 0x1a;
const PCI_CAPABILITY_LIST = 0x34;

export const COMMAND_MEMORY = 0x2;
export const COMMAND_MASTER = 0x4;

/** Offsets of the capabilities of this emulator's functions. */
const CAP_PM = 0x40;
export const PM_CSR = CAP_PM + 4;
const CAP_EXPRESS = 0x60;
const CAP_MSIX = 0x90;
export const MSIX_CONTROL = CAP_MSIX + 2;
export const MSIX_ENABLE = 0x8000;
export const MSIX_MASK_ALL = 0x4000;
const FLR_CAPABLE = 0x1000_0000;
const DEVICE_CAPABILITIES_2 = CAP_EXPRESS + 0x24;
export const DEVICE_CONTROL_2 = CAP_EXPRESS + 0x28;
/** Device Capabilities 2 and Device Control 2: the port forwards requests of functions beyond the eighth. */
export const ARI_FORWARDING = 0x20;
/** The first extended capability: Access Control Services, version 1. */
const EXT_ACS = 0x100;
export const ACS_CONTROL = EXT_ACS + 6;
/** Source validation, translation blocking, request redirect, completion redirect, upstream forwarding. */
const ACS_ALL = 0x1f;

const SIZE = 0x108;
/** COMMAND: I/O, memory, master, parity, SERR, INTx disable. */
const COMMAND_WRITABLE = 0x0547;

export interface FunctionIds {
    readonly vendor: number;
    readonly device: number;
    /** Class, subclass, programming interface. */
    readonly classCode: number;
}

/** The registers of one function, little-endian, as seen by software. */
export class ConfigSpace implements Saveable {
    epoch: number;
    private readonly bytes = new Uint8Array(SIZE);
    private readonly writable = new Uint8Array(SIZE);
    private readonly initial: Uint8Array;

    /**
     * @param vectors entries of the MSI-X table; 0: a bridge, or a function without MSI-X
     * @param barSize bytes of the memory behind BAR 0, a power of two; 0: none
     * @param acs a bridge that can isolate the devices below it
     */
    constructor(
        private readonly journal: Journal,
        ids: FunctionIds,
        readonly bridge: boolean,
        readonly vectors: number,
        barSize: number,
        readonly acs = false,
    ) {
        this.epoch = journal.epoch;
        this.put(PCI_VENDOR_ID, 2, ids.vendor);
        this.put(PCI_DEVICE_ID, 2, ids.device);
        this.put(PCI_STATUS, 2, 0x10);
        this.put(PCI_CLASS_REVISION, 4, ids.classCode * 256);
        this.put(PCI_HEADER_TYPE, 1, bridge ? 1 : 0);
        this.put(PCI_CAPABILITY_LIST, 1, CAP_PM);
        this.put(CAP_PM, 2, 0x01 | (CAP_EXPRESS << 8));
        this.put(CAP_PM + 2, 2, 3);
        this.put(CAP_EXPRESS, 2, 0x10 | ((vectors > 0 ? CAP_MSIX : 0) << 8));
        this.put(CAP_EXPRESS + 2, 2, bridge ? 0x42 : 0x02);
        this.put(CAP_EXPRESS + 4, 4, bridge ? 0 : FLR_CAPABLE);
        this.allow(PCI_COMMAND, 2, COMMAND_WRITABLE);
        this.allow(PM_CSR, 1, 3);
        if (vectors > 0) {
            this.put(CAP_MSIX, 1, 0x11);
            this.put(MSIX_CONTROL, 2, vectors - 1);
            this.allow(MSIX_CONTROL, 2, MSIX_ENABLE | MSIX_MASK_ALL);
        }
        if (bridge) {
            this.allow(PCI_PRIMARY_BUS, 1, 0xff);
            this.allow(PCI_SECONDARY_BUS, 1, 0xff);
            this.allow(PCI_SUBORDINATE_BUS, 1, 0xff);
            this.put(DEVICE_CAPABILITIES_2, 4, ARI_FORWARDING);
            this.allow(DEVICE_CONTROL_2, 2, ARI_FORWARDING);
            if (acs) {
                this.put(EXT_ACS, 4, 0x1_000d);
                this.put(EXT_ACS + 4, 2, ACS_ALL);
                this.allow(ACS_CONTROL, 2, ACS_ALL);
            }
        } else if (barSize > 0) {
            // 64-bit, prefetchable: the low bits, which software cannot write, give the size
            this.put(PCI_BASE_ADDRESS_0, 4, 0xc);
            this.allow(PCI_BASE_ADDRESS_0, 4, (2 ** 32 - barSize) >>> 0);
            this.allow(PCI_BASE_ADDRESS_0 + 4, 4, 0xffff_ffff);
        }
        this.initial = this.bytes.slice();
    }

    private put(at: number, size: number, value: number): void {
        for (let i = 0; i < size; i++) {
            this.bytes[at + i] = Math.floor(value / 256 ** i) & 0xff;
        }
    }

    private allow(at: number, size: number, mask: number): void {
        for (let i = 0; i < size; i++) {
            this.writable[at + i] = Math.floor(mask / 256 ** i) & 0xff;
        }
    }

    /** @param size 1, 2 or 4 bytes */
    read(at: number, size: number): number {
        let value = 0;
        for (let i = size - 1; i >= 0; i--) {
            value = value * 256 + (this.bytes[at + i] ?? 0xff);
        }
        return value;
    }

    /** Bits that are not writable are kept. */
    write(at: number, size: number, value: number): void {
        this.journal.touch(this);
        for (let i = 0; i < size; i++) {
            const mask = this.writable[at + i] ?? 0;
            const byte = Math.floor(value / 256 ** i) & 0xff;
            this.bytes[at + i] = ((this.bytes[at + i] ?? 0) & ~mask) | (byte & mask);
        }
    }

    /** A function level reset: values written by software are lost. */
    reset(): void {
        this.journal.touch(this);
        this.bytes.set(this.initial);
    }

    hash(hasher: Hasher): void {
        for (let i = 0; i < SIZE; i += 4) {
            hasher.u32(this.read(i, 4));
        }
    }

    save(): unknown {
        return this.bytes.slice();
    }

    load(saved: unknown): void {
        if (saved instanceof Uint8Array) {
            this.bytes.set(saved);
        }
    }
}
