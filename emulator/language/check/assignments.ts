/** Assignments, expectations, and the statements that move descriptors. */
import type { AssignStmt, CallExpr, Expectation, Expr, ExprStmt, Ident, NameExpr, SendStmt, Span } from '../syntax/ast';
import { ERRNO, isErrnoName } from '../../kernel/release/errno';
import type { NameMeaning } from '../program';
import { ANY, type Type } from '../types';
import { ExprChecker } from './expressions';
import type { Var } from './scope';
import { assignable, describeType, isIntLike } from './types-of';
import { quoted } from './program-builder';

/** True where the parser has complained about the expression already. */
function isBroken(e: Expr): boolean {
    switch (e.kind) {
        case 'error':
            return true;
        case 'member':
            return e.member.name === '' || isBroken(e.object);
        case 'index':
            return isBroken(e.object) || isBroken(e.index);
        case 'unary':
            return isBroken(e.operand);
        case 'binary':
            return isBroken(e.left) || isBroken(e.right);
        case 'list':
            return e.items.some(isBroken);
        default:
            return false;
    }
}

export abstract class AssignChecker extends ExprChecker {
    protected assign(s: AssignStmt): void {
        const type = this.withExpectation(s.value, s.expect, s);
        if (type.k === 'none' && s.value.kind !== 'error') {
            this.error(
                'LU0413',
                s.value,
                `${this.text(s.value)} gives nothing that could be assigned: leave out the variable.`,
                {
                    title: 'Leave out the variable',
                    edits: [{ span: { start: s.target.start, end: s.value.start }, text: '' }],
                },
            );
        }
        const { target } = s;
        const stored = type.k === 'none' ? ANY : type;
        if (target.kind === 'name') {
            this.typed(target, this.assignName(s, target, stored));
        } else if (target.kind === 'member') {
            this.assignMember(s, stored);
        } else if (target.kind === 'index') {
            this.fits(s, this.expr(target), stored);
        } else if (target.kind !== 'error') {
            this.expr(target);
            this.error(
                'LU0309',
                target,
                `${this.text(target)} cannot be assigned: only variables, fields and elements can.`,
            );
        }
    }

    private assignMember(s: AssignStmt, type: Type): void {
        const { target } = s;
        if (target.kind !== 'member') {
            return;
        }
        const found = this.find(target);
        if (!found) {
            this.typed(target, ANY);
            return;
        }
        if ('method' in found) {
            this.typed(target, ANY);
            this.error('LU0309', target.member, `${quoted(target.member.name)} is a method and cannot be assigned.`);
            return;
        }
        this.typed(target, found.type);
        const meaning = this.world.members.get(target);
        if (meaning?.kind === 'process-var') {
            this.error(
                'LU0309',
                target,
                `A variable of ${quoted(meaning.process)} is assigned in a block \`${meaning.process} { }\` only.`,
            );
        } else if (!found.writable) {
            this.error('LU0309', target.member, `${quoted(target.member.name)} can be read only.`);
        } else {
            this.fits(s, found.type, type);
        }
    }

    /** Complains where the value does not fit what the target holds. */
    private fits(s: AssignStmt, target: Type, value: Type, since?: Span): void {
        const where = since ? ` (since line ${this.line(since)})` : '';
        if (s.op === '=') {
            if (!assignable(value, target)) {
                this.error(
                    'LU0301',
                    s.value,
                    `${this.text(s.target)} holds ${describeType(target)}${where}, not ${describeType(value)}.`,
                );
            }
            return;
        }
        const joins = s.op === '+=' && (target.k === 'string' || (target.k === 'bytes' && assignable(value, target)));
        if (!joins && !(isIntLike(target) && isIntLike(value))) {
            this.error(
                'LU0303',
                s,
                `${quoted(s.op)} needs integers, not ${describeType(isIntLike(target) ? value : target)}.`,
            );
        }
    }

    /** Assigns a variable, or declares it. Gives its type. */
    private assignName(s: AssignStmt, target: NameExpr, type: Type): Type {
        const v = this.assignable(target);
        if (v) {
            if ('index' in v) {
                this.fits(s, v.type, type);
                return v.type;
            }
            this.mean(target, v.meaning);
            this.fits(s, v.type, type, v.span);
            this.flow.assigned.delete(v);
            this.remember(v);
            return v.type;
        }
        if (this.world.consts.has(target.name)) {
            this.error(
                'LU0309',
                target,
                `${quoted(target.name)} is a constant and cannot be assigned: choose another name.`,
            );
        }
        if (s.op !== '=') {
            this.world.unknown(
                'LU0201',
                this.unit.uri,
                target,
                target.name,
                `${quoted(target.name)} has no value yet that \`${s.op}\` could change: assign it with \`=\` first.`,
                this.readable(),
            );
        }
        const fails = s.expect?.kind === 'fails';
        this.mean(target, this.declare(target.name, type, target, s.end, fails).meaning);
        return type;
    }

    private assignable(target: NameExpr): Var | { readonly index: number; readonly type: Type } | undefined {
        if (this.process !== undefined) {
            return this.vars.find(target.name, true) ?? this.processVar(this.process, target.name);
        }
        const local = this.vars.find(target.name);
        const field = local ? undefined : this.kindField(target);
        return field ? { index: 0, type: field } : local;
    }

