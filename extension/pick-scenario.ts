/** Lets the user select a scenario. */
import * as vscode from 'vscode';
import { scenariosOfEditor, scenariosOfWorkspace, type Scenario } from './scenarios';

interface ScenarioItem extends vscode.QuickPickItem {
    readonly scenario: Scenario;
}

/** One row per scenario; scenarios of the workspace are shown with their file. */
function rows(scenarios: readonly Scenario[], withFile: boolean): ScenarioItem[] {
    return scenarios.map((scenario) => ({
        label: scenario.name,
        ...(withFile ? { description: vscode.workspace.asRelativePath(scenario.uri) } : {}),
        scenario,
    }));
}

/**
 * A scenario of the file in the editor, or of the workspace if the file has none; lets the user select if there are
 * several.
 * @returns undefined if there is none (the user was told) or none was selected
 */
export async function pickScenario(title: string): Promise<Scenario | undefined> {
    const ofFile = scenariosOfEditor();
    const scenarios = ofFile.length > 0 ? ofFile : await scenariosOfWorkspace();
    if (scenarios.length === 0) {
        void vscode.window.showWarningMessage(
            'There is no scenario in this workspace. "Live Update: Open Examples" copies example scenarios.',
        );
        return undefined;
    }
    if (scenarios.length === 1) {
        return scenarios[0];
    }
    const items = rows(scenarios, ofFile.length === 0);
    const picked = await vscode.window.showQuickPick(items, {
        title,
        placeHolder: 'Select a scenario',
        matchOnDescription: true,
    });
    return picked?.scenario;
}
