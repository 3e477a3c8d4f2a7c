/**
 * The differences between kernels, as values that code reads. One description per release and configuration; a
 * scenario's `kernel` declarations change some of it and add handlers and code. Sentences in `inferred` were deduced
 * from mails, commits and neighbouring releases; everything else was read in the source of the release.
 */

import type { CostChanges } from '../../machine/costs';
import { X86_64, type Arch } from './arch';
import { DEFAULT_EARLY_MEMORY, type EarlyMemory } from './early-memory';
import { KHO_V1, KHO_V1_6_19, KHO_V1_FIRST, KHO_V3, KHO_V4, KHO_V4_EXTENDED, type KhoFormat } from './kho-format';
import { NO_FLAWS } from './flaws';
import { type Library, NO_LAYERS } from './layers';
import { IOCTLS_6_19, IOCTLS_7_2, IOCTLS_V4, type IoctlTable } from './luo-ioctls';

const MIB = 0x100000;

/** The files that a library has instead of a layer's own code; see {@link withLayers}. */
const NO_LAYER_FILES: Library = [
    'hugetlb-none',
    'lookup-none',
    'pci-none',
    'vfio-none',
    'iommu-none',
    'interrupts-none',
];

export const LIBRARY_7_2: Library = ['kernel', 'luo-abi', 'luo-calls', 'luo-flb', 'luo', 'memfd', ...NO_LAYER_FILES];
const LIBRARY_7_1: Library = [
    'kernel',
    'luo-abi',
    'luo-calls',
    'luo-flb',
    'luo-fdt',
    'luo-flb-fdt',
    'release-7.1',
    'memfd',
    ...NO_LAYER_FILES,
];
const LIBRARY_7_0: Library = [
    'kernel',
    'luo-abi',
    'luo-calls',
    'luo-flb',
    'luo-fdt',
    'luo-flb-fdt',
    'release-7.0',
    'memfd-v1',
    ...NO_LAYER_FILES,
];
const LIBRARY_6_19: Library = [
    'kernel',
    'luo-abi',
    'luo-calls',
    'luo-no-flb',
    'luo-fdt',
    'release-6.19',
    'memfd-v1',
    ...NO_LAYER_FILES,
];
/** Without LUO. */
export const LIBRARY_6_17: Library = ['kernel', 'luo-calls', 'luo-no-flb', 'luo-none', ...NO_LAYER_FILES];
const LIBRARY_LUO_V4: Library = ['kernel', 'luo-v4-calls', 'luo-v4', 'memfd-draft', ...NO_LAYER_FILES];

/** The Live Update Orchestrator of a release. */
export interface LuoDescription {
    /** The string that identifies its state to the next kernel. */
    readonly compatible: string;
    /**
     * Nodes of its device tree that the next kernel needs, with their own strings; none since 7.2, where it is a
     * struct.
     */
    readonly nodes: ReadonlyMap<string, string>;
    /** The ioctls, and the checks before them. */
    readonly ioctls: IoctlTable;
    /** A kexec that is to return (KEXEC_PRESERVE_CONTEXT) calls LUO too (up to 7.1, before commit 5eff62b051fb). */
    readonly askedForJumps: boolean;
    /** The name of the lock that a reboot takes; undefined: the serialize lock, or none. */
    readonly lock?: string;
}

