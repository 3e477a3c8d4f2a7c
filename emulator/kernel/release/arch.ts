/**
 * The differences between the two architectures with KHO: addresses, the limit of low memory, how a handover is
 * announced to a kernel.
 */
import type { ArchName } from '../../machine/arch';
import type { Machine } from '../../machine/machine';

const MIB = 0x100000;

/**
 * What the early allocations of a kernel are made of, besides what memory and processors decide. The figures are those
 * of 7.2.13 in its smallest configuration (memblock=debug). Bytes.
 */
export interface EarlyShape {
    /** From _text to the end of brk. */
    readonly image: number;
    /** The image and the initial RAM disk are reserved as memory that the kernel needs, and so count for scratch. */
    readonly counted: boolean;
    /** Memory below 1 MiB for the code that starts processors (arch/x86/realmode/init.c); 0: none. */
    readonly trampoline: number;
    /** A processor's per-CPU area: static, reserved and dynamic part. */
    readonly perCpu: number;
    /** Per-CPU areas are cut out of blocks of this size; undefined: of pages. */
    readonly perCpuBlock: number | undefined;
    /** The table of the roots of memory sections (SPARSEMEM_EXTREME): a pointer for 256 sections of all that can be. */
    readonly sectionRoots: number;
    /** Tables of pages that a map of all memory in the largest pages takes (`blocks`), or in the smallest (`pages`). */
    readonly directMap: 'blocks' | 'pages';
    /** Levels of tables above the page of struct pages that are not there yet. */
    readonly memmapLevels: number;
    /** The unflattened device tree; 0: there is none. */
    readonly deviceTree: number;
    /** Small things behind the crash kernel and before the memory sections, by size and alignment. */
    readonly small: (machine: Machine) => readonly (readonly [number, number])[];
    /** Pages that the fixed mappings take at the end. */
    readonly fixmapTables: number;
    /** Software IOTLB also where no device needs it: 1 MiB for each GiB (CONFIG_DMA_BOUNCE_UNALIGNED_KMALLOC). */
    readonly alwaysBounces: boolean;
    /** When KFENCE gets its pool: before the page tables (and not zeroed), or last of all (and zeroed). */
    readonly kfencePool: 'first' | 'last';
}

export interface Arch {
    readonly name: ArchName;
    /**
     * ARCH_LOW_ADDRESS_LIMIT: the lowmem scratch area and the software IOTLB lie below this address. `zoneDma`:
     * CONFIG_ZONE_DMA.
     */
    readonly lowLimit: (machine: Machine, zoneDma: boolean) => number;
    /** Kernels built for it put their image anywhere in memory (CONFIG_RANDOMIZE_BASE). */
    readonly placesImage: boolean;
    /** The first MiB is special: scratch until it contains the trampoline, reserved from then on. */
    readonly firstMiB: boolean;
    /** The size of the early allocations of its kernels; see {@link EarlyShape}. */
    readonly early: EarlyShape;
    /** The addresses at which a boot loader puts the kernel's image, the initial RAM disk, and the parameters. */
    readonly kernelAddress: (machine: Machine) => number;
    readonly initrdAddress: (machine: Machine, size: number) => number;
    readonly parametersAddress: (machine: Machine) => number;
    /** `setup data` (SETUP_KEXEC_KHO after struct boot_params) or properties of /chosen in a flattened device tree. */
    readonly parameters: 'setup data' | 'device tree';
}

export const X86_64: Arch = {
    name: 'x86-64',
    lowLimit: () => 0xffffffff,
    placesImage: true,
    firstMiB: true,
    early: {
        image: 0xa0e000,
        counted: true,
        trampoline: 0x6000,
        perCpu: 0x28000,
        perCpuBlock: 2 * MIB,
        sectionRoots: MIB,
        directMap: 'blocks',
        memmapLevels: 3,
        deviceTree: 0,
        // a struct resource for each entry of the firmware's map, of which six are no memory
        small: (machine) => [
            [0x49, 64],
            [0x4b, 64],
            [64 * (machine.map.length + 6), 64],
        ],
        fixmapTables: 3,
        alwaysBounces: false,
        kfencePool: 'last',
    },
    kernelAddress: () => 16 * MIB,
    // at the top of the memory below 4 GiB
    initrdAddress: (machine, size) => {
        const low = machine.map.findLast((r) => r.start < 0x100000000);
        const end = low ? low.start + low.size : 0;
        return Math.floor((end - size) / machine.page.size) * machine.page.size;
    },
    parametersAddress: () => 0x90000,
    parameters: 'setup data',
};

const startOf = (machine: Machine): number => machine.map[0]?.start ?? 0;
const endOf = (machine: Machine): number => {
    const last = machine.map[machine.map.length - 1];
    return last ? last.start + last.size : 0;
};
const roundUp = (n: number, to: number): number => Math.ceil(n / to) * to;

export const ARM64: Arch = {
    name: 'arm64',
    /**
     * arm64_dma_phys_limit − 1 (arch/arm64/mm/init.c). Without limits of devices in the firmware's tables, this is the
     * end of memory or 4 GiB, whichever is lower, and unlimited if memory begins above 4 GiB, or if the kernel has no
     * DMA zone.
     */
    lowLimit: (machine, zoneDma) =>
        !zoneDma || startOf(machine) >= 0x100000000 ? Infinity : Math.min(0x100000000, endOf(machine)) - 1,
    // only its virtual address is random
    placesImage: false,
    firstMiB: false,
    early: {
        image: 0x650000,
        counted: false,
        trampoline: 0,
        perCpu: 0x11000,
        perCpuBlock: undefined,
        sectionRoots: 0x10000,
        directMap: 'pages',
        memmapLevels: 2,
        // of QEMU's machine
        deviceTree: 42484,
        // a struct resource for each piece of memory
        small: (machine) => [[64 * machine.map.length, 64]],
        fixmapTables: 0,
        alwaysBounces: true,
        // arm64_kfence_alloc_pool()
        kfencePool: 'first',
    },
    /**
     * Documentation/arch/arm64/booting.rst: an image is 2 MiB aligned anywhere in memory; the device tree is 8 byte
     * aligned.
     */
    kernelAddress: (machine) => roundUp(startOf(machine), 2 * MIB) + 2 * MIB,
    // as QEMU's boot loader has it: 128 MiB in, or half way up
    initrdAddress: (machine) => startOf(machine) + Math.min(roundUp(machine.ramSize / 2, 2 * MIB), 128 * MIB),
    parametersAddress: (machine) => roundUp(startOf(machine), 2 * MIB),
    parameters: 'device tree',
};

const ARCHS: Readonly<Record<ArchName, Arch>> = { 'x86-64': X86_64, arm64: ARM64 };

export function archNamed(name: ArchName): Arch {
    return ARCHS[name];
}
