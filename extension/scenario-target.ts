/** The scenario that the argument of a command names. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { scenariosOf, type Scenario } from './scenarios';

/** The argument of the run and debug commands, from a lens, a test or a key binding. */
const targetSchema = z.object({ uri: z.string(), scenario: z.string() });

export type ScenarioTarget = z.infer<typeof targetSchema>;

/**
 * The scenario in an argument, if there is one. Menus pass the URI of the editor, which names only a file.
 */
export async function namedScenario(argument: unknown): Promise<Scenario | undefined> {
    const target = targetSchema.safeParse(argument);
    if (!target.success) {
        return undefined;
    }
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(target.data.uri));
    const found = scenariosOf(document).find((s) => s.name === target.data.scenario);
    if (!found) {
        throw new Error(`${vscode.workspace.asRelativePath(document.uri)} has no scenario "${target.data.scenario}"`);
    }
    return found;
}
