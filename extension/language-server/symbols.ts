/** The outline of a file as symbols of the protocol. */
import { SymbolKind, type DocumentSymbol } from 'vscode-languageserver/node';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { OutlineEntry } from '../../emulator/services/outline';
import { rangeOf } from './findings';

const KINDS: Readonly<Record<OutlineEntry['kind'], SymbolKind>> = {
    scenario: SymbolKind.Event,
    kernel: SymbolKind.Module,
    machine: SymbolKind.Package,
    const: SymbolKind.Constant,
    fn: SymbolKind.Function,
    struct: SymbolKind.Struct,
    file: SymbolKind.Class,
    handler: SymbolKind.Class,
    flb: SymbolKind.Class,
    field: SymbolKind.Field,
    callback: SymbolKind.Method,
};

/** The detail after a name, if the name does not include it. */
function detailOf({ kind }: OutlineEntry): string {
    return kind === 'machine' || kind === 'field' ? '' : kind;
}

export function toDocumentSymbol(entry: OutlineEntry, document: TextDocument): DocumentSymbol {
    const detail = detailOf(entry);
    return {
        // The protocol does not allow symbols without a name, which an incomplete file may have.
        name: entry.name === '' ? `(${detail} without a name)` : entry.name,
        detail,
        kind: KINDS[entry.kind],
        range: rangeOf(document, entry.whole),
        selectionRange: rangeOf(document, entry.nameSpan),
        children: entry.children.map((child) => toDocumentSymbol(child, document)),
    };
}
