/**
 * Which kernel a name means: a description that comes with the emulator, and what `kernel` declarations of the program
 * change.
 */
import { DEFAULT_KERNEL, DESCRIPTIONS, LIBRARY_6_17, type KernelDescription } from '../../kernel/release/descriptions';
import { layersOf, takesLayers, withLayers, type Library } from '../../kernel/release/layers';
import { settableCost } from '../../machine/costs';
import { archNamed } from '../../kernel/release/arch';
import type { KernelDecl, KernelInit } from '../../language/syntax/ast';
import type { Program } from '../../language/program';
import { ProgramError } from '../../language/values';

/** A kernel that can be booted. */
export interface BootableKernel {
    readonly desc: KernelDescription;
    /** Handlers in order of their registration. */
    readonly handlers: readonly string[];
    /** Handlers that are in modules: they are registered when those are loaded. */
    readonly modules: readonly string[];
    /** `init` blocks, the oldest ancestor's first. */
    readonly inits: readonly { readonly decl: KernelDecl; readonly init: KernelInit }[];
}

/** Between the name of a kernel and the one that takes the place of the description it is made from. */
const AS = ' as ';

/**
 * The name of the kernel that is made as `name` is, but of another description; a kernel of the program takes the place
 * of any.
 */
export function kernelAs(program: Program, name: string, description: string): string {
    return program.kernels.has(name) && !program.kernels.has(description) ? `${name}${AS}${description}` : description;
}

/**
 * @param name of a description or a declaration; with {@link kernelAs}, of a declaration on another description.
 * @throws ProgramError where no kernel has this name, or its ancestry goes round in a circle.
 */
export function resolveKernel(program: Program, name: string): BootableKernel {
    const at = name.indexOf(AS);
    if (at < 0) {
        return resolve(program, name, undefined, new Set());
    }
    const kernel = resolve(program, name.slice(0, at), name.slice(at + AS.length), new Set());
    return { ...kernel, desc: { ...kernel.desc, name } };
}

function resolve(program: Program, name: string, instead: string | undefined, seen: Set<string>): BootableKernel {
    const decl = program.kernels.get(name);
    if (!decl || seen.has(name)) {
        const desc = DESCRIPTIONS.get(instead ?? name);
        if (!desc) {
            const known = [...DESCRIPTIONS.keys(), ...program.kernels.keys()].map((k) => `"${k}"`).join(', ');
            throw new ProgramError(`no kernel is called "${name}". There are: ${known}.`);
        }
        return { desc, handlers: desc.handlers, modules: [], inits: [] };
    }
    seen.add(name);
    const base = resolve(program, decl.from?.value ?? DEFAULT_KERNEL, instead, seen);
    let { handlers, modules } = base;
    let cmdline = base.desc.cmdline;
    const inits = [...base.inits];
    let layers = layersOf(base.desc.layers);
    const settings: { -readonly [K in keyof KernelDescription]?: KernelDescription[K] } = {};
    for (const e of decl.entries) {
        if (e.kind === 'init') {
            inits.push({ decl, init: e });
        } else if (e.kind === 'cost') {
            const cost = settableCost(e.cost.name);
            if (cost && e.value.kind === 'int') {
                settings.costs = { ...(settings.costs ?? base.desc.costs), [cost]: Number(e.value.value) };
            }
        } else if (e.kind === 'list') {
            const names = e.names.map((n) => n.name);
            if (e.key.name === 'layers') {
                const before = layers;
                layers = takesLayers(base.desc.release) ? layersOf([...before.map((l) => l.name), ...names]) : [];
                handlers = [...handlers, ...layers.filter((l) => !before.includes(l)).flatMap((l) => l.handlers)];
                continue;
            }
            if (e.key.name === 'modules') {
                modules = [...modules, ...names.filter((n) => !modules.includes(n))];
                continue;
            }
            if (e.key.name === 'flaws') {
                settings.flaws = new Set([...(settings.flaws ?? base.desc.flaws), ...names]);
                continue;
            }
            handlers =
                e.sign === '-'
                    ? handlers.filter((h) => !names.includes(h))
                    : [...handlers, ...names.filter((n) => !handlers.includes(n))];
        } else if (e.key.name === 'cmdline' && e.value.kind === 'string') {
            cmdline = `${cmdline} ${e.value.value}`;
        } else if (e.key.name === 'numa' && e.value.kind === 'name') {
            settings.numa = e.value.name === 'on';
        } else if (e.key.name === 'kho_debug' && e.value.kind === 'name') {
            settings.khoDebug = e.value.name === 'on';
        } else if (e.key.name === 'kho' && e.value.kind === 'name') {
            settings.khoBuilt = e.value.name === 'on';
        } else if (e.key.name === 'iommu_shutdown' && e.value.kind === 'name') {
            settings.iommuShutdown = e.value.name === 'on';
        } else if (e.key.name === 'iommufd_phase' && e.value.kind === 'int') {
            settings.iommufdPhase = Number(e.value.value);
        } else if (e.key.name === 'vfio_phase' && e.value.kind === 'name') {
            settings.vfioPhase = e.value.name === 'keep' ? 'keep' : 'reset';
        } else if (e.key.name === 'page_cache' && e.value.kind === 'int') {
            settings.pageCache = Number(e.value.value);
        } else if (e.key.name === 'early_memory' && e.value.kind === 'int') {
            settings.early = { ...(settings.early ?? base.desc.early), fixed: Number(e.value.value) };
        } else if (e.key.name === 'image_size' && e.value.kind === 'int') {
            settings.early = { ...(settings.early ?? base.desc.early), image: Number(e.value.value) };
        } else if (e.key.name === 'initrd' && e.value.kind === 'int') {
            settings.initrdSize = Number(e.value.value);
        } else if (e.key.name === 'arch' && e.value.kind === 'name') {
            settings.arch = archNamed(e.value.name === 'arm64' ? 'arm64' : 'x86-64');
        }
    }
    const { library } = base.desc;
    if (settings.khoBuilt === false) {
        // LUO is built on KHO
        return {
            desc: { ...base.desc, ...settings, name, cmdline, luo: undefined, library: LIBRARY_6_17 },
            handlers: [],
            modules: [],
            inits,
        };
    }
    return {
        desc: {
            ...base.desc,
            ...settings,
            name,
            cmdline,
            layers: new Set(layers.map((l) => l.name)),
            library: withLayers(library, layers),
        },
        handlers: handlers.filter((h) => !modules.includes(h)),
        modules,
        inits,
    };
}

/** The code of every kernel that a program can boot: of the descriptions, and of its own kernels with their layers. */
export function librariesOf(program: Program): Library[] {
    const own = [...program.kernels.keys()].map((name) => resolveKernel(program, name).desc.library);
    return [...new Set([...[...DESCRIPTIONS.values()].map((d) => d.library), ...own])];
}
