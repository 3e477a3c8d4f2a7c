/** The lines of a source file around a place, with the place underlined. */
import type { LineMap } from '../language/syntax/positions';
import type { Where } from './results';
import type { Style } from './style';

const TAB = '    ';

/**
 * @param before how many lines to show above the place
 * @returns lines without indentation; what spans several lines is underlined to the end of the first
 */
export function excerpt(lines: LineMap, where: Where, style: Style, before = 0): string[] {
    const { line, column } = where;
    const text = lines.line(line);
    const end = where.endLine === line ? where.endColumn : text.length + 1;
    const width = String(line).length;
    const gutter = (n: string, mark: string): string => style.dim(`${mark} ${n.padStart(width)} |`);
    const out: string[] = [];
    for (let n = Math.max(1, line - before); n < line; n++) {
        out.push(`${gutter(String(n), ' ')} ${lines.line(n).replaceAll('\t', TAB)}`.trimEnd());
    }
    out.push(`${gutter(String(line), '>')} ${text.replaceAll('\t', TAB)}`.trimEnd());
    const indent = text.slice(0, column - 1).replaceAll('\t', TAB).length;
    const marked = text
        .slice(column - 1, end - 1)
        .replaceAll('\t', TAB)
        .trimEnd().length;
    out.push(`${gutter('', ' ')} ${' '.repeat(indent)}${style.bad('^'.repeat(Math.max(marked, 1)))}`);
    return out;
}
