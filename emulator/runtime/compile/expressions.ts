/** Compiles expressions to closures over a frame; what may suspend is emitted as operations before them. */
import type { BinaryExpr, CallExpr, Expr, IndexExpr, MemberExpr, NameExpr, NewExpr } from '../../language/syntax/ast';
import type { Eval } from '../code';
import { flbNamed, handlerNamed, newFileOfKind } from '../host/callbacks';
import { processVar } from '../host/processes';
import { readIndex, readMember, readNative } from '../members';
import type { Value } from '../../language/types';
import { nativeField, type NativeFunction } from '../natives/native';
import { View } from '../view';
import { add, asBool, asInt, binary, equal, ProgramError, unary } from '../../language/values';
import { emitCall, nativeArgs, PLAIN } from './calls';
import type { FnCompiler } from './function';

/** True where evaluating needs operations of its own: a call that may fail or suspend. */
export function needsOps(c: FnCompiler, e: Expr): boolean {
    switch (e.kind) {
        case 'call':
            return inlineNative(c, e) === undefined || children(e).some((x) => needsOps(c, x));
        case 'try':
            return true;
        default:
            return children(e).some((x) => needsOps(c, x));
    }
}

function children(e: Expr): readonly Expr[] {
    switch (e.kind) {
        case 'member':
            return [e.object];
        case 'index':
            return [e.object, e.index];
        case 'call':
            return [...(e.callee.kind === 'member' ? [e.callee.object] : []), ...e.args.map((a) => a.value)];
        case 'unary':
            return [e.operand];
        case 'binary':
            return [e.left, e.right];
        case 'try':
            return [e.call];
        case 'list':
            return e.items;
        case 'new':
            return e.args.map((a) => a.value);
        case 'range':
            return [e.from, e.to];
        default:
            return [];
    }
}

/** The native that a call means, where it neither fails nor waits nor suspends nor stops the run. */
function inlineNative(c: FnCompiler, call: CallExpr): NativeFunction | undefined {
    const { callee } = call;
    let native: NativeFunction | undefined;
    if (callee.kind === 'name') {
        const m = c.program.names.get(callee);
        native = m?.kind === 'native' ? m.native : undefined;
    } else if (callee.kind === 'member') {
        const m = c.program.members.get(callee);
        native = m?.kind === 'method' ? m.method : undefined;
    }
    if (!native?.call || native.fails || native.syscall || native.takes || native.long) {
        return undefined;
    }
    return native;
}

export function compileValue(c: FnCompiler, e: Expr): Eval {
    switch (e.kind) {
        case 'int':
        case 'string':
        case 'bool': {
            const { value } = e;
            return () => value;
        }
        case 'name':
            return compileName(c, e);
        case 'member':
            return compileMember(c, e);
        case 'index':
            return compileIndex(c, e);
        case 'call':
            return compileCall(c, e);
        case 'unary': {
            const operand = c.value(e.operand);
            const { op } = e;
            return op === '!'
                ? (f, vm) => !asBool(operand(f, vm), 'the operand of !')
                : (f, vm) => unary(op, operand(f, vm));
        }
        case 'binary':
            return compileBinary(c, e);
        case 'try': {
            const call = e.call;
            if (call.kind !== 'call') {
                throw new RangeError('try stands before a call');
            }
            const slot = emitCall(c, call, { k: 'try' });
            return (f) => f.slots[slot];
        }
        case 'list': {
            const items = c.values(e.items);
            return (f, vm) => vm.list(items.map((i) => i(f, vm)));
        }
        case 'new':
            return compileNew(c, e);
        case 'range':
        case 'error':
            throw new RangeError(`${e.kind} has no value`);
    }
}

function compileName(c: FnCompiler, e: NameExpr): Eval {
    const m = c.program.names.get(e);
    switch (m?.kind) {
        case 'local': {
            const { slot } = m;
            return (f) => f.slots[slot];
        }
        case 'process-var': {
            const { process, name } = m;
            return (_f, vm) => processVar(vm, process, name);
        }
        case 'kind-field': {
            const { index } = m;
            return (f) => f.self?.fields[index] as Value;
        }
        case 'process': {
            const { name } = m;
            return (_f, vm) => vm.userNamed(name) ?? null;
        }
        case 'const': {
            const { value } = m;
            return () => value;
        }
        case 'struct': {
            const layout = c.program.structs.get(m.decl.name.name);
            return () => layout;
        }
        case 'file': {
            const { name } = m.decl.name;
            return () => name;
        }
        case 'builtin-file': {
            const { name } = m;
            return () => name;
        }
        case 'handler': {
            const { name } = m.decl.name;
            return (_f, vm) => handlerNamed(vm, name);
        }
        case 'flb': {
            const { name } = m.decl.name;
            return (_f, vm) => flbNamed(vm, name);
        }
        case 'device': {
            const { name } = m;
            return (_f, vm) => vm.machine.pci.device(name) ?? null;
        }
        case 'global': {
            const global = c.natives.globals.get(m.name);
            if (!global) {
                break;
            }
            const { get } = global;
            return (_f, vm) => get(vm);
        }
        default:
            break;
    }
    throw new RangeError(`${e.name} has no value`);
}

