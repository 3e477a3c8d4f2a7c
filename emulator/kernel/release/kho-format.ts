/**
 * The format in which a release's KHO hands over: the values in which the releases differ (kernel/kexec_handover.c up
 * to 6.18, kernel/liveupdate/kexec_handover.c since). Two kernels understand each other if `compatible` is the same
 * string; nothing else is compared, so formats that share a string but differ are misread.
 */
import type { PageGeometry } from '../../machine/arch';

/** Preserved memory as bits in bitmaps that are listed in chunks when the handover is finalized; 6.16 to 7.0. */
export interface BitmapTracking {
    /**
     * Bytes of a bitmap (PRESERVE_BITS / 8): 512 from the slab allocator at first, a separate page since late in the
     * 6.18 cycle.
     */
    readonly bitmapBytes: 512 | 'page';
}

/**
 * Who finalizes the handover: `never`, because it is always complete (from 7.1 on); user space through debugfs, which
 * calls a chain of notifiers (6.16 to 6.18); the reboot system call (6.19, 7.0); LUO's PREPARE event (the series before
 * the merge).
 */
export type Finalize = 'never' | 'debugfs' | 'reboot' | 'prepare';

export interface KhoFormat {
    /** `compatible` of the root FDT. */
    readonly compatible: string;
    readonly tracking: 'radix' | BitmapTracking;
    readonly finalize: Finalize;
    /** The property of a subtree with the address of its blob. */
    readonly dataProperty: string;
    /** The property with the blob's length; undefined: the length is not handed over, a blob is one page. */
    readonly sizeProperty: string | undefined;
    /** The subtree `kexec-metadata` is written and read. */
    readonly metadata: boolean;
    /** Areas of vmalloc can be preserved. */
    readonly vmalloc: boolean;
    /**
     * page->private of a preserved page has a magic number besides the order, so that restoring other memory is
     * detected.
     */
    readonly magic: boolean;
    /** Blocks larger than the page allocator's largest (MAX_PAGE_ORDER) are restored, too. */
    readonly restoresAnyOrder: boolean;
    /** Page ranges are divided where memory of another node begins. */
    readonly splitsAtNodes: boolean;
    /** The parameter that sizes scratch areas. */
    readonly scratchParameter: 'kho_scratch' | 'kho_bootmem';
    /** Each of its three sizes may be 0. */
    readonly zeroScratchSizes: boolean;
    /** It can be built with CONFIG_DEFERRED_STRUCT_PAGE_INIT. */
    readonly deferredInit: boolean;
    /** Early allocations can use any whole GiB without preserved memory, besides scratch. */
    readonly extendsScratch: boolean;
    /** A crash kernel does not use KHO, whatever its command line says. */
    readonly offInCrashKernel: boolean;
    /** Boot-time allocations of huge pages count for the size of scratch, and can come out of scratch. */
    readonly hugetlbCounts: boolean;
    /** Every online node gets a scratch area, even one without memory, where the allocation fails. */
    readonly scratchOnEmptyNodes: boolean;
}

/** Bytes of the bitmaps that track preserved memory. */
export function bitmapBytes({ bitmapBytes: bytes }: BitmapTracking, page: PageGeometry): number {
    return bytes === 'page' ? page.size : bytes;
}

/** 7.2. */
export const KHO_V4: KhoFormat = {
    compatible: 'kho-v4',
    tracking: 'radix',
    finalize: 'never',
    dataProperty: 'preserved-data',
    sizeProperty: 'blob-size',
    metadata: true,
    vmalloc: true,
    magic: true,
    restoresAnyOrder: true,
    splitsAtNodes: true,
    scratchParameter: 'kho_scratch',
    zeroScratchSizes: true,
    deferredInit: true,
    extendsScratch: false,
    offInCrashKernel: false,
    hugetlbCounts: true,
    scratchOnEmptyNodes: false,
};

/** 7.3: the same format, read by a kernel that needs less scratch. */
export const KHO_V4_EXTENDED: KhoFormat = {
    ...KHO_V4,
    extendsScratch: true,
    offInCrashKernel: true,
    hugetlbCounts: false,
};

/** Queued for 7.4: scratch is called boot memory. */
export const KHO_V4_BOOTMEM: KhoFormat = { ...KHO_V4_EXTENDED, scratchParameter: 'kho_bootmem' };

/**
 * 7.1. Inferred from mails and from 7.2: its source was not read. Tree and vmalloc chunks are assumed to be those of
 * v4.
 */
export const KHO_V3: KhoFormat = {
    ...KHO_V4,
    compatible: 'kho-v3',
    restoresAnyOrder: false,
    splitsAtNodes: false,
};

/** 7.0. */
export const KHO_V1: KhoFormat = {
    ...KHO_V3,
    compatible: 'kho-v1',
    tracking: { bitmapBytes: 'page' },
    finalize: 'reboot',
    dataProperty: 'fdt',
    sizeProperty: undefined,
    metadata: false,
};

/** 6.19: inferred to be that of 7.0 without the fix for nodes without memory. */
export const KHO_V1_6_19: KhoFormat = { ...KHO_V1, scratchOnEmptyNodes: true, deferredInit: false };

/** 6.18: user space finalizes, as before; bitmaps, magic and vmalloc are those of what came after. Inferred. */
export const KHO_V1_6_18: KhoFormat = { ...KHO_V1_6_19, finalize: 'debugfs' };

/** 6.17: the same string as 7.0, but bitmaps of 512 bytes, and no magic. */
export const KHO_V1_6_17: KhoFormat = {
    ...KHO_V1_6_18,
    tracking: { bitmapBytes: 512 },
    vmalloc: false,
    magic: false,
    zeroScratchSizes: false,
};

/** 6.16: it does not yet exclude struct pages that are initialized late. */
export const KHO_V1_FIRST: KhoFormat = { ...KHO_V1_6_17, deferredInit: true };

/** Finalizing builds the FDT: it does not exist before, and nothing can be preserved after it. */
export function buildsFdtWhenFinalized(format: KhoFormat): boolean {
    return format.finalize === 'debugfs' || format.finalize === 'prepare';
}
