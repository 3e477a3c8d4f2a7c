/**
 * The differences between kernels, as values that code reads. One description per release and configuration; a
 * scenario's `kernel` declarations change some of it and add handlers and code. Sentences in `inferred` were deduced
 * from mails, commits and neighbouring releases; everything else was read in the source of the release.
 */

import type { CostChanges } from '../../machine/costs';
import { X86_64, type Arch } from './arch';
import { DEFAULT_EARLY_MEMORY, type EarlyMemory } from './early-memory';
import {
    KHO_V1,
    KHO_V1_6_17,
    KHO_V1_6_18,
    KHO_V1_6_19,
    KHO_V1_FIRST,
    KHO_V3,
    KHO_V4,
    KHO_V4_BOOTMEM,
    KHO_V4_EXTENDED,
    type KhoFormat,
} from './kho-format';
import type { BuildOption } from './known-bug';
import { flawsOf } from './known-bugs';
import { layersOf, type Library, NO_LAYERS, withLayers } from './layers';
import { IOCTLS_6_19, IOCTLS_7_2, IOCTLS_V4, type IoctlTable } from './luo-ioctls';
import { compareVersions, parseVersion, seriesOf, type Version } from './version';

const MIB = 0x100000;

/** The files that a library has instead of a layer's own code; see {@link withLayers}. */
const NO_LAYER_FILES: Library = [
    'hugetlb-none',
    'lookup-none',
    'pci-none',
    'vfio-none',
    'iommu-none',
    'interrupts-none',
    'device-pm-none',
    'kstate-none',
    'session-freeze-none',
    'tee-none',
    'cpu-preserve-none',
];

export const LIBRARY_7_2: Library = [
    'kernel',
    'luo-abi',
    'luo-calls',
    'luo-flb',
    'luo-ser',
    'luo',
    'memfd-folios',
    'memfd',
    ...NO_LAYER_FILES,
];
const LIBRARY_7_1: Library = [
    'kernel',
    'luo-abi',
    'luo-calls',
    'luo-flb',
    'luo-fdt',
    'luo-flb-fdt',
    'memfd-folios',
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
    'memfd-folios',
    'memfd-v1',
    ...NO_LAYER_FILES,
];
const LIBRARY_6_19: Library = [
    'kernel',
    'luo-abi',
    'luo-calls',
    'luo-no-flb',
    'luo-fdt',
    'memfd-folios',
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
    /** The name of the lock that a reboot takes; undefined: the serialize lock, or none. */
    readonly lock?: string;
}

/** What a kernel does with a feature of memfds that is newer than the others: nothing, or the steps of adding it. */
export type MemfdFeature = 'off' | 'supported' | 'optional' | 'required';

export interface KernelDescription {
    /** Its name in scenarios. */
    readonly name: string;
    /** One line about it. */
    readonly summary: string;
    /** uname -r */
    readonly release: string;
    /** The version of Linux, which determines its bugs. */
    readonly version: Version;
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
    /** Its bugs, by name: those of its version, and those that a scenario gave to it. */
    readonly flaws: ReadonlySet<string>;
    /** What it is built with that its mistakes depend on. */
    readonly options: ReadonlySet<BuildOption>;
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
    /**
     * What the layer `vfio` does with a preserved device that no process retrieves: its session cannot be finished, as
     * posted; or one of two proposals, to hold the device until the next update or to reset it and give it back.
     */
    readonly vfioUnclaimed: 'refuse' | 'hold' | 'reset';
    /** The version of its drivers that save the state of devices: 1 to 3. */
    readonly nicDriver: number;
    /** What it does with the feature `name` of memfds (layer `feature_flags`). */
    readonly memfdFeature: MemfdFeature;
    /** A format inside KHO or LUO that it has in another version: `block-v2`. Empty: none. */
    readonly innerFormat: string;
    /** Its IOMMU driver turns translation off at shutdown. */
    readonly iommuShutdown: boolean;
    /** Bytes of page cache that its user space has filled at the end of the boot. */
    readonly pageCache: number;
    /** Costs that differ from the table of costs. */
    readonly costs: CostChanges;
}

