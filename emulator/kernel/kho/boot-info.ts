/** What a kernel is told by whoever starts it, in whichever form it lies in memory (boot-params.ts, device-tree.ts). */
import type { Arch } from '../release/arch';
import type { Area } from './env';

/** Where the handover lies. Addresses and sizes in bytes. */
export interface KhoSetupData {
    readonly fdt: number;
    readonly fdtSize: number;
    readonly scratch: number;
    readonly scratchSize: number;
}

export interface BootParams {
    /** Which kind of parameters they are. */
    readonly arch: Arch;
    readonly commandLine: string;
    readonly kernel: Area;
    readonly initrd: Area | undefined;
    readonly kho: KhoSetupData | undefined;
}
