/** Gives the language server in its worker the files that it would read from a disk, and says when they change. */
import * as vscode from 'vscode';
import type { BaseLanguageClient } from 'vscode-languageclient';
import { PAGES } from '../../emulator/services/documentation';
import { LANGUAGE } from '../contributions';
import { SENT_FILES, type SentFile } from '../language-server/sent-files';

/** Scenario files, and the memory images that their names can be completed to. */
const FILES = `**/*.{${LANGUAGE},elf,gz}`;
const MAX_FILES = 2000;

export class ServerFiles implements vscode.Disposable {
    private readonly watcher = vscode.workspace.createFileSystemWatcher(FILES);

    constructor(
        private readonly client: BaseLanguageClient,
        extension: vscode.Uri,
    ) {
        const changed = (uri: vscode.Uri): void => void this.send([uri]);
        this.watcher.onDidCreate(changed);
        this.watcher.onDidChange(changed);
        this.watcher.onDidDelete(changed);
        void this.sendAll(extension);
    }

    dispose(): void {
        this.watcher.dispose();
    }

    /** The files of the workspace, then the pages of the documentation. */
    private async sendAll(extension: vscode.Uri): Promise<void> {
        await this.send(await vscode.workspace.findFiles(FILES, '**/node_modules/**', MAX_FILES));
        const docs = vscode.Uri.joinPath(extension, 'extension', 'docs');
        const pages = PAGES.map((page) => vscode.Uri.joinPath(docs, page));
        await this.send(pages);
    }

    private async send(uris: readonly vscode.Uri[]): Promise<void> {
        const files = await Promise.all(uris.map(sentFile));
        // A server that has not started is reported where it is started.
        await this.client.sendNotification(SENT_FILES, { files }).catch(() => undefined);
    }
}

/** Only texts are read: of an image, the server needs the name. */
async function sentFile(uri: vscode.Uri): Promise<SentFile> {
    const name = uri.toString();
    try {
        const text = /\.(?:lus|md)$/.test(uri.path)
            ? new TextDecoder().decode(await vscode.workspace.fs.readFile(uri))
            : undefined;
        return text === undefined ? { uri: name, there: true } : { uri: name, there: true, text };
    } catch {
        return { uri: name, there: false };
    }
}