const NO_OPTIONS: ReadonlySet<BuildOption> = new Set();

/** @throws RangeError if the text is not a version */
function versionOf(text: string): Version {
    const version = parseVersion(text);
    if (!version) {
        throw new RangeError(`${text} is not a version`);
    }
    return version;
}

/** What follows from a version of Linux: its name in `uname -r`, and its bugs. */
function ofVersion(text: string): Pick<KernelDescription, 'release' | 'version' | 'flaws'> {
    const version = versionOf(text);
    const { major, minor, candidate, stable } = version;
    return {
        release: `${major}.${minor}.${stable}${candidate === undefined ? '' : `-rc${candidate}`}`,
        version,
        flaws: flawsOf(version, NO_OPTIONS),
    };
}

const v72: KernelDescription = {
    name: '7.2',
    summary: 'Linux 7.2.13, with kho=on liveupdate=on',
    ...ofVersion('7.2.13'),
    inferred: [],
    kho: KHO_V4,
    luo: { compatible: 'luo-v5', nodes: new Map(), ioctls: IOCTLS_7_2 },
    library: LIBRARY_7_2,
    layers: NO_LAYERS,
    options: NO_OPTIONS,
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
    vfioUnclaimed: 'refuse',
    nicDriver: 1,
    memfdFeature: 'off',
    innerFormat: '',
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
    summary: 'Linux 7.3.4, with kho=on liveupdate=on',
    ...ofVersion('7.3.4'),
    kho: KHO_V4_EXTENDED,
};
const v73Uma: KernelDescription = {
    ...v72Uma,
    name: '7.3-uma',
    summary: 'Linux 7.3.4 without CONFIG_NUMA, as the recordings of a real kernel were made with',
    ...ofVersion('7.3.4'),
    kho: KHO_V4_EXTENDED,
};

const QUEUED_FOR_7_4 = layersOf(['lookup', 'pci']);

/** What lies in linux-next between September and November 2026. */
const v74: KernelDescription = {
    ...v73,
    name: '7.4',
    summary: 'What is queued for Linux 7.4: 7.3 with the layers lookup and pci, and kho_scratch= under another name',
    ...ofVersion('7.4-rc1'),
    inferred: [
        'All of 7.4: it is as queued in November 2026, not released.',
        'That 7.4 does not accept the old name, kho_scratch=.',
    ],
    kho: KHO_V4_BOOTMEM,
    layers: new Set(QUEUED_FOR_7_4.map((l) => l.name)),
    library: withLayers(LIBRARY_7_2, QUEUED_FOR_7_4),
};

/** KHO without finalizing, LUO still on a device tree. */
const v71: KernelDescription = {
    ...v72,
    name: '7.1',
    summary: 'Linux 7.1: stateless KHO (kho-v3), LUO on a device tree, memfd-v2',
    ...ofVersion('7.1'),
    inferred: [
        'All of 7.1: its source was not read. The strings kho-v3, luo-v1 and memfd-v2 come from its development cycle.',
        'That its stable releases differ from it only by fixes whose numbers are known.',
    ],
    kho: KHO_V3,
    luo: {
        compatible: 'luo-v1',
        nodes: new Map([
            ['luo-session', 'luo-session-v2'],
            ['luo-flb', 'luo-flb-v1'],
        ]),
        ioctls: IOCTLS_6_19,
    },
    library: LIBRARY_7_1,
};

