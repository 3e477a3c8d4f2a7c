/** Creates launch configurations from a scenario, a file or an incomplete launch.json entry. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { DEBUG_TYPE, RECORDING_ENDING } from './contributions';
import type { LastStarted } from './last-started';
import { pickScenario } from './pick-scenario';
import { scenarioAt, scenariosOfEditor, scenariosOfWorkspace, type Scenario } from './scenarios';
import { settings } from './settings';

/** The launch configuration of a scenario. */
export function launchConfiguration(
    scenario: Scenario,
    { noDebug }: { readonly noDebug: boolean },
): vscode.DebugConfiguration {
    const { kernel, stopOnEntry } = settings(scenario.uri);
    return {
        type: DEBUG_TYPE,
        request: 'launch',
        name: scenario.name,
        program: pathOf(scenario.uri),
        scenario: scenario.name,
        stopOnEntry: stopOnEntry && !noDebug,
        noDebug,
        ...(kernel === '' ? {} : { kernel }),
        internalConsoleOptions: noDebug ? 'openOnSessionStart' : 'openOnFirstSessionStart',
    };
}

/** A recording of a real kernel, by its name. */
export function isRecordingFile(uri: vscode.Uri): boolean {
    return uri.path.endsWith(RECORDING_ENDING);
}

/** The launch configuration of a recording. */
export function recordingConfiguration(
    uri: vscode.Uri,
    { noDebug }: { readonly noDebug: boolean },
): vscode.DebugConfiguration {
    return {
        type: DEBUG_TYPE,
        request: 'launch',
        name: path.posix.basename(uri.path),
        program: pathOf(uri),
        stopOnEntry: settings(uri).stopOnEntry && !noDebug,
        noDebug,
        internalConsoleOptions: noDebug ? 'openOnSessionStart' : 'openOnFirstSessionStart',
    };
}

/** The path of a file, or the URI of any other document. */
function pathOf(uri: vscode.Uri): string {
    return uri.scheme === 'file' ? uri.fsPath : uri.toString();
}

/**
 * The scenario at the cursor, or the first one of the file. In a file without scenarios (kernel code, or a handler that
 * scenarios import) it is the one that was started last, otherwise the user selects one.
 */
async function scenarioAtHand(last: LastStarted): Promise<Scenario | undefined> {
    const editor = vscode.window.activeTextEditor;
    const atCursor = editor && scenarioAt(scenariosOfEditor(), editor.document, editor.selection.active);
    return atCursor ?? (await last.scenario()) ?? (await pickScenario('Debug Scenario'));
}

/** The configuration for F5: the recording in the editor, or a scenario. */
async function configurationAtHand(
    last: LastStarted,
    noDebug: boolean,
): Promise<vscode.DebugConfiguration | undefined> {
    const uri = vscode.window.activeTextEditor?.document.uri;
    if (uri && isRecordingFile(uri)) {
        return recordingConfiguration(uri, { noDebug });
    }
    const scenario = await scenarioAtHand(last);
    return scenario && launchConfiguration(scenario, { noDebug });
}

/** Completes configurations before they reach the adapter, which checks them. */
export class LaunchConfigurationProvider implements vscode.DebugConfigurationProvider {
    constructor(private readonly last: LastStarted) {}

    /** F5 without a launch.json passes an empty configuration. */
    async resolveDebugConfiguration(
        _folder: vscode.WorkspaceFolder | undefined,
        config: vscode.DebugConfiguration,
    ): Promise<vscode.DebugConfiguration | undefined> {
        if (config['program'] !== undefined || config.request === 'attach') {
            return config;
        }
        const noDebug = config['noDebug'] === true;
        const complete = await configurationAtHand(this.last, noDebug);
        if (!complete) {
            return undefined;
        }
        // The values of an incomplete launch.json entry take precedence; an empty configuration has none.
        return config.type ? { ...complete, ...config } : { ...complete, ...(noDebug ? { noDebug } : {}) };
    }

    resolveDebugConfigurationWithSubstitutedVariables(
        folder: vscode.WorkspaceFolder | undefined,
        config: vscode.DebugConfiguration,
    ): vscode.DebugConfiguration {
        // The file of a scenario, recording or image: relative paths are relative to the folder.
        const key = config.request === 'attach' ? 'image' : 'program';
        const file: unknown = config[key];
        if (typeof file === 'string' && folder && !path.isAbsolute(file) && !/^[a-z][a-z0-9+.-]+:/i.test(file)) {
            return { ...config, [key]: path.join(folder.uri.fsPath, file) };
        }
        return config;
    }
}

/** Lists all scenarios of the workspace in the menu of the Run view. */
export class ScenarioConfigurations implements vscode.DebugConfigurationProvider {
    async provideDebugConfigurations(): Promise<vscode.DebugConfiguration[]> {
        return (await scenariosOfWorkspace()).map((s) => launchConfiguration(s, { noDebug: false }));
    }
}
