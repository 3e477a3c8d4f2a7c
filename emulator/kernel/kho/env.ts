/** What the KHO code needs from its kernel. */
import type { Machine } from '../../machine/machine';
import type { KernelLog } from '../klog';
import type { KfencePool } from '../mm/kfence';
import type { PageAllocator } from '../mm/buddy';
import type { Memmap } from '../mm/memmap';
import type { Arch } from '../release/arch';
import type { KhoFormat } from '../release/kho-format';

/** The configuration of a kernel, as needed by KHO. */
export interface KhoOptions {
    /** CONFIG_NUMA: without it every address is on node 0. */
    readonly numa: boolean;
    /** CONFIG_KEXEC_HANDOVER_DEBUG: preserved memory must not overlap scratch. */
    readonly debug: boolean;
    /** The format of the handover. */
    readonly format: KhoFormat;
    /** The differences between architectures. */
    readonly arch: Arch;
    /** uname -r. */
    readonly release: string;
    /** Its bugs (release/flaws.ts). */
    readonly flaws?: ReadonlySet<string>;
    /** CONFIG_DEFERRED_STRUCT_PAGE_INIT; left out: without. */
    readonly deferredInit?: boolean;
}

/**
 * The part of a kernel that exists before it is up: a boot creates it, KHO works with it, and the kernel is built on it
 * (see kernel/env.ts).
 */
export interface KhoEnv {
    readonly machine: Machine;
    readonly memmap: Memmap;
    readonly allocator: PageAllocator;
    readonly log: KernelLog;
    readonly options: KhoOptions;
    /** The pool of KFENCE, if it takes allocations of KHO (kho_bitmaps_in_kfence). */
    readonly kfence?: KfencePool | undefined;
}

/** Memory, and the page size of its users. */
export type PagedMemory = Pick<Machine, 'memory' | 'page'>;

/** A physical area, in bytes. */
export interface Area {
    readonly addr: number;
    readonly size: number;
}

/** The handover that a boot of a KHO kernel was given, after it was validated. */
export interface IncomingHandover {
    readonly fdt: number;
    readonly scratchArray: number;
    readonly scratch: readonly Area[];
}
