/** The scenario that the argument of a command names. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { scenariosOf, type Scenario } from './scenarios';

/** The argument of the run and debug commands, from a lens, a test or a key binding. */
const targetSchema = z.object({ uri: z.string(), scenario: z.string() });

export type ScenarioTarget = z.infer<typeof targetSchema>;

/** What an argument names, whether it exists or not. */
export function targetIn(argument: unknown): ScenarioTarget | undefined {
    return z.safeParse(targetSchema, argument).data;
}

/**
 * The scenario in an argument, if there is one. Menus pass the URI of the editor, which names only a file.
 */
export async function namedScenario(argument: unknown): Promise<Scenario | undefined> {
    const target = targetIn(argument);
    if (!target) {
        return undefined;
    }
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(target.uri));
    const found = scenariosOf(document).find((s) => s.name === target.scenario);
    if (!found) {
        throw new Error(`${vscode.workspace.asRelativePath(document.uri)} has no scenario "${target.scenario}"`);
    }
    return found;
}
