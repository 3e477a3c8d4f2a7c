/**
 * The parameters of a kernel's command line that the emulator knows: plain data, for the kernel that reads them and for
 * code that checks, completes or explains a command line. Their effects are defined beside the code that they
 * configure; see kernel/command-line.
 */
import type { ArchName } from '../../machine/arch';

/**
 * What may follow the `=`: a boolean as parsed by kstrtobool(), a number, nothing, one word, words between commas, or a
 * special form.
 */
export type ParameterValue =
    | 'bool'
    | 'number'
    | 'none'
    | { readonly word: readonly string[] }
    | { readonly words: readonly string[] }
    | { readonly form: string };

/**
 * Which value is used if a parameter is given several times: the first or the last valid one, the lowest one, or all of
 * them in order.
 */
export type Repetition = 'first' | 'last' | 'lowest' | 'all';

/** The part of the kernel that reads a parameter. */
export type Part =
    | 'image'
    | 'kho'
    | 'luo'
    | 'memblock'
    | 'memory'
    | 'hugetlb'
    | 'iommu'
    | 'interrupts'
    | 'processors'
    | 'pci'
    | 'files'
    | 'panic';

export interface Parameter {
    readonly value: ParameterValue;
    readonly repeated: Repetition;
    /** How the kernel declares it. For an invalid value of an early or a core parameter, the kernel logs a line. */
    readonly declared: 'early_param' | 'core_param' | '__setup' | 'sysctl';
    readonly readBy: Part;
    /** The only architecture that has it; undefined: all have. */
    readonly arch?: ArchName;
    /** The configuration option that a kernel needs to have it. */
    readonly config?: 'KEXEC_HANDOVER' | 'LIVEUPDATE';
    /** One line about it. */
    readonly doc: string;
    /** The kernel source file that defines it. */
    readonly source: string;
}

