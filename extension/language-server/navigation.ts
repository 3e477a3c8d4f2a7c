/** Navigation and renaming: definitions, references, symbols. */
import {
    DocumentHighlightKind,
    ResponseError,
    LSPErrorCodes,
    type Connection,
    type Location,
    type Position,
    type TextEdit,
    type WorkspaceEdit,
} from 'vscode-languageserver';
import { definitionAt, typeDefinitionAt } from '../../emulator/services/definition';
import { outline } from '../../emulator/services/outline';
import { referencesIn, referencesTo } from '../../emulator/services/references';
import { renamable, rename, type Refusal } from '../../emulator/services/rename';
import { symbolAt } from '../../emulator/services/symbol-at';
import { workspaceSymbols } from '../../emulator/services/workspace-symbols';
import { definitionLocation, locationOf, rangeOf } from './places';
import { toDocumentSymbol, toWorkspaceSymbol } from './symbols';
import type { Opened, Workspace } from './workspace';

/** A request about a place in a file. */
interface At {
    readonly textDocument: { readonly uri: string };
    readonly position: Position;
}

/** Calls `answer` with the file and the offset; null if the file is not open. */
export function atOffset<T>(
    workspace: Workspace,
    { textDocument, position }: At,
    answer: (opened: Opened, offset: number) => T | null | undefined,
): T | null {
    const opened = workspace.opened(textDocument.uri);
    return (opened && answer(opened, opened.document.offsetAt(position))) ?? null;
}

/** A refusal becomes an error of the request, whose message editors show. */
function refuse({ refused }: Refusal): never {
    throw new ResponseError(LSPErrorCodes.RequestFailed, refused);
}

export function registerNavigation(connection: Connection, workspace: Workspace): void {
    const { files } = workspace;

    connection.onDefinition(({ textDocument, position }) => {
        const at = workspace.openedAt(textDocument.uri, position);
        const found = at && definitionAt(at.program, at.uri, at.offset);
        return found ? definitionLocation(files, found) : null;
    });

    connection.onTypeDefinition((params) =>
        atOffset(workspace, params, ({ program, uri }, offset) => {
            const found = typeDefinitionAt(program, uri, offset);
            return found && definitionLocation(files, found);
        }),
    );

    connection.onReferences((params) =>
        atOffset(workspace, params, ({ program, uri }, offset) => {
            const symbol = symbolAt(program, uri, offset);
            if (!symbol) {
                return null;
            }
            const declaredIn = symbol.declaration?.uri;
            const programs = [program, ...(declaredIn === undefined ? [] : workspace.programsWith(declaredIn))];
            const found = new Map<string, Location>();
            for (const p of new Set(programs)) {
                for (const r of referencesTo(p, symbol)) {
                    if (params.context.includeDeclaration || !r.isDeclaration) {
                        found.set(`${r.uri} ${r.span.start}`, locationOf(files, r.uri, r.span));
                    }
                }
            }
            return [...found.values()];
        }),
    );

    connection.onDocumentHighlight((params) =>
        atOffset(workspace, params, ({ program, uri, document }, offset) => {
            const symbol = symbolAt(program, uri, offset);
            return symbol && symbol.kind !== 'keyword'
                ? referencesIn(program, uri, symbol).map((r) => ({
                      range: rangeOf(document, r.span),
                      kind: r.writes ? DocumentHighlightKind.Write : DocumentHighlightKind.Read,
                  }))
                : null;
        }),
    );

    connection.onPrepareRename((params) =>
        atOffset(workspace, params, ({ program, uri, document }, offset) => {
            const found = renamable(program, uri, offset);
            return 'refused' in found
                ? refuse(found)
                : { range: rangeOf(document, found.span), placeholder: found.name };
        }),
    );

    connection.onRenameRequest((params) =>
        atOffset(workspace, params, ({ uri }, offset): WorkspaceEdit => {
            const edits = rename(workspace, uri, offset, params.newName);
            if ('refused' in edits) {
                return refuse(edits);
            }
            const changes: Record<string, TextEdit[]> = {};
            for (const edit of edits) {
                const document = files.document(edit.uri);
                (changes[document.uri] ??= []).push({ range: rangeOf(document, edit.span), newText: edit.text });
            }
            return { changes };
        }),
    );

    connection.onDocumentSymbol(({ textDocument }) => {
        const opened = workspace.opened(textDocument.uri);
        return opened ? outline(opened.file).map((entry) => toDocumentSymbol(entry, opened.document)) : [];
    });

    connection.onWorkspaceSymbol(({ query }) =>
        workspaceSymbols(
            workspace.sources().map((uri) => workspace.parse(uri)),
            query,
        ).map((symbol) => toWorkspaceSymbol(symbol, files.document(symbol.uri))),
    );
}
