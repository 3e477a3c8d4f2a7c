/** Handlers, FLBs and file kinds at run time: calling their callbacks, making files of a declared kind. */
import { Err } from '../../kernel/release/errno';
import { OpenFile } from '../../kernel/fs/file';
import { anonFile, deviceFile } from '../../kernel/fs/anon';
import { openDeviceNode } from '../../kernel/device-nodes';
import { O_RDWR } from '../../kernel/fs/fcntl';
import { costId } from '../../machine/costs';
import { LuoArgs, LuoFlb, LuoHandler } from '../../kernel/luo/state';
import type { FileDecl, FlbDecl, HandlerDecl } from '../../language/syntax/ast';
import { SWITCH } from '../code';
import { callsUnloadedModule } from './modules';
import { mayBeOvertaken } from '../scheduler';
import type { CallbackCall, CallbackName } from '../purpose';
import type { Value } from '../../language/types';
import { ProgramError } from '../../language/values';
import type { Vm } from '../interpreter';

const CALLBACK = costId('callback');

/** Handler callbacks that answer yes or no. */
const QUESTIONS = new Set<string>(['can_preserve', 'can_finish']);

/**
 * Calls a callback of `args[0]` (a handler, an FLB or an open file of a declared kind) with the other arguments. One that is
 * absent does nothing and returns 0; an injected failure takes its place.
 */
export function callback(vm: Vm, name: CallbackName, args: readonly Value[], resultSlot: number): number {
    const [receiver, ...rest] = args;
    const owner = declarationOf(vm, receiver);
    if (receiver instanceof LuoHandler && callsUnloadedModule(vm, receiver, name)) {
        return SWITCH;
    }
    const injected = owner && vm.injections.hit(`${owner.name.name}.${name}`, vm.boot);
    if (injected) {
        return answer(vm, resultSlot, injected.error ?? false, `${owner.name.name}.${name}`);
    }
    const code = owner && vm.executable.callbackOf(owner, name);
    if (!code) {
        return answer(vm, resultSlot, QUESTIONS.has(name) ? true : 0, name);
    }
    const next = vm.call(code, 'kernel', rest, resultSlot, callOf(code.name, name, receiver, rest[0]));
    vm.machine.clock.charge(CALLBACK);
    mayBeOvertaken(vm);
    return next;
}

function callOf(name: string, callback: CallbackName, receiver: Value, argument: Value): CallbackCall | null {
    if (receiver instanceof LuoHandler) {
        const args = argument instanceof LuoArgs ? argument : null;
        return { kind: 'handler', name, callback, handler: receiver, args };
    }
    if (receiver instanceof LuoFlb) {
        return { kind: 'flb', name, callback, flb: receiver };
    }
    return receiver instanceof OpenFile ? { kind: 'file', name, callback, file: receiver } : null;
}

/** The result of a callback that has no code. An error from it is one that a callback returned. */
function answer(vm: Vm, slot: number, value: Value | Err, name: string): number {
    const frame = vm.frame;
    const question = QUESTIONS.has(name.slice(name.indexOf('.') + 1));
    const result = value instanceof Err && question ? false : value;
    if (frame && slot >= 0) {
        frame.slots[slot] = result;
    }
    if (result instanceof Err && frame) {
        vm.raise('callback-error', `${name} returned -${result.name} (injected)`, vm.placeOf(frame, true));
    }
    return SWITCH;
}

function declarationOf(vm: Vm, v: Value): HandlerDecl | FlbDecl | FileDecl | undefined {
    if (v instanceof LuoHandler) {
        return vm.executable.handler(v.name, vm.library)?.decl;
    }
    if (v instanceof LuoFlb) {
        return vm.executable.flb(v.name, vm.library)?.decl;
    }
    if (v instanceof OpenFile) {
        return vm.executable.fileKind(v.kind)?.decl;
    }
    throw new ProgramError('only handlers, FLBs and files have callbacks');
}

/** True where the handler, FLB or file kind has this callback. */
export function hasCallback(vm: Vm, v: Value, name: string): boolean {
    return declarationOf(vm, v)?.callbacks.some((c) => c.name.name === name) ?? false;
}

/** The fields of a declared kind: those given, the others as the declaration says. */
function fieldsOf(vm: Vm, kind: string, given: ReadonlyMap<string, Value>): Value[] {
    const found = vm.executable.fileKind(kind);
    if (!found) {
        throw new ProgramError(`no file kind is called ${kind}`);
    }
    const { decl, program } = found;
    const uri = program.uriOf.get(decl) ?? program.main;
    const frame = vm.frame;
    return decl.fields.map((f): Value => {
        if (given.has(f.name.name)) {
            return given.get(f.name.name);
        }
        return f.init && frame ? vm.executable.constant(program, uri, f.init)(frame, vm) : null;
    });
}

/** What opening the device node of a declared kind makes, before its open() runs. */
export function openDevice(vm: Vm, kind: string, path: string): OpenFile {
    const own = openDeviceNode(vm.running, kind, path);
    if (own) {
        return own;
    }
    const file = deviceFile(vm.running, kind, path, O_RDWR);
    vm.machine.journal.edit(file).fields = vm.executable.fileKind(kind) ? fieldsOf(vm, kind, new Map()) : [];
    return file;
}

/** `new nic(queues: 2)`: an open file of a declared kind with these fields, the others as the declaration says. */
export function newFileOfKind(vm: Vm, kind: string, fields: ReadonlyMap<string, Value>): OpenFile {
    const values = fieldsOf(vm, kind, fields);
    const file = anonFile(vm.running, kind, `[${kind}]`, O_RDWR);
    vm.machine.journal.edit(file).fields = values;
    return file;
}

/** Assigns a field of an open file of a declared kind. */
export function setKindField(vm: Vm, file: OpenFile, index: number, value: Value): void {
    vm.machine.journal.edit(file).fields = file.fields.with(index, value);
}

export function handlerNamed(vm: Vm, name: string): LuoHandler | null {
    return vm.kernel?.luo.handlers.items.find((h) => h.name === name) ?? null;
}

export function flbNamed(vm: Vm, name: string): LuoFlb | null {
    return vm.kernel?.luo.flbs.items.find((f) => f.name === name) ?? null;
}
