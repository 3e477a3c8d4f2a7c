/**
 * Resolves the name of a kernel: to a description of the emulator, and the changes of the program's `kernel`
 * declarations.
 */
import { archNamed } from '../../kernel/release/arch';
import {
    DEFAULT_KERNEL,
    descriptionOf,
    DESCRIPTIONS,
    LIBRARY_6_17,
    type KernelDescription,
} from '../../kernel/release/descriptions';
import type { EarlyMemory } from '../../kernel/release/early-memory';
import { withFormats } from '../../kernel/release/formats';
import type { BuildOption } from '../../kernel/release/known-bug';
import { flawsNeeding } from '../../kernel/release/known-bugs';
import { layersOf, takesLayers, withLayers, type Layer, type Library } from '../../kernel/release/layers';
import { applySettings, type Appliers } from '../../language/settings/apply';
import { KERNEL_LISTS, KERNEL_SETTINGS, type KernelListName, type KernelValues } from '../../language/settings/kernel';
import type { Constant } from '../../language/settings/setting';
import type { Program } from '../../language/program';
import type { KernelDecl, KernelEntry, KernelInit, KernelList } from '../../language/syntax/ast';
import { ProgramError } from '../../language/values';
import type { ArchName } from '../../machine/arch';
import { settableCost } from '../../machine/costs';

/** A kernel that can be booted. */
export interface BootableKernel {
    readonly desc: KernelDescription;
    /** Handlers in the order of their registration. */
    readonly handlers: readonly string[];
    /** Handlers in modules, which register when the module is loaded. */
    readonly modules: readonly string[];
    /** `init` blocks, the oldest ancestor's first. */
    readonly inits: readonly { readonly decl: KernelDecl; readonly init: KernelInit }[];
}

/** Separates the name of a kernel from that of the description that replaces its base. */
const AS = ' as ';

/**
 * The name of the kernel that is declared as `name`, but based on another description; a kernel of the program replaces
 * any base.
 */
export function kernelAs(program: Program, name: string, description: string): string {
    return program.kernels.has(name) && !program.kernels.has(description) ? `${name}${AS}${description}` : description;
}

/** Between the name of a kernel and the mistakes that it is to be rid of. */
const WITHOUT = ' without ';

/** The name of the kernel that is made as `name` is, but for some of its mistakes. */
export function kernelWithout(name: string, flaws: ReadonlySet<string>): string {
    return flaws.size === 0 ? name : `${name}${WITHOUT}${[...flaws].join(',')}`;
}

/**
 * @param name of a description or a declaration; with {@link kernelAs}, of a declaration on another description; with
 * {@link kernelWithout}, of one without some bugs.
 * @throws ProgramError if no kernel has this name, or it is based on itself.
 */
export function resolveKernel(program: Program, name: string): BootableKernel {
    // a kernel of the program can have any name, descriptions and mistakes have none with these words
    const declared = program.kernels.has(name);
    const cut = declared ? -1 : name.lastIndexOf(WITHOUT);
    if (cut >= 0) {
        const kernel = resolveKernel(program, name.slice(0, cut));
        const cured = name.slice(cut + WITHOUT.length).split(',');
        return { ...kernel, desc: { ...kernel.desc, name, flaws: new Set(without([...kernel.desc.flaws], cured)) } };
    }
    const at = declared ? -1 : name.lastIndexOf(AS);
    const kernel =
        at < 0
            ? resolve(program, name, undefined, new Set())
            : resolve(program, name.slice(0, at), name.slice(at + AS.length), new Set());
    const desc = withFormats(kernel.desc);
    return desc === kernel.desc && at < 0 ? kernel : { ...kernel, desc: { ...desc, name } };
}

/** A kernel under construction from its base. */
interface Draft {
    readonly base: KernelDescription;
    cmdline: string;
    handlers: readonly string[];
    modules: readonly string[];
    layers: readonly Layer[];
    readonly changes: { -readonly [K in keyof KernelDescription]?: KernelDescription[K] };
}

const ARCH_NAMES: Readonly<Record<KernelValues['arch'], ArchName>> = { arm64: 'arm64', x86_64: 'x86-64' };

/** It is built with an option, or without: so it has the mistakes of its version that need that, or has them not. */
function build({ base, changes }: Draft, option: BuildOption, on: boolean): void {
    const options = new Set(changes.options ?? base.options);
    const flaws = new Set(changes.flaws ?? base.flaws);
    if (on) {
        options.add(option);
    } else {
        options.delete(option);
    }
    for (const flaw of flawsNeeding(option, base.version)) {
        if (on) {
            flaws.add(flaw);
        } else {
            flaws.delete(flaw);
        }
    }
    changes.options = options;
    changes.flaws = flaws;
}

const early = ({ base, changes }: Draft): EarlyMemory => changes.early ?? base.early;

