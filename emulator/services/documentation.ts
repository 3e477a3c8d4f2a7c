/** Links into the documentation in extension/docs: the page and the heading. */
import { CATALOGUE, isDiagnosisCode } from '../findings/catalogue';
import type { Span } from '../language/syntax/ast';
import { CHECK_CODES, isCheckCode } from '../language/check-codes';
import { anchorOf } from '../text/anchors';

/** A heading of a page: `library.md#descriptors`. */
export interface DocPlace {
    readonly page: string;
    readonly anchor: string;
}

/** The pages to which names lead: see extension/docs. */
export const PAGES = [
    'devices.md',
    'diagnoses-devices.md',
    'diagnoses-guests.md',
    'diagnoses-handover.md',
    'diagnoses-interrupts.md',
    'diagnoses-memory.md',
    'diagnoses-sessions.md',
    'errors.md',
    'kernels.md',
    'language.md',
    'library.md',
    'time.md',
] as const;
type Page = (typeof PAGES)[number];

export const at = (page: Page, heading: string): DocPlace => ({ page, anchor: anchorOf(heading) });

/** The heading of a code, `LU1003` or `LU0201`, on the page that explains it; undefined if there is no such code. */
export function pageOfCode(code: string): DocPlace | undefined {
    if (isDiagnosisCode(code)) {
        const { group, title } = CATALOGUE[code];
        return at(`diagnoses-${group}.md`, `${code}: ${title}`);
    }
    return isCheckCode(code) ? at('errors.md', `${code}: ${CHECK_CODES[code]}`) : undefined;
}

/** The section of a page below a heading, without the heading: up to the next one of its level or above. */
export function sectionOf(
    page: string,
    anchor: string,
): { readonly heading: string; readonly body: string } | undefined {
    const found = headingsOf(page).find((h) => anchorOf(h.text) === anchor);
    if (!found) {
        return undefined;
    }
    const next = headingsOf(page).find((h) => h.span.start > found.span.start && h.level <= found.level);
    return { heading: found.text, body: page.slice(found.span.end, next?.span.start).trim() };
}

/**
 * The place of a name below a heading of a page: the row of a table that begins with it, otherwise the heading, or the
 * beginning of the page if it has no such heading.
 */
export function offsetIn(page: string, anchor: string, name: string): number {
    const heading = headingsOf(page).find((h) => anchorOf(h.text) === anchor);
    if (!heading) {
        return 0;
    }
    const row =
        name === ''
            ? null
            : new RegExp(`^\\| \`?"?${name.replace(/\W/g, '\\$&')}(?![A-Za-z0-9_])`, 'm').exec(
                  page.slice(heading.span.end),
              );
    return row ? heading.span.end + row.index : heading.span.start;
}

/** A heading of a page, with its line as the span. */
export interface Heading {
    readonly text: string;
    readonly level: number;
    readonly span: Span;
}

/** The headings of a page; `#` in code is not a heading. */
export function headingsOf(page: string): Heading[] {
    const found: Heading[] = [];
    let code = false;
    let start = 0;
    for (const line of page.split('\n')) {
        if (line.startsWith('```')) {
            code = !code;
        }
        const heading = code ? null : /^(#+) (.*)$/.exec(line);
        if (heading) {
            const [, marks = '', text = ''] = heading;
            found.push({ text, level: marks.length, span: { start, end: start + line.length } });
        }
        start += line.length + 1;
    }
    return found;
}
