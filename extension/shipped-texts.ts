/** The code that ships with the emulator, as documents. */
import type * as vscode from 'vscode';
import type { Client } from './client';

/** Shows the code that ships with the emulator, read-only and without a debug session. The server provides the text. */
export class ShippedTexts implements vscode.TextDocumentContentProvider {
    constructor(private readonly client: Promise<Client>) {}

    async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
        const text: unknown = await (await this.client).sendRequest('lus/shippedText', { uri: uri.toString(true) });
        if (typeof text !== 'string') {
            throw new Error(`${uri.toString(true)} is not part of the emulator.`);
        }
        return text;
    }
}