export interface KernelDescription {
    /** Its name in scenarios. */
    readonly name: string;
    /** One line about it. */
    readonly summary: string;
    /** uname -r */
    readonly release: string;
    /** What is inferred rather than read, one sentence each. */
    readonly inferred: readonly string[];
    /** The format in which its KHO hands over. */
    readonly kho: KhoFormat;
    /** Undefined: the kernel has none. */
    readonly luo: LuoDescription | undefined;
    /** The code of its LUO core, its shipped handlers, and its boot and shutdown. */
    readonly library: Library;
    /** The architecture it is built for; undefined: that of the machine. */
    readonly arch: Arch | undefined;
    /** The proposed layers in it, by name; none in a released kernel. */
    readonly layers: ReadonlySet<string>;
    /** Its deliberate bugs, by name. */
    readonly flaws: ReadonlySet<string>;
    /**
     * With the layer iommu: 1 if an iommufd can be preserved but not retrieved, as in the beginning of the series; 2 if
     * it can.
     */
    readonly iommufdPhase: number;
    /** Compiled in or given by the boot loader; followed by what the scenario adds. */
    readonly cmdline: string;
    /** CONFIG_NUMA */
    readonly numa: boolean;
    /** CONFIG_KEXEC_HANDOVER; without it there is no LUO either. */
    readonly khoBuilt: boolean;
    /** CONFIG_KEXEC_HANDOVER_DEBUG: preserved memory must not overlap scratch. */
    readonly khoDebug: boolean;
    /** Handlers of the standard library that it registers, in order. */
    readonly handlers: readonly string[];
    /** Its allocations before its page allocator runs. */
    readonly early: EarlyMemory;
    /** CONFIG_ZONE_DMA: on arm64 it keeps memory below 4 GiB apart, where there is any. */
    readonly zoneDma: boolean;
    /** CONFIG_RANDOMIZE_BASE: on x86-64 its image goes to a place in memory that the seed of the run decides. */
    readonly kaslr: boolean;
    /** Bytes of the initial RAM disk. */
    readonly initrdSize: number;
    /**
     * What the layer `vfio` does to a preserved device: `reset` in the first phase of its series, `keep` from the
     * second on.
     */
    readonly vfioPhase: 'reset' | 'keep';
    /** Its IOMMU driver turns translation off at shutdown. */
    readonly iommuShutdown: boolean;
    /** Bytes of page cache that its user space has filled at the end of the boot. */
    readonly pageCache: number;
    /** Costs that differ from the table of costs. */
    readonly costs: CostChanges;
}

const v72: KernelDescription = {
    name: '7.2',
    summary: 'Linux 7.2, with kho=on liveupdate=on',
    release: '7.2.13',
    inferred: [],
    kho: KHO_V4,
    luo: { compatible: 'luo-v5', nodes: new Map(), ioctls: IOCTLS_7_2, askedForJumps: false },
    library: LIBRARY_7_2,
    layers: NO_LAYERS,
    flaws: NO_FLAWS,
    iommufdPhase: 2,
    arch: undefined,
    cmdline: 'console=ttyS0 kho=on liveupdate=on',
    numa: true,
    khoBuilt: true,
    khoDebug: true,
    handlers: ['memfd'],
    early: DEFAULT_EARLY_MEMORY,
    zoneDma: true,
    kaslr: false,
    initrdSize: 4 * MIB,
    vfioPhase: 'reset',
    iommuShutdown: true,
    pageCache: 32 * MIB,
    costs: {},
};

/** The kernel that the recordings were made with: one node without CONFIG_NUMA. */
const v72Uma: KernelDescription = {
    ...v72,
    name: '7.2-uma',
    summary: 'Linux 7.2.13 without CONFIG_NUMA, as the recordings of a real kernel were made with',
    arch: X86_64,
    numa: false,
    pageCache: 8 * MIB,
    initrdSize: 0x2b5000,
};

/** Live update is the same in 7.3 as in 7.2, except for early allocations and crash kernels. */
const v73: KernelDescription = {
    ...v72,
    name: '7.3',
    summary: 'Linux 7.3, with kho=on liveupdate=on',
    release: '7.3.4',
    kho: KHO_V4_EXTENDED,
};
const v73Uma: KernelDescription = {
    ...v72Uma,
    name: '7.3-uma',
    summary: 'Linux 7.3.4 without CONFIG_NUMA, as the recordings of a real kernel were made with',
    release: '7.3.4',
    kho: KHO_V4_EXTENDED,
};

