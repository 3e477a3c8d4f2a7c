/** Copies files that ship with the extension to a folder that the user selects, and opens that folder. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';

/** What is copied. */
export interface Copied {
    /** The folder of the extension. */
    readonly from: vscode.Uri;
    /** The names of its files: a folder on the web cannot be listed. */
    readonly names: readonly string[];
    /** The name of the new folder. */
    readonly folderName: string;
    /** `examples`, in the title and the button of the dialogue. */
    readonly what: string;
}

/** For callers other than the user: the target, and whether to open a window. */
const argumentSchema = z.object({ into: z.string(), open: z._default(z.boolean(), true) });

/** The folder that was opened last and is to be shown in its window. */
const OPENING = 'lus.folderToShow';

export async function exists(uri: vscode.Uri): Promise<boolean> {
    try {
        await vscode.workspace.fs.stat(uri);
        return true;
    } catch {
        return false;
    }
}

/** A folder that does not exist yet, so that no file of the user is overwritten. */
async function freshFolder(parent: vscode.Uri, name: string): Promise<vscode.Uri> {
    for (let n = 1; ; n++) {
        const folder = vscode.Uri.joinPath(parent, n === 1 ? name : `${name}-${n}`);
        if (!(await exists(folder))) {
            return folder;
        }
    }
}

async function askForParent(what: string): Promise<vscode.Uri | undefined> {
    const defaultUri = vscode.workspace.workspaceFolders?.[0]?.uri;
    const picked = await vscode.window.showOpenDialog({
        title: `Folder for the ${what}`,
        openLabel: `Copy ${what.slice(0, 1).toUpperCase()}${what.slice(1)} Here`,
        canSelectFiles: false,
        canSelectFolders: true,
        ...(defaultUri ? { defaultUri } : {}),
    });
    return picked?.[0];
}

/**
 * Copies to a new folder and opens it, in this window if it has no folder.
 * @param copiedTo called before the window changes
 * @returns the folder's URI as a string, undefined if the user chose no place
 */
export async function copyAndOpen(
    { globalState }: vscode.ExtensionContext,
    { from, names, folderName, what }: Copied,
    argument: unknown,
    copiedTo: (folder: string) => Promise<void> = () => Promise.resolve(),
): Promise<string | undefined> {
    const given = argumentSchema.safeParse(argument);
    const parent = given.success ? vscode.Uri.parse(given.data.into) : await askForParent(what);
    if (!parent) {
        return undefined;
    }
    const folder = await freshFolder(parent, folderName);
    const { fs } = vscode.workspace;
    // all at once: browsers open a new window only within seconds after the user's click
    await Promise.all(
        names.map(async (name) =>
            fs.writeFile(vscode.Uri.joinPath(folder, name), await fs.readFile(vscode.Uri.joinPath(from, name))),
        ),
    );
    await copiedTo(folder.toString());
    if (!given.success || given.data.open) {
        await globalState.update(OPENING, folder.toString());
        const busy = vscode.workspace.workspaceFolders !== undefined;
        await vscode.commands.executeCommand('vscode.openFolder', folder, { forceNewWindow: busy });
    }
    return folder.toString();
}

/** In the window of a folder that was just copied: that folder, once. */
export async function folderToShow({ globalState }: vscode.ExtensionContext): Promise<vscode.Uri | undefined> {
    const opened = globalState.get<string>(OPENING);
    const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.toString() === opened);
    if (folder) {
        await globalState.update(OPENING, undefined);
    }
    return folder?.uri;
}

/** Shows a file on the left and a rendered page on the right. */
export async function showBeside(file: vscode.Uri, page: vscode.Uri): Promise<void> {
    await vscode.window.showTextDocument(file, { viewColumn: vscode.ViewColumn.One, preview: false });
    await vscode.commands.executeCommand('markdown.showPreviewToSide', page);
    await vscode.commands.executeCommand('workbench.action.focusFirstEditorGroup');
}

/** Gives a document another text and saves it, as an edit that can be undone. @returns whether that was possible */
export async function replaceText(document: vscode.TextDocument, text: string): Promise<boolean> {
    if (document.getText() !== text) {
        const edit = new vscode.WorkspaceEdit();
        const whole = new vscode.Range(new vscode.Position(0, 0), document.positionAt(document.getText().length));
        edit.replace(document.uri, whole, text);
        await vscode.workspace.applyEdit(edit);
    }
    return document.save();
}
