/** Entry point of the extension in VS Code for the Web: the debugger in this worker, the language server in another. */
import * as vscode from 'vscode';
import { LanguageClient } from 'vscode-languageclient/browser';
import { register } from '../activation';
import { LANGUAGE } from '../contributions';
import { clientOptions } from '../language-client';
import { InProcessAdapters } from './adapter';
import { ServerFiles } from './server-files';

let client: LanguageClient | undefined;

export function activate(context: vscode.ExtensionContext): void {
    const { extensionUri } = context;
    const bundle = vscode.Uri.joinPath(extensionUri, 'dist', 'web-language-server.js').toString(true);
    // the server learns from its name where the documentation is
    const name = vscode.Uri.joinPath(extensionUri, 'extension', 'docs').toString(true);
    const server = new LanguageClient(
        LANGUAGE,
        'Live Update',
        clientOptions(extensionUri, undefined),
        new Worker(bundle, { name }),
    );
    client = server;
    register(context, { client, adapters: new InProcessAdapters() });
    context.subscriptions.push(new ServerFiles(server, extensionUri));
}

export async function deactivate(): Promise<void> {
    await client?.stop();
}
