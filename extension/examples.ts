/** *Open Examples*: copies the example scenarios for the user, and opens one of them beside an index. */
import * as vscode from 'vscode';
import { copyAndOpen, exists, showBeside } from './copies';

/** The example to begin with, and the index by what one can see. */
const FIRST = 'first-session.lus';
const INDEX = 'README.md';

/**
 * Copies the examples to a new folder and opens it.
 * @returns the folder's URI as a string, undefined if the user chose no place
 */
export function openExamples(context: vscode.ExtensionContext, argument: unknown): Promise<string | undefined> {
    const from = vscode.Uri.joinPath(context.extensionUri, 'extension', 'examples');
    const names = SHIPPED_EXAMPLES.split(' ');
    return copyAndOpen(context, { from, names, folderName: 'live-update-examples', what: 'examples' }, argument);
}

/** Shows the first example and the index of a folder with the examples; does nothing in another folder. */
export async function showFirstExample(folder: vscode.Uri): Promise<void> {
    const first = vscode.Uri.joinPath(folder, FIRST);
    if (await exists(first)) {
        await showBeside(first, vscode.Uri.joinPath(folder, INDEX));
    }
}
