/** *Show Memory at Address…*: the memory view of a debug session at an address or an expression. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { sessionAtHand } from './session-at-hand';

/** VS Code's command of the icon beside a variable; it offers to install the Hex Editor if that is missing. */
const VIEW_MEMORY = 'workbench.debug.viewlet.action.viewMemory';

const argumentSchema = z.object({ expression: z.string() });
const resultSchema = z.object({ result: z.string(), memoryReference: z.optional(z.string()) });

/**
 * The address of an expression: that of its value in memory, otherwise the number that it is.
 * @throws Error if it cannot be evaluated
 */
export async function addressOf(session: vscode.DebugSession, expression: string): Promise<string | undefined> {
    const item = vscode.debug.activeStackItem;
    const frameId = item instanceof vscode.DebugStackFrame ? item.frameId : undefined;
    const answer = resultSchema.parse(
        await session.customRequest('evaluate', { expression, frameId, context: 'watch', format: { hex: true } }),
    );
    return answer.memoryReference ?? /^0x[0-9a-f]+$/.exec(answer.result)?.[0];
}

/** @returns the address that is shown, undefined if there is none */
export async function openMemory(argument: unknown): Promise<string | undefined> {
    const session = sessionAtHand();
    const given = argumentSchema.safeParse(argument);
    const expression =
        session && given.success
            ? given.data.expression
            : session &&
              (await vscode.window.showInputBox({
                  title: 'Show Memory at Address',
                  prompt: 'A physical address, such as 0x4c2000, or an expression, such as args.serialized_data',
              }));
    if (!session || expression === undefined || expression.trim() === '') {
        return undefined;
    }
    try {
        const memoryReference = await addressOf(session, expression);
        if (memoryReference === undefined) {
            void vscode.window.showErrorMessage(`${expression} is not an address, and its value is not in memory.`);
            return undefined;
        }
        await vscode.commands.executeCommand(VIEW_MEMORY, { sessionId: session.id, variable: { memoryReference } });
        return memoryReference;
    } catch (e) {
        void vscode.window.showErrorMessage(e instanceof Error ? e.message : String(e));
        return undefined;
    }
}
