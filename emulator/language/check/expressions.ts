/** Expressions: a type for each. */
import { replaceWith } from '../check-finding';
import type { BinaryExpr, Expr, TryExpr, UnaryExpr } from '../syntax/ast';
import { ANY, BOOL, BYTES, INT, PHYS, STRING, listOf, type Type } from '../types';
import { callType, canFail } from './calls';
import { checkCondition } from './conditions';
import { constructType } from './construct';
import type { CodeContext } from './context';
import { fold } from './fold';
import { indexType, memberType } from './members';
import { nameType } from './names';
import { assuming } from './narrowing';
import { quoted } from './program-builder';
import { assignable, comparable, describeType, isIntLike } from './types-of';

export function checkExpr(c: CodeContext, e: Expr): Type {
    return c.typed(e, typeOf(c, e));
}

function typeOf(c: CodeContext, e: Expr): Type {
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
            return nameType(c, e);
        case 'member':
            return memberType(c, e);
        case 'index':
            return indexType(c, e);
        case 'call':
            return callType(c, e);
        case 'new':
            return constructType(c, e);
        case 'try':
            return tryType(c, e);
        case 'unary':
            return unaryType(c, e);
        case 'binary':
            return binaryType(c, e);
        case 'list':
            return listType(c, e.items);
        case 'range':
            c.expr(e.from);
            c.expr(e.to);
            c.error('LU0313', e, 'A range can only follow the `in` of a `for`.');
            return ANY;
    }
}

function listType(c: CodeContext, items: readonly Expr[]): Type {
    const types = items.map((i) => c.expr(i));
    const first = types[0];
    return listOf(first && types.every((t) => t.k === first.k && assignable(t, first)) ? first : ANY);
}

function tryType(c: CodeContext, e: TryExpr): Type {
    const { call } = e;
    const before = c.tried;
    c.tried = call;
    const type = c.expr(call);
    c.tried = before;
    if (call.kind === 'error') {
        return ANY;
    }
    if (call.kind !== 'call') {
        c.error('LU0402', e, '`try` must be followed by a call.');
        return type;
    }
    const withoutTry = replaceWith('Remove `try`', { start: e.start, end: call.start }, '');
    if (!canFail(c, call)) {
        c.error('LU0402', e, `${c.text(call.callee)} cannot fail. Remove the \`try\`.`, withoutTry);
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

function unaryType(c: CodeContext, e: UnaryExpr): Type {
    const operand = c.expr(e.operand);
    if (e.op === '!') {
        checkCondition(c, e.operand, operand, 'The operand of `!`');
        return BOOL;
    }
    if (!isIntLike(operand)) {
        c.error('LU0303', e, `\`${e.op}\` needs an integer, not ${describeType(operand)}.`);
        return INT;
    }
    fold(c.program, c.unit.uri, e, c.shadowed);
    return INT;
}

function binaryType(c: CodeContext, e: BinaryExpr): Type {
    const left = c.expr(e.left);
    const right =
        e.op === '&&' || e.op === '||' ? assuming(c, e.left, e.op === '&&', () => c.expr(e.right)) : c.expr(e.right);
    switch (e.op) {
        case '&&':
        case '||':
            checkCondition(c, e.left, left, `The left side of \`${e.op}\``);
            checkCondition(c, e.right, right, `The right side of \`${e.op}\``);
            return BOOL;
        case '==':
        case '!=':
            if (!comparable(left, right)) {
                c.error(
                    'LU0315',
                    e,
                    `${c.text(e.left)} is ${describeType(left)} and ${c.text(e.right)} is ${describeType(right)}. They are never equal.`,
                );
            }
            return BOOL;
        case '+':
            return sumType(c, e, left, right);
        default:
            return arithmeticType(c, e, left, right);
    }
}

function sumType(c: CodeContext, e: BinaryExpr, left: Type, right: Type): Type {
    if (left.k === 'string' || right.k === 'string') {
        return STRING;
    }
    if (left.k === 'any' && right.k === 'any') {
        return ANY;
    }
    if (left.k === 'bytes' && (right.k === 'bytes' || right.k === 'any')) {
        return BYTES;
    }
    return left.k === 'any' && right.k === 'bytes' ? BYTES : arithmeticType(c, e, left, right);
}

function arithmeticType(c: CodeContext, e: BinaryExpr, left: Type, right: Type): Type {
    const compares = e.op === '<' || e.op === '<=' || e.op === '>' || e.op === '>=';
    for (const [side, type] of [
        [e.left, left],
        [e.right, right],
    ] as const) {
        if (!isIntLike(type)) {
            const chain = compares && side.kind === 'binary' && type.k === 'bool';
            c.error(
                'LU0303',
                side,
                chain
                    ? `Comparisons cannot be chained. Write \`a ${e.op} b && b ${e.op} c\`.`
                    : `${quoted(e.op)} needs integers, not ${describeType(type)}.`,
            );
            return compares ? BOOL : INT;
        }
    }
    fold(c.program, c.unit.uri, e, c.shadowed);
    if (compares) {
        return BOOL;
    }
    const address = left.k === 'phys' || right.k === 'phys';
    const difference = e.op === '-' && left.k === 'phys' && right.k === 'phys';
    return address && !difference && (e.op === '+' || e.op === '-' || e.op === '&' || e.op === '|') ? PHYS : INT;
}
