/** Calls: the function, whether it may be called here, and whether the arguments fit. */
import { listed } from '../../text/text';
import type { FunctionShape, NativeParam } from '../natives';
import { changeTo } from '../check-finding';
import { REPLIES } from '../reply';
import { FOREIGN_FUNCTIONS } from '../syntax/foreign';
import type { Arg, CallExpr, Expr, Ident, NameExpr } from '../syntax/ast';
import { ANY, listOf, type Type } from '../types';
import type { CodeContext } from './context';
import { afterCall, afterFn } from './kernel-end';
import { findMember } from './members';
import { quoted, type FnInfo } from './program-builder';
import { assignable, describeType } from './types-of';

/** Words that may follow `with`. */
const CALL_MODES = Object.keys(REPLIES);

/** The type of a call's result. */
export function callType(c: CodeContext, e: CallExpr): Type {
    const handled = c.tried === e;
    const outer = c.tried;
    c.tried = undefined;
    const type = called(c, e);
    c.tried = outer;
    if (!handled && c.unit.fn && canFail(c, e)) {
        c.unit.fn.fails = true;
        c.unit.fn.callFails = true;
    }
    afterCall(c, e, handled);
    return type;
}

/** Whether this call may fail with an error number. A call that is resolved at run time may. */
export function canFail(c: CodeContext, e: CallExpr): boolean {
    const { callee } = e;
    if (callee.kind === 'name') {
        const meaning = c.program.names.get(callee);
        if (meaning?.kind === 'fn') {
            const fn = c.program.fns.get(meaning.decl.name.name);
            // a function that may run in the kernel can return an error
            return (c.context === 'kernel' || c.context === 'any' ? fn?.fails : fn?.callFails) ?? true;
        }
        return meaning?.kind === 'native' ? meaning.native.fails : true;
    }
    const meaning = c.program.members.get(callee);
    return meaning?.kind === 'method' ? meaning.method.fails : true;
}

function called(c: CodeContext, e: CallExpr): Type {
    if (e.with && !CALL_MODES.includes(e.with.name) && e.with.name !== '') {
        c.unknown(
            'LU0401',
            e.with,
            e.with.name,
            `There is no call mode ${quoted(e.with.name)}. Expected ${listed(CALL_MODES.map(quoted), 'or')}.`,
            CALL_MODES,
        );
    }
    const { callee } = e;
    if (callee.kind === 'name') {
        return namedCall(c, e, callee);
    }
    if (callee.kind === 'member') {
        const found = findMember(c, callee);
        c.typed(callee, ANY);
        if (found && 'method' in found) {
            return nativeCall(c, e, ofElements(found.method, c.program.types.get(callee.object)));
        }
        if (found && found.type.k !== 'any') {
            c.error(
                'LU0308',
                callee.member,
                `${quoted(callee.member.name)} is ${describeType(found.type)} and cannot be called.`,
            );
        }
        plainArgs(c, e.args);
        return ANY;
    }
    const type = c.expr(callee);
    if (type.k !== 'any') {
        c.error('LU0308', callee, `${c.text(callee)} is ${describeType(type)} and cannot be called.`);
    }
    plainArgs(c, e.args);
    return ANY;
}

/** The parameters of a list's methods have the type of its elements. */
function ofElements(method: FunctionShape, list: Type | undefined): FunctionShape {
    return list?.k === 'list' ? { ...method, params: method.params.map((p) => ({ ...p, type: list.of })) } : method;
}

function plainArgs(c: CodeContext, args: readonly Arg[]): void {
    for (const a of args) {
        c.expr(a.value);
    }
}

function namedCall(c: CodeContext, e: CallExpr, callee: NameExpr): Type {
    c.typed(callee, ANY);
    const fn = c.program.fns.get(callee.name);
    if (fn) {
        c.mean(callee, { kind: 'fn', decl: fn.decl });
        return fnCall(c, e, fn);
    }
    const native = c.program.natives.functions.get(callee.name);
    if (native) {
        c.mean(callee, { kind: 'native', native });
        return nativeCall(c, e, native);
    }
    plainArgs(c, e.args);
    const method = c.program.natives.fd.methods.has(callee.name);
    const variable = c.variable(callee.name);
    if (variable) {
        variable.reads++;
        c.mean(callee, variable.meaning);
        c.error('LU0308', callee, `${quoted(callee.name)} is ${describeType(variable.type)} and cannot be called.`);
    } else if (method) {
        c.error(
            'LU0202',
            callee,
            `${quoted(callee.name)} is a system call on a descriptor. Write \`fd.${callee.name}(…)\`.`,
        );
    } else if (FOREIGN_FUNCTIONS.has(callee.name)) {
        const ours = FOREIGN_FUNCTIONS.get(callee.name) ?? '';
        c.error('LU0138', callee, `Write ${quoted(`${ours}(…)`)}.`, changeTo(callee, ours));
    } else {
        c.unknown('LU0202', callee, callee.name, `There is no function ${quoted(callee.name)}.`, [
            ...c.program.fns.keys(),
            ...c.program.natives.functions.keys(),
        ]);
    }
    return ANY;
}

