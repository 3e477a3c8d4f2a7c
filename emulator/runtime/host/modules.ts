/** Handlers that register with LUO: while the kernel comes up, or later, when the module that they are in is loaded. */
import { Err } from '../../kernel/release/errno';
import { joiningFlbs } from '../../kernel/release/layers';
import { registerHandler as register, type Registered, unregisterHandler } from '../../kernel/luo/registration';
import type { LuoHandler } from '../../kernel/luo/state';
import { resolveKernel } from './kernels';
import { panic } from './kernel-end';
import { ProgramError } from '../../language/values';
import type { Host } from './host';

/**
 * A handler of the scenario, or of the kernel's own code, registers with the FLBs that it uses.
 * @returns what the kernel's registration does; it says in the log whose string is taken
 */
export function registerHandler(host: Host, name: string): 0 | Err {
    const { running, declarations, library } = host;
    const decl = declarations.handler(name, library)?.decl;
    if (!decl) {
        return 0;
    }
    const compatible = decl.compatible.value;
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

/** An FLB by its name, as it is declared. */
export function declaredFlb({ declarations, library }: Host, name: string): Registered {
    return { name, compatible: declarations.flb(name, library)?.decl.compatible.value ?? name };
}

/** init_module(2) of the module that a handler is in. @throws ProgramError where the running kernel has none such */
export function loadModule(host: Host, handler: string): 0 | Err {
    assertModule(host, handler);
    return registerHandler(host, handler);
}

/**
 * delete_module(2): the handler is taken from the list, and its code is gone. A kernel that does not count preserved
 * files lets it go all the same. @returns ENOENT where it is not loaded, EAGAIN while it has preserved files
 * @throws ProgramError where the running kernel has none such
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
            `"${host.running.desc.name}" has no module with a handler ${handler}: ${modules.length > 0 ? `there is ${modules.join(', ')}` : 'say `modules name` in its declaration'}`,
        );
    }
}

/**
 * A callback of a handler whose module is gone is called: there is no code at that address any more.
 * @returns whether that is so
 */
export function callsUnloadedModule(host: Host, handler: LuoHandler, callback: string): boolean {
    if (handler.unloaded) {
        panic(
            host,
            `unable to handle page fault: ${handler.name}.${callback} is called, and the module that it was in is unloaded`,
        );
    }
    return handler.unloaded;
}
