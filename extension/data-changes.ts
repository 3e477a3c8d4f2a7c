/** The commands that go to the changes of data, and to the causes of findings. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { ask, type Command } from './ask-session';
import { COMMANDS } from './contributions';

/** The argument of a command in the menu of a variable. */
const rowSchema = z.object({
    container: z.object({ variablesReference: z.number() }),
    variable: z.object({ name: z.string() }),
});

/** The argument of a command in the menu of a watched expression, and of one that another extension gives. */
const expressionSchema = z.object({ name: z.string() });

/** Goes to a change of a row of *Variables* or of *Watch*, of a given expression, or of one that the user types. */
function goToChange(request: string, title: string): Command {
    return async (argument) => {
        const row = z.safeParse(rowSchema, argument);
        if (row.success) {
            const { container, variable } = row.data;
            await ask(request, { variablesReference: container.variablesReference, name: variable.name });
            return;
        }
        const given = z.safeParse(expressionSchema, argument);
        const name = given.success ? given.data.name : await typedExpression(title);
        if (name !== undefined && name.trim() !== '') {
            const item = vscode.debug.activeStackItem;
            const frameId = item instanceof vscode.DebugStackFrame ? item.frameId : undefined;
            await ask(request, { name, frameId });
        }
    };
}

async function typedExpression(title: string): Promise<string | undefined> {
    const editor = vscode.window.activeTextEditor;
    const prompt = 'An expression such as ser.count, memory(0x1000, 64) or owner(0x1000).';
    return await vscode.window.showInputBox({ title, prompt, value: editor?.document.getText(editor.selection) ?? '' });
}

export const dataChangeCommands = {
    [COMMANDS.goToLastChange]: goToChange('lus/goToLastChange', 'Go to Last Change'),
    [COMMANDS.goToNextChange]: goToChange('lus/goToNextChange', 'Go to Next Change'),
    [COMMANDS.goToCause]: () => ask('lus/goToCause'),
} as const satisfies Record<string, Command>;
