/**
 * The formatter: indentation, spaces, blank lines. Line breaks are kept. Tokens that are aligned with the line above or
 * below stay aligned, and comments after code stay in their column.
 */
import type { Span } from '../../language/syntax/ast';
import { lex, type Lexed } from '../../language/syntax/lexer';
import { parse } from '../../language/syntax/parser';
import { LineMap } from '../../language/syntax/positions';
import type { Edit } from '../../language/check-finding';
import { align, type Laid } from './align';
import { linesOf } from './lines';
import { marksOf } from './spacing';

/** Why the file is not formatted. */
export interface NotFormatted {
    readonly refused: string;
}

export interface Formatted {
    readonly text: string;
    /** The new text of each line of the source; undefined for a line that is removed. */
    readonly lines: readonly (string | undefined)[];
}

const STEP = 4;
/** Two passes are enough for real files. */
const MOST_PASSES = 8;

export function format(uri: string, text: string): Formatted | NotFormatted {
    const { diagnostics } = parse(uri, text);
    const [first] = diagnostics;
    if (first) {
        const { line } = new LineMap(text).position(first.span.start);
        return { refused: `Line ${line} has a syntax error, so the file is not formatted: ${first.message}` };
    }
    let lines = layOut(uri, text);
    let result = joined(lines, text);
    // A moved token may then be below another token that it has to be aligned with.
    for (let pass = 0; pass < MOST_PASSES; pass++) {
        const next = layOut(uri, result);
        const again = joined(next, text);
        if (again === result) {
            break;
        }
        const kept = next.filter((l) => l !== undefined);
        let at = 0;
        lines = lines.map((l) => (l === undefined ? undefined : (kept[at++] ?? '')));
        result = again;
    }
    // The result must have the same tokens and comments.
    return sameTokens(lex(uri, text), lex(uri, result))
        ? { text: result, lines }
        : { refused: 'Formatting would change the meaning of this file. This is a bug in the formatter.' };
}

function layOut(uri: string, text: string): (string | undefined)[] {
    const lexed = lex(uri, text);
    const marks = marksOf(parse(uri, text).file);
    return withoutBlanks(align(linesOf(text, lexed, marks), marks, text, STEP));
}

function joined(lines: readonly (string | undefined)[], source: string): string {
    const end = source.includes('\r\n') ? '\r\n' : '\n';
    const kept = lines.filter((l) => l !== undefined);
    return kept.length === 0 ? '' : `${kept.join(end)}${end}`;
}

/** Several blank lines become one; those at the beginning and the end of files and blocks are removed. */
function withoutBlanks(laid: readonly Laid[]): (string | undefined)[] {
    const last = laid.findLastIndex((l) => l.text !== '');
    return laid.map(({ text }, i) => {
        if (text !== '') {
            return text;
        }
        const above = laid[i - 1];
        const below = laid.slice(i + 1).find((l) => l.text !== '');
        const goes = i > last || !above || above.text === '' || above.opens || below?.closes === true;
        return goes ? undefined : '';
    });
}

/** True if two texts have the same tokens, distributed over lines in the same way, and the same comments. */
function sameTokens(a: Lexed, b: Lexed): boolean {
    return (
        a.tokens.length === b.tokens.length &&
        a.comments.length === b.comments.length &&
        a.tokens.every((t, i) => {
            const other = b.tokens[i];
            return other?.kind === t.kind && other.text === t.text && (other.first === t.first || t.kind === 'eof');
        })
    );
}

/** The edits that format the lines of a span, or all lines. */
export function formatEdits(text: string, formatted: Formatted, within?: Span): Edit[] {
    const map = new LineMap(text);
    const edits: Edit[] = [];
    formatted.lines.forEach((line, i) => {
        const start = map.offset(i + 1, 1);
        const last = i + 1 === map.lines;
        const content = start + map.line(i + 1).length;
        const end = last ? text.length : map.offset(i + 2, 1);
        if (within && (end < within.start || start > within.end)) {
            return;
        }
        if (line === undefined) {
            if (end > start) {
                edits.push({ span: { start, end }, text: '' });
            }
        } else if (line !== text.slice(start, content)) {
            edits.push({ span: { start, end: content }, text: line });
        }
        if (last && line !== undefined && line !== '') {
            edits.push({ span: { start: end, end }, text: '\n' });
        }
    });
    return edits;
}