function compileMember(c: FnCompiler, e: MemberExpr): Eval {
    const m = c.program.members.get(e);
    const { name } = e.member;
    if (m?.kind === 'process-var') {
        return (_f, vm) => processVar(vm, m.process, m.name);
    }
    const object = c.value(e.object);
    switch (m?.kind) {
        case 'struct-field': {
            const field = m.layout.byName.get(name);
            if (!field) {
                break;
            }
            return (f, vm) => {
                const v = object(f, vm);
                if (v instanceof View) {
                    // a struct of the kernel's may have another layout in the release that runs
                    return v.get(v.layout === m.layout ? field : v.field(name));
                }
                throw new ProgramError(`there is no ${m.layout.name} here`);
            };
        }
        case 'field': {
            const field = nativeField(m.field);
            return (f, vm) => readNative(vm, field, object(f, vm));
        }
        default:
            break;
    }
    return (f, vm) => readMember(vm, object(f, vm), name);
}

function compileIndex(c: FnCompiler, e: IndexExpr): Eval {
    const [object, index] = c.values([e.object, e.index]);
    if (!object || !index) {
        throw new RangeError('an index needs a list and a number');
    }
    return (f, vm) => readIndex(object(f, vm), index(f, vm));
}

function compileCall(c: FnCompiler, e: CallExpr): Eval {
    const native = inlineNative(c, e);
    if (native?.call) {
        const receiver = e.callee.kind === 'member' ? [c.value(e.callee.object)] : [];
        const evals = nativeArgs(c, e, native, receiver);
        const fn = native.call;
        const [a] = evals;
        if (evals.length === 1 && a) {
            return (f, vm) => fn(vm, [a(f, vm)]);
        }
        return (f, vm) =>
            fn(
                vm,
                evals.map((x) => x(f, vm)),
            );
    }
    const slot = emitCall(c, e, PLAIN);
    return (f) => f.slots[slot];
}

function compileBinary(c: FnCompiler, e: BinaryExpr): Eval {
    const { op } = e;
    if (op === '&&' || op === '||') {
        return compileLogical(c, e, op);
    }
    const [left, right] = c.values([e.left, e.right]);
    if (!left || !right) {
        throw new RangeError('an operator needs two operands');
    }
    const named = (): string => c.sourceOf(e);
    switch (op) {
        case '+':
            return (f, vm) => add(left(f, vm), right(f, vm), named);
        case '==':
            return (f, vm) => equal(left(f, vm), right(f, vm));
        case '!=':
            return (f, vm) => !equal(left(f, vm), right(f, vm));
        case '<':
            return (f, vm) => {
                const a = left(f, vm);
                const b = right(f, vm);
                return typeof a === 'number' && typeof b === 'number'
                    ? a < b
                    : asInt(a, 'the left side of <') < asInt(b, 'the right side of <');
            };
        case '*':
            return (f, vm) => {
                const a = left(f, vm);
                const b = right(f, vm);
                const r = typeof a === 'number' && typeof b === 'number' ? a * b : NaN;
                return Number.isSafeInteger(r) && r !== 0 ? r : binary('*', a, b, named);
            };
        default:
            return (f, vm) => binary(op, left(f, vm), right(f, vm), named);
    }
}

/** The right side runs only where it decides; if it needs operations, they are jumped over. */
function compileLogical(c: FnCompiler, e: BinaryExpr, op: '&&' | '||'): Eval {
    const decided = op === '||';
    const left = c.value(e.left);
    if (!needsOps(c, e.right)) {
        const right = c.value(e.right);
        const what = `a side of ${op}`;
        return (f, vm) => (asBool(left(f, vm), what) === decided ? decided : asBool(right(f, vm), what));
    }
    const slot = c.emitter.temp();
    const end = c.emitter.label();
    c.emitter.emit((f, vm) => {
        f.slots[slot] = asBool(left(f, vm), `the left side of ${op}`);
        return f.slots[slot] === decided ? end.pc : f.pc + 1;
    });
    const right = c.value(e.right);
    c.emitter.emit((f, vm) => {
        f.slots[slot] = asBool(right(f, vm), `the right side of ${op}`);
        return f.pc + 1;
    });
    c.emitter.place(end);
    return (f) => f.slots[slot];
}

function compileNew(c: FnCompiler, e: NewExpr): Eval {
    const kind = e.name.name;
    const evals = c.values(e.args.map((a) => a.value));
    const names = e.args.map((a) => a.name?.name ?? '');
    return (f, vm) => newFileOfKind(vm, kind, new Map(names.map((n, i) => [n, evals[i]?.(f, vm)])));
}
