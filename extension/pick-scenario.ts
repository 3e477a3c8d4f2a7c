/** Lets the user choose a scenario. */
import * as vscode from 'vscode';
import { scenariosOfEditor, scenariosOfWorkspace, type Scenario } from './scenarios';

interface ScenarioItem extends vscode.QuickPickItem {
    readonly scenario: Scenario;
}

/** One row a scenario; those of the workspace with their file. */
function rows(scenarios: readonly Scenario[], withFile: boolean): ScenarioItem[] {
    return scenarios.map((scenario) => ({
        label: scenario.name,
        ...(withFile ? { description: vscode.workspace.asRelativePath(scenario.uri) } : {}),
        scenario,
    }));
}

/**
 * A scenario of the file in the editor, or of the workspace where that has none; asks where there are several.
 * @returns undefined if there is none (the user was told) or none was chosen
 */
export async function pickScenario(title: string): Promise<Scenario | undefined> {
    const ofFile = scenariosOfEditor();
    const scenarios = ofFile.length > 0 ? ofFile : await scenariosOfWorkspace();
    if (scenarios.length === 0) {
        void vscode.window.showWarningMessage(
            'There is no scenario in this workspace. "Live Update: Open Examples" has some to start from.',
        );
        return undefined;
    }
    if (scenarios.length === 1) {
        return scenarios[0];
    }
    const items = rows(scenarios, ofFile.length === 0);
    const picked = await vscode.window.showQuickPick(items, {
        title,
        placeHolder: 'Which scenario?',
        matchOnDescription: true,
    });
    return picked?.scenario;
}
