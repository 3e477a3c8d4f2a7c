/**
 * `explore { crash luod; fail memfd.*; orders; faults 2 }`: what `lus explore` tries with a scenario. `explore nightly
 * { … }`: what it tries with `--profile nightly`.
 */
import type { ExploreEntry, ExploreStmt, Ident, IntLit, StringLit } from './ast';
import type { Cursor } from './cursor';

/** The profiles that every scenario has. */
export const PROFILE_NAMES = ['crashes', 'failures', 'orders', 'losses', 'flips', 'all'] as const;

export type ProfileName = (typeof PROFILE_NAMES)[number];

/** The entries, and what each is followed by. */
export const EXPLORE_ENTRIES: ReadonlyMap<string, 'names' | 'texts' | 'number' | 'nothing'> = new Map([
    ['crash', 'names'],
    ['fail', 'names'],
    ['flips', 'names'],
    ['errors', 'names'],
    ['profile', 'names'],
    ['kernels', 'texts'],
    ['orders', 'nothing'],
    ['timers', 'nothing'],
    ['delays', 'nothing'],
    ['panic', 'nothing'],
    ['power_cut', 'nothing'],
    ['faults', 'number'],
    ['switches', 'number'],
]);

export function parseExplore(c: Cursor): ExploreStmt {
    const { start } = c.advance();
    const name = c.isIdent() ? c.ident('the profile') : undefined;
    const entries: ExploreEntry[] = [];
    if (c.opens('`explore` block')) {
        c.braced('`explore` block', () => {
            c.join();
            const what = c.ident('what is tried');
            if (what.name === '') {
                c.skipLine();
                return;
            }
            entries.push(parseEntry(c, what));
        });
    }
    return { kind: 'explore', ...(name && { name }), entries, start, end: c.lastEnd };
}

function parseEntry(c: Cursor, what: Ident): ExploreEntry {
    const takes = EXPLORE_ENTRIES.get(what.name);
    const names: Ident[] = [];
    const texts: StringLit[] = [];
    let number: IntLit | undefined;
    if (takes === 'names' || (!takes && c.isIdent())) {
        do {
            names.push(parsePattern(c));
        } while (c.accept(','));
    } else if (takes === 'texts') {
        do {
            texts.push(c.stringLit('A kernel'));
        } while (c.accept(','));
    } else if (takes === 'number' && c.token.kind === 'int') {
        const t = c.advance();
        number = { kind: 'int', value: Number(t.text.replaceAll('_', '')), start: t.start, end: t.end };
    }
    const entry: ExploreEntry = { kind: 'explore-entry', what, names, texts, start: what.start, end: c.lastEnd };
    return number ? { ...entry, number } : entry;
}

/** `memfd.*`, `*.freeze`, `luod`: a name, of which a part can be `*`. */
function parsePattern(c: Cursor): Ident {
    const first = parsePart(c);
    let pattern = first;
    while (c.accept('.')) {
        const { name, end } = parsePart(c);
        pattern = { ...first, name: `${pattern.name}.${name}`, end };
    }
    return pattern;
}

function parsePart(c: Cursor): Ident {
    const { start } = c.token;
    return c.accept('*') ? { kind: 'ident', name: '*', start, end: c.lastEnd } : c.ident('a name, or `*`');
}
