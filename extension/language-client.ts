/** The client of the language server. */

import * as vscode from 'vscode';
import { LanguageClient, TransportKind, type Middleware } from 'vscode-languageclient/node';
import { LANGUAGE, SHIPPED_SCHEME } from './contributions';
import { documentationCommand, withCommands } from './documentation';

/** Links to the documentation run a command that opens the rendered page; file links would open the source. */
function linksToCommands(extension: vscode.Uri): Middleware {
    return {
        handleDiagnostics(uri, diagnostics, next) {
            for (const { code } of diagnostics) {
                if (typeof code === 'object') {
                    code.target = documentationCommand(extension, code.target) ?? code.target;
                }
            }
            next(uri, diagnostics);
        },
        async provideHover(document, position, token, next) {
            const hover = await next(document, position, token);
            return (
                hover &&
                new vscode.Hover(
                    hover.contents.map((c) => (c instanceof vscode.MarkdownString ? withCommands(extension, c) : c)),
                    hover.range,
                )
            );
        },
        async resolveCompletionItem(item, token, next) {
            const resolved = await next(item, token);
            if (resolved?.documentation instanceof vscode.MarkdownString) {
                resolved.documentation = withCommands(extension, resolved.documentation);
            }
            return resolved;
        },
    };
}

/** A client, not started yet, of the server bundle in the extension's folder. */
export function createLanguageClient(extension: vscode.Uri): LanguageClient {
    const module = vscode.Uri.joinPath(extension, 'dist', 'language-server.js').fsPath;
    return new LanguageClient(
        LANGUAGE,
        'Live Update',
        { module, transport: TransportKind.stdio },
        {
            documentSelector: [
                { language: LANGUAGE, scheme: 'file' },
                { language: LANGUAGE, scheme: 'untitled' },
                { language: LANGUAGE, scheme: SHIPPED_SCHEME },
            ],
            // Imports are read from disk, so their changes affect open files.
            initializationOptions: { trusted: vscode.workspace.isTrusted },
            synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher(`**/*.${LANGUAGE}`) },
            middleware: linksToCommands(extension),
        },
    );
}

/** Shows the code that ships with the emulator, read-only and without a debug session. The server provides the text. */
export class ShippedTexts implements vscode.TextDocumentContentProvider {
    constructor(private readonly client: LanguageClient) {}

    async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
        const text: unknown = await this.client.sendRequest('lus/shippedText', { uri: uri.toString(true) });
        if (typeof text !== 'string') {
            throw new Error(`${uri.toString(true)} is not part of the emulator.`);
        }
        return text;
    }
}
