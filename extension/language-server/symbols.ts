/** The outline of a file as symbols of the protocol. */
import { SymbolKind, type DocumentSymbol, type SymbolInformation } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { OutlineEntry } from '../../emulator/services/outline';
import type { WorkspaceSymbol } from '../../emulator/services/workspace-symbols';
import { rangeOf } from './places';

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
    process: SymbolKind.Namespace,
    device: SymbolKind.Object,
};

/** The detail after a name, if the name does not include it. */
function detailOf({ kind }: OutlineEntry): string {
    return kind === 'machine' || kind === 'field' ? '' : kind === 'flb' ? 'FLB' : kind;
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

export function toWorkspaceSymbol({ entry, container }: WorkspaceSymbol, document: TextDocument): SymbolInformation {
    return {
        name: entry.name,
        kind: KINDS[entry.kind],
        location: { uri: document.uri, range: rangeOf(document, entry.nameSpan) },
        ...(container !== '' && { containerName: container }),
    };
}
