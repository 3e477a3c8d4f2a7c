/** The folder that the suite's window has open: a copy of test/editor/fixtures and of the examples. */
import * as vscode from 'vscode';

export function folder(): vscode.WorkspaceFolder {
    const first = vscode.workspace.workspaceFolders?.[0];
    if (!first) {
        throw new Error('the suite needs a folder to be open');
    }
    return first;
}

export function fileUri(name: string): vscode.Uri {
    return vscode.Uri.joinPath(folder().uri, name);
}

export async function openFile(name: string): Promise<vscode.TextDocument> {
    const document = await vscode.workspace.openTextDocument(fileUri(name));
    await vscode.window.showTextDocument(document);
    return document;
}

/** Closes every editor; what was typed and not saved is dropped without a question. */
export async function closeEditors(): Promise<void> {
    while (vscode.window.activeTextEditor) {
        await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    }
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}

/** An editor on text that is in no file. */
export async function openText(content: string): Promise<vscode.TextDocument> {
    const document = await vscode.workspace.openTextDocument({ language: 'lus', content });
    await vscode.window.showTextDocument(document);
    return document;
}

/** An example that comes with the extension, where it is installed. */
export function exampleUri(name: string): vscode.Uri {
    const extension = vscode.extensions.all.find((e) => e.packageJSON.name === 'lus-debug');
    if (!extension) {
        throw new Error('the extension is not installed');
    }
    return vscode.Uri.joinPath(extension.extensionUri, 'extension', 'examples', name);
}
