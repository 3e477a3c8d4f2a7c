/** What the KHO code of a kernel needs of that kernel. */
import type { Machine } from '../../machine/machine';
import type { KernelLog } from '../klog';
import type { PageAllocator } from '../mm/buddy';
import type { Memmap } from '../mm/memmap';
import type { Arch } from '../release/arch';
import type { KhoFormat } from '../release/kho-format';

/** How a kernel is configured, as far as KHO asks. */
export interface KhoOptions {
    /** CONFIG_NUMA: without it every address is on node 0. */
    readonly numa: boolean;
    /** CONFIG_KEXEC_HANDOVER_DEBUG: what is preserved must not touch scratch. */
    readonly debug: boolean;
    /** What is handed over, and how. */
    readonly format: KhoFormat;
    /** What the architecture has to say about it. */
    readonly arch: Arch;
    /** uname -r. */
    readonly release: string;
    /** Its mistakes (release/flaws.ts). */
    readonly flaws?: ReadonlySet<string>;
    /** CONFIG_DEFERRED_STRUCT_PAGE_INIT; left out: without. */
    readonly deferredInit?: boolean;
}

/**
 * What there is of a kernel before it is up: a boot makes it, KHO works with it, and the kernel is built on it (see
 * kernel/env.ts).
 */
export interface KhoEnv {
    readonly machine: Machine;
    readonly memmap: Memmap;
    readonly allocator: PageAllocator;
    readonly log: KernelLog;
    readonly options: KhoOptions;
}

/** Memory, and how large the pages are of those who use it. */
export type PagedMemory = Pick<Machine, 'memory' | 'page'>;

/** A physical area, in bytes. */
export interface Area {
    readonly addr: number;
    readonly size: number;
}

/** What a boot of a KHO kernel was given, once it has been found good. */
export interface IncomingHandover {
    readonly fdt: number;
    readonly scratchArray: number;
    readonly scratch: readonly Area[];
}
