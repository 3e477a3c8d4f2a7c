/** Failures of scenarios as messages of the Test Explorer. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { SHIPPED_SCHEME } from '../contributions';
import type { Failed, Where } from './outcome';

/** How the `lus` command names the files of the emulator. */
const SHIPPED = 'std/';

/** The file of a place, which the command names from the root of the file system. @param near a file on that drive */
export function fileOf(file: string, near: string): vscode.Uri {
    return file.startsWith(SHIPPED)
        ? vscode.Uri.from({ scheme: SHIPPED_SCHEME, path: `/${file.slice(SHIPPED.length)}` })
        : vscode.Uri.file(path.resolve(path.parse(near).root, file));
}

function locationOf({ file, line, column }: Where, near: string): vscode.Location {
    return new vscode.Location(fileOf(file, near), new vscode.Position(line - 1, column - 1));
}

/**
 * @param item the scenario
 * @param under the kernel on which it failed; empty for an ordinary run
 */
export function messageOf({ text, where, stack }: Failed, item: vscode.TestItem, under: string): vscode.TestMessage {
    const near = item.uri?.fsPath ?? '';
    const message = new vscode.TestMessage(under === '' ? text : `${under}: ${text}`);
    if (where) {
        message.location = locationOf(where, near);
    } else if (item.uri && item.range) {
        message.location = new vscode.Location(item.uri, item.range);
    }
    message.stackTrace = stack.map(({ label, where: at }) => {
        const location = at && locationOf(at, near);
        return new vscode.TestMessageStackFrame(label, location?.uri, location?.range.start);
    });
    return message;
}
