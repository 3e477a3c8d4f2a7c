/** The common context of the steps of an early boot. */
import type { Machine } from '../../machine/machine';
import type { KernelLog } from '../klog';
import type { Memblock } from '../mm/memblock';
import type { Memmap } from '../mm/memmap';
import type { BounceBuffers } from '../mm/parameters';
import type { EarlyMemory } from '../release/early-memory';
import type { KhoOptions } from './env';

export interface BootDescription extends KhoOptions {
    readonly early: EarlyMemory;
    /** CONFIG_KFENCE. */
    readonly kfence: boolean;
    /** CONFIG_ZONE_DMA. */
    readonly zoneDma: boolean;
    readonly bounceBuffers: BounceBuffers;
    /** Whether no IOMMU is wanted, for which x86-64 leaves out the bounce buffers, too (no_iommu). */
    readonly iommuOff: boolean;
}

export interface BootContext {
    readonly machine: Machine;
    readonly memmap: Memmap;
    readonly memblock: Memblock;
    readonly log: KernelLog;
    readonly description: BootDescription;
    /** Bytes of the command line. */
    readonly commandLine: number;
    /** Called if the handover has another format than the expected one. */
    readonly onIncompatible?: (expected: string) => void;
}
