/** Entry point of the extension where there are processes: on a desktop and on a server. */
import * as vscode from 'vscode';
import { LanguageClient, TransportKind } from 'vscode-languageclient/node';
import { register } from './activation';
import { LANGUAGE, TASK_TYPE } from './contributions';
import { cliCommands } from './cli-commands';
import { AdapterFactory } from './debug-adapter';
import { clientOptions } from './language-client';
import { offerLusInTerminals } from './lus-in-terminals';
import { LusTasks } from './tasks';

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
    register(context, { client, adapters: new AdapterFactory(extensionUri), cli: cliCommands(extensionUri) });
    context.subscriptions.push(vscode.tasks.registerTaskProvider(TASK_TYPE, new LusTasks(extensionUri)));
    offerLusInTerminals(context).catch((e: unknown) => {
        console.error('Live Update: the command lus is not in the terminal', e);
    });
}

export async function deactivate(): Promise<void> {
    await client?.stop();
}
