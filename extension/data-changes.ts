/** The commands that go to the changes of data, and to the causes of findings. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { COMMANDS } from './contributions';
import { ask } from './session-at-hand';

type Command = (argument?: unknown) => Promise<unknown>;

/** The argument of a command in the menu of a variable. */
const rowSchema = z.object({
    container: z.object({ variablesReference: z.number() }),
    variable: z.object({ name: z.string() }),
});

/** The same of a row below a watched expression. */
const belowExpressionSchema = z.object({ variable: z.object({ evaluateName: z.string() }) });

/** A watched expression or a row below one, and the argument of other extensions. */
const expressionSchema = z.object({ name: z.string(), evaluateName: z.optional(z.string()) });

/** Goes to a change of a row of *Variables* or of *Watch*, of a given expression, or of one that the user types. */
function goToChange(request: string, title: string): Command {
    return async (argument) => {
        const row = z.safeParse(rowSchema, argument);
        if (row.success) {
            const { container, variable } = row.data;
            await ask(request, { variablesReference: container.variablesReference, name: variable.name });
            return;
        }
        const name = expressionOf(argument) ?? (await typedExpression(title));
        if (name !== undefined && name.trim() !== '') {
            const item = vscode.debug.activeStackItem;
            const frameId = item instanceof vscode.DebugStackFrame ? item.frameId : undefined;
            await ask(request, { name, frameId });
        }
    };
}

function expressionOf(argument: unknown): string | undefined {
    const below = z.safeParse(belowExpressionSchema, argument);
    if (below.success) {
        return below.data.variable.evaluateName;
    }
    const given = z.safeParse(expressionSchema, argument);
    return given.success ? (given.data.evaluateName ?? given.data.name) : undefined;
}

/** Goes to the cause of the finding with a code, or else of the one at hand. */
async function goToCause(argument: unknown): Promise<void> {
    const given = z.safeParse(z.object({ code: z.string() }), argument);
    await ask('lus/goToCause', given.success ? given.data : {});
}

async function typedExpression(title: string): Promise<string | undefined> {
    const editor = vscode.window.activeTextEditor;
    const prompt = 'An expression such as ser.count, memory(0x1000, 64) or owner(0x1000).';
    return await vscode.window.showInputBox({ title, prompt, value: editor?.document.getText(editor.selection) ?? '' });
}

export const dataChangeCommands = {
    [COMMANDS.goToLastChange]: goToChange('lus/goToLastChange', 'Go to Last Change'),
    [COMMANDS.goToNextChange]: goToChange('lus/goToNextChange', 'Go to Next Change'),
    [COMMANDS.goToCause]: goToCause,
} as const satisfies Record<string, Command>;
