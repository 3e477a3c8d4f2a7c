/** Reads blocks, and statements with a block. */
import { parseExplore } from './explore';
import { insertAt } from '../check-finding';
import type {
    AtStmt,
    Block,
    ConcurrentlyStmt,
    ExitStmt,
    ForStmt,
    IfStmt,
    ProcessBlock,
    ProcessStmt,
    StartedProcess,
    Stmt,
    UndoStmt,
    WhileStmt,
} from './ast';
import type { Cursor } from './cursor';
import { parseExpr, parseProcessRef } from './expressions';
import {
    parseAssert,
    parseBoot,
    parseCondition,
    parseCorrupt,
    parseCost,
    parseInject,
    parseKill,
    parseReturn,
    parseSend,
    parseSimple,
    parseSleep,
} from './plain-statements';
import { skipLoopHead } from './foreign';
import { assignOp, RESERVED } from './words';

/**
 * `{ … }`; reports an error and returns an empty block if the brace is missing.
 * @param sideBySide whether several blocks in it may share a line: `luod { … }  vmm { … }`
 */
export function parseBlock(c: Cursor, what: string, sideBySide = false): Block {
    if (!c.is('{')) {
        if (c.token.kind === 'punct' && c.token.text === '{' && c.token.first) {
            c.error('LU0123', c.token, `The \`{\` of this ${what} belongs on the line before.`);
        } else {
            c.errorHere('LU0123', `The \`{\` of this ${what} is missing here.`, insertAt(c.lastEnd, ' { }'));
            return { kind: 'block', statements: [], start: c.lastEnd, end: c.lastEnd };
        }
    }
    const statements: Stmt[] = [];
    const span = c.braced(what, () => {
        const s = parseStatement(c);
        if (s !== undefined) {
            statements.push(s);
        }
        const nextBlock = sideBySide && s !== undefined && 'body' in s && c.isIdent();
        if (!nextBlock) {
            c.finish('statement');
        }
    });
    return { kind: 'block', statements, ...span };
}

function parseStatement(c: Cursor): Stmt | undefined {
    const t = c.token;
    if (t.kind !== 'ident') {
        if (t.kind === 'punct' && t.text === '{') {
            c.error('LU0124', t, 'A block needs a process name or a condition before its `{`.');
            skipOne(c);
            return undefined;
        }
        c.join();
        return parseSimple(c);
    }
    c.join();
    return parseKeyword(c) ?? parseSimple(c);
}

/** Skips a whole block. */
function skipOne(c: Cursor): void {
    c.join();
    c.skipLine();
}

/** A statement that begins with a keyword; undefined if the word is a name here. */
function parseKeyword(c: Cursor): Stmt | undefined {
    const t = c.token;
    const next = c.peek(1);
    const same = next.kind !== 'eof' && !c.breaks(1);
    const assigned =
        same && next.kind === 'punct' && (assignOp(next.text) !== undefined || next.text === '.' || next.text === '[');
    if (same && next.text === '[' && next.kind === 'punct' && !RESERVED.has(t.text) && isIndexedBlock(c)) {
        return parseInProcess(c);
    }
    if (assigned && !RESERVED.has(t.text)) {
        return undefined;
    }
    const ident = same && next.kind === 'ident';
    const over = !same || next.text === ';' || next.text === '}';
    const brace = next.kind === 'punct' && next.text === '{';
    switch (t.text) {
        case 'assert':
            return parseAssert(c);
        case 'if':
            return parseIf(c);
        case 'while':
            return parseWhile(c);
        case 'for':
            return parseFor(c);
        case 'return':
            return parseReturn(c);
        case 'break':
        case 'continue':
            c.advance();
            return { kind: t.text, start: t.start, end: t.end };
        case 'undo':
            return parseUndo(c);
        case 'boot':
            return (same && next.kind === 'string') || over || ident ? parseBoot(c) : undefined;
        case 'process':
            return ident || over ? parseProcess(c) : undefined;
        case 'send':
            return ident || (same && next.kind === 'int') ? parseSend(c) : undefined;
        case 'exit':
            return over || ident ? parseExit(c) : undefined;
        case 'kill':
            return ident || over ? parseKill(c) : undefined;
        case 'inject':
            return ident || over ? parseInject(c) : undefined;
        case 'at':
            return ident ? parseAt(c) : undefined;
        case 'corrupt':
            return ident ? parseCorrupt(c) : undefined;
        case 'cost':
            return ident ? parseCost(c) : undefined;
        case 'concurrently':
            return brace ? parseConcurrently(c) : undefined;
        case 'always':
        case 'finally':
            return brace ? parseHook(c, t.text) : undefined;
        case 'explore':
            return brace || (ident && c.peek(2).text === '{') ? parseExplore(c) : undefined;
        case 'sleep':
            return same && (next.kind !== 'punct' || next.text === '(') ? parseSleep(c) : undefined;
        default:
            return same && brace && !RESERVED.has(t.text) ? parseInProcess(c) : undefined;
    }
}

