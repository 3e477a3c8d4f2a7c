/** Columns: the new position of each token, so that aligned tokens stay aligned. */
import type { Token } from '../../language/syntax/lexer';
import type { Line } from './lines';
import { spacesBetween, type Marks } from './spacing';

export interface Laid {
    readonly text: string;
    /** It ends with the beginning of a block, or begins with the end of one. */
    readonly opens: boolean;
    readonly closes: boolean;
}

/** The minimum space between code and the comment after it. */
const COMMENT_GAP = 1;

/** A token of a line with its place in the source and in the result. */
interface Cell {
    readonly token: Token;
    /** From 0. */
    readonly was: number;
    /** Spaces before it in the source. */
    readonly gap: number;
    /** Spaces before it where it is not aligned. */
    readonly least: number;
    is: number;
}

interface Row {
    readonly line: Line;
    readonly indent: number;
    readonly cells: readonly Cell[];
    /** Where the comment stood, from 0; −1 without one. */
    readonly commentWas: number;
    commentIs: number;
}

export function align(lines: readonly Line[], marks: Marks, source: string, step: number): Laid[] {
    const rows = lines.map((line) => rowOf(line, marks, source, step));
    place(rows);
    alignCells(rows);
    placeComments(rows, step);
    return rows.map((row) => ({
        text: textOf(row, source),
        opens: row.line.tokens.at(-1)?.text === '{' && row.line.tokens.at(-1)?.kind === 'punct',
        closes: row.line.tokens[0]?.text === '}' && row.line.tokens[0].kind === 'punct',
    }));
}

/** A column of a line, with tabs to the next multiple of four. */
function columnIn(text: string, index: number): number {
    let column = 0;
    for (let i = 0; i < index; i++) {
        column += text[i] === '\t' ? 4 - (column % 4) : 1;
    }
    return column;
}

function rowOf(line: Line, marks: Marks, source: string, step: number): Row {
    const lineStart = (offset: number): number => source.lastIndexOf('\n', offset - 1) + 1;
    const columnOf = (offset: number): number => {
        const start = lineStart(offset);
        return columnIn(source.slice(start, offset), offset - start);
    };
    const cells = line.tokens.map((token, i): Cell => {
        const before = line.tokens[i - 1];
        const was = columnOf(token.start);
        const gap = before ? was - columnOf(before.end) : 0;
        return { token, was, gap, least: before ? spacesBetween(before, token, marks) : 0, is: 0 };
    });
    const commentWas = line.comment ? columnOf(line.comment.start) : -1;
    return { line, indent: line.depth * step, cells, commentWas, commentIs: -1 };
}

const lengthOf = ({ token }: Cell): number => token.end - token.start;

/** Every cell as far left as possible. */
function place(rows: readonly Row[]): void {
    for (const row of rows) {
        shift(row, 0);
    }
}

/** Places the cells of a row, beginning with a given one; those before it stay. */
function shift(row: Row, from: number): void {
    for (let i = from; i < row.cells.length; i++) {
        const cell = row.cells[i];
        const before = row.cells[i - 1];
        if (cell) {
            cell.is = before ? Math.max(before.is + lengthOf(before) + cell.least, i > from ? 0 : cell.is) : row.indent;
        }
    }
}

/**
 * Aligned cells: cells in the same column of successive lines, of which at least one was moved there with spaces. They
 * move to the column of the rightmost one. The order is from left to right, because a cell moves all cells after it.
 */
function alignCells(rows: readonly Row[]): void {
    const columns = new Map<number, [number, number][]>();
    rows.forEach((row, r) => {
        row.cells.forEach((cell, at) => {
            if (at > 0 && cell.gap > 0) {
                const known = columns.get(cell.was);
                if (known) {
                    known.push([r, at]);
                } else {
                    columns.set(cell.was, [[r, at]]);
                }
            }
        });
    });
    for (const [, cells] of [...columns].sort(([a], [b]) => a - b)) {
        let run: [Row, number][] = [];
        let last = -1;
        for (const [r, at] of cells) {
            const row = rows[r];
            if (!row) {
                continue;
            }
            if (r !== last + 1 || !sameKind(run.at(-1), [row, at])) {
                alignRun(run);
                run = [];
            }
            run.push([row, at]);
            last = r;
        }
        alignRun(run);
    }
}

/** Rows of the same depth whose cells have the same kinds: names below names, marks below the same marks. */
function sameKind(a: [Row, number] | undefined, b: [Row, number]): boolean {
    const [x, y] = [a?.[0].cells[a[1]], b[0].cells[b[1]]];
    return (
        a !== undefined &&
        a[0].line.depth === b[0].line.depth &&
        x !== undefined &&
        y !== undefined &&
        (x.token.kind === 'punct') === (y.token.kind === 'punct')
    );
}

function alignRun(run: readonly [Row, number][]): void {
    if (run.length < 2 || !run.some(([row, at]) => (row.cells[at]?.gap ?? 0) > (row.cells[at]?.least ?? 0))) {
        return;
    }
    const column = Math.max(...run.map(([row, at]) => row.cells[at]?.is ?? 0));
    for (const [row, at] of run) {
        const cell = row.cells[at];
        if (cell) {
            cell.is = column;
            shift(row, at + 1);
        }
    }
}

function endOf(row: Row): number {
    const last = row.cells.at(-1);
    return last ? last.is + lengthOf(last) : 0;
}

/**
 * Comments after code stay in their column if the code leaves room, together with those above and below in the same
 * column. A line that is only a comment is indented like code, unless it continues the comment above it.
 */
function placeComments(rows: readonly Row[], step: number): void {
    let run: Row[] = [];
    const flush = (): void => {
        const column = Math.max(
            ...run.map((r) => Math.max(r.commentWas, r.cells.length > 0 ? endOf(r) + COMMENT_GAP : 0)),
        );
        for (const row of run) {
            row.commentIs = column;
        }
        run = [];
    };
    for (const row of rows) {
        const goesOn = run.at(-1)?.commentWas === row.commentWas && row.commentWas >= 0;
        if (!goesOn && run.length > 0) {
            flush();
        }
        if (row.commentWas >= 0 && (row.cells.length > 0 || goesOn)) {
            run.push(row);
        } else if (row.commentWas >= 0) {
            row.commentIs = row.line.depth * step;
        }
    }
    if (run.length > 0) {
        flush();
    }
}

function textOf(row: Row, source: string): string {
    let text = '';
    for (const { token, is } of row.cells) {
        text = text.padEnd(is) + source.slice(token.start, token.end);
    }
    const { comment } = row.line;
    return comment ? text.padEnd(row.commentIs) + source.slice(comment.start, comment.end).trimEnd() : text;
}
