/** Lets the user select a scenario. */
import * as vscode from 'vscode';
import { mayRun } from './imports';
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

async function scenariosWith(file: vscode.Uri | undefined): Promise<Scenario[]> {
    const all = await scenariosOfWorkspace();
    if (!file) {
        return all;
    }
    const mains = new Map(all.map((s) => [s.uri.toString(), s.uri]));
    const using = new Set<string>();
    for (const [key, main] of mains) {
        if (await mayRun(main, file)) {
            using.add(key);
        }
    }
    return all.filter((s) => using.has(s.uri.toString()));
}

/**
 * A scenario of the file in the editor, or of the workspace if that has none. If there are several, the user chooses
 * one.
 * @param using only scenarios in which this file runs
 * @returns undefined if there is none (with a message) or none was chosen
 */
export async function pickScenario(title: string, using?: vscode.Uri): Promise<Scenario | undefined> {
    const ofFile = scenariosOfEditor();
    const scenarios = ofFile.length > 0 ? ofFile : await scenariosWith(using);
    if (scenarios.length === 0) {
        void vscode.window.showWarningMessage(
            using
                ? `${vscode.workspace.asRelativePath(using)} has no scenario, and no scenario of this workspace imports it.`
                : 'There is no scenario in this workspace. "Live Update: Open Examples" copies example scenarios.',
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
