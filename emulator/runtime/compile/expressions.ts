/** Compiles expressions to trees; calls that may fail or suspend are emitted as operations before them. */
import { isErrnoName } from '../../kernel/release/errno';
import type {
    Arg,
    BinaryExpr,
    CallExpr,
    Expectation,
    Expr,
    FnDecl,
    IndexExpr,
    MemberExpr,
    NameExpr,
    ProcessRef,
} from '../../language/syntax/ast';
import { replyOf } from '../../language/reply';
import { bindArguments, type Given } from '../form/arguments';
import type { Label } from '../form/emitter';
import type { Expression, Policy, ProcessName, Slot } from '../form/form';
import { nameOfNative } from '../form/native-names';
import type { NativeFunctionOn } from '../native-code';
import { type Compiler, literal } from './compiler';

/** The properties of a native that decide how it is called. */
type Native = NativeFunctionOn<never>;

/**
 * What happens if a call fails, according to its statement.
 * @param end where the code continues after an expected failure
 */
export interface Announced {
    readonly expect: Expectation | undefined;
    readonly end: Label;
}

const PLAIN: Policy = { k: 'plain' };

/** True if evaluating needs operations of its own: a call that may fail or suspend. */
export function needsOps(c: Compiler, e: Expr): boolean {
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

/** The native of a call, if it neither fails nor waits nor suspends nor stops the run. */
function inlineNative(c: Compiler, call: CallExpr): Native | undefined {
    const { callee } = call;
    let native: Native | undefined;
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

export function compileValue(c: Compiler, e: Expr): Expression {
    switch (e.kind) {
        case 'int':
        case 'string':
        case 'bool':
            return literal(e.value);
        case 'name':
            return compileName(c, e);
        case 'member':
            return compileMember(c, e);
        case 'index': {
            const array = arrayOf(c, e);
            if (array !== undefined) {
                return { k: 'process', name: array, index: compileValue(c, e.index) };
            }
            const [object, index] = compileValues(c, [e.object, e.index]);
            return { k: 'element', object, index };
        }
        case 'call':
            return compileCall(c, e);
        case 'unary':
            return { k: 'unary', operator: e.op, operand: compileValue(c, e.operand) };
        case 'binary':
            return compileBinary(c, e);
        case 'try':
            if (e.call.kind !== 'call') {
                throw new RangeError('the operand of try is not a call');
            }
            return slotted(emitCall(c, e.call, () => ({ k: 'try' })));
        case 'list':
            return { k: 'list', items: compileValues(c, e.items) };
        case 'new':
            return { k: 'new', kind: e.name.name, fields: namedValues(c, e.args) };
        case 'range':
        case 'error':
            throw new RangeError(`${e.kind} has no value`);
    }
}

function namedValues(c: Compiler, args: readonly Arg[]): { readonly name: string; readonly value: Expression }[] {
    const values = compileValues(
        c,
        args.map((a) => a.value),
    );
    return values.map((value, i) => ({ name: args[i]?.name?.name ?? '', value }));
}

function slotted(slot: Slot): Expression {
    return { k: 'slot', slot };
}

/** As many values as expressions. */
type ValuesOf<E extends readonly unknown[]> = { readonly [I in keyof E]: Expression };

/**
 * Values in order. If a later one needs its own operations, the earlier ones are computed first and kept in slots, so
 * that evaluation is from left to right. Omitted values are undefined.
 */
export function compileValues<const E extends readonly (Expr | undefined)[]>(c: Compiler, exprs: E): ValuesOf<E>;
export function compileValues(c: Compiler, exprs: readonly (Expr | undefined)[]): Expression[] {
    let last = -1;
    exprs.forEach((e, i) => {
        if (e && needsOps(c, e)) {
            last = i;
        }
    });
    return exprs.map((e, i): Expression => {
        if (!e) {
            return literal(undefined);
        }
        const value = compileValue(c, e);
        if (i >= last || e.kind === 'int' || e.kind === 'string' || e.kind === 'bool') {
            return value;
        }
        const slot = c.emitter.temp();
        c.emitter.emit({ op: 'set', slot, value });
        return slotted(slot);
    });
}

function compileName(c: Compiler, e: NameExpr): Expression {
    const m = c.program.names.get(e);
    switch (m?.kind) {
        case 'local':
            return slotted(m.slot);
        case 'process-var':
            return { k: 'variable', process: m.process, name: m.name };
        case 'kind-field':
            return { k: 'own-field', index: m.index, name: e.name };
        case 'const':
            return literal(m.value);
        case 'file':
            return literal(m.decl.name.name);
        case 'builtin-file':
            return literal(m.name);
        case 'struct':
        case 'handler':
        case 'flb':
            return { k: m.kind, name: m.decl.name.name };
        case 'process':
            return { k: 'process', name: m.name };
        case 'device':
        case 'global':
            return { k: m.kind, name: m.name };
        default:
            throw new RangeError(`${e.name} has no value`);
    }
}

/** The array of processes of which `e` is one. */
function arrayOf(c: Compiler, e: IndexExpr): string | undefined {
    const type = c.program.types.get(e);
    return type?.k === 'decl' && type.of === 'process' ? type.name : undefined;
}

/** A process of a statement. The index is computed once. */
export function compileProcessRef(c: Compiler, { name, index }: ProcessRef): ProcessName {
    if (!index) {
        return { name };
    }
    const value = compileValue(c, index);
    if (value.k === 'literal') {
        return { name, index: value };
    }
    const slot = c.emitter.temp();
    c.emitter.emit({ op: 'set', slot, value });
    return { name, index: slotted(slot) };
}

function compileMember(c: Compiler, e: MemberExpr): Expression {
    const m = c.program.members.get(e);
    const { name } = e.member;
    if (m?.kind === 'process-var') {
        const { process } = m;
        return e.object.kind === 'index'
            ? { k: 'variable', process, index: compileValue(c, e.object.index), name: m.name }
            : { k: 'variable', process, name: m.name };
    }
    const object = compileValue(c, e.object);
    switch (m?.kind) {
        case 'struct-field':
            return { k: 'struct-field', object, struct: m.layout.name, field: name };
        case 'field':
            return { k: 'native-field', object, field: nameOfNative(c.program.natives, m.field) };
        default:
            return { k: 'member', object, name };
    }
}

function compileBinary(c: Compiler, e: BinaryExpr): Expression {
    const { op } = e;
    if (op === '&&' || op === '||') {
        return compileLogical(c, e, op);
    }
    const [left, right] = compileValues(c, [e.left, e.right]);
    return { k: 'binary', operator: op, left, right, span: { start: e.start, end: e.end } };
}

/** The right side is evaluated only if it decides the result; its operations are skipped otherwise. */
function compileLogical(c: Compiler, e: BinaryExpr, operator: '&&' | '||'): Expression {
    const left = compileValue(c, e.left);
    if (!needsOps(c, e.right)) {
        return { k: 'logical', operator, left, right: compileValue(c, e.right) };
    }
    const slot = c.emitter.temp();
    const end = c.emitter.label();
    c.emitter.emitLater(() => ({ op: 'decide', slot, operator, value: left, end: end.pc }));
    const right = compileValue(c, e.right);
    c.emitter.emit({ op: 'decided', slot, operator, value: right });
    c.emitter.place(end);
    return slotted(slot);
}

// ---------------------------------------------------------------- calls

function compileCall(c: Compiler, e: CallExpr): Expression {
    const native = inlineNative(c, e);
    if (!native) {
        return slotted(emitCall(c, e, () => PLAIN));
    }
    const receiver = e.callee.kind === 'member' ? [compileValue(c, e.callee.object)] : [];
    return {
        k: 'native',
        native: nameOfNative(c.program.natives, native),
        args: [...receiver, ...nativeArgs(c, e, native)],
    };
}

/** Emits the outermost call of a statement's value, to which `fails`, `may fail`, `panics` and `oopses` apply. */
export function emitAnnounced(c: Compiler, call: CallExpr, { expect, end }: Announced): Slot {
    if (expect?.kind === 'panics' || expect?.kind === 'oopses') {
        const op = expect.kind === 'panics' ? 'expect-panic' : 'expect-oops';
        c.emitter.emit({ op, message: expect.message?.value ?? '' });
    }
    return emitCall(c, call, () => policyOf(expect, end));
}

/** What happens on a failure, once the target after it is known. */
export function policyOf(expect: Expectation | undefined, end: Label): Policy {
    if (!expect) {
        return PLAIN;
    }
    return expect.kind === 'panics' || expect.kind === 'oopses'
        ? { k: expect.kind }
        : { k: expect.kind, errors: expect.errors.map((e) => e.name).filter(isErrnoName), end: end.pc };
}

/** Emits a call; its value is in the returned slot afterwards. */
function emitCall(c: Compiler, call: CallExpr, policy: () => Policy): Slot {
    const { callee } = call;
    if (callee.kind === 'name') {
        const meaning = c.program.names.get(callee);
        if (meaning?.kind === 'fn') {
            return emitFn(c, call, meaning.decl, policy);
        }
        if (meaning?.kind === 'native') {
            return emitNative(c, call, meaning.native, [], policy);
        }
        throw new RangeError(`${callee.name} is not a function`);
    }
    if (callee.kind === 'member') {
        const meaning = c.program.members.get(callee);
        const object = compileValue(c, callee.object);
        if (meaning?.kind === 'method') {
            return emitNative(c, call, meaning.method, [object], policy);
        }
        return emitMethod(c, call, callee.member.name, object, policy);
    }
    throw new RangeError('only functions and methods can be called');
}

function emitFn(c: Compiler, call: CallExpr, decl: FnDecl, policy: () => Policy): Slot {
    const slot = c.emitter.temp();
    const { values } = bindArguments(
        decl.params.map((p) => ({ name: p.name.name })),
        call.args.map(given),
    );
    const args = compileValues(c, values);
    const span = { start: call.start, end: call.end };
    c.emitter.emitLater(() => ({ op: 'call', fn: decl.name.name, args, slot, span, policy: policy() }));
    emitResult(c, call, slot, policy);
    return slot;
}

function given(a: Arg): Given<Expr> {
    return { name: a.name?.name, value: a.value };
}

/** After a call that pushed a frame: handles the result in the slot. */
function emitResult(c: Compiler, { start, end }: CallExpr, slot: Slot, policy: () => Policy): void {
    c.emitter.emitLater(() => ({ op: 'result', slot, span: { start, end }, policy: policy() }));
}

/** The values of a native's parameters. */
function nativeArgs(c: Compiler, call: CallExpr, native: Native): Expression[] {
    if (native.params.some((p) => p.named)) {
        return [{ k: 'record', fields: namedValues(c, call.args) }];
    }
    const { values, rest } = bindArguments(native.params, call.args.map(given));
    const compiled = compileValues(c, [...values, ...rest]);
    return native.params.map((p, i): Expression => {
        if (p.rest) {
            return { k: 'list', items: compiled.slice(values.length) };
        }
        const reply = replyOf(p.name, call.with?.name);
        return reply !== undefined ? literal(reply) : ((values[i] && compiled[i]) ?? literal(p.default));
    });
}

function emitNative(
    c: Compiler,
    call: CallExpr,
    native: Native,
    receiver: readonly Expression[],
    policy: () => Policy,
): Slot {
    const slot = c.emitter.temp();
    const args = [...receiver, ...nativeArgs(c, call, native)];
    const name = nameOfNative(c.program.natives, native);
    const span = { start: call.start, end: call.end };
    if (native.callback !== undefined) {
        c.emitter.emit({ op: 'callback', callback: native.callback, args, slot });
        emitResult(c, call, slot, policy);
    } else if (native.code !== undefined) {
        const fn = native.code;
        c.emitter.emitLater(() => ({ op: 'kernel', native: name, fn, args, slot, span, policy: policy() }));
        emitResult(c, call, slot, policy);
    } else {
        c.emitter.emitLater(() => ({ op: 'native', native: name, args, slot, span, policy: policy() }));
    }
    return slot;
}

/** A value as it is now, whatever the operations of arguments do to what it is computed from. */
function kept(c: Compiler, value: Expression): Expression {
    const slot = c.emitter.temp();
    c.emitter.emit({ op: 'set', slot, value });
    return { k: 'slot', slot };
}

/** A method of a value whose type is known only at run time. */
function emitMethod(c: Compiler, call: CallExpr, method: string, object: Expression, policy: () => Policy): Slot {
    const slot = c.emitter.temp();
    const receiver = call.args.length === 0 ? object : kept(c, object);
    const args = compileValues(
        c,
        call.args.map((a) => a.value),
    ).map((value, i) => {
        const name = call.args[i]?.name?.name;
        return name === undefined ? { value } : { name, value };
    });
    const span = { start: call.start, end: call.end };
    c.emitter.emitLater(() => ({ op: 'method', receiver, method, args, slot, span, policy: policy() }));
    emitResult(c, call, slot, policy);
    return slot;
}
