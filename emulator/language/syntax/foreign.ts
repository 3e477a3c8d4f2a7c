/**
 * Syntax of C, Python and JavaScript: one message shows the syntax of this language, and the line is
 * parsed as the intended code, so that there are no further errors.
 */
import { changeTo, replaceWith } from '../check-finding';
import type { AssignStmt, Expr } from './ast';
import type { Cursor } from './cursor';
import { assignOp } from './words';

/** Words that begin a declaration of a variable elsewhere. */
const VARIABLE_WORDS: ReadonlySet<string> = new Set([
    ...['int', 'char', 'short', 'long', 'unsigned', 'signed', 'bool', 'void', 'size_t', 'ssize_t', 'auto', 'static'],
    ...['u8', 'u16', 'u32', 'u64', 'i8', 'i16', 'i32', 'i64', 'phys', 'string', 'bytes', 'list', 'fd'],
    ...['var', 'let', 'const', 'local', 'my', 'set'],
]);

/** `int x = 3`, `let x = 3`: the word is skipped, and the rest is an assignment. */
export function skipVariableWord(c: Cursor): void {
    const [word, name, op] = [c.token, c.peek(1), c.peek(2)];
    const declares = word.kind === 'ident' && VARIABLE_WORDS.has(word.text) && !c.breaks(1) && name.kind === 'ident';
    if (!declares || c.breaks(2) || op.kind !== 'punct' || assignOp(op.text) === undefined) {
        return;
    }
    const what = { start: word.start, end: name.start };
    c.error(
        'LU0138',
        word,
        `An assignment declares a variable. Write \`${name.text} = …\` without \`${word.text}\`.`,
        replaceWith(`Remove \`${word.text}\``, what, ''),
    );
    c.advance();
    c.join();
}

/** True if the next two tokens are the same mark without a space, and no operand follows. */
export function isStep(c: Cursor): boolean {
    const [first, second] = [c.token, c.peek(1)];
    const twice = (c.is('+') || c.is('-')) && second.kind === 'punct' && second.text === first.text;
    return twice && second.start === first.end && isOver(c, 2);
}

/** True at the end of the statement. */
function isOver(c: Cursor, ahead: number): boolean {
    const t = c.peek(ahead);
    return t.kind === 'eof' || c.breaks(ahead) || (t.kind === 'punct' && [';', '}', '{', ')'].includes(t.text));
}

/** `x++`, `x--` */
export function parseStep(c: Cursor, target: Expr): AssignStmt {
    const mark = c.advance();
    const { end } = c.advance();
    const op = mark.text === '+' ? '+=' : '-=';
    const span = { start: mark.start, end };
    c.error('LU0138', span, `There is no \`${mark.text}${mark.text}\`. Write \`${op} 1\`.`, changeTo(span, ` ${op} 1`));
    return { kind: 'assign', target, op, value: { kind: 'int', value: 1, ...span }, start: target.start, end };
}

/** `x := 3`: read as `x = 3`. */
export function acceptWalrus(c: Cursor): boolean {
    const [colon, equals] = [c.token, c.peek(1)];
    if (!c.is(':') || equals.text !== '=' || equals.kind !== 'punct' || equals.start !== colon.end) {
        return false;
    }
    const span = { start: colon.start, end: equals.end };
    c.error('LU0138', span, 'An assignment uses `=`.', changeTo(span, '='));
    c.advance();
    return true;
}

/** `a->b`: read as `a.b`. */
export function acceptArrow(c: Cursor): boolean {
    const [minus, greater] = [c.token, c.peek(1)];
    if (!c.is('-') || greater.text !== '>' || greater.kind !== 'punct' || greater.start !== minus.end) {
        return false;
    }
    const span = { start: minus.start, end: greater.end };
    c.error('LU0138', span, 'A member follows a `.`.', changeTo(span, '.'));
    c.advance();
    return true;
}

/** The operator for `and` or `or`, with the error; undefined for other tokens. */
export function wordOperator(c: Cursor): '&&' | '||' | undefined {
    const op = c.isWord('and') ? '&&' : c.isWord('or') ? '||' : undefined;
    if (op !== undefined && !isOver(c, 1)) {
        c.error('LU0138', c.token, `Write \`${op}\`.`, changeTo(c.token, op));
        return op;
    }
    return undefined;
}

/** `for (int i = 0; i < 4; i++)`: skipped up to the block. @returns whether there was one */
export function skipLoopHead(c: Cursor): boolean {
    const { start } = c.token;
    if (!c.is('(')) {
        return false;
    }
    while (c.token.kind !== 'eof' && c.token.text !== '{' && !c.breaks()) {
        c.advance();
    }
    c.error('LU0138', { start, end: c.lastEnd }, 'A loop iterates over a range or a list: `for i in 0..4 { }`.');
    return true;
}

/** Words that begin a function elsewhere. */
const FUNCTION_WORDS: ReadonlySet<string> = new Set([
    'def',
    'function',
    'func',
    'void',
    'int',
    'static',
    'sub',
    'proc',
]);

/** True, with an error, at the beginning of a function of another language. */
export function isForeignFunction(c: Cursor): boolean {
    const [word, name, open] = [c.token, c.peek(1), c.peek(2)];
    const begins = word.kind === 'ident' && FUNCTION_WORDS.has(word.text) && name.kind === 'ident' && !name.first;
    if (!begins || open.text !== '(' || open.first) {
        return false;
    }
    c.error('LU0138', word, `Write a function as \`fn ${name.text}(…) { }\`.`, changeTo(word, 'fn'));
    return true;
}

/** Names from other languages for functions and values with a different name here. */
export const FOREIGN_NAMES: ReadonlyMap<string, string> = new Map([
    ...['NULL', 'nullptr', 'nil', 'None', 'undefined'].map((name) => [name, 'none'] as const),
    ...['True', 'TRUE'].map((name) => [name, 'true'] as const),
    ...['False', 'FALSE'].map((name) => [name, 'false'] as const),
]);

export const FOREIGN_FUNCTIONS: ReadonlyMap<string, string> = new Map(
    ['printf', 'print', 'println', 'puts', 'echo', 'printk', 'pr_info', 'pr_err', 'fprintf'].map((n) => [n, 'log']),
);
