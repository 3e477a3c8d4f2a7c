/** The outline of a file in the protocol's terms. */
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

/** Said behind a name, where the name does not say it already. */
function detailOf({ kind }: OutlineEntry): string {
    return kind === 'machine' || kind === 'field' ? '' : kind;
}

export function toDocumentSymbol(entry: OutlineEntry, document: TextDocument): DocumentSymbol {
    const detail = detailOf(entry);
    return {
        // The protocol refuses symbols without a name; a file that is being written has such.
        name: entry.name === '' ? `(${detail} without a name)` : entry.name,
        detail,
        kind: KINDS[entry.kind],
        range: rangeOf(document, entry.whole),
        selectionRange: rangeOf(document, entry.nameSpan),
        children: entry.children.map((child) => toDocumentSymbol(child, document)),
    };
}
