/** The lines of a source file around a place, with the place underlined. */
import type { LineMap } from '../language/syntax/positions';
import type { Where } from './results';
import type { Style } from './style';

const TAB = '    ';
/** The most columns of a line that are shown; of a longer line, those around the place. */
const WIDEST = 200;

/**
 * @param before the number of lines to show above the place
 * @returns lines without indentation; a place of several lines is underlined to the end of the first
 */
export function excerpt(lines: LineMap, where: Where, style: Style, before = 0): string[] {
    const { line, column } = where;
    const whole = lines.line(line);
    const end = where.endLine === line ? where.endColumn : whole.length + 1;
    const from = whole.length <= WIDEST ? 0 : Math.max(0, Math.min(column - 1 - WIDEST / 4, whole.length - WIDEST));
    const text = part(whole, from);
    const width = String(line).length;
    const gutter = (n: string, mark: string): string => style.dim(`${mark} ${n.padStart(width)} |`);
    const out: string[] = [];
    for (let n = Math.max(1, line - before); n < line; n++) {
        out.push(`${gutter(String(n), ' ')} ${part(lines.line(n), 0).replaceAll('\t', TAB)}`.trimEnd());
    }
    out.push(`${gutter(String(line), '>')} ${text.replaceAll('\t', TAB)}`.trimEnd());
    const columns = (a: number, b: number): string => text.slice(a - from, Math.max(b - from, 0)).replaceAll('\t', TAB);
    const indent = columns(from, column - 1).length;
    const marked = columns(column - 1, Math.min(end - 1, from + WIDEST)).trimEnd().length;
    out.push(`${gutter('', ' ')} ${' '.repeat(indent)}${style.bad('^'.repeat(Math.max(marked, 1)))}`);
    return out;
}

/** The shown part of a line, from a column on; dots mark omitted parts. */
function part(line: string, from: number): string {
    if (line.length <= WIDEST) {
        return line;
    }
    const to = from + WIDEST;
    const first = from > 0 ? 1 : 0;
    const last = to < line.length ? 1 : 0;
    return `${'…'.repeat(first)}${line.slice(from + first, to - last)}${'…'.repeat(last)}`;
}
