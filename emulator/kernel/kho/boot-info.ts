/**
 * The information that a kernel gets at its start, independent of its form in memory (boot-params.ts, device-tree.ts).
 */
import type { Arch } from '../release/arch';
import type { Area } from './env';

/** The location of the handover. Addresses and sizes in bytes. */
export interface KhoSetupData {
    readonly fdt: number;
    readonly fdtSize: number;
    readonly scratch: number;
    readonly scratchSize: number;
}

export interface BootParams {
    /** The kind of its parameters. */
    readonly arch: Arch;
    readonly commandLine: string;
    readonly kernel: Area;
    readonly initrd: Area | undefined;
    readonly kho: KhoSetupData | undefined;
    /** The memory that it may use, ascending: that of a capture kernel. Undefined: all of the machine's. Bytes. */
    readonly usable?: readonly Area[] | undefined;
}
