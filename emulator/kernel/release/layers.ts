/**
 * Features that are queued for a later release or under review, as layers that a kernel can be given. No released
 * kernel has them: each layer is as its series was posted, in the version given here, and is shown as proposed
 * everywhere.
 */

/** Files of the standard library that make up a kernel's own code; see emulator/std. */
export type Library = readonly string[];

export interface Layer {
    /** What a kernel lists: the name of the series for its newest version, `pci v8` for an older one. */
    readonly name: string;
    /** A kernel has one version of a series. */
    readonly series: string;
    /** One line about it. */
    readonly summary: string;
    /** The emulated version of its series, and the status of the series. */
    readonly version: string;
    readonly status: string;
    /** Series that a kernel with this layer must also have, in any version. */
    readonly needs: readonly string[];
    /** Series that are added implicitly: in-kernel interfaces that this one uses. */
    readonly brings: readonly string[];
    /**
     * Its files. A file replaces the one of the same name with `-none` or another version (`pci-rules-v8`), if the
     * kernel has that.
     */
    readonly files: readonly string[];
    /** The handlers that it registers. */
    readonly handlers: readonly string[];
    /** The handlers of the release whose place these take. */
    readonly replaces?: readonly string[];
    /** The FLBs that these handlers use. */
    readonly flbs: readonly string[];
    /** An FLB of this layer that a handler of another layer also uses. */
    readonly joins?: { readonly handler: string; readonly flb: string };
}

/** The oldest release for layers: LUO with FLBs and lists in blocks. */
export const OLDEST_WITH_LAYERS = '7.2';

/** A series of this name; what is left out is empty. */
function layer(
    name: string,
    rest: Pick<Layer, 'summary' | 'status' | 'files'> & Partial<Omit<Layer, 'name' | 'series'>>,
): Layer {
    return { name, series: name, version: '', needs: [], brings: [], handlers: [], flbs: [], ...rest };
}

const LOOKUP = layer('lookup', {
    summary: "in-kernel lookup of a session's files by token, and of tokens by file (luo-internal-api)",
    status: 'queued for 7.4',
    files: ['lookup'],
});

const PCI = layer('pci', {
    summary: 'PCI core: devices that keep running, the bridges above them, stable bus numbers',
    version: 'v9',
    status: 'queued for 7.4',
    files: ['pci', 'pci-rules-v9', 'pci-isolation'],
    flbs: ['pci_core'],
});

/** The FLB that keeps translation on over the kexec. */
export const IOMMU_FLB = 'iommu_core';

const IOMMU = layer('iommu', {
    summary:
        'translation that stays on over the kexec: marked hardware page tables of /dev/iommu with all their tables, and the attached devices',
    version: 'v5',
    status: 'under review',
    needs: ['pci'],
    brings: ['lookup'],
    files: ['iommu', 'iommufd'],
    handlers: ['iommufd'],
    flbs: [IOMMU_FLB],
});

const VFIO = layer('vfio', {
    summary: 'VFIO PCI: descriptors of passthrough devices',
    version: 'v5',
    status: 'under review',
    needs: ['pci'],
    brings: ['lookup'],
    files: ['vfio', 'vfio-rules-v5'],
    handlers: ['vfio_pci'],
});

const HUGETLB = layer('hugetlb', {
    summary: 'memfds of huge pages, and pools that count preserved pages',
    version: 'rfc1',
    status: 'posted in December 2025',
    files: ['hugetlb'],
    handlers: ['hugetlb'],
    flbs: ['hugetlb_pools'],
});

const SPARSE_MEMFD = layer('sparse_memfd', {
    summary: 'memfds that keep their holes, in place of the handler memfd',
    status: 'discussion only, no series',
    files: ['memfd-sparse'],
    handlers: ['memfd_sparse'],
    replaces: ['memfd'],
});

const EVENTFD = layer('eventfd', {
    summary: 'eventfds: their counts and flags',
    status: 'posted in 2026',
    files: ['eventfd'],
    handlers: ['eventfd_luo'],
});

const PIPE = layer('pipe', {
    summary: 'pipes with the bytes that are in them',
    status: 'no proposal, of this emulator',
    brings: ['lookup'],
    files: ['pipe'],
    handlers: ['pipe_luo'],
});

const UNIX_SOCKET = layer('unix_socket', {
    summary: 'pairs of connected Unix sockets with the bytes that are on their way',
    status: 'no proposal, of this emulator',
    brings: ['lookup'],
    files: ['unix-socket'],
    handlers: ['unix_luo'],
});

const TMPFS = layer('tmpfs', {
    summary: 'mounts of tmpfs with the files in their root directories',
    status: 'in a tree, not posted',
    brings: ['lookup'],
    files: ['tmpfs'],
    handlers: ['tmpfs_mnt', 'tmpfs_file'],
});

const KVM = layer('kvm', {
    summary: 'descriptors of virtual machines',
    version: 'v4',
    status: 'under review',
    files: ['kvm'],
    handlers: ['kvm_vm'],
});

