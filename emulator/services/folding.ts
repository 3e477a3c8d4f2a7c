/** Folding ranges: blocks, comments of several lines, imports, and regions between marker comments. */
import type { SourceFile, Span } from '../language/syntax/ast';
import { lex } from '../language/syntax/lexer';
import { LineMap } from '../language/syntax/positions';

export interface Fold {
    /** Lines from 1. */
    readonly from: number;
    readonly to: number;
    readonly kind: 'block' | 'comment' | 'imports' | 'region';
}

export function foldsOf({ uri, text, items, comments }: SourceFile): Fold[] {
    const map = new LineMap(text);
    const line = (offset: number): number => map.position(offset).line;
    const imports = items.filter((i) => i.kind === 'import');
    const [first, last] = [imports[0], imports.at(-1)];
    return [
        ...blocks(uri, text, line),
        ...commentRuns(text, comments, line),
        ...regions(text, comments, line),
        ...(first && last ? [{ from: line(first.start), to: line(last.end), kind: 'imports' as const }] : []),
    ].filter((f) => f.to > f.from);
}

/** Blocks and brackets; the line of the closing mark stays visible. */
function blocks(uri: string, text: string, line: (offset: number) => number): Fold[] {
    const folds: Fold[] = [];
    const open: Span[] = [];
    for (const t of lex(uri, text).tokens) {
        if (t.kind !== 'punct') {
            continue;
        }
        if (t.text === '{' || t.text === '[' || t.text === '(') {
            open.push(t);
        } else if (t.text === '}' || t.text === ']' || t.text === ')') {
            const start = open.pop();
            if (start) {
                folds.push({ from: line(start.start), to: line(t.start) - 1, kind: 'block' });
            }
        }
    }
    // of several ranges that begin in one line, editors fold the largest
    return folds;
}

const ownLine = (text: string, { start }: Span): boolean =>
    /^[ \t]*$/.test(text.slice(text.lastIndexOf('\n', start - 1) + 1, start));

const marker = (text: string, c: Span): 'region' | 'endregion' | undefined => {
    const [, word] = /^\/\/\s*#?(region|endregion)\b/.exec(text.slice(c.start, c.end)) ?? [];
    return word === 'region' || word === 'endregion' ? word : undefined;
};

function commentRuns(text: string, comments: readonly Span[], line: (offset: number) => number): Fold[] {
    const folds: Fold[] = [];
    let from = 0;
    let to = -1;
    for (const c of comments) {
        if (!ownLine(text, c) || marker(text, c) !== undefined) {
            continue;
        }
        const here = line(c.start);
        if (here !== to + 1) {
            folds.push({ from, to, kind: 'comment' });
            from = here;
        }
        to = here;
    }
    return [...folds, { from, to, kind: 'comment' }];
}

function regions(text: string, comments: readonly Span[], line: (offset: number) => number): Fold[] {
    const folds: Fold[] = [];
    const open: number[] = [];
    for (const c of comments) {
        const word = marker(text, c);
        if (word === 'region') {
            open.push(line(c.start));
        } else if (word === 'endregion') {
            const from = open.pop();
            if (from !== undefined) {
                folds.push({ from, to: line(c.start), kind: 'region' });
            }
        }
    }
    return folds;
}
