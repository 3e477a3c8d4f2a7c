/** Reads a `.lus` file. Every text results in a tree whose spans nest, in linear time. */
import { changeTo, type CheckFinding } from '../check-finding';
import { near } from '../nearest';
import type { Item, SourceFile } from './ast';
import { Cursor } from './cursor';
import { parseItem } from './declarations';
import { isForeignFunction } from './foreign';
import { lex } from './lexer';
import { beginsItem } from './structure';
import { ITEM_KEYWORDS } from './words';

/** The result of {@link parse}. It depends only on the text and the URI of the file. */
export interface ParsedFile {
    /** The tree of what could be read. */
    readonly file: SourceFile;
    /** Findings, sorted by position. */
    readonly diagnostics: readonly CheckFinding[];
}

export function parse(uri: string, text: string): ParsedFile {
    const lexed = lex(uri, text);
    const c = new Cursor(uri, lexed);
    const items = parseItems(c);
    return {
        file: { uri, text, items, comments: lexed.comments, start: 0, end: text.length },
        diagnostics: c.diagnostics.sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end),
    };
}

/** Reads everything up to the end of the file. */
function parseItems(c: Cursor): Item[] {
    const items: Item[] = [];
    while (c.token.kind !== 'eof') {
        const before = c.pos;
        if (c.is('}') || c.token.text === '}') {
            c.strayBrace(c.advance());
            continue;
        }
        c.join();
        if (c.accept(';')) {
            continue;
        }
        const item = parseItem(c);
        if (item !== undefined) {
            items.push(item);
            c.finish('declaration');
        } else {
            notAnItem(c);
        }
        if (c.pos === before) {
            c.advance();
        }
    }
    return items;
}

/** Reports everything up to the next declaration as one error. */
function notAnItem(c: Cursor): void {
    const t = c.token;
    if (isForeignFunction(c)) {
        skipItem(c);
        return;
    }
    const nearest = t.kind === 'ident' ? near(t.text, ITEM_KEYWORDS) : undefined;
    const next = c.peek(1);
    if (
        nearest !== undefined &&
        !next.first &&
        (next.kind === 'ident' || next.kind === 'string' || next.text === '{')
    ) {
        c.error(
            'LU0133',
            t,
            `\`${t.text}\` does not start a declaration. Did you mean \`${nearest}\`?`,
            changeTo(t, nearest),
        );
    } else {
        c.error(
            'LU0133',
            t,
            'Expected a declaration (scenario, machine, kernel, handler, flb, file, struct, fn, const, import). Put statements into a `scenario "name" { }`.',
        );
    }
    skipItem(c);
}

/** To the next declaration. */
function skipItem(c: Cursor): void {
    do {
        c.join();
        const before = c.pos;
        c.skipLine();
        if (c.pos === before) {
            c.advance();
        }
    } while (c.token.kind !== 'eof' && !beginsItem(c.token, c.peek(1)) && c.token.text !== '}');
}
