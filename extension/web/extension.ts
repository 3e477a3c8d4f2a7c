/** Entry point of the extension in VS Code for the Web: the debugger in this worker, the language server in another. */
import * as vscode from 'vscode';
import {
    BrowserMessageReader,
    BrowserMessageWriter,
    LanguageClient,
    type MessageTransports,
} from 'vscode-languageclient/browser';
import { register } from '../activation';
import type { CliCommands } from '../cli-commands';
import type { Client } from '../client';
import { COMMANDS, LANGUAGE } from '../contributions';
import { clientOptions } from '../language-client';
import { LastOutcomes } from '../tests/last-outcomes';
import { InProcessAdapters } from './adapter';
import { ServerFiles } from './server-files';
import { runInWorker } from './timeline-runs';

/** In place of the commands that start `lus`. */
async function unavailable(): Promise<undefined> {
    await vscode.window.showInformationMessage(
        'This command starts a process, which a browser cannot. It is available in VS Code on a desktop or a server.',
    );
}

const WITHOUT_PROCESSES: CliCommands = {
    [COMMANDS.explore]: unavailable,
    [COMMANDS.debugCourse]: unavailable,
    [COMMANDS.compareKernels]: unavailable,
    [COMMANDS.measureBlackout]: unavailable,
    [COMMANDS.writeTrace]: unavailable,
    [COMMANDS.inspectImage]: unavailable,
    [COMMANDS.debugImage]: unavailable,
    [COMMANDS.importRecording]: unavailable,
    [COMMANDS.explainCode]: unavailable,
    [COMMANDS.formatFiles]: unavailable,
};

/** The lessons are checked by `lus`, too. */
const WITHOUT_COURSE = {
    learn: unavailable,
    check: async (): Promise<boolean> => (await unavailable()) ?? false,
    reset: async (): Promise<boolean> => (await unavailable()) ?? false,
};

let client: Promise<Client> | undefined;

export function activate(context: vscode.ExtensionContext): void {
    const { extensionUri } = context;
    const server = new LanguageClient(
        LANGUAGE,
        'Live Update',
        () => startServer(extensionUri),
        clientOptions(extensionUri, undefined),
    );
    client = Promise.resolve(server);
    register(context, {
        client,
        adapters: new InProcessAdapters(),
        cli: WITHOUT_PROCESSES,
        course: WITHOUT_COURSE,
        outcomes: new LastOutcomes(),
        timelineRuns: runInWorker,
    });
    context.subscriptions.push(new ServerFiles(server, extensionUri));
}

/**
 * A worker may only be made from a script of the page's origin or from data, and the address of the extension's files
 * may be neither: it depends on who serves them.
 */
async function startServer(extension: vscode.Uri): Promise<MessageTransports> {
    const bundle = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(extension, 'dist', 'web-language-server.js'));
    const docs = vscode.Uri.joinPath(extension, 'extension', 'docs').toString();
    const script = new Blob([`self.docs = ${JSON.stringify(docs)};`, bundle], { type: 'text/javascript' });
    // not the worker itself: the class Worker of an extension host is one that the client does not know
    const worker = new Worker(URL.createObjectURL(script));
    return { reader: new BrowserMessageReader(worker), writer: new BrowserMessageWriter(worker) };
}

export async function deactivate(): Promise<void> {
    await (await client)?.stop();
}