/** By name, with underscores. */
export const PARAMETERS = {
    nokaslr: {
        value: 'none',
        repeated: 'all',
        declared: '__setup',
        readBy: 'image',
        doc: 'A kernel that places itself in memory stays where it was loaded.',
        source: 'arch/x86/boot/compressed/kaslr.c',
    },
    kho: {
        value: 'bool',
        repeated: 'last',
        declared: 'early_param',
        readBy: 'kho',
        config: 'KEXEC_HANDOVER',
        doc: 'Turns kexec handover on. A handover of the previous kernel is taken over even if it is off.',
        source: 'kernel/liveupdate/kexec_handover.c',
    },
    kho_scratch: {
        value: { form: 'N% or LOWMEM,GLOBAL,NODE in bytes with K, M or G' },
        repeated: 'last',
        declared: 'early_param',
        readBy: 'kho',
        config: 'KEXEC_HANDOVER',
        doc: 'The sizes of the scratch areas, or a percentage of the early reservations. Has no effect on a boot with a handover.',
        source: 'kernel/liveupdate/kexec_handover.c',
    },
    kho_bootmem: {
        value: { form: 'N% or LOWMEM,GLOBAL,NODE in bytes with K, M or G' },
        repeated: 'last',
        declared: 'early_param',
        readBy: 'kho',
        config: 'KEXEC_HANDOVER',
        doc: 'The name of kho_scratch= as queued for 7.4, which does not know the old name; other kernels do not know this one.',
        source: 'kernel/liveupdate/kexec_handover.c',
    },
    elfcorehdr: {
        value: { form: '[SIZE@]ADDRESS' },
        repeated: 'last',
        declared: 'early_param',
        readBy: 'kho',
        doc: "The address of the description of a crashed kernel's memory: makes this kernel a crash kernel.",
        source: 'kernel/crash_dump.c',
    },
    liveupdate: {
        value: 'bool',
        repeated: 'last',
        declared: 'early_param',
        readBy: 'luo',
        config: 'LIVEUPDATE',
        doc: 'Turns the Live Update Orchestrator on. It needs kexec handover.',
        source: 'kernel/liveupdate/luo_core.c',
    },
    reserve_mem: {
        value: { form: 'SIZE:ALIGN:NAME' },
        repeated: 'all',
        declared: '__setup',
        readBy: 'memblock',
        doc: 'Reserves named memory, at the same address in every kernel of a chain of kexecs with handover.',
        source: 'mm/memblock.c',
    },
    mem: {
        value: { form: 'SIZE with K, M or G' },
        repeated: 'lowest',
        declared: 'early_param',
        readBy: 'memory',
        doc: 'The kernel uses no memory from this address on (x86-64), or no more memory than this (arm64, where the last one counts).',
        source: 'arch/x86/kernel/e820.c',
    },
    memmap: {
        value: {
            form: 'exactmap, SIZE@START (memory), SIZE$START, SIZE#START or SIZE!START (not memory), or SIZE as in mem=',
        },
        repeated: 'all',
        declared: 'early_param',
        readBy: 'memory',
        arch: 'x86-64',
        doc: 'Changes the memory map of the firmware.',
        source: 'arch/x86/kernel/e820.c',
    },
    numa: {
        value: { words: ['off'] },
        repeated: 'all',
        declared: 'early_param',
        readBy: 'memory',
        doc: 'off makes all memory one node.',
        source: 'arch/x86/mm/numa.c',
    },
    cma: {
        value: { form: 'SIZE[@START[-END]]' },
        repeated: 'last',
        declared: 'early_param',
        readBy: 'memory',
        doc: 'Memory for large buffers of devices; until then only movable pages can use it. It counts for the size of scratch areas.',
        source: 'kernel/dma/contiguous.c',
    },
    crashkernel: {
        value: { form: 'SIZE[@START], FROM-TO:SIZE,…, or SIZE,high, SIZE,low, SIZE,cma' },
        repeated: 'all',
        declared: 'early_param',
        readBy: 'memory',
        doc: 'Memory for a crash kernel, taken from the kernel. It counts for the size of scratch areas.',
        source: 'kernel/crash_reserve.c',
    },
    swiotlb: {
        value: { form: '[SLOTS][,AREAS][,force|noforce]' },
        repeated: 'all',
        declared: 'early_param',
        readBy: 'memory',
        doc: 'The bounce buffers for devices that do not reach all memory: how many of 2 KiB, in how many areas, always or never. They are early memory, which counts for the size of scratch areas.',
        source: 'kernel/dma/swiotlb.c',
    },
    hugepages: {
        value: { form: 'N or NODE:N,…' },
        repeated: 'all',
        declared: 'early_param',
        readBy: 'hugetlb',
        doc: 'The number of huge pages of the size given before it, or else of the default size.',
        source: 'mm/hugetlb.c',
    },
    hugepagesz: {
        value: { form: 'SIZE with K, M or G' },
        repeated: 'all',
        declared: 'early_param',
        readBy: 'hugetlb',
        doc: 'The size of huge pages for the next hugepages=; each size once.',
        source: 'mm/hugetlb.c',
    },
    default_hugepagesz: {
        value: { form: 'SIZE with K, M or G' },
        repeated: 'first',
        declared: 'early_param',
        readBy: 'hugetlb',
        doc: 'The default size of huge pages.',
        source: 'mm/hugetlb.c',
    },
    iommu: {
        value: { words: ['off', 'pt', 'nopt'] },
        repeated: 'all',
        declared: 'early_param',
        readBy: 'iommu',
        arch: 'x86-64',
        doc: 'off leaves the IOMMU off, pt gives devices identity domains, nopt translated ones.',
        source: 'arch/x86/kernel/pci-dma.c',
    },
    'iommu.passthrough': {
        value: 'bool',
        repeated: 'last',
        declared: 'early_param',
        readBy: 'iommu',
        doc: 'Gives devices identity domains.',
        source: 'drivers/iommu/iommu.c',
    },
    'vfio.enable_unsafe_noiommu_mode': {
        value: 'bool',
        repeated: 'last',
        declared: 'core_param',
        readBy: 'pci',
        doc: 'vfio-pci also takes devices without an IOMMU, which then reach all of memory.',
        source: 'drivers/vfio/vfio_main.c',
    },
    intel_iommu: {
        value: { words: ['on', 'off'] },
        repeated: 'all',
        declared: '__setup',
        readBy: 'iommu',
        arch: 'x86-64',
        doc: 'off leaves VT-d off.',
        source: 'drivers/iommu/intel/iommu.c',
    },
    amd_iommu: {
        value: { words: ['off'] },
        repeated: 'all',
        declared: '__setup',
        readBy: 'iommu',
        arch: 'x86-64',
        doc: 'off leaves AMD-Vi off.',
        source: 'drivers/iommu/amd/init.c',
    },
    intremap: {
        value: { words: ['on', 'off', 'nopost'] },
        repeated: 'all',
        declared: 'early_param',
        readBy: 'interrupts',
        arch: 'x86-64',
        doc: 'off leaves interrupt remapping off, nopost remaps interrupts but posts none to guests.',
        source: 'drivers/iommu/irq_remapping.c',
    },
    nointremap: {
        value: 'none',
        repeated: 'all',
        declared: 'early_param',
        readBy: 'interrupts',
        arch: 'x86-64',
        doc: 'Leaves interrupt remapping off.',
        source: 'drivers/iommu/irq_remapping.c',
    },
    'irqchip.gicv3_nolpi': {
        value: 'bool',
        repeated: 'last',
        declared: 'early_param',
        readBy: 'interrupts',
        arch: 'arm64',
        doc: 'The kernel uses no message interrupts (LPIs) of the GICv3, so that no device gets interrupts, and does not touch their tables.',
        source: 'drivers/irqchip/irq-gic-v3.c',
    },
    nr_cpus: {
        value: 'number',
        repeated: 'lowest',
        declared: 'early_param',
        readBy: 'processors',
        doc: 'The maximum number of processors.',
        source: 'kernel/smp.c',
    },
    maxcpus: {
        value: 'number',
        repeated: 'last',
        declared: 'early_param',
        readBy: 'processors',
        doc: 'The number of processors that are brought up at boot; 0 means one.',
        source: 'kernel/smp.c',
    },
    pci: {
        value: { words: ['assign-busses'] },
        repeated: 'all',
        declared: 'early_param',
        readBy: 'pci',
        doc: 'assign-busses renumbers all buses.',
        source: 'drivers/pci/pci.c',
    },
    transparent_hugepage_shmem: {
        value: { word: ['never', 'always', 'within_size', 'advise', 'deny', 'force'] },
        repeated: 'last',
        declared: '__setup',
        readBy: 'files',
        doc: 'always and force give memfds folios of 2 MiB if possible.',
        source: 'mm/shmem.c',
    },
    panic: {
        value: 'number',
        repeated: 'last',
        declared: 'core_param',
        readBy: 'panic',
        doc: 'The number of seconds after which a kernel that has panicked restarts the machine; less than 0: at once.',
        source: 'kernel/panic.c',
    },
    panic_on_warn: {
        value: 'number',
        repeated: 'last',
        declared: 'core_param',
        readBy: 'panic',
        doc: 'Not 0: a warning (WARN()) is a panic.',
        source: 'kernel/panic.c',
    },
    oops: {
        value: { word: ['panic'] },
        repeated: 'all',
        declared: 'early_param',
        readBy: 'panic',
        doc: 'panic makes every oops a panic.',
        source: 'kernel/panic.c',
    },
    'sysctl.vm.memfd_noexec': {
        value: { word: ['0', '1', '2'] },
        repeated: 'last',
        declared: 'sysctl',
        readBy: 'files',
        doc: 'The default of memfd_create() without MFD_EXEC and MFD_NOEXEC_SEAL: 0 is executable, 1 and 2 are MFD_NOEXEC_SEAL; 2 also refuses MFD_EXEC.',
        source: 'kernel/pid_namespace.c',
    },
} as const satisfies Readonly<Record<string, Parameter>>;

export type ParameterName = keyof typeof PARAMETERS;

/** The names of the parameters that a part of the kernel reads. */
export type ParametersOf<P extends Part> = {
    [N in ParameterName]: (typeof PARAMETERS)[N]['readBy'] extends P ? N : never;
}[ParameterName];

/** The parameter of a name as given on a command line; undefined: this emulator does not know it. */
export function parameterNamed(given: string): ParameterName | undefined {
    // parameq() treats a hyphen like an underscore; a sysctl is a path under /proc/sys, with dots or slashes
    const name = /^sysctl[./]/.test(given) ? given.replaceAll('/', '.') : given.replaceAll('-', '_');
    return isParameter(name) ? name : undefined;
}

function isParameter(name: string): name is ParameterName {
    return Object.hasOwn(PARAMETERS, name);
}
