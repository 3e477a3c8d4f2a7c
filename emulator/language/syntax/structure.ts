/**
 * Matches brackets before parsing, so that a missing one affects only its own statement or block.
 *
 * Round and square brackets match only within one statement: a brace, a `;` or an assignment between them means that
 * one is missing, and then newlines end statements as if it were not there. Braces are counted per declaration; where
 * the count is wrong, the indentation of the lines decides which brace is missing or left over.
 */
import type { Token } from './lexer';
import { assignOp, ITEM_KEYWORDS } from './words';

export interface Structure {
    /**
     * For `(`, `[`, `{` at this index: the index of the token that ends it (its closing bracket, if {@link closed});
     * else −1.
     */
    readonly end: Int32Array;
    /** 1 if the bracket at this index has a counterpart. */
    readonly closed: Uint8Array;
    /** Indices of tokens that begin a declaration (first token of the file's chunks), ascending. */
    readonly items: readonly number[];
}

const ITEM_SET: ReadonlySet<string> = new Set(ITEM_KEYWORDS);

/** True if the token looks like the first of a declaration. */
export function beginsItem(token: Token, next: Token | undefined): boolean {
    if (token.kind !== 'ident' || !ITEM_SET.has(token.text) || next === undefined || next.first) {
        return false;
    }
    switch (token.text) {
        case 'import':
        case 'scenario':
        case 'kernel':
            return next.kind === 'string';
        case 'machine':
            return next.text === (next.kind === 'punct' ? '{' : 'like');
        default:
            return next.kind === 'ident';
    }
}

export function structureOf(tokens: readonly Token[]): Structure {
    const end = new Int32Array(tokens.length).fill(-1);
    const closed = new Uint8Array(tokens.length);
    matchParens(tokens, end, closed);
    const items: number[] = [];
    tokens.forEach((t, i) => {
        if (t.first && t.indent === 0 && beginsItem(t, tokens[i + 1])) {
            items.push(i);
        }
    });
    const last = tokens.length - 1;
    const starts = items[0] === 0 ? items : [0, ...items];
    starts.forEach((from, n) => {
        const to = starts[n + 1] ?? last;
        if (!matchBraces(tokens, from, to, end, closed)) {
            end.fill(-1, from, to);
            closed.fill(0, from, to);
            matchParens(tokens, end, closed, from, to);
            matchByIndent(tokens, from, to, end, closed);
        }
    });
    return { end, closed, items };
}

function matchParens(
    tokens: readonly Token[],
    end: Int32Array,
    closed: Uint8Array,
    from = 0,
    to = tokens.length,
): void {
    let open: number[] = [];
    for (let i = from; i < to; i++) {
        const t = tokens[i];
        if (t?.kind !== 'punct') {
            continue;
        }
        if (t.text === '(' || t.text === '[') {
            open.push(i);
        } else if (t.text === ')' || t.text === ']') {
            const opener = t.text === ')' ? '(' : '[';
            const top = open.at(-1);
            if (top !== undefined && tokens[top]?.text === opener) {
                open.pop();
                end[top] = i;
                closed[top] = 1;
                closed[i] = 1;
            } else if (open.length > 1 && tokens[open.at(-2) ?? -1]?.text === opener) {
                open.pop();
                i--;
            }
        } else if (t.text === '{' || t.text === '}' || t.text === ';' || assignOp(t.text) !== undefined) {
            open = [];
        }
    }
}

/** Counts braces. False if they do not balance. */
function matchBraces(tokens: readonly Token[], from: number, to: number, end: Int32Array, closed: Uint8Array): boolean {
    const open: number[] = [];
    for (let i = from; i < to; i++) {
        const t = tokens[i];
        if (t?.kind !== 'punct') {
            continue;
        }
        if (t.text === '{') {
            open.push(i);
        } else if (t.text === '}') {
            const top = open.pop();
            if (top === undefined) {
                return false;
            }
            end[top] = i;
            closed[top] = 1;
            closed[i] = 1;
        }
    }
    return open.length === 0;
}

/**
 * The closing brace of a block is on its own line, in the column of the line that opened the block. A block without
 * one ends before the first line that is not indented more than the line that opened it.
 */
function matchByIndent(tokens: readonly Token[], from: number, to: number, end: Int32Array, closed: Uint8Array): void {
    const open: number[] = [];
    const columns = new Map<number, number>();
    const indentOf = (i: number): number => tokens[i]?.indent ?? 0;
    const pop = (): number => {
        const top = open.pop() ?? -1;
        columns.set(indentOf(top), (columns.get(indentOf(top)) ?? 1) - 1);
        return top;
    };
    for (let i = from; i < to; i++) {
        const t = tokens[i];
        if (t?.kind !== 'punct') {
            continue;
        }
        if (t.text === '{') {
            open.push(i);
            columns.set(t.indent, (columns.get(t.indent) ?? 0) + 1);
        } else if (t.text === '}') {
            if (t.first) {
                while (open.length > 0 && indentOf(open.at(-1) ?? 0) > t.indent && (columns.get(t.indent) ?? 0) > 0) {
                    pop();
                }
                if (open.length === 0 || indentOf(open.at(-1) ?? 0) !== t.indent) {
                    continue;
                }
            }
            if (open.length > 0) {
                const top = pop();
                end[top] = i;
                closed[top] = 1;
                closed[i] = 1;
            }
        }
    }
    endUnclosed(tokens, from, to, end, closed);
}

function endUnclosed(tokens: readonly Token[], from: number, to: number, end: Int32Array, closed: Uint8Array): void {
    const open: number[] = [];
    for (let i = from; i < to; i++) {
        const t = tokens[i];
        if (t === undefined) {
            continue;
        }
        for (
            let top = open.at(-1);
            top !== undefined && t.first && closed[top] === 0 && (tokens[top]?.indent ?? 0) >= t.indent;
            top = open.at(-1)
        ) {
            end[top] = i;
            open.pop();
        }
        if (t.kind === 'punct' && t.text === '{') {
            open.push(i);
        } else if (t.kind === 'punct' && t.text === '}' && closed[i] === 1) {
            for (let top = open.pop(); top !== undefined && closed[top] === 0; top = open.pop()) {
                end[top] = i;
            }
        }
    }
    for (const top of open) {
        end[top] = to;
    }
}