function fnCall(c: CodeContext, e: CallExpr, fn: FnInfo): Type {
    c.enterFn(fn);
    bindArgs(
        c,
        e,
        fn.decl.params.map((p, i) => ({ name: p.name.name, type: fn.params[i] ?? ANY })),
        quoted(fn.decl.name.name),
    );
    if (fn.context !== 'any') {
        c.require(fn.context, e.callee, quoted(`${fn.decl.name.name}()`));
    }
    afterFn(c, fn, e);
    return fn.result;
}

function nativeCall(c: CodeContext, e: CallExpr, native: FunctionShape): Type {
    c.require(native.context, e.callee.kind === 'member' ? e.callee.member : e.callee, quoted(`${native.name}()`));
    if (native.params.some((p) => p.named)) {
        return recordOf(c, e, quoted(native.name));
    }
    const bound = bindArgs(c, e, native.params, quoted(native.name));
    if (native.resultOfArg !== undefined) {
        const of = bound[native.resultOfArg];
        const t = of && c.program.types.get(of);
        if (t?.k === 'decl' && t.of === 'struct') {
            const view: Type = { k: 'view', struct: t.name };
            return native.result.k === 'list' ? listOf(view) : view;
        }
        return t?.k === 'decl' && t.of === 'file' ? { k: 'kind', name: t.name } : native.result;
    }
    return native.result;
}

/** The record of a call's arguments, which have any names. */
function recordOf(c: CodeContext, e: CallExpr, what: string): Type {
    const fields = new Map<string, Type>();
    for (const a of e.args) {
        const type = c.expr(a.value);
        if (!a.name) {
            c.error('LU0306', a, `${what} needs a name for every field: ${quoted('name: value')}.`);
        } else if (fields.has(a.name.name)) {
            c.error('LU0307', a, `${what} is given ${quoted(a.name.name)} twice. Remove one of them.`);
        } else {
            fields.set(a.name.name, type);
        }
    }
    return { k: 'record', fields };
}

/** Checks the arguments of a call; returns the expression of every parameter. */
function bindArgs(c: CodeContext, e: CallExpr, params: readonly NativeParam[], what: string): (Expr | undefined)[] {
    const bound: (Expr | undefined)[] = params.map(() => undefined);
    let position = 0;
    let tooMany = false;
    for (const a of e.args) {
        const type = c.expr(a.value);
        let i: number;
        if (a.name) {
            i = namedParam(c, a.name, params, what);
        } else {
            i = position;
            if (params[position]?.rest !== true) {
                position++;
            }
            if (i >= params.length && !tooMany) {
                tooMany = true;
                const n = params.length;
                c.error(
                    'LU0305',
                    a,
                    `${what} takes ${n === 0 ? 'no arguments' : n === 1 ? 'one argument' : `${n} arguments`}: remove this one.`,
                );
            }
        }
        const param = params[i];
        if (!param) {
            continue;
        }
        if (bound[i] && param.rest !== true) {
            c.error('LU0307', a, `${what} is given ${quoted(param.name)} twice. Remove one of them.`);
        }
        bound[i] = a.value;
        const wanted = param.rest === true && param.type.k === 'list' ? param.type.of : param.type;
        if (!assignable(type, wanted)) {
            c.error(
                'LU0301',
                a.value,
                `${quoted(param.name)} of ${what} must be ${describeType(wanted)}, not ${describeType(type)}.`,
            );
        }
    }
    const missing = params.filter(
        (p, i) => !bound[i] && p.rest !== true && p.default === undefined && !('default' in p),
    );
    if (missing.length > 0 && !e.args.some((a) => a.value.kind === 'error')) {
        const names = listed(missing.map((p) => quoted(p.name)));
        c.error('LU0304', { start: Math.max(e.callee.end, e.end - 1), end: e.end }, `${what} also needs ${names}.`);
    }
    return bound;
}

function namedParam(c: CodeContext, name: Ident, params: readonly NativeParam[], what: string): number {
    const i = params.findIndex((p) => p.name === name.name);
    if (i < 0) {
        c.unknown(
            'LU0306',
            name,
            name.name,
            params.length === 0
                ? `${what} takes no arguments.`
                : `${what} has no argument ${quoted(name.name)}. It takes ${listed(params.map((p) => quoted(p.name)))}.`,
            params.map((p) => p.name),
        );
    }
    return i;
}