const v70: KernelDescription = {
    ...v71,
    name: '7.0',
    summary: 'Linux 7.0: KHO finalized by the reboot (kho-v1), LUO on a device tree with FLBs, memfd-v1',
    ...ofVersion('7.0'),
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
    ...ofVersion('6.19'),
    inferred: [
        'The source of 6.19 was not read: it is 7.0 without FLBs and with the known bugs of 6.19.',
        'Its KHO is assumed to be that of 7.0, except for nodes without memory.',
    ],
    kho: KHO_V1_6_19,
    luo: {
        compatible: 'luo-v1',
        nodes: new Map([['luo-session', 'luo-session-v2']]),
        ioctls: IOCTLS_6_19,
    },
    library: LIBRARY_6_19,
};

const v618: KernelDescription = {
    ...v619,
    name: '6.18',
    summary: 'Linux 6.18: KHO finalized through debugfs, bitmaps of one page each, vmalloc; no LUO',
    ...ofVersion('6.18'),
    inferred: [
        'The source of 6.18 was not read: it is 6.17 with what is known to have been added by then (bitmaps of one page each, marks with a magic number, vmalloc).',
    ],
    kho: KHO_V1_6_18,
    luo: undefined,
    library: LIBRARY_6_17,
    khoDebug: false,
    cmdline: 'console=ttyS0 kho=on',
    handlers: [],
};

const v617: KernelDescription = {
    ...v618,
    name: '6.17',
    summary: 'Linux 6.17: KHO finalized through debugfs, no LUO',
    ...ofVersion('6.17'),
    inferred: ['The contents of the page of the FDT before the handover is finalized.'],
    kho: KHO_V1_6_17,
};

const v616: KernelDescription = {
    ...v617,
    name: '6.16',
    summary: 'Linux 6.16: the first release with KHO',
    ...ofVersion('6.16'),
    inferred: [
        'The source of 6.16 was not read: it is like 6.17, and can be built with deferred initialization of struct pages.',
    ],
    kho: KHO_V1_FIRST,
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
    kho: { ...KHO_V1_6_17, finalize: 'prepare' },
    luo: {
        compatible: 'luo-v1',
        nodes: new Map([['luo-session', 'luo-session-v1']]),
        ioctls: IOCTLS_V4,
        lock: 'luo_state_rwsem',
    },
    library: LIBRARY_LUO_V4,
    cmdline: 'console=ttyS0 kho=on liveupdate=on',
    handlers: ['memfd'],
};

/** The kernels that come with the emulator; those that are named after a release have its newest state. */
export const DESCRIPTIONS: ReadonlyMap<string, KernelDescription> = new Map(
    [v616, v617, v618, v619, v70, v71, v72, v73, v74, v72Uma, v73Uma, luoV4].map((d) => [d.name, d]),
);

/** The stable releases and release candidates that were requested so far. */
const derived = new Map<string, KernelDescription>();

/**
 * The description of a kernel by its name: one that comes with the emulator, or a stable release or release candidate
 * of one (`7.2.3`, `7.2-rc6`), which differs only in its bugs. @returns undefined if there is none: for 7.2 and 7.3,
 * also for stable releases after the newest known one
 */
export function descriptionOf(name: string): KernelDescription | undefined {
    const known = DESCRIPTIONS.get(name) ?? derived.get(name);
    if (known) {
        return known;
    }
    const version = parseVersion(name);
    const base = version && DESCRIPTIONS.get(seriesOf(version));
    if (!base || isUnreleased(version, base)) {
        return undefined;
    }
    const description: KernelDescription = {
        ...base,
        name,
        summary: `Linux ${name}: ${base.name} with the bugs of this version`,
        ...ofVersion(name),
    };
    derived.set(name, description);
    return description;
}

/** Whether it is newer than the newest known version of its series; for old series, no newest version is known. */
function isUnreleased(version: Version, { version: newest }: KernelDescription): boolean {
    const counted = newest.stable > 0 || newest.candidate !== undefined;
    return counted && compareVersions(version, newest) > 0;
}

/** The default kernel of a scenario. */
export const DEFAULT_KERNEL = '7.2';
