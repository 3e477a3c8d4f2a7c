/** Handlers that register with LUO: while the kernel comes up, or later, when the module that they are in is loaded. */
import { Err } from '../../kernel/release/errno';
import { joiningFlbs } from '../../kernel/release/layers';
import { registerHandler as register, type Registered, unregisterHandler } from '../../kernel/luo/registration';
import type { LuoHandler } from '../../kernel/luo/state';
import { resolveKernel } from './kernels';
import { panic } from './kernel-end';
import { ProgramError } from '../../language/values';
import type { Vm } from '../interpreter';

/**
 * A handler of the scenario, or of the kernel's own code, registers with the FLBs that it uses.
 * @returns what the kernel's registration does; it says in the log whose string is taken
 */
export function registerHandler(vm: Vm, name: string): 0 | Err {
    const { running, executable, library } = vm;
    const decl = executable.handler(name, library)?.decl;
    if (!decl) {
        return 0;
    }
    const compatible = decl.compatible.value;
    const uses = [...decl.uses.map((use) => use.name), ...joiningFlbs(running.desc.layers, name)];
    const registered = register(
        vm.machine.journal,
        running.luo,
        { name, compatible },
        uses.map((use) => declaredFlb(vm, use)),
    );
    if (!(registered instanceof Err)) {
        return 0;
    }
    if (registered.name === 'EEXIST') {
        vm.log('err', `luo: a handler for "${compatible}" is registered already`);
    }
    return registered;
}

/** An FLB by its name, as it is declared. */
export function declaredFlb({ executable, library }: Vm, name: string): Registered {
    return { name, compatible: executable.flb(name, library)?.decl.compatible.value ?? name };
}

/** init_module(2) of the module that a handler is in. @throws ProgramError where the running kernel has none such */
export function loadModule(vm: Vm, handler: string): 0 | Err {
    assertModule(vm, handler);
    return registerHandler(vm, handler);
}

/**
 * delete_module(2): the handler is taken from the list, and its code is gone. A kernel that does not count preserved
 * files lets it go all the same. @returns ENOENT where it is not loaded, EAGAIN while it has preserved files
 * @throws ProgramError where the running kernel has none such
 */
export function unloadModule(vm: Vm, handler: string): 0 | Err {
    assertModule(vm, handler);
    const { luo, desc } = vm.running;
    const gone = unregisterHandler(vm.machine.journal, luo, handler, !desc.flaws.has('luo_unpinned_modules'));
    if (gone instanceof Err) {
        return gone;
    }
    vm.tell((l) => l.moduleGone?.(gone.handler, gone.files));
    return 0;
}

function assertModule(vm: Vm, handler: string): void {
    const { modules } = resolveKernel(vm.executable, vm.running.desc.name);
    if (!modules.includes(handler)) {
        throw new ProgramError(
            `"${vm.running.desc.name}" has no module with a handler ${handler}: ${modules.length > 0 ? `there is ${modules.join(', ')}` : 'say `modules name` in its declaration'}`,
        );
    }
}

/** A callback of a handler whose module is gone is called: there is no code at that address any more. @returns whether that is so */
export function callsUnloadedModule(vm: Vm, handler: LuoHandler, callback: string): boolean {
    if (handler.unloaded) {
        panic(
            vm,
            `unable to handle page fault: ${handler.name}.${callback} is called, and the module that it was in is unloaded`,
        );
    }
    return handler.unloaded;
}
