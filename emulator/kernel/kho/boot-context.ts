/** What the steps of an early boot work with. */
import type { Machine } from '../../machine/machine';
import type { KernelLog } from '../klog';
import type { Memblock } from '../mm/memblock';
import type { Memmap } from '../mm/memmap';
import type { EarlyMemory } from '../release/early-memory';
import type { KhoOptions } from './env';

export interface BootDescription extends KhoOptions {
    readonly early: EarlyMemory;
}

export interface BootContext {
    readonly machine: Machine;
    readonly memmap: Memmap;
    readonly memblock: Memblock;
    readonly log: KernelLog;
    readonly description: BootDescription;
    /** Told of a handover in another format than the one that is expected. */
    readonly onIncompatible?: (expected: string) => void;
}
