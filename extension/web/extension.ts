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
    const server = new LanguageClient(
        LANGUAGE,
        'Live Update',
        () => startServer(extensionUri),
        clientOptions(extensionUri, undefined),
    );
    client = server;
    register(context, { client, adapters: new InProcessAdapters() });
    context.subscriptions.push(new ServerFiles(server, extensionUri));
}

/**
 * A worker may only be made from a script of the page's origin or from data, and the address of the extension's files
 * may be neither: it depends on who serves them.
 */
async function startServer(extension: vscode.Uri): Promise<Worker> {
    const bundle = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(extension, 'dist', 'web-language-server.js'));
    const url = URL.createObjectURL(new Blob([bundle], { type: 'text/javascript' }));
    // the server learns from its name where the documentation is
    const name = vscode.Uri.joinPath(extension, 'extension', 'docs').toString(true);
    return new Worker(url, { name });
}

export async function deactivate(): Promise<void> {
    await client?.stop();
}
