/** Registration of handlers with LUO: during boot, or later when their module is loaded. */
import { Err } from '../../kernel/release/errno';
import { handlerString } from '../../kernel/release/formats';
import { joiningFlbs } from '../../kernel/release/layers';
import { registerHandler as register, type Registered, unregisterHandler } from '../../kernel/luo/registration';
import type { LuoHandler } from '../../kernel/luo/state';
import { resolveKernel } from './kernels';
import { KernelPanic } from './kernel-panic';
import { ProgramError } from '../../language/values';
import type { Host } from './host';

/**
 * A handler of the scenario or of the kernel registers with its FLBs.
 * @returns the result of the kernel's registration; a compatible string that is taken is logged
 */
export function registerHandler(host: Host, name: string): 0 | Err {
    const { running, declarations, library } = host;
    const decl = declarations.handler(name, library)?.decl;
    if (!decl) {
        return 0;
    }
    const compatible = handlerString(running.desc, decl.compatible.value);
    const uses = [...decl.uses.map((use) => use.name), ...joiningFlbs(running.desc.layers, name)];
    const registered = register(
        host.machine.journal,
        running.luo,
        { name, compatible },
        uses.map((use) => declaredFlb(host, use)),
        running.desc.flaws.has('luo_modules_pinned'),
    );
    if (!(registered instanceof Err)) {
        return 0;
    }
    if (registered.name === 'EEXIST') {
        host.log('err', `luo: a handler for "${compatible}" is registered already`);
    }
    return registered;
}

/** An FLB by its declared name. */
export function declaredFlb({ declarations, library }: Host, name: string): Registered {
    return { name, compatible: declarations.flb(name, library)?.decl.compatible.value ?? name };
}

/** init_module(2) for the module of a handler. @throws ProgramError if the running kernel has no such module */
export function loadModule(host: Host, handler: string): 0 | Err {
    assertModule(host, handler);
    return registerHandler(host, handler);
}

/**
 * delete_module(2): removes the handler and its code. A kernel that does not count preserved files unloads the module
 * even if it has some. @returns ENOENT if it is not loaded, EAGAIN while it has preserved files
 * @throws ProgramError if the running kernel has no such module
 */
export function unloadModule(host: Host, handler: string): 0 | Err {
    assertModule(host, handler);
    const { luo, desc } = host.running;
    const gone = unregisterHandler(host.machine.journal, luo, handler, holderOf(desc.flaws));
    if (gone instanceof Err) {
        return gone;
    }
    host.tell((l) => l.moduleGone?.(gone.handler, gone.files));
    return 0;
}

/** What holds the module of a handler. */
function holderOf(flaws: ReadonlySet<string>): 'files' | 'registration' | 'nothing' {
    if (flaws.has('luo_unpinned_modules')) {
        return 'nothing';
    }
    return flaws.has('luo_modules_pinned') ? 'registration' : 'files';
}

function assertModule(host: Host, handler: string): void {
    const { modules } = resolveKernel(host.declarations.program, host.running.desc.name);
    if (!modules.includes(handler)) {
        throw new ProgramError(
            `"${host.running.desc.name}" has no module with the handler ${handler}: ${modules.length > 0 ? `its modules are ${modules.join(', ')}` : 'list it after `modules` in the declaration of the kernel'}`,
        );
    }
}

/** @throws KernelPanic if a callback of a handler is called whose module is unloaded: its code is gone */
export function mustBeLoaded(handler: LuoHandler, callback: string): void {
    if (handler.unloaded) {
        throw new KernelPanic(
            `unable to handle page fault: ${handler.name}.${callback} is called, but its module is unloaded`,
        );
    }
}