function parseUndo(c: Cursor): UndoStmt {
    const { start } = c.advance();
    const body = parseBlock(c, 'undo block');
    return { kind: 'undo', body, start, end: c.lastEnd };
}

function parseExit(c: Cursor): ExitStmt {
    const { start, end } = c.advance();
    return { kind: 'exit', start, end };
}

function parseAt(c: Cursor): AtStmt {
    const { start } = c.advance();
    const event = c.ident('the event');
    const body = parseBlock(c, '`at` block');
    return { kind: 'at', event, body, start, end: c.lastEnd };
}

/** `always { … }`, `finally { … }` */
function parseHook(c: Cursor, name: string): AtStmt {
    const { start, end } = c.advance();
    const body = parseBlock(c, `\`${name}\` block`);
    return { kind: 'at', event: { kind: 'ident', name, start, end }, body, start, end: c.lastEnd };
}

function parseConcurrently(c: Cursor): ConcurrentlyStmt {
    const { start } = c.advance();
    const body = parseBlock(c, '`concurrently` block', true);
    return { kind: 'concurrently', body, start, end: c.lastEnd };
}

function parseInProcess(c: Cursor): ProcessBlock {
    const { start } = c.token;
    const process = parseProcessRef(c, 'a process');
    const body = parseBlock(c, `block of \`${process.name}\``);
    return { kind: 'in', process, body, start, end: c.lastEnd };
}

function parseProcess(c: Cursor): ProcessStmt {
    const { start } = c.advance();
    const names = [parseStarted(c)];
    while (c.accept(',')) {
        names.push(parseStarted(c));
    }
    if (!c.is('{')) {
        return { kind: 'process', names, start, end: c.lastEnd };
    }
    const body = parseBlock(c, 'process');
    const second = names[1];
    if (second !== undefined) {
        c.error(
            'LU0127',
            second,
            'Only one process can be started with a block. Start the others with their own `process`.',
        );
    }
    return { kind: 'process', names, body, start, end: c.lastEnd };
}

/** `luod`, `vmm[4]` */
function parseStarted(c: Cursor): StartedProcess {
    const { index, ...name } = parseProcessRef(c, 'a process');
    if (!index) {
        return name;
    }
    // a number that is missing is where it should be, behind the name
    return index.kind === 'error'
        ? { ...name, count: index, end: Math.max(name.end, index.end) }
        : { ...name, count: index };
}

/** True before `[1] {`: a block of a process of an array. */
function isIndexedBlock(c: Cursor): boolean {
    let depth = 0;
    for (let n = 1; ; n++) {
        const t = c.peek(n);
        if (t.kind === 'eof' || c.breaks(n)) {
            return false;
        }
        depth += t.text === '[' ? 1 : t.text === ']' ? -1 : 0;
        if (depth === 0) {
            return c.peek(n + 1).text === '{' && c.peek(n + 1).kind === 'punct' && !c.breaks(n + 1);
        }
    }
}

function parseIf(c: Cursor): IfStmt {
    const { start } = c.advance();
    const condition = parseCondition(c);
    const then = parseBlock(c, '`if`');
    const s: IfStmt = { kind: 'if', condition, then, start, end: c.lastEnd };
    if (c.token.kind !== 'ident' || c.token.text !== 'else') {
        return s;
    }
    c.join();
    c.advance();
    const otherwise = c.isWord('if') ? c.nested(() => parseIf(c)) : parseBlock(c, '`else`');
    return otherwise ? { ...s, otherwise, end: c.lastEnd } : s;
}

function parseWhile(c: Cursor): WhileStmt {
    const { start } = c.advance();
    const condition = parseCondition(c);
    const body = parseBlock(c, '`while`');
    return { kind: 'while', condition, body, start, end: c.lastEnd };
}

function parseFor(c: Cursor): ForStmt {
    const { start } = c.advance();
    if (skipLoopHead(c)) {
        const none = { start: c.lastEnd, end: c.lastEnd };
        const body = parseBlock(c, '`for`');
        const variable = { kind: 'ident' as const, name: '', ...none };
        return { kind: 'for', variable, iterable: { kind: 'error', ...none }, body, start, end: c.lastEnd };
    }
    const variable = c.ident('the variable of the loop');
    if (!c.acceptWord('in')) {
        c.errorHere('LU0131', 'The list or range is missing: `for f in files { }`, `for i in 0..4 { }`.');
    }
    const iterable = parseExpr(c, 'the list or range');
    const body = parseBlock(c, '`for`');
    return { kind: 'for', variable, iterable, body, start, end: c.lastEnd };
}