    /** Notes in which kernel a variable got its reference. */
    private remember(v: Var): void {
        if (this.process === undefined && this.unit.result === undefined && this.diesWithKernel(v.type)) {
            this.flow.assigned.set(v, this.flow.kernel);
        }
    }

    /** A new variable: of the process in its block, else a local one. */
    protected declare(name: string, type: Type, span: Span, from: number, exempt: boolean): Var {
        if (this.process === undefined) {
            const v = this.vars.declare(name, type, span, from, exempt);
            this.remember(v);
            return v;
        }
        return this.declareIn(this.process, name, type, span, exempt);
    }

    protected declareIn(process: string, name: string, type: Type, span: Span, exempt: boolean): Var {
        const meaning: NameMeaning = { kind: 'process-var', process, name, type };
        const v: Var = {
            name,
            type,
            span: { start: span.start, end: span.end },
            meaning,
            reads: 0,
            exempt: exempt || this.unit.fn !== undefined,
            process,
        };
        this.flow.procs.get(process)?.vars.set(name, v);
        this.vars.all.push(v);
        if (this.unit.fn) {
            const known = this.world.fnProcessVars.get(process) ?? new Map<string, Type>();
            known.set(name, type);
            this.world.fnProcessVars.set(process, known);
        }
        return v;
    }

    protected exprStmt(s: ExprStmt): void {
        this.withExpectation(s.value, s.expect, s);
        const { kind } = s.value;
        if (kind !== 'call' && kind !== 'try' && !isBroken(s.value)) {
            this.report(
                'warning',
                'LU0405',
                s.value,
                `${this.text(s.value)} has no effect: assert it, assign it or remove it.`,
            );
        }
    }

    /** The type of a statement's value, with its `fails` or `may fail` checked. */
    private withExpectation(value: Expr, expect: Expectation | undefined, s: Span): Type {
        if (!expect) {
            return this.expr(value);
        }
        this.errors(expect);
        this.tried = expect.kind === 'panics' ? undefined : value;
        const type = this.expr(value);
        this.tried = undefined;
        const word = { fails: '`fails`', may: '`may fail`', panics: '`panics`' }[expect.kind];
        const drop = { title: `Remove ${word}`, edits: [{ span: { start: value.end, end: s.end }, text: '' }] };
        if (value.kind === 'try') {
            this.error('LU0412', expect, `A call is either tried or ${word}: remove one of the two.`, drop);
        } else if (value.kind !== 'call') {
            if (value.kind !== 'error') {
                this.error('LU0402', expect, `${word} stands behind a call only.`, drop);
            }
        } else if (expect.kind !== 'panics' && this.stopsByItself(value)) {
            this.error(
                'LU0402',
                expect,
                `A call that fails in ${this.text(value.callee)} stops the scenario there: put ${word} behind that call.`,
                drop,
            );
        } else if (!this.canFail(value)) {
            this.error('LU0402', expect, `${this.text(value.callee)} cannot fail: remove the ${word}.`, drop);
        } else if (this.context === 'kernel') {
            this.error('LU0402', expect, `Kernel code has no ${word}: use \`r = try …\` and look at \`r\`.`);
        }
        this.afterExpected(value, expect);
        return type;
    }

    /** What a call with an expectation does to the flow. */
    protected abstract afterExpected(call: Expr, expect: Expectation): void;

    protected errors(expect: Expectation): void {
        for (const e of expect.errors) {
            this.errno(e, true);
        }
    }

    /** Complains where a name is no error name. */
    protected errno(e: Ident, known: boolean): void {
        if (e.name !== '' && !isErrnoName(e.name) && known) {
            this.world.unknown(
                'LU0214',
                this.unit.uri,
                e,
                e.name,
                `No error is called ${quoted(e.name)}.`,
                Object.keys(ERRNO),
            );
        }
    }

    protected send(s: SendStmt): void {
        this.require('user', s, '`send`');
        const type = this.expr(s.value);
        if (type.k !== 'fd' && type.k !== 'any' && type.k !== 'int') {
            this.error('LU0301', s.value, `Only descriptors can be sent, and this is ${describeType(type)}.`);
        }
        if (s.expect) {
            this.errors(s.expect);
        }
        this.processIdent(s.to, true);
        const name =
            s.as ?? (s.value.kind === 'name' ? { ...s.value } : s.value.kind === 'member' ? s.value.member : undefined);
        if (!name) {
            this.error('LU0414', s.value, 'Say what it is called there: `send … to vmm as name`.');
            return;
        }
        if (s.expect?.kind !== 'fails' && this.flow.procs.has(s.to.name)) {
            const there = this.processVar(s.to.name, name.name);
            const v = there ?? this.declareIn(s.to.name, name.name, type, name, true);
            if (s.as) {
                this.mean(s.as, v.meaning);
            }
        }
    }

    /** An identifier that names a process; complains where there is none, or where it does not run (`running`). */
    protected abstract processIdent(e: Ident, running: boolean): void;

    /** The last name of what a call calls: `reboot`. */
    protected calleeName(e: Expr): string | undefined {
        const call: CallExpr | undefined = e.kind === 'call' ? e : undefined;
        return call?.callee.kind === 'name'
            ? call.callee.name
            : call?.callee.kind === 'member'
              ? call.callee.member.name
              : undefined;
    }
}
