/** The client of the language server, which provides diagnostics, outline and quick fixes. */
import * as vscode from 'vscode';
import { LanguageClient, TransportKind } from 'vscode-languageclient/node';
import { LANGUAGE } from './contributions';

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
            ],
            // Imports are read from disk, so their changes affect open files.
            initializationOptions: { trusted: vscode.workspace.isTrusted },
            synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher(`**/*.${LANGUAGE}`) },
        },
    );
}