const SETTINGS: Appliers<KernelValues, Draft> = {
    cmdline: (k, text) => {
        k.cmdline = `${k.cmdline} ${text}`;
    },
    numa: ({ changes }, on) => {
        changes.numa = on;
    },
    kho: ({ changes }, on) => {
        changes.khoBuilt = on;
    },
    kho_debug: ({ changes }, on) => {
        changes.khoDebug = on;
    },
    deferred_init: (k, on) => {
        build(k, 'deferred_init', on);
        if (on && !k.base.kho.deferredInit) {
            k.changes.khoBuilt = false;
        }
    },
    kfence: (k, on) => build(k, 'kfence', on),
    iommu_shutdown: ({ changes }, on) => {
        changes.iommuShutdown = on;
    },
    zone_dma: ({ changes }, on) => {
        changes.zoneDma = on;
    },
    kaslr: ({ changes }, on) => {
        changes.kaslr = on;
    },
    early_memory: (k, extra) => {
        k.changes.early = { ...early(k), extra };
    },
    page_cache: ({ changes }, size) => {
        changes.pageCache = size;
    },
    image_size: (k, image) => {
        k.changes.early = { ...early(k), image };
    },
    initrd: ({ changes }, size) => {
        changes.initrdSize = size;
    },
    arch: ({ changes }, name) => {
        changes.arch = archNamed(ARCH_NAMES[name]);
    },
    vfio_phase: ({ changes }, phase) => {
        changes.vfioPhase = phase;
    },
    vfio_unclaimed: ({ changes }, how) => {
        changes.vfioUnclaimed = how;
    },
    nic_driver: ({ changes }, version) => {
        changes.nicDriver = version;
    },
    memfd_feature: ({ changes }, feature) => {
        changes.memfdFeature = feature;
    },
    new_format: ({ changes }, family) => {
        changes.innerFormat = `${family}-v2`;
    },
    iommufd_phase: ({ changes }, phase) => {
        changes.iommufdPhase = phase;
    },
};

const without = (names: readonly string[], gone: readonly string[]): string[] => names.filter((n) => !gone.includes(n));

/** For every list, the effect of its names. */
const LISTS: Readonly<Record<KernelListName, (k: Draft, names: readonly string[], sign: KernelList['sign']) => void>> =
    {
        handlers: (k, names, sign) => {
            k.handlers = sign === '-' ? without(k.handlers, names) : [...k.handlers, ...without(names, k.handlers)];
        },
        modules: (k, names) => {
            k.modules = [...k.modules, ...without(names, k.modules)];
        },
        layers: (k, names) => {
            const before = k.layers;
            k.layers = takesLayers(k.base.release) ? layersOf([...before.map((l) => l.name), ...names]) : [];
            const added = k.layers.filter((l) => !before.includes(l));
            k.handlers = [
                ...without(
                    k.handlers,
                    added.flatMap((l) => l.replaces ?? []),
                ),
                ...without(
                    added.flatMap((l) => l.handlers),
                    k.layers.flatMap((l) => l.replaces ?? []),
                ),
            ];
        },
        flaws: ({ base, changes }, names, sign) => {
            const flaws = [...(changes.flaws ?? base.flaws)];
            changes.flaws = new Set(sign === '-' ? without(flaws, names) : [...flaws, ...names]);
        },
    };

const isList = (name: string): name is KernelListName => Object.hasOwn(KERNEL_LISTS, name);

function apply(k: Draft, e: KernelEntry, constant: Constant): void {
    switch (e.kind) {
        case 'setting':
            applySettings(KERNEL_SETTINGS, SETTINGS, [{ key: e.key, args: [e.value], options: [] }], constant, k);
            break;
        case 'list':
            if (isList(e.key.name)) {
                LISTS[e.key.name](
                    k,
                    e.names.map((n) => n.name),
                    e.sign,
                );
            }
            break;
        case 'cost': {
            const cost = settableCost(e.cost.name);
            const ns = constant(e.value);
            if (cost && ns !== undefined) {
                k.changes.costs = { ...(k.changes.costs ?? k.base.costs), [cost]: ns };
            }
        }
    }
}

function resolve(program: Program, name: string, instead: string | undefined, seen: Set<string>): BootableKernel {
    const { kernels, constants } = program;
    const decl = kernels.get(name);
    if (!decl || seen.has(name)) {
        const desc = descriptionOf(instead ?? name);
        if (!desc) {
            const known = [...DESCRIPTIONS.keys(), ...kernels.keys()].map((k) => `"${k}"`).join(', ');
            throw new ProgramError(`there is no kernel "${name}". Expected ${known}.`);
        }
        return { desc, handlers: desc.handlers, modules: [], inits: [] };
    }
    seen.add(name);
    const parent = resolve(program, decl.from?.value ?? DEFAULT_KERNEL, instead, seen);
    const base = parent.desc;
    const k: Draft = {
        base,
        cmdline: base.cmdline,
        handlers: parent.handlers,
        modules: parent.modules,
        layers: layersOf(base.layers),
        changes: {},
    };
    for (const e of decl.entries) {
        apply(k, e, (value) => constants.get(value));
    }
    const inits = [...parent.inits, ...decl.entries.flatMap((e) => (e.kind === 'init' ? [{ decl, init: e }] : []))];
    const desc = { ...base, ...k.changes, name, cmdline: k.cmdline };
    if (k.changes.khoBuilt === false) {
        // LUO needs KHO
        return { desc: { ...desc, luo: undefined, library: LIBRARY_6_17 }, handlers: [], modules: [], inits };
    }
    return {
        desc: {
            ...desc,
            layers: new Set(k.layers.map((l) => l.name)),
            library: withLayers(base.library, k.layers),
        },
        handlers: without(k.handlers, k.modules),
        modules: k.modules,
        inits,
    };
}

/**
 * The libraries of all kernels that a program can boot: of the descriptions, and of its own kernels with their layers.
 */
export function librariesOf(program: Program): Library[] {
    const own = [...program.kernels.keys()].map((name) => resolveKernel(program, name).desc.library);
    return [...new Set([...[...DESCRIPTIONS.values()].map((d) => d.library), ...own])];
}
