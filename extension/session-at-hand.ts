/** The debug session that the user is in, requests to it, and its sources. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { DEBUG_TYPE } from './contributions';

const sourceSchema = z.object({ path: z.optional(z.string()), sourceReference: z.optional(z.number()) });

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

/** Opens a source as the debug protocol has it. @param line from 1 */
export async function openSource(session: vscode.DebugSession, source: object, line: number): Promise<void> {
    const { path = '', sourceReference } = sourceSchema.parse(source);
    const at = new vscode.Position(line - 1, 0);
    await vscode.window.showTextDocument(
        sourceReference ? vscode.debug.asDebugSourceUri({ path, sourceReference }, session) : vscode.Uri.file(path),
        { selection: new vscode.Range(at, at), viewColumn: vscode.ViewColumn.One },
    );
}
