/** Expressions: a type for each. */
import type { BinaryExpr, CallExpr, Expr, TryExpr, UnaryExpr } from '../syntax/ast';
import { ANY, BOOL, BYTES, INT, PHYS, STRING, listOf, type Type } from '../types';
import { CallChecker } from './calls';
import { assignable, comparable, describeType, isIntLike } from './types-of';
import { quoted } from './program-builder';

export abstract class ExprChecker extends CallChecker {
    expr(e: Expr): Type {
        return this.typed(e, this.typeOf(e));
    }

    private typeOf(e: Expr): Type {
        switch (e.kind) {
            case 'int':
                return INT;
            case 'string':
                return STRING;
            case 'bool':
                return BOOL;
            case 'error':
                return ANY;
            case 'name':
                return this.name(e);
            case 'member':
                return this.member(e);
            case 'index':
                return this.index(e);
            case 'call':
                return this.callOf(e);
            case 'new':
                return this.construct(e);
            case 'try':
                return this.try(e);
            case 'unary':
                return this.unary(e);
            case 'binary':
                return this.binary(e);
            case 'list':
                return this.list(e.items);
            case 'range':
                this.expr(e.from);
                this.expr(e.to);
                this.error('LU0313', e, 'A range stands only behind the `in` of a `for`.');
                return ANY;
        }
    }

    private callOf(e: CallExpr): Type {
        const handled = this.tried === e;
        const outer = this.tried;
        this.tried = undefined;
        const type = this.call(e);
        this.tried = outer;
        if (!handled && this.unit.fn && this.canFail(e)) {
            this.unit.fn.fails = true;
        }
        return type;
    }

    private list(items: readonly Expr[]): Type {
        const types = items.map((i) => this.expr(i));
        const first = types[0];
        return listOf(first && types.every((t) => t.k === first.k && assignable(t, first)) ? first : ANY);
    }

    /** May this call fail with an error number? A call that is found out only at run time may. */
    protected canFail(e: CallExpr): boolean {
        const { callee } = e;
        if (callee.kind === 'name') {
            const meaning = this.world.names.get(callee);
            if (meaning?.kind === 'fn') {
                return this.world.fns.get(meaning.decl.name.name)?.fails ?? true;
            }
            return meaning?.kind === 'native' ? meaning.native.fails : true;
        }
        const meaning = this.world.members.get(callee);
        return meaning?.kind === 'method' ? meaning.method.fails : true;
    }

    /** A function of the program that a process calls: unlike the kernel's it hands no errno on. */
    protected stopsByItself({ callee }: CallExpr): boolean {
        return this.context === 'user' && callee.kind === 'name' && this.world.names.get(callee)?.kind === 'fn';
    }

    private try(e: TryExpr): Type {
        const { call } = e;
        const before = this.tried;
        this.tried = call;
        const type = this.expr(call);
        this.tried = before;
        if (call.kind === 'error') {
            return ANY;
        }
        if (call.kind !== 'call') {
            this.error('LU0402', e, '`try` stands before a call.');
            return type;
        }
        if (this.stopsByItself(call)) {
            this.error(
                'LU0402',
                e,
                `A call that fails in ${this.text(call.callee)} stops the scenario there: put the \`try\` before that call.`,
                { title: 'Remove `try`', edits: [{ span: { start: e.start, end: call.start }, text: '' }] },
            );
            return type;
        }
        if (!this.canFail(call)) {
            this.error('LU0402', e, `${this.text(call.callee)} cannot fail: remove the \`try\`.`, {
                title: 'Remove `try`',
                edits: [{ span: { start: e.start, end: call.start }, text: '' }],
            });
            return type;
        }
        switch (type.k) {
            case 'none':
            case 'int':
                return INT;
            case 'fd':
            case 'phys':
                return type;
            default:
                return ANY;
        }
    }

    /** The call that a `try` or an expectation is about: its failing is no failure of the code around it. */
    protected tried: Expr | undefined;

    private unary(e: UnaryExpr): Type {
        const operand = this.expr(e.operand);
        if (e.op === '!') {
            this.condition(e.operand, operand, 'The operand of `!`');
            return BOOL;
        }
        if (!isIntLike(operand)) {
            this.error('LU0303', e, `\`${e.op}\` needs an integer, not ${describeType(operand)}.`);
            return INT;
        }
        this.folder.value(this.unit.uri, e, this.shadowed);
        return INT;
    }

    /** Complains where a value is no boolean. */
    protected condition(e: Expr, type: Type, what: string): void {
        if (type.k === 'bool' || type.k === 'any' || e.kind === 'error') {
            return;
        }
        if (isIntLike(type)) {
            this.error(
                'LU0302',
                e,
                `${what} is true or false, not ${describeType(type)}: compare it, as in \`… != 0\`.`,
                { title: 'Compare with 0', edits: [{ span: { start: e.end, end: e.end }, text: ' != 0' }] },
            );
        } else {
            this.error('LU0302', e, `${what} is true or false, not ${describeType(type)}.`);
        }
    }

    private binary(e: BinaryExpr): Type {
        const left = this.expr(e.left);
        const right = this.expr(e.right);
        switch (e.op) {
            case '&&':
            case '||':
                this.condition(e.left, left, `The left side of \`${e.op}\``);
                this.condition(e.right, right, `The right side of \`${e.op}\``);
                return BOOL;
            case '==':
            case '!=':
                if (!comparable(left, right)) {
                    this.error(
                        'LU0315',
                        e,
                        `${this.text(e.left)} is ${describeType(left)} and ${this.text(e.right)} ${describeType(right)}: they are never equal.`,
                    );
                }
                return BOOL;
            case '+':
                return this.sum(e, left, right);
            default:
                return this.arithmetic(e, left, right);
        }
    }

    private sum(e: BinaryExpr, left: Type, right: Type): Type {
        if (left.k === 'string' || right.k === 'string') {
            return STRING;
        }
        if (left.k === 'any' && right.k === 'any') {
            return ANY;
        }
        if (left.k === 'bytes' && (right.k === 'bytes' || right.k === 'any')) {
            return BYTES;
        }
        return left.k === 'any' && right.k === 'bytes' ? BYTES : this.arithmetic(e, left, right);
    }

    private arithmetic(e: BinaryExpr, left: Type, right: Type): Type {
        const compares = e.op === '<' || e.op === '<=' || e.op === '>' || e.op === '>=';
        for (const [side, type] of [
            [e.left, left],
            [e.right, right],
        ] as const) {
            if (!isIntLike(type)) {
                const chain = compares && side.kind === 'binary' && type.k === 'bool';
                this.error(
                    'LU0303',
                    side,
                    chain
                        ? `Comparisons cannot be chained: write \`a ${e.op} b && b ${e.op} c\`.`
                        : `${quoted(e.op)} needs integers, and this is ${describeType(type)}.`,
                );
                return compares ? BOOL : INT;
            }
        }
        this.folder.value(this.unit.uri, e, this.shadowed);
        if (compares) {
            return BOOL;
        }
        const address = left.k === 'phys' || right.k === 'phys';
        const difference = e.op === '-' && left.k === 'phys' && right.k === 'phys';
        return address && !difference && (e.op === '+' || e.op === '-' || e.op === '&' || e.op === '|') ? PHYS : INT;
    }
}
