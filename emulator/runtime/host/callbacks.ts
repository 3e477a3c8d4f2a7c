/** Handlers, FLBs and file kinds at run time: calls their callbacks, creates files of a declared kind. */
import { Err } from '../../kernel/release/errno';
import { OpenFile } from '../../kernel/fs/file';
import { anonFile, deviceFile } from '../../kernel/fs/anon';
import { openDeviceNode } from '../../kernel/device-nodes';
import { O_RDWR } from '../../kernel/fs/fcntl';
import { costId } from '../../machine/costs';
import { LuoArgs, LuoFlb, LuoHandler } from '../../kernel/luo/state';
import type { FileDecl, FlbDecl, HandlerDecl } from '../../language/syntax/ast';
import type { Program } from '../../language/program';
import { callbackNamed, type Declarations } from '../declarations';
import { placeOf, SWITCH } from '../code';
import { mustBeLoaded } from './modules';
import { type CallbackCall, type CallbackName, VOID } from '../purpose';
import { preemptionPoint } from '../scheduler';
import type { Value } from '../../language/types';
import { ProgramError } from '../../language/values';
import type { Host } from './host';

const CALLBACK = costId('callback');

/** Handler callbacks that return a boolean. */
const QUESTIONS = new Set<string>(['can_preserve', 'can_finish']);

/**
 * Calls a callback of `args[0]` (a handler, an FLB or an open file of a declared kind) with the other arguments. An
 * absent callback does nothing and returns 0; an injected failure replaces the callback.
 */
export function callback(host: Host, name: CallbackName, args: readonly Value[], resultSlot: number): number {
    const [receiver, ...rest] = args;
    const owner = declarationOf(host, receiver);
    if (receiver instanceof LuoHandler) {
        mustBeLoaded(receiver, name);
    }
    const decl = owner && callbackNamed(owner, name);
    const fails = decl !== undefined && (receiver instanceof OpenFile ? name !== 'release' : !VOID.includes(name));
    const injected = owner && host.injections.hit(`${owner.name.name}.${name}`, host.boot, fails);
    if (injected) {
        return answer(host, resultSlot, injected.error ?? false, `${owner.name.name}.${name}`);
    }
    const code = decl && host.executable.codeOf(decl);
    if (!code) {
        return answer(host, resultSlot, QUESTIONS.has(name) ? true : 0, name);
    }
    const { interpreter } = host;
    const next = interpreter.call(code, 'kernel', rest, resultSlot, callOf(code.name, name, receiver, rest[0]));
    host.machine.clock.charge(CALLBACK);
    preemptionPoint(interpreter);
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

/** The result of a callback without code. An error counts as returned by the callback. */
function answer(host: Host, slot: number, value: Value | Err, name: string): number {
    const frame = host.frame;
    const question = QUESTIONS.has(name.slice(name.indexOf('.') + 1));
    const result = value instanceof Err && question ? false : value;
    if (frame && slot >= 0) {
        frame.slots[slot] = result;
    }
    if (result instanceof Err && frame) {
        host.interpreter.raise('callback-error', `${name} returned -${result.name} (injected)`, placeOf(frame, true));
    }
    return SWITCH;
}

/** The source of declarations. */
interface Declaring {
    readonly declarations: Declarations;
    /** The standard library of the running kernel. */
    readonly library: Program;
}

function declarationOf(host: Declaring, v: Value): HandlerDecl | FlbDecl | FileDecl | undefined {
    if (v instanceof LuoHandler) {
        return host.declarations.handler(v.name, host.library)?.decl;
    }
    if (v instanceof LuoFlb) {
        return host.declarations.flb(v.name, host.library)?.decl;
    }
    if (v instanceof OpenFile) {
        return host.declarations.fileKind(v.kind)?.decl;
    }
    throw new ProgramError('only handlers, FLBs and files have callbacks');
}

/** True if the handler, FLB or file kind has this callback. */
export function hasCallback(host: Declaring, v: Value, name: string): boolean {
    const owner = declarationOf(host, v);
    return owner !== undefined && callbackNamed(owner, name) !== undefined;
}

/** The fields of a declared kind: the given ones, and the initial values of the others. */
function fieldsOf(host: Host, kind: string, given: ReadonlyMap<string, Value>): Value[] {
    const found = host.declarations.fileKind(kind);
    if (!found) {
        throw new ProgramError(`there is no file kind ${kind}`);
    }
    const { decl, program } = found;
    const uri = program.uriOf.get(decl) ?? program.main;
    return decl.fields.map((f): Value => {
        if (given.has(f.name.name)) {
            return given.get(f.name.name);
        }
        return f.init ? host.executable.constant(program, uri, f.init) : null;
    });
}

/** The file that an open of a device node creates, before its open() runs. */
export function openDevice(host: Host, kind: string, path: string): OpenFile {
    const own = openDeviceNode(host.running, kind, path);
    if (own) {
        return own;
    }
    const file = deviceFile(host.running, kind, path, O_RDWR);
    host.machine.journal.edit(file).fields = host.declarations.fileKind(kind) ? fieldsOf(host, kind, new Map()) : [];
    return file;
}

/** `new nic(queues: 2)`: an open file of a declared kind with these fields, and the initial values of the others. */
export function newFileOfKind(host: Host, kind: string, fields: ReadonlyMap<string, Value>): OpenFile {
    const values = fieldsOf(host, kind, fields);
    const file = anonFile(host.running, kind, `[${kind}]`, O_RDWR);
    host.machine.journal.edit(file).fields = values;
    return file;
}

/** Assigns a field of an open file of a declared kind. */
export function setKindField(host: Host, file: OpenFile, index: number, value: Value): void {
    host.machine.journal.edit(file).fields = file.fields.with(index, value);
}

export function handlerNamed(host: Host, name: string): LuoHandler | null {
    return host.kernel?.luo.handlers.items.find((h) => h.name === name) ?? null;
}

export function flbNamed(host: Host, name: string): LuoFlb | null {
    return host.kernel?.luo.flbs.items.find((f) => f.name === name) ?? null;
}
