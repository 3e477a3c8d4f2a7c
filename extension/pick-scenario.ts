/** Lets the user choose a scenario. */
import * as vscode from 'vscode';
import { isScenarioFile, scenariosOf, scenariosOfWorkspace, type Scenario } from './scenarios';

interface ScenarioItem extends vscode.QuickPickItem {
    readonly scenario?: Scenario;
}

/** One row a scenario; those of the workspace under a heading for their file. */
function rows(scenarios: readonly Scenario[], byFile: boolean): ScenarioItem[] {
    const items: ScenarioItem[] = [];
    let file: string | undefined;
    for (const scenario of scenarios) {
        const place = vscode.workspace.asRelativePath(scenario.uri);
        if (byFile && place !== file) {
            items.push({ label: place, kind: vscode.QuickPickItemKind.Separator });
            file = place;
        }
        items.push({ label: scenario.name, ...(byFile ? { description: place } : {}), scenario });
    }
    return items;
}

/**
 * A scenario of the file in the editor, or of the workspace where no scenario file is open; asks where there are several.
 * @returns undefined where there is none (the user was told) or none was chosen
 */
export async function pickScenario(title: string): Promise<Scenario | undefined> {
    const document = vscode.window.activeTextEditor?.document;
    const inFile = document !== undefined && isScenarioFile(document);
    const scenarios = inFile ? scenariosOf(document) : await scenariosOfWorkspace();
    if (scenarios.length === 0) {
        void vscode.window.showWarningMessage(
            inFile
                ? `${vscode.workspace.asRelativePath(document.uri)} has no scenario: write one, as in  scenario "my update" { boot "7.2" }`
                : 'There is no scenario in this workspace. "Live Update: Open Examples" has some to start from.',
        );
        return undefined;
    }
    if (scenarios.length === 1) {
        return scenarios[0];
    }
    const picked = await vscode.window.showQuickPick(rows(scenarios, !inFile), { title, placeHolder: 'Which scenario?', matchOnDescription: true });
    return picked?.scenario;
}
