/** The declarations of a file, as outlines show them. */
import type { Block, Callback, Ident, Item, MachineDecl, SourceFile, Span, Stmt } from '../language/syntax/ast';

export interface OutlineEntry {
    /** Empty while the user is typing the declaration. */
    readonly name: string;
    readonly kind: Exclude<Item['kind'], 'import'> | 'field' | 'callback' | 'process' | 'device';
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
            return entry(item.kind, item.name.value, item, item.name, processesIn(item.body));
        case 'kernel': {
            const inits = item.entries.filter((e) => e.kind === 'init');
            const children = inits.map((e) => entry('callback', 'init', e, { start: e.start, end: e.start + 4 }));
            return entry(item.kind, item.name.value, item, item.name, children);
        }
        case 'machine':
            return entry('machine', 'machine', item, { start: item.start, end: item.start + 7 }, devicesOf(item));
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

function entry(
    kind: OutlineEntry['kind'],
    name: string,
    whole: Span,
    nameSpan: Span,
    children: readonly OutlineEntry[] = [],
): OutlineEntry {
    return { name, kind, whole, nameSpan, children };
}

/** The process blocks, in order: a process with several blocks occurs several times. */
function processesIn({ statements }: Block): OutlineEntry[] {
    return statements.flatMap((s) => processesOf(s));
}

function processesOf(s: Stmt): OutlineEntry[] {
    switch (s.kind) {
        case 'process': {
            const { body, names } = s;
            const [only] = names;
            return body && only
                ? [entry('process', only.name, s, only)]
                : names.map((name) => entry('process', name.name, name, name));
        }
        case 'in':
            return [entry('process', s.process.name, s, s.process)];
        case 'concurrently':
        case 'while':
        case 'for':
            return processesIn(s.body);
        case 'if':
            return [
                ...processesIn(s.then),
                ...(s.otherwise === undefined
                    ? []
                    : s.otherwise.kind === 'if'
                      ? processesOf(s.otherwise)
                      : processesIn(s.otherwise)),
            ];
        default:
            return [];
    }
}

function devicesOf({ entries }: MachineDecl): OutlineEntry[] {
    return entries.flatMap((e) => {
        const [name] = e.args;
        return e.key.name === 'device' && name?.kind === 'name' ? [entry('device', name.name, e, name)] : [];
    });
}

function named(item: Extract<Item, { readonly name: Ident }>, children: readonly OutlineEntry[]): OutlineEntry {
    return entry(item.kind, item.name.name, item, item.name, children);
}

function field(f: Span & { readonly name: Ident }): OutlineEntry {
    return entry('field', f.name.name, f, f.name);
}

function callback(c: Callback): OutlineEntry {
    return entry('callback', c.name.name, c, c.name);
}
