/** Reads a `.lus` file. Every text is read, in linear time, and gives a tree whose spans nest. */
import { changeTo, type CheckFinding } from '../check-finding';
import { near } from '../nearest';
import type { Item, SourceFile } from './ast';
import { Cursor } from './cursor';
import { parseItem } from './declarations';
import { isForeignFunction } from './foreign';
import { lex } from './lexer';
import { beginsItem } from './structure';
import { ITEM_KEYWORDS } from './words';

/** What {@link parse} makes of a text. It depends on nothing but the text and what the file is called. */
export interface ParsedFile {
    /** What could be read. */
    readonly file: SourceFile;
    /** What could not, sorted by position. */
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

/** Everything up to the next declaration is one error. */
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
            `No declaration begins with \`${t.text}\`: did you mean \`${nearest}\`?`,
            changeTo(t, nearest),
        );
    } else {
        c.error(
            'LU0133',
            t,
            'Only declarations stand here (scenario, machine, kernel, handler, flb, file, struct, fn, const, import): put statements into a `scenario "name" { }`.',
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
