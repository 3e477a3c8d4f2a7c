/** Requests to the debug session that the user is in. */
import * as vscode from 'vscode';
import { DEBUG_TYPE } from './contributions';

export type Command = (argument?: unknown) => Promise<unknown>;

/** The debug session that the user is in. Undefined: it is not one of ours, and the user was told. */
export function sessionAtHand(): vscode.DebugSession | undefined {
    const session = vscode.debug.activeDebugSession;
    if (session?.type === DEBUG_TYPE) {
        return session;
    }
    void vscode.window.showInformationMessage('No scenario is being debugged.');
    return undefined;
}

/** Sends a request, and shows the error to the user if it fails. @returns undefined if it has failed */
export async function ask(command: string, args: object = {}): Promise<unknown> {
    try {
        return await sessionAtHand()?.customRequest(command, args);
    } catch (e) {
        void vscode.window.showErrorMessage(e instanceof Error ? e.message : String(e));
        return undefined;
    }
}
