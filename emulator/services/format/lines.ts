/** The lines of a file as the formatter works on them: their tokens, comments and depth. */
import type { Span } from '../../language/syntax/ast';
import type { Lexed, Token } from '../../language/syntax/lexer';
import { LineMap } from '../../language/syntax/positions';
import type { Marks } from './spacing';

export interface Line {
    readonly tokens: readonly Token[];
    /** The comment that ends the line. */
    readonly comment: Span | undefined;
    /** Its indentation in steps. */
    readonly depth: number;
    readonly text: string;
}

/** Marks after which an expression continues in the next line. */
const CONTINUES: ReadonlySet<string> = new Set([
    ...['||', '&&', '==', '!=', '<', '<=', '>', '>=', '|', '^', '&', '<<', '>>', '+', '-', '*', '/', '%'],
]);

export function linesOf(text: string, { tokens, comments }: Lexed, marks: Marks): Line[] {
    const map = new LineMap(text);
    const byLine: Token[][] = Array.from({ length: map.lines }, () => []);
    for (const t of tokens) {
        if (t.kind !== 'eof') {
            byLine[map.position(t.start).line - 1]?.push(t);
        }
    }
    const commentOf = new Map(comments.map((c) => [map.position(c.start).line - 1, c]));
    /** The lines of the brackets that are still open. */
    const open: number[] = [];
    let before: Token | undefined;
    return byLine.map((own, i) => {
        let closing = 0;
        while (isMark(own[closing], '})]')) {
            closing++;
        }
        const first = Math.max(0, open.length - closing);
        // what else opens in the line of a bracket that this line begins by closing does not indent this line
        const left = open.slice(0, first).filter((line) => closing === 0 || line !== open[first]);
        const continued =
            before !== undefined &&
            before.kind === 'punct' &&
            own.length > 0 &&
            CONTINUES.has(before.text) &&
            !marks.angles.has(before.start);
        const depth = new Set(left).size + (continued ? 1 : 0);
        for (const t of own) {
            if (isMark(t, '{([')) {
                open.push(i);
            } else if (isMark(t, '})]')) {
                open.pop();
            }
        }
        before = own.at(-1) ?? before;
        return { tokens: own, comment: commentOf.get(i), depth, text: map.line(i + 1) };
    });
}

function isMark(t: Token | undefined, marks: string): boolean {
    return t?.kind === 'punct' && t.text.length === 1 && marks.includes(t.text);
}
