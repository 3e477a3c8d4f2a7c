/** Handlers that register with LUO: while the kernel comes up, or later, when the module that they are in is loaded. */
import { err, type Err } from '../../kernel/release/errno';
import { joiningFlbs } from '../../kernel/release/layers';
import { LuoFlb, LuoHandler } from '../../kernel/luo/state';
import { resolveKernel } from './kernels';
import { panic } from './kernel-end';
import { ProgramError } from '../../language/values';
import type { Host } from './host';

/**
 * liveupdate_register_file_handler, with the FLBs that the handler uses.
 * @returns EOPNOTSUPP where live update is off, EEXIST where its compatible string is taken: said in the log
 */
export function registerHandler(host: Host, name: string): 0 | Err {
    const { luo } = host.running;
    const { journal } = host.machine;
    const decl = host.declarations.handler(name, host.library)?.decl;
    if (!decl) {
        return 0;
    }
    if (!luo.enabled) {
        return err('EOPNOTSUPP');
    }
    if (luo.handlers.items.some((h) => h.compatible === decl.compatible.value)) {
        host.log('err', `luo: a handler for "${decl.compatible.value}" is registered already`);
        return err('EEXIST');
    }
    const flbs = [...decl.uses.map((use) => use.name), ...joiningFlbs(host.running.desc.layers, name)].map((use) => {
        const known = luo.flbs.items.find((f) => f.name === use);
        const flb =
            known ?? new LuoFlb(journal, use, host.declarations.flb(use, host.library)?.decl.compatible.value ?? use);
        if (!known) {
            luo.flbs.push(flb);
        }
        return flb;
    });
    luo.handlers.push(new LuoHandler(journal, name, decl.compatible.value, flbs));
    return 0;
}

/** init_module(2) of the module that a handler is in. @throws ProgramError where the running kernel has none such */
export function loadModule(host: Host, handler: string): 0 | Err {
    assertModule(host, handler);
    return registerHandler(host, handler);
}

/**
 * delete_module(2): the handler is taken from the list, and its code is gone.
 * @returns ENOENT where it is not loaded, EAGAIN while it has preserved files; a kernel that does not count them lets
 * it go all the same
 * @throws ProgramError where the running kernel has none such
 */
export function unloadModule(host: Host, handler: string): 0 | Err {
    assertModule(host, handler);
    const { luo, desc } = host.running;
    const found = luo.handlers.items.find((h) => h.name === handler);
    if (!found) {
        return err('ENOENT');
    }
    const files = [...luo.outgoing.sessions, ...luo.incoming.sessions].flatMap((s) =>
        s.files.items.filter((f) => f.handler === found),
    );
    if (files.length > 0 && !desc.flaws.has('luo_unpinned_modules')) {
        return err('EAGAIN');
    }
    luo.handlers.remove(found);
    host.machine.journal.edit(found).gone = true;
    host.tell((l) => l.moduleGone?.(found, files));
    return 0;
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
    if (handler.gone) {
        panic(
            host,
            `unable to handle page fault: ${handler.name}.${callback} is called, and the module that it was in is unloaded`,
        );
    }
    return handler.gone;
}
