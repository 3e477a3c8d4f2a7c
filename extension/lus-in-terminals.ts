/** Makes `lus` a command of the integrated terminal. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import type * as vscode from 'vscode';
import { lusBundle } from './lus-command';
import { scriptsFor } from './lus-scripts';

async function textOf(file: string): Promise<string | undefined> {
    try {
        return await readFile(file, 'utf8');
    } catch {
        return undefined;
    }
}

/** Writes the scripts and adds their folder to the end of PATH: a `lus` of the user comes first. */
export async function offerLusInTerminals(context: vscode.ExtensionContext): Promise<void> {
    const folder = path.join(context.globalStorageUri.fsPath, 'bin');
    const scripts = scriptsFor(process.platform, process.execPath, lusBundle(context.extensionUri));
    await mkdir(folder, { recursive: true });
    for (const [name, text] of scripts) {
        const file = path.join(folder, name);
        if ((await textOf(file)) !== text) {
            await writeFile(file, text);
            await chmod(file, 0o755);
        }
    }
    const variables = context.environmentVariableCollection;
    variables.description = 'Adds the command `lus`';
    variables.append('PATH', `${path.delimiter}${folder}`);
}
