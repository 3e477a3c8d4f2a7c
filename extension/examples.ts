/** *Open Examples*: gives the user a copy of the shipped scenarios to work in. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';

/** Name of the folder that is made in the place the user picks. */
const FOLDER_NAME = 'live-update-examples';

/** A caller other than the user may say where, and that no window be opened. */
const argumentSchema = z.object({ into: z.string(), open: z._default(z.boolean(), true) });

async function exists(uri: vscode.Uri): Promise<boolean> {
    try {
        await vscode.workspace.fs.stat(uri);
        return true;
    } catch {
        return false;
    }
}

/** A folder that does not exist yet: nothing of the user's is ever written over. */
async function freshFolder(parent: vscode.Uri): Promise<vscode.Uri> {
    for (let n = 1; ; n++) {
        const folder = vscode.Uri.joinPath(parent, n === 1 ? FOLDER_NAME : `${FOLDER_NAME}-${n}`);
        if (!(await exists(folder))) {
            return folder;
        }
    }
}

async function askForParent(): Promise<vscode.Uri | undefined> {
    const defaultUri = vscode.workspace.workspaceFolders?.[0]?.uri;
    const picked = await vscode.window.showOpenDialog({
        title: 'Where to put the examples',
        openLabel: 'Put the Examples Here',
        canSelectFiles: false,
        canSelectFolders: true,
        ...(defaultUri ? { defaultUri } : {}),
    });
    return picked?.[0];
}

/**
 * Copies the examples to a new folder and opens it.
 * @returns the folder's URI as a string, undefined if the user chose no place
 */
export async function openExamples(extension: vscode.Uri, argument: unknown): Promise<string | undefined> {
    const given = argumentSchema.safeParse(argument);
    const parent = given.success ? vscode.Uri.parse(given.data.into) : await askForParent();
    if (!parent) {
        return undefined;
    }
    const folder = await freshFolder(parent);
    await vscode.workspace.fs.copy(vscode.Uri.joinPath(extension, 'extension', 'examples'), folder);
    if (!given.success || given.data.open) {
        const busy = vscode.workspace.workspaceFolders !== undefined;
        await vscode.commands.executeCommand('vscode.openFolder', folder, { forceNewWindow: busy });
    }
    return folder.toString();
}