/** KHO without finalizing, LUO still on a device tree. */
const v71: KernelDescription = {
    ...v72,
    name: '7.1',
    summary: 'Linux 7.1: stateless KHO (kho-v3), LUO on a device tree, memfd-v2',
    release: '7.1.0',
    inferred: [
        'All of 7.1: its source was not read. The strings kho-v3, luo-v1 and memfd-v2 come from its development cycle.',
        'That a file cannot be preserved twice (get_id): its stable releases have this, and 7.1.0 is assumed to have it.',
        'That the ioctls of a session do not check its kind, and that names are not checked, as in 7.0.',
    ],
    kho: KHO_V3,
    luo: {
        compatible: 'luo-v1',
        nodes: new Map([
            ['luo-session', 'luo-session-v2'],
            ['luo-flb', 'luo-flb-v1'],
        ]),
        ioctls: IOCTLS_6_19,
        askedForJumps: true,
    },
    library: LIBRARY_7_1,
};

const v70: KernelDescription = {
    ...v71,
    name: '7.0',
    summary: 'Linux 7.0: KHO finalized by the reboot (kho-v1), LUO on a device tree with FLBs, memfd-v1',
    release: '7.0.0',
    inferred: [
        'The result of get_incoming() of an FLB whose last file was finished.',
        'That a device tree without FLBs, as handed over by 6.19, is fatal.',
    ],
    kho: KHO_V1,
    library: LIBRARY_7_0,
};

const v619: KernelDescription = {
    ...v70,
    name: '6.19',
    summary: 'Linux 6.19: the first release with LUO: no FLBs, a failed retrieve can be tried again',
    release: '6.19.0',
    inferred: [
        "No tree of 6.19 was read: it is 7.0 without what is known to have come later (FLBs, the sticky retrieve status, the fix of memfd's flags).",
        'Its KHO is assumed to be that of 7.0, except for nodes without memory.',
    ],
    kho: KHO_V1_6_19,
    luo: {
        compatible: 'luo-v1',
        nodes: new Map([['luo-session', 'luo-session-v2']]),
        ioctls: IOCTLS_6_19,
        askedForJumps: true,
    },
    library: LIBRARY_6_19,
};

const v617: KernelDescription = {
    ...v619,
    name: '6.17',
    summary: 'Linux 6.17: KHO finalized through debugfs, no LUO',
    release: '6.17.0',
    inferred: ["The contents of the FDT's page before the handover is finalized."],
    kho: KHO_V1_FIRST,
    luo: undefined,
    library: LIBRARY_6_17,
    khoDebug: false,
    cmdline: 'console=ttyS0 kho=on',
    handlers: [],
};

const luoV4: KernelDescription = {
    ...v617,
    name: 'luo-v4',
    summary:
        'The series of September 2025 (v4), before LUO was merged: PREPARE, FREEZE, FINISH, CANCEL, subsystems, events a session',
    release: '6.17.0-rc7-luo-v4',
    inferred: [
        'The source of the series was not read: states, events, errors and interfaces are from its description; the names in its device tree were chosen by this emulator.',
        'KHO is that of 6.17, except for who finalizes it.',
    ],
    kho: { ...KHO_V1_FIRST, finalize: 'prepare' },
    luo: {
        compatible: 'luo-v1',
        nodes: new Map([['luo-session', 'luo-session-v1']]),
        ioctls: IOCTLS_V4,
        askedForJumps: true,
        lock: 'luo_state_rwsem',
    },
    library: LIBRARY_LUO_V4,
    cmdline: 'console=ttyS0 kho=on liveupdate=on',
    handlers: ['memfd'],
};

export const DESCRIPTIONS: ReadonlyMap<string, KernelDescription> = new Map(
    [v617, v619, v70, v71, v72, v73, v72Uma, v73Uma, luoV4].map((d) => [d.name, d]),
);

/** The default kernel of a scenario. */
export const DEFAULT_KERNEL = '7.2';
