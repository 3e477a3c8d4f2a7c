/** Reads expressions. */
import { insertAt } from '../check-finding';
import type { Arg, BinaryOp, CallExpr, ErrorExpr, Expr, Ident, IndexExpr, NewExpr, Span, UnaryExpr } from './ast';
import type { Cursor } from './cursor';
import { acceptArrow, isStep, wordOperator } from './foreign';
import { beginsItem } from './structure';
import { assignOp, RESERVED } from './words';
import { capital } from '../../text/text';

const PRECEDENCE = new Map<string, { readonly level: number; readonly op: BinaryOp }>();
const LEVELS: readonly (readonly BinaryOp[])[] = [
    ['||'],
    ['&&'],
    ['==', '!=', '<', '<=', '>', '>='],
    ['|'],
    ['^'],
    ['&'],
    ['<<', '>>'],
    ['+', '-'],
    ['*', '/', '%'],
];
LEVELS.forEach((ops, level) => {
    for (const op of ops) {
        PRECEDENCE.set(op, { level, op });
    }
});

/** The most operators or members in a chain. */
const MAX_CHAIN = 400;

const unary = (text: string): UnaryExpr['op'] | undefined =>
    text === '-' || text === '!' || text === '~' ? text : undefined;

/** An expression with its parentheses; a name or a literal keeps its own span. */
const widen = (e: Expr, span: Span): Expr =>
    e.kind === 'name' || e.kind === 'int' || e.kind === 'string' || e.kind === 'bool' ? e : { ...e, ...span };

export function missingExpr(c: Cursor): ErrorExpr {
    return { kind: 'error', start: c.lastEnd, end: c.lastEnd };
}

/** `from .. to`, or any operator that binds tighter. */
export function parseExpr(c: Cursor, what = 'an expression'): Expr {
    return (
        c.nested(() => {
            const from = parseBinary(c, 0, what);
            if (!c.accept('..')) {
                return from;
            }
            const to = parseBinary(c, 0, 'the end of the range');
            return { kind: 'range' as const, from, to, start: from.start, end: Math.max(to.end, c.lastEnd) };
        }) ?? missingExpr(c)
    );
}

function parseBinary(c: Cursor, level: number, what: string): Expr {
    let left = parseUnary(c, what);
    for (let length = 0; ; length++) {
        if (tooLong(c, length)) {
            return left;
        }
        const found = PRECEDENCE.get(c.mark) ?? PRECEDENCE.get(level < 2 ? (wordOperator(c) ?? '') : '');
        if (found === undefined || found.level < level || isStep(c)) {
            return left;
        }
        c.advance();
        const right = c.nested(() => parseOperand(c, found.level + 1, found.op)) ?? missingExpr(c);
        left = {
            kind: 'binary',
            op: found.op,
            left,
            right,
            start: left.start,
            end: Math.max(right.end, c.lastEnd),
        };
    }
}

/** The depth of the tree of an operator chain is its length. */
function tooLong(c: Cursor, length: number): boolean {
    if (length < MAX_CHAIN) {
        return false;
    }
    c.errorHere('LU0119', 'This expression is too long. Split it into several statements.');
    c.skipLine();
    return true;
}

/** The operand after a binary operator. It may begin on the next line, unless that line is a statement of its own. */
function parseOperand(c: Cursor, level: number, op: string): Expr {
    const what = `the operand after \`${op}\``;
    const t = c.token;
    if (!t.first || c.brackets > 0 || t.kind === 'eof' || beginsStatement(c)) {
        return parseBinary(c, level, what);
    }
    c.join();
    return parseBinary(c, level, what);
}

/** True if the next line is a statement of its own, even if the line before is incomplete. */
function beginsStatement(c: Cursor): boolean {
    const t = c.token;
    const next = c.peek(1);
    if (t.kind === 'punct') {
        return t.text === '}' || t.text === '{';
    }
    if (t.kind !== 'ident' || next.kind === 'eof') {
        return false;
    }
    const sameLine = !next.first;
    return (
        beginsItem(t, next) ||
        (RESERVED.has(t.text) && t.text !== 'true' && t.text !== 'false' && t.text !== 'try' && t.text !== 'new') ||
        (sameLine && next.kind === 'punct' && (assignOp(next.text) !== undefined || next.text === '{')) ||
        (sameLine &&
            (next.kind === 'ident' || next.kind === 'string') &&
            next.text !== 'fails' &&
            next.text !== 'panics' &&
            next.text !== 'oopses' &&
            next.text !== 'may' &&
            next.text !== 'to')
    );
}

function parseUnary(c: Cursor, what: string): Expr {
    const t = c.token;
    const op = unary(c.mark);
    if (op !== undefined) {
        c.advance();
        const operand = c.nested(() => parseUnary(c, `the operand after \`${op}\``)) ?? missingExpr(c);
        return { kind: 'unary', op, operand, start: t.start, end: Math.max(operand.end, c.lastEnd) };
    }
    return parsePostfix(c, parsePrimary(c, what));
}

function parsePostfix(c: Cursor, base: Expr): Expr {
    let e = base;
    for (let length = 0; ; length++) {
        if (tooLong(c, length)) {
            return e;
        }
        switch (acceptArrow(c) ? '.' : c.mark) {
            case '.': {
                c.advance();
                const member = c.isIdent() ? c.ident('a member') : missingMember(c);
                e = { kind: 'member', object: e, member, start: e.start, end: Math.max(member.end, c.lastEnd) };
                break;
            }
            case '(':
                e = parseCall(c, e);
                break;
            case '[':
                e = parseIndex(c, e);
                break;
            default:
                return e;
        }
    }
}

