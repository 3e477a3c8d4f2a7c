/** Entry point of the extension where there are processes: on a desktop and on a server. */
import * as vscode from 'vscode';
import { LanguageClient, TransportKind } from 'vscode-languageclient/node';
import { register } from './activation';
import { LANGUAGE } from './contributions';
import { AdapterFactory } from './debug-adapter';
import { clientOptions } from './language-client';

let client: LanguageClient | undefined;

export function activate(context: vscode.ExtensionContext): void {
    const { extensionUri } = context;
    const module = vscode.Uri.joinPath(extensionUri, 'dist', 'language-server.js').fsPath;
    client = new LanguageClient(
        LANGUAGE,
        'Live Update',
        { module, transport: TransportKind.stdio },
        clientOptions(extensionUri, ['file']),
    );
    register(context, { client, adapters: new AdapterFactory(extensionUri) });
}

export async function deactivate(): Promise<void> {
    await client?.stop();
}