const GUEST_MEMFD = layer('guest_memfd', {
    summary: 'memory that belongs to a virtual machine and is shared with the host',
    version: 'v4',
    status: 'under review',
    needs: ['kvm'],
    brings: ['lookup'],
    files: ['guest-memfd', 'guest-memfd-rules-v4'],
    handlers: ['guest_memfd'],
});

const INTERRUPTS = layer('interrupts', {
    summary:
        'remapping entries, posted-interrupt descriptors and vectors that are kept: interrupts are stored in memory while no kernel runs',
    status: 'discussion only, no series',
    needs: ['pci', 'vfio'],
    files: ['interrupts'],
    flbs: ['irq_core'],
    joins: { handler: 'vfio_pci', flb: 'irq_core' },
});

const DEVICE_PM = layer('device_pm', {
    summary:
        'devices of the kernel whose drivers save their registers by suspend callbacks and restore them by resume callbacks',
    status: 'discussion only, no series',
    files: ['device-pm'],
});

const KSTATE = layer('kstate', {
    summary: 'KSTATE: structs of the kernel, described field by field with versions, saved and loaded by one engine',
    version: 'v3',
    status: 'posted in September 2025',
    files: ['kstate', 'kstate-nic'],
});

const SESSION_FREEZE = layer('session_freeze', {
    summary: 'the ioctl SESSION_FREEZE: an agent freezes a session before the reboot, which then skips it',
    version: 'v2',
    status: 'under review',
    files: ['session-freeze'],
});

/** Its files come before those of composite strings: with both, LUO and memfd use words, KHO uses its string. */
const FEATURE_FLAGS = layer('feature_flags', {
    summary: 'words of feature bits in place of the strings of LUO and memfd',
    version: 'rfc1',
    status: 'posted as an RFC in 2026',
    files: ['feature-words', 'luo-ser-features', 'memfd-features'],
});

const COMPOSITE_STRINGS = layer('composite_strings', {
    summary: 'strings of KHO, LUO and memfd that name the formats inside',
    version: 'rfc1',
    status: 'posted in June 2026, withdrawn in its review',
    files: ['luo-ser-composite'],
});

const TEE_PRIVATE = layer('tee_private', {
    summary: 'confidential guests: private memory, the pages of their firmware or module, their ASIDs or KeyIDs',
    status: 'no proposal, of this emulator',
    needs: ['kvm', 'guest_memfd'],
    files: ['tee'],
    handlers: ['kvm_tee', 'guest_memfd_tee'],
    flbs: ['tee_core'],
});

const VCPU = layer('vcpu', {
    summary: 'descriptors of vCPUs with their state, and of their virtual machine with its second-level tables',
    version: 'rfc1',
    status: 'RFC and design draft of September 2026',
    needs: ['kvm'],
    brings: ['lookup'],
    files: ['vcpu', 'caretaker-none'],
    handlers: ['kvm_vm_tables', 'kvm_vcpu'],
    replaces: ['kvm_vm'],
});

const CPU_PRESERVE = layer('cpu_preserve', {
    summary: 'processors that are set aside: no kernel stops or starts them',
    version: 'rfc1',
    status: 'RFC and design draft of September 2026',
    files: ['cpu-preserve'],
    handlers: ['cpu_fh'],
    flbs: ['cpu_flb'],
});

const CARETAKER = layer('caretaker', {
    summary: 'orphaned virtual machines: vCPUs go on, on processors that are set aside, while the kernel is replaced',
    version: 'rfc1',
    status: 'RFC and design draft of September 2026',
    needs: ['vcpu', 'cpu_preserve'],
    files: ['caretaker'],
    flbs: ['caretaker_text_flb'],
    joins: { handler: 'kvm_vcpu', flb: 'caretaker_text_flb' },
});

/** The newest version of each series, in the order in which their handlers are registered. */
const NEWEST: readonly Layer[] = [
    LOOKUP,
    PCI,
    HUGETLB,
    SPARSE_MEMFD,
    EVENTFD,
    PIPE,
    UNIX_SOCKET,
    TMPFS,
    IOMMU,
    VFIO,
    KVM,
    GUEST_MEMFD,
    INTERRUPTS,
    DEVICE_PM,
    KSTATE,
    SESSION_FREEZE,
    FEATURE_FLAGS,
    COMPOSITE_STRINGS,
    TEE_PRIVATE,
    VCPU,
    CPU_PRESERVE,
    CARETAKER,
];

/**
 * An older version of a series: what differs from the newest one.
 * @param differs `status` says what came after it
 */
function older(newest: Layer, version: string, differs: Pick<Layer, 'status'> & Partial<Layer>): Layer {
    return { ...newest, version, name: `${newest.series} ${version}`, ...differs };
}