function parseIndex(c: Cursor, object: Expr): IndexExpr {
    let index: Expr = missingExpr(c);
    c.bracketed(']', () => {
        index = parseExpr(c, 'an index');
    });
    return { kind: 'index', object, index, start: object.start, end: c.lastEnd };
}

function missingMember(c: Cursor): Ident {
    c.errorHere('LU0117', 'The name of a field or a method is missing after the `.`.');
    return { kind: 'ident', name: '', start: c.lastEnd, end: c.lastEnd };
}

function parseCall(c: Cursor, callee: Expr): CallExpr {
    const args = parseArgs(c);
    const call: CallExpr = { kind: 'call', callee, args, start: callee.start, end: c.lastEnd };
    if (c.isWord('with') && c.brackets === 0 && c.peek(1).kind === 'ident' && !c.peek(1).first) {
        c.advance();
        const how = c.ident('the call mode');
        return { ...call, with: how, end: how.end };
    }
    return call;
}

/** `(a, b, token: 5)` */
export function parseArgs(c: Cursor): Arg[] {
    const args: Arg[] = [];
    c.bracketed(')', () => {
        while (!c.is(')') && !c.atEnd) {
            const before = c.pos;
            args.push(parseArg(c));
            if (!c.accept(',') && !missingComma(c, ')')) {
                return;
            }
            if (c.pos === before) {
                return;
            }
        }
    });
    return args;
}

/** True, with an error, if an expression begins where a comma is expected. */
function missingComma(c: Cursor, close: string): boolean {
    const t = c.token;
    const value = t.kind === 'int' || t.kind === 'string' || (t.kind === 'ident' && !c.breaks());
    if (!value || c.atEnd || c.brackets === 0) {
        return false;
    }
    c.error(
        'LU0120',
        { start: c.lastEnd, end: c.lastEnd },
        `A \`,\` or \`${close}\` is missing here.`,
        insertAt(c.lastEnd, ','),
    );
    return true;
}

function parseArg(c: Cursor): Arg {
    const t = c.token;
    if (t.kind === 'ident' && c.peek(1).text === ':' && c.peek(1).kind === 'punct') {
        const name = c.ident('an argument');
        c.advance();
        const value = parseExpr(c, `the value of \`${name.name}\``);
        return { name, value, start: name.start, end: Math.max(value.end, c.lastEnd) };
    }
    const value = parseExpr(c, 'an argument');
    return { value, start: value.start, end: value.end };
}

function parsePrimary(c: Cursor, what: string): Expr {
    const t = c.token;
    if (!c.atEnd) {
        const span: Span = { start: t.start, end: t.end };
        if (t.kind === 'int') {
            c.advance();
            const value = t.value ?? 0;
            return t.unit === undefined
                ? { kind: 'int', value, ...span }
                : { kind: 'int', value, unit: t.unit, ...span };
        }
        if (t.kind === 'string') {
            c.advance();
            return { kind: 'string', value: t.text, ...span };
        }
        if (t.kind === 'ident') {
            return parseWord(c);
        }
        if (t.text === '(' || t.text === '[') {
            return t.text === '(' ? parseParen(c) : parseList(c);
        }
    }
    c.errorHere('LU0121', `${capital(what)} is missing here.`);
    return missingExpr(c);
}

function parseParen(c: Cursor): Expr {
    const { start } = c.token;
    let inner: Expr = missingExpr(c);
    c.bracketed(')', () => {
        inner = parseExpr(c, 'an expression');
    });
    return widen(inner, { start, end: c.lastEnd });
}

function parseList(c: Cursor): Expr {
    const { start } = c.token;
    const items: Expr[] = [];
    c.bracketed(']', () => {
        while (!c.atEnd) {
            const before = c.pos;
            items.push(parseExpr(c, 'an element'));
            if ((!c.accept(',') && !missingComma(c, ']')) || c.pos === before) {
                return;
            }
        }
    });
    return { kind: 'list', items, start, end: c.lastEnd };
}

function parseWord(c: Cursor): Expr {
    const t = c.token;
    const next = c.peek(1);
    const follows = !c.breaks(1) && next.kind !== 'eof';
    switch (t.text) {
        case 'true':
        case 'false':
            c.advance();
            return { kind: 'bool', value: t.text === 'true', start: t.start, end: t.end };
        case 'try': {
            c.advance();
            const call = c.nested(() => parsePostfix(c, parsePrimary(c, 'the call to try'))) ?? missingExpr(c);
            return { kind: 'try', call, start: t.start, end: Math.max(call.end, c.lastEnd) };
        }
        case 'new':
            if (follows && next.kind === 'ident') {
                return parseNew(c);
            }
    }
    if (RESERVED.has(t.text)) {
        c.error('LU0122', t, `\`${t.text}\` is a word of the language and cannot be used as a name.`);
        if (t.text !== 'new') {
            return missingExpr(c);
        }
    }
    c.advance();
    return { kind: 'name', name: t.text, start: t.start, end: t.end };
}

function parseNew(c: Cursor): NewExpr {
    const { start } = c.advance();
    const name = c.ident('a file kind');
    const args = c.is('(') ? parseArgs(c) : [];
    return { kind: 'new', name, args, start, end: c.lastEnd };
}
