/** The client of the language server that runs as a process. It is loaded after the extension was activated. */
import * as vscode from 'vscode';
import { LanguageClient, TransportKind } from 'vscode-languageclient/node';
import { LANGUAGE } from './contributions';
import { clientOptions } from './language-client';

export function processClient(extension: vscode.Uri): LanguageClient {
    const module = vscode.Uri.joinPath(extension, 'dist', 'language-server.js').fsPath;
    return new LanguageClient(
        LANGUAGE,
        'Live Update',
        { module, transport: TransportKind.stdio },
        clientOptions(extension, ['file']),
    );
}
