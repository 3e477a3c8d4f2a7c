/** Which kernel a name means: a description that comes with the emulator, and what `kernel` declarations of the program change. */
import { DEFAULT_KERNEL, DESCRIPTIONS, type KernelDescription } from '../kernel/descriptions';
import type { KernelDecl, KernelInit } from './ast';
import type { Image } from './image';
import { ProgramError } from './values';

/** A kernel that can be booted. */
export interface BootableKernel {
    readonly desc: KernelDescription;
    /** Handlers in order of their registration. */
    readonly handlers: readonly string[];
    /** `init` blocks, the oldest ancestor's first. */
    readonly inits: readonly { readonly decl: KernelDecl; readonly init: KernelInit }[];
}

/** @throws ProgramError where no kernel has this name, or its ancestry goes round in a circle. */
export function resolveKernel(image: Image, name: string): BootableKernel {
    return resolve(image, name, new Set());
}

function resolve(image: Image, name: string, seen: Set<string>): BootableKernel {
    const decl = image.program.kernels.get(name);
    if (!decl || seen.has(name)) {
        const desc = DESCRIPTIONS.get(name);
        if (!desc) {
            const known = [...DESCRIPTIONS.keys(), ...image.program.kernels.keys()].map((k) => `"${k}"`).join(', ');
            throw new ProgramError(`no kernel is called "${name}". There are: ${known}.`);
        }
        return { desc, handlers: desc.handlers, inits: [] };
    }
    seen.add(name);
    const base = resolve(image, decl.from?.value ?? DEFAULT_KERNEL, seen);
    let { handlers } = base;
    let cmdline = base.desc.cmdline;
    const inits = [...base.inits];
    const settings: { -readonly [K in keyof KernelDescription]?: KernelDescription[K] } = {};
    for (const e of decl.entries) {
        if (e.kind === 'init') {
            inits.push({ decl, init: e });
        } else if (e.kind === 'list') {
            const names = e.names.map((n) => n.name);
            handlers = e.sign === '-' ? handlers.filter((h) => !names.includes(h)) : [...handlers, ...names.filter((n) => !handlers.includes(n))];
        } else if (e.key.name === 'cmdline' && e.value.kind === 'string') {
            cmdline = `${cmdline} ${e.value.value}`;
        } else if (e.key.name === 'numa' && e.value.kind === 'name') {
            settings.numa = e.value.name === 'on';
        } else if (e.key.name === 'page_cache' && e.value.kind === 'int') {
            settings.pageCache = Number(e.value.value);
        } else if (e.key.name === 'early_memory' && e.value.kind === 'int') {
            settings.early = { ...base.desc.early, fixed: Number(e.value.value) };
        }
    }
    return { desc: { ...base.desc, ...settings, name, cmdline }, handlers, inits };
}