const OLDER: readonly Layer[] = [
    older(IOMMU, 'v4', { status: 'posted before v5' }),
    older(VFIO, 'v4', { status: 'posted before v5', files: ['vfio', 'vfio-rules-v4'] }),
    older(GUEST_MEMFD, 'rfc2', {
        status: 'posted in June 2026, before v4',
        files: ['guest-memfd', 'guest-memfd-rules-rfc2'],
    }),
    older(PCI, 'v8', { status: 'posted in July 2026, before v9', files: ['pci', 'pci-rules-v8', 'pci-isolation'] }),
    older(PCI, 'v7', {
        status: 'posted in July 2026, before v8',
        files: ['pci', 'pci-rules-v8', 'pci-isolation-none'],
    }),
];

/** All layers by name: the newest version of each series, then the older ones. */
export const LAYERS: ReadonlyMap<string, Layer> = new Map([...NEWEST, ...OLDER].map((l) => [l.name, l]));

/** The layer that a kernel lists under this name: `pci` and `pci v9` are the same. */
export function layerNamed(name: string): Layer | undefined {
    return LAYERS.get(name) ?? NEWEST.find((l) => l.version !== '' && name === `${l.series} ${l.version}`);
}

/** What can follow the name of a series: a version under which it was posted. */
export const LAYER_VERSION = /^(?:v[0-9]+|rfc[0-9]*)$/;

/** The version of a series among these layers; undefined if they have none. */
export function versionOf(layers: ReadonlySet<string>, series: string): string | undefined {
    return layersOf(layers).find((l) => l.series === series)?.version;
}

/** Whether there is a layer of a series among these, in any version. */
export function hasSeries(layers: ReadonlySet<string>, series: string): boolean {
    return versionOf(layers, series) !== undefined;
}

/** No layers: a kernel as it was released. */
export const NO_LAYERS: ReadonlySet<string> = new Set();

/** Whether a release (`uname -r`) can have layers. */
export function takesLayers(release: string): boolean {
    const [major = 0, minor = 0] = release.split('.').map((n) => Number.parseInt(n, 10));
    const [oldest = 0, oldestMinor = 0] = OLDEST_WITH_LAYERS.split('.').map(Number);
    return major > oldest || (major === oldest && minor >= oldestMinor);
}

/** `vfio v5 (under review)`: the display name of a layer. */
export function titleOf({ series, version, status }: Layer): string {
    return `${series}${version === '' ? '' : ` ${version}`} (${status})`;
}

/**
 * The layers of these names and those that they add implicitly, in order. Of two versions of a series the one that is
 * named last counts. Unknown names are ignored.
 */
export function layersOf(names: Iterable<string>): Layer[] {
    const wanted = new Map<string, Layer>();
    for (const layer of [...names].map(layerNamed)) {
        if (layer) {
            wanted.set(layer.series, layer);
        }
    }
    const bring = (series: string): void => {
        const layer = wanted.get(series) ?? layerNamed(series);
        if (layer) {
            wanted.set(series, layer);
            layer.brings.filter((b) => !wanted.has(b)).forEach(bring);
        }
    };
    [...wanted.keys()].forEach(bring);
    return NEWEST.flatMap(({ series }) => wanted.get(series) ?? []);
}

/** Of several versions of a series, the newest: for a program whose kernels have different ones. */
export function newestOf(names: Iterable<string>): string[] {
    const order = [...LAYERS.keys()];
    const layers = [...names].flatMap((name) => layerNamed(name) ?? []);
    return layers.map((l) => l.name).sort((a, b) => order.indexOf(b) - order.indexOf(a));
}

/** The FLBs of some layers that a handler of another one also uses. */
export function joiningFlbs(layers: Iterable<string>, handler: string): string[] {
    return layersOf(layers).flatMap(({ joins }) => (joins?.handler === handler ? [joins.flb] : []));
}

/** The layer of a handler or an FLB; undefined if it belongs to none. */
export function layerWith(declared: string): Layer | undefined {
    return [...LAYERS.values()].find((l) => l.handlers.includes(declared) || l.flbs.includes(declared));
}

/** The layer of a file of the standard library; undefined for files of releases. */
export function layerOfFile(name: string): Layer | undefined {
    return [...LAYERS.values()].find((l) => l.files.includes(name));
}

/** Libraries by their files, so that the same files are the same library. */
const composed = new Map<string, Library>();

/** `pci-rules` of `pci-rules-v8`: what a kernel has one version of. */
const partOf = (file: string): string => file.replace(/-(?:none|v[0-9]+|rfc[0-9]*|composite|features)$/, '');

/** A library with the files of layers in it, always the same one for the same files. */
export function withLayers(library: Library, layers: readonly Layer[]): Library {
    const all = layers.flatMap((l) => l.files);
    // of two layers, one can have what the other does without
    const some = all.filter((f) => !f.endsWith('-none') || !all.some((g) => g !== f && partOf(g) === partOf(f)));
    const files = some.filter((f, i) => some.findIndex((g) => partOf(g) === partOf(f)) === i);
    const names = library.map((name) => files.find((f) => partOf(f) === partOf(name)) ?? name);
    names.push(...files.filter((f) => !names.includes(f)));
    const key = names.join(' ');
    if (key === library.join(' ')) {
        return library;
    }
    const known = composed.get(key);
    if (known) {
        return known;
    }
    composed.set(key, names);
    return names;
}
