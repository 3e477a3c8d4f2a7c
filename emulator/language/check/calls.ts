/** Calls: what is called, whether it may be called here, and whether the arguments fit. */
import type { Arg, CallExpr, Expr, Ident, NameExpr, NewExpr } from '../syntax/ast';
import { REPLIES } from '../reply';
import { ANY, listOf, type Type } from '../types';
import type { FunctionShape, NativeParam } from '../natives';
import { MemberChecker } from './members';
import { near } from '../nearest';
import { assignable, describeType } from './types-of';
import { quoted, type FnInfo } from './program-builder';
import { changeTo } from '../check-finding';

/** Words that may stand behind `with`. */
const CALL_MODES = Object.keys(REPLIES);

export abstract class CallChecker extends MemberChecker {
    protected call(e: CallExpr): Type {
        if (e.with && !CALL_MODES.includes(e.with.name) && e.with.name !== '') {
            this.world.unknown(
                'LU0401',
                this.unit.uri,
                e.with,
                e.with.name,
                `No call is made with ${quoted(e.with.name)}: there is ${CALL_MODES.map(quoted).join(', ')}.`,
                CALL_MODES,
            );
        }
        const { callee } = e;
        if (callee.kind === 'name') {
            return this.named(e, callee);
        }
        if (callee.kind === 'member') {
            const found = this.find(callee);
            this.typed(callee, ANY);
            if (found && 'method' in found) {
                return this.native(e, found.method);
            }
            if (found && found.type.k !== 'any') {
                this.error(
                    'LU0308',
                    callee.member,
                    `${quoted(callee.member.name)} is ${describeType(found.type)} and cannot be called.`,
                );
            }
            this.plainArgs(e.args);
            return ANY;
        }
        const type = this.expr(callee);
        if (type.k !== 'any') {
            this.error('LU0308', callee, `${this.text(callee)} is ${describeType(type)} and cannot be called.`);
        }
        this.plainArgs(e.args);
        return ANY;
    }

    private plainArgs(args: readonly Arg[]): void {
        for (const a of args) {
            this.expr(a.value);
        }
    }

    private named(e: CallExpr, callee: NameExpr): Type {
        this.typed(callee, ANY);
        const fn = this.world.fns.get(callee.name);
        if (fn) {
            this.mean(callee, { kind: 'fn', decl: fn.decl });
            return this.function(e, fn);
        }
        const native = this.world.natives.functions.get(callee.name);
        if (native) {
            this.mean(callee, { kind: 'native', native });
            return this.native(e, native);
        }
        this.plainArgs(e.args);
        const method = this.world.natives.fd.methods.has(callee.name);
        const variable =
            this.vars.find(callee.name) ??
            (this.process === undefined ? undefined : this.processVar(this.process, callee.name));
        if (variable) {
            variable.reads++;
            this.mean(callee, variable.meaning);
            this.error(
                'LU0308',
                callee,
                `${quoted(callee.name)} is ${describeType(variable.type)} and cannot be called.`,
            );
        } else if (method) {
            this.error(
                'LU0202',
                callee,
                `${quoted(callee.name)} is a system call on a descriptor: write \`fd.${callee.name}(…)\`.`,
            );
        } else {
            this.world.unknown(
                'LU0202',
                this.unit.uri,
                callee,
                callee.name,
                `No function is called ${quoted(callee.name)}.`,
                [...this.world.fns.keys(), ...this.world.natives.functions.keys()],
            );
        }
        return ANY;
    }

    private function(e: CallExpr, fn: FnInfo): Type {
        this.checkFn(fn);
        this.args(
            e,
            fn.decl.params.map((p, i) => ({ name: p.name.name, type: fn.params[i] ?? ANY })),
            quoted(fn.decl.name.name),
        );
        if (fn.context !== 'any') {
            this.require(fn.context, e.callee, quoted(`${fn.decl.name.name}()`));
        }
        this.calledFn(fn, e);
        return fn.result;
    }

    /** What a call of a function does to the flow. */
    protected abstract calledFn(fn: FnInfo, e: CallExpr): void;

    private native(e: CallExpr, native: FunctionShape): Type {
        this.require(
            native.context,
            e.callee.kind === 'member' ? e.callee.member : e.callee,
            quoted(`${native.name}()`),
        );
        const bound = this.args(e, native.params, quoted(native.name));
        if (native.resultOfArg !== undefined) {
            const of = bound[native.resultOfArg];
            const t = of && this.world.types.get(of);
            if (t?.k === 'decl' && t.of === 'struct') {
                const view: Type = { k: 'view', struct: t.name };
                return native.result.k === 'list' ? listOf(view) : view;
            }
            return t?.k === 'decl' && t.of === 'file' ? { k: 'kind', name: t.name } : native.result;
        }
        return native.result;
    }

