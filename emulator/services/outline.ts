/** The declarations of a file, as outlines show them. */
import type { Callback, Ident, Item, SourceFile, Span } from '../language/syntax/ast';

export interface OutlineEntry {
    /** Empty while the user is typing the declaration. */
    readonly name: string;
    readonly kind: Exclude<Item['kind'], 'import'> | 'field' | 'callback';
    readonly whole: Span;
    readonly nameSpan: Span;
    readonly children: readonly OutlineEntry[];
}

/** In the order of the text. */
export function outline({ items }: SourceFile): OutlineEntry[] {
    return items.flatMap((item) => entryOf(item) ?? []);
}

/** Undefined for items that an outline does not show. */
function entryOf(item: Item): OutlineEntry | undefined {
    switch (item.kind) {
        case 'scenario':
        case 'kernel':
            return { name: item.name.value, kind: item.kind, whole: item, nameSpan: item.name, children: [] };
        case 'machine':
            return { name: 'machine', kind: 'machine', whole: item, nameSpan: item, children: [] };
        case 'const':
        case 'fn':
            return named(item, []);
        case 'struct':
            return named(item, item.fields.map(field));
        case 'file':
            return named(item, [...item.fields.map(field), ...item.callbacks.map(callback)]);
        case 'handler':
        case 'flb':
            return named(item, item.callbacks.map(callback));
        case 'import':
            return undefined;
    }
}

function named(item: Extract<Item, { readonly name: Ident }>, children: readonly OutlineEntry[]): OutlineEntry {
    return { name: item.name.name, kind: item.kind, whole: item, nameSpan: item.name, children };
}

function field(f: Span & { readonly name: Ident }): OutlineEntry {
    return { name: f.name.name, kind: 'field', whole: f, nameSpan: f.name, children: [] };
}

function callback(c: Callback): OutlineEntry {
    return { name: c.name.name, kind: 'callback', whole: c, nameSpan: c.name, children: [] };
}
