/** The firmware of a machine: what it remembers for kernels that are started by kexec. */
import type { Hasher } from './hash';
import { type Journal, JournaledList } from './journal';

/** `none`: a boot loader starts the first kernel with a device tree, as `qemu-system-aarch64 -kernel` does. */
export type FirmwareKind = 'uefi' | 'none';

export interface ReservedRange {
    readonly addr: number;
    readonly size: number;
    /** What is in it, for observers. */
    readonly owner: string;
}

export class Firmware {
    /**
     * Memory that a kernel has reserved for all kernels after it (LINUX_EFI_MEMRESERVE_TABLE of UEFI,
     * drivers/firmware/efi/efi.c). Bytes.
     */
    readonly reserved: JournaledList<ReservedRange>;

    constructor(
        journal: Journal,
        readonly kind: FirmwareKind,
    ) {
        this.reserved = new JournaledList(journal);
    }

    /** The machine is switched on. */
    powerOn(): void {
        this.reserved.clear();
    }

    hash(hasher: Hasher): void {
        for (const { addr, size } of this.reserved) {
            hasher.num(addr).num(size);
        }
    }
}
