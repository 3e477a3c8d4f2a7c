/** Links into the documentation in extension/docs: the page and the heading. */
import { CATALOGUE, isDiagnosisCode } from '../findings/catalogue';
import type { Span } from '../language/syntax/ast';
import { CHECK_CODES, isCheckCode } from '../language/check-codes';
import type { Node } from './nodes';
import type { CallbackOwner, ShippedKind, Subject } from './subjects';

/** A heading of a page: `library.md#descriptors`. */
export interface DocPlace {
    readonly page: string;
    readonly anchor: string;
}

/** The anchor of a heading, as GitHub and VS Code make it. */
export function anchorOf(heading: string): string {
    return heading
        .trim()
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-');
}

const at = (page: string, heading: string): DocPlace => ({ page, anchor: anchorOf(heading) });
const library = (heading: string): DocPlace => at('library.md', heading);
const language = (heading: string): DocPlace => at('language.md', heading);

/** The heading of a code, `LU1003` or `LU0201`, on the page that explains it; undefined if there is no such code. */
export function pageOfCode(code: string): DocPlace | undefined {
    if (isDiagnosisCode(code)) {
        return at('diagnoses.md', `${code}: ${CATALOGUE[code].title}`);
    }
    return isCheckCode(code) ? at('errors.md', `${code}: ${CHECK_CODES[code]}`) : undefined;
}

const OF_SHIPPED: Readonly<Record<Exclude<ShippedKind, 'finding'>, DocPlace>> = {
    kernel: library('Kernels'),
    'file kind': library('File kinds of the kernel'),
    type: language('Structs'),
    layer: at('kernels.md', 'Proposed layers'),
    flaw: at('kernels.md', 'Bugs of old kernels'),
    cost: at('time.md', 'Costs'),
    'injection point': library('Injection points'),
};

const OF_CALLBACKS: Readonly<Record<CallbackOwner['kind'], DocPlace>> = {
    handler: library('Of a handler'),
    flb: library('Of an FLB'),
    file: library('Of a file kind'),
};

const OF_SETTINGS = {
    machine: language('Entries of a machine'),
    kernel: language('Entries of a kernel'),
    device: at('devices.md', 'In a machine'),
} as const;

/** The section about a subject; undefined for declarations of the program, which have only a comment. */
export function pageOfSubject(s: Subject): DocPlace | undefined {
    switch (s.kind) {
        case 'native':
        case 'parameter':
            return ofMember(s.owner, s.native.context);
        case 'field':
            return ofMember(s.owner, 'any');
        case 'global':
            return library(
                /^E[A-Z0-9]+$/.test(s.global.name)
                    ? 'Errors'
                    : s.global.constant === undefined
                      ? 'Predefined names'
                      : 'Constants',
            );
        case 'callback':
            return OF_CALLBACKS[s.owner.kind];
        case 'setting':
            return OF_SETTINGS[s.of];
        case 'shipped':
            return s.of === 'finding' ? pageOfCode(s.name) : OF_SHIPPED[s.of];
        default:
            return undefined;
    }
}

function ofMember(owner: string, context: string): DocPlace {
    if (owner !== '') {
        return library(owner === 'fd' ? 'Descriptors' : owner);
    }
    return library(
        context === 'user'
            ? 'In a process'
            : context === 'kernel'
              ? 'In the kernel'
              : 'Anywhere, and at scenario level',
    );
}

type Kind = Extract<Node, { readonly kind: string }>['kind'];

const OF_KEYWORDS: Readonly<Partial<Record<Kind, DocPlace>>> = {
    import: language('Files'),
    const: language('Files'),
    scenario: language('Files'),
    machine: language('Entries of a machine'),
    kernel: language('Entries of a kernel'),
    init: language('Entries of a kernel'),
    struct: language('Structs'),
    file: language('File kinds'),
    flb: language('Handlers and FLBs'),
    handler: language('Handlers and FLBs'),
    boot: language('Machine and kernels'),
    process: language('Where code runs'),
    concurrently: language('Concurrent processes'),
    send: language('Descriptors'),
    if: language('Control'),
    while: language('Control'),
    for: language('Control'),
    fails: language('Failure'),
    may: language('Failure'),
    panics: language('The kexec'),
    try: language('Failure'),
    undo: language('Failure'),
    inject: language('Failure'),
    kill: language('Failure'),
    sleep: at('time.md', 'In a scenario'),
    cost: at('time.md', 'Costs'),
};

/** The section about a keyword, by the node that it belongs to. */
export function pageOfKeyword(kind: Kind): DocPlace {
    return OF_KEYWORDS[kind] ?? { page: 'language.md', anchor: '' };
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

/** The headings of a page; `#` in code is not a heading. */
function headingsOf(page: string): { readonly text: string; readonly level: number; readonly span: Span }[] {
    const found: { text: string; level: number; span: Span }[] = [];
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
