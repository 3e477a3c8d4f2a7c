/** The debug session that the user is in, and requests to it. */
import * as vscode from 'vscode';
import { DEBUG_TYPE } from './contributions';

/** The debug session that the user is in. Undefined: there is none of ours, and the user was told. */
export function sessionAtHand(): vscode.DebugSession | undefined {
    const session = vscode.debug.activeDebugSession;
    if (session?.type === DEBUG_TYPE) {
        return session;
    }
    void vscode.window.showInformationMessage('No scenario is being debugged.');
    return undefined;
}

/** Sends a request; what is wrong with it the user is told. @returns undefined where it failed */
export async function ask(command: string, args: object = {}): Promise<unknown> {
    try {
        return await sessionAtHand()?.customRequest(command, args);
    } catch (e) {
        void vscode.window.showErrorMessage(e instanceof Error ? e.message : String(e));
        return undefined;
    }
}

/** A step of the thread that is looked at. */
export function step(command: string): () => Promise<unknown> {
    return async () => {
        const item = vscode.debug.activeStackItem;
        await ask(command, { threadId: item?.threadId ?? 1 });
    };
}
