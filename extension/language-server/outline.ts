/** The declarations of a file, as the editor's outline shows them. */
import { SymbolKind, type DocumentSymbol } from 'vscode-languageserver/node';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { Callback, Item, SourceFile, Span } from '../../emulator/language/syntax/ast';
import { rangeOf } from './findings';

interface Entry {
    readonly name: string;
    readonly detail: string;
    readonly kind: SymbolKind;
    readonly whole: Span;
    readonly nameSpan: Span;
    readonly children: readonly Entry[];
}

function callbackEntry(callback: Callback): Entry {
    return {
        name: callback.name.name,
        detail: 'callback',
        kind: SymbolKind.Method,
        whole: callback,
        nameSpan: callback.name,
        children: [],
    };
}

function fieldEntry(field: Span & { readonly name: Span & { readonly name: string } }): Entry {
    return {
        name: field.name.name,
        detail: '',
        kind: SymbolKind.Field,
        whole: field,
        nameSpan: field.name,
        children: [],
    };
}

/** Undefined for what an outline has no use for. */
function entryOf(item: Item): Entry | undefined {
    switch (item.kind) {
        case 'scenario':
            return {
                name: item.name.value,
                detail: 'scenario',
                kind: SymbolKind.Event,
                whole: item,
                nameSpan: item.name,
                children: [],
            };
        case 'kernel':
            return {
                name: item.name.value,
                detail: 'kernel',
                kind: SymbolKind.Module,
                whole: item,
                nameSpan: item.name,
                children: [],
            };
        case 'machine':
            return { name: 'machine', detail: '', kind: SymbolKind.Package, whole: item, nameSpan: item, children: [] };
        case 'const':
            return {
                name: item.name.name,
                detail: 'const',
                kind: SymbolKind.Constant,
                whole: item,
                nameSpan: item.name,
                children: [],
            };
        case 'fn':
            return {
                name: item.name.name,
                detail: 'fn',
                kind: SymbolKind.Function,
                whole: item,
                nameSpan: item.name,
                children: [],
            };
        case 'struct': {
            const children = item.fields.map(fieldEntry);
            return {
                name: item.name.name,
                detail: 'struct',
                kind: SymbolKind.Struct,
                whole: item,
                nameSpan: item.name,
                children,
            };
        }
        case 'file': {
            const children = [...item.fields.map(fieldEntry), ...item.callbacks.map(callbackEntry)];
            return {
                name: item.name.name,
                detail: 'file',
                kind: SymbolKind.Class,
                whole: item,
                nameSpan: item.name,
                children,
            };
        }
        case 'handler':
        case 'flb': {
            const children = item.callbacks.map(callbackEntry);
            return {
                name: item.name.name,
                detail: item.kind,
                kind: SymbolKind.Class,
                whole: item,
                nameSpan: item.name,
                children,
            };
        }
        case 'import':
            return undefined;
    }
}

function toSymbol(entry: Entry, document: TextDocument): DocumentSymbol {
    return {
        // The protocol refuses symbols without a name; a file that is being written has such.
        name: entry.name === '' ? `(${entry.detail} without a name)` : entry.name,
        detail: entry.detail,
        kind: entry.kind,
        range: rangeOf(document, entry.whole),
        selectionRange: rangeOf(document, entry.nameSpan),
        children: entry.children.map((child) => toSymbol(child, document)),
    };
}

export function outline(file: SourceFile, document: TextDocument): DocumentSymbol[] {
    return file.items.flatMap((item) => {
        const entry = entryOf(item);
        return entry ? [toSymbol(entry, document)] : [];
    });
}