    /** Checks the arguments of a call; gives the expression of every parameter. */
    private args(e: CallExpr, params: readonly NativeParam[], what: string): (Expr | undefined)[] {
        const bound: (Expr | undefined)[] = params.map(() => undefined);
        let position = 0;
        let tooMany = false;
        for (const a of e.args) {
            const type = this.expr(a.value);
            let i: number;
            if (a.name) {
                i = this.namedParam(a.name, params, what);
            } else {
                i = position;
                if (params[position]?.rest !== true) {
                    position++;
                }
                if (i >= params.length && !tooMany) {
                    tooMany = true;
                    const n = params.length;
                    this.error(
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
                this.error('LU0307', a, `${what} gets ${quoted(param.name)} twice: remove one.`);
            }
            bound[i] = a.value;
            const wanted = param.rest === true && param.type.k === 'list' ? param.type.of : param.type;
            if (!assignable(type, wanted)) {
                this.error(
                    'LU0301',
                    a.value,
                    `${quoted(param.name)} of ${what} is ${describeType(wanted)}, not ${describeType(type)}.`,
                );
            }
        }
        const missing = params.filter(
            (p, i) => !bound[i] && p.rest !== true && p.default === undefined && !('default' in p),
        );
        if (missing.length > 0 && !e.args.some((a) => a.value.kind === 'error')) {
            const names = missing.map((p) => quoted(p.name)).join(' and ');
            this.error(
                'LU0304',
                { start: Math.max(e.callee.end, e.end - 1), end: e.end },
                `${what} needs ${names} too.`,
            );
        }
        return bound;
    }

    private namedParam(name: Ident, params: readonly NativeParam[], what: string): number {
        const i = params.findIndex((p) => p.name === name.name);
        if (i < 0) {
            this.world.unknown(
                'LU0306',
                this.unit.uri,
                name,
                name.name,
                params.length === 0
                    ? `${what} takes no arguments.`
                    : `${what} has no argument ${quoted(name.name)}: it takes ${params.map((p) => quoted(p.name)).join(', ')}.`,
                params.map((p) => p.name),
            );
        }
        return i;
    }

    /** `new nic(queues: 2)` */
    protected construct(e: NewExpr): Type {
        const { name } = e.name;
        const file = this.world.fileKind(name);
        this.require('kernel', e, quoted('new'));
        if (!file) {
            this.plainArgs(e.args);
            if (name !== '') {
                const builtin = this.world.natives.fileKinds.has(name);
                this.world.unknown(
                    'LU0217',
                    this.unit.uri,
                    e.name,
                    name,
                    builtin
                        ? `Files of kind ${quoted(name)} are made by the kernel's own calls, not by \`new\`.`
                        : `No file kind is called ${quoted(name)}: declare it with \`file ${name} { }\`.`,
                    [...this.world.fileKinds.keys()],
                );
            }
            return ANY;
        }
        this.mean(e.name, { kind: 'file', decl: file });
        const seen = new Set<string>();
        for (const a of e.args) {
            const type = this.expr(a.value);
            if (!a.name) {
                this.error(
                    'LU0306',
                    a,
                    `Say which field this is: \`new ${name}(${file.fields[0]?.name.name ?? 'field'}: …)\`.`,
                );
                continue;
            }
            const field = a.name.name;
            const i = file.fields.findIndex((f) => f.name.name === field);
            if (i < 0) {
                const nearest = near(
                    field,
                    file.fields.map((f) => f.name.name),
                );
                this.report(
                    'error',
                    'LU0306',
                    a.name,
                    `A file of kind ${quoted(name)} has no field ${quoted(field)}.${nearest === undefined ? '' : ` Did you mean ${quoted(nearest)}?`}`,
                    nearest === undefined ? undefined : changeTo(a.name, nearest),
                );
                continue;
            }
            if (seen.has(field)) {
                this.error('LU0307', a, `${quoted(field)} gets its value twice: remove one.`);
            }
            seen.add(field);
            const wanted = this.typeOfKindField(name, i);
            if (!assignable(type, wanted)) {
                this.error(
                    'LU0301',
                    a.value,
                    `${quoted(field)} of ${quoted(name)} is ${describeType(wanted)}, not ${describeType(type)}.`,
                );
            }
        }
        return { k: 'kind', name };
    }
}
