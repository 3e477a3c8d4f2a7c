/** The files that a file imports, directly or through other files. */
import * as vscode from 'vscode';
import { canonicalUri, isBeside, uriBeside } from '../emulator/language/paths';
import { parse } from '../emulator/language/syntax/parser';
import { textOf } from './scenarios';

/** Schemes of code that the emulator ships; the second is the editor's, in a debug session. */
const SHIPPED_SCHEMES: ReadonlySet<string> = new Set(['lus-std', 'debug']);

/**
 * Whether code of a file can run in the program of a main file, which imports it, or the file is part of the emulator.
 */
export async function mayRun(main: vscode.Uri, file: vscode.Uri): Promise<boolean> {
    if (SHIPPED_SCHEMES.has(file.scheme)) {
        return true;
    }
    const wanted = canonicalUri(file.toString());
    const seen = new Set<string>();
    const open = [canonicalUri(main.toString())];
    for (let uri = open.pop(); uri !== undefined; uri = open.pop()) {
        if (uri === wanted) {
            return true;
        }
        if (!seen.has(uri)) {
            seen.add(uri);
            open.push(...(await importsOf(uri)));
        }
    }
    return false;
}

async function importsOf(uri: string): Promise<string[]> {
    let text: string;
    try {
        text = await textOf(vscode.Uri.parse(uri));
    } catch {
        return []; // there is no such file
    }
    return parse(uri, text).file.items.flatMap((item) =>
        item.kind === 'import' && !item.shipped && isBeside(item.path.value) ? [uriBeside(uri, item.path.value)] : [],
    );
}
