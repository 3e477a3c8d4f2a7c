/** *Open Examples*: copies the example scenarios for the user. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';

/** The name of the folder that is created in the place that the user selects. */
const FOLDER_NAME = 'live-update-examples';

/** For callers other than the user: the target, and whether to open a window. */
const argumentSchema = z.object({ into: z.string(), open: z._default(z.boolean(), true) });

async function exists(uri: vscode.Uri): Promise<boolean> {
    try {
        await vscode.workspace.fs.stat(uri);
        return true;
    } catch {
        return false;
    }
}

/** A folder that does not exist yet, so that no file of the user is overwritten. */
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
        title: 'Folder for the examples',
        openLabel: 'Copy Examples Here',
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
    const { fs } = vscode.workspace;
    for (const name of SHIPPED_EXAMPLES.split(' ')) {
        const example = vscode.Uri.joinPath(extension, 'extension', 'examples', name);
        await fs.writeFile(vscode.Uri.joinPath(folder, name), await fs.readFile(example));
    }
    if (!given.success || given.data.open) {
        const busy = vscode.workspace.workspaceFolders !== undefined;
        await vscode.commands.executeCommand('vscode.openFolder', folder, { forceNewWindow: busy });
    }
    return folder.toString();
}
