/** Creates launch configurations from a scenario, a file or an incomplete launch.json entry. */
import * as vscode from 'vscode';
import { DEBUG_TYPE, DIAGNOSTIC_SOURCE, LANGUAGE, RECORDING_ENDING } from './contributions';
import { mayRun } from './imports';
import { uriOf, type LastStarted } from './last-started';
import { pickScenario } from './pick-scenario';
import { scenarioAt, scenariosOfEditor, scenariosOfWorkspace, type Scenario } from './scenarios';
import { settings } from './settings';

/** The launch configuration of a scenario. */
export function launchConfiguration(
    scenario: Scenario,
    { noDebug }: { readonly noDebug: boolean },
): vscode.DebugConfiguration {
    const { kernel } = settings(scenario.uri);
    return {
        type: DEBUG_TYPE,
        request: 'launch',
        name: scenario.name,
        program: pathOf(scenario.uri),
        scenario: scenario.name,
        ...stopping(scenario.uri, noDebug),
        ...(kernel === '' ? {} : { kernel }),
        internalConsoleOptions: noDebug ? 'openOnSessionStart' : 'openOnFirstSessionStart',
    };
}

/** What the settings say of where a run stops, and of going back. */
function stopping(uri: vscode.Uri, noDebug: boolean): object {
    const { stopOnEntry, stopAtEnd, history, skipKernelCode } = settings(uri);
    return noDebug ? { noDebug, stopOnEntry: false } : { noDebug, stopOnEntry, stopAtEnd, history, skipKernelCode };
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
        name: uri.path.slice(uri.path.lastIndexOf('/') + 1),
        program: pathOf(uri),
        ...stopping(uri, noDebug),
        internalConsoleOptions: noDebug ? 'openOnSessionStart' : 'openOnFirstSessionStart',
    };
}

/** The path of a file, or the URI of any other document. */
export function pathOf(uri: vscode.Uri): string {
    return uri.scheme === 'file' ? uri.fsPath : uri.toString();
}

/** The scenario around the cursor, or the nearest one of the file. */
function scenarioAtCursor(): Scenario | undefined {
    const editor = vscode.window.activeTextEditor;
    return editor && scenarioAt(scenariosOfEditor(), editor.document, editor.selection.active);
}

/**
 * The scenario around the cursor. From a file without any (kernel code that was stepped through, a handler that
 * scenarios import) it is one in which that file runs: the one that was started last, or the user is asked.
 */
async function scenarioAtHand(last: LastStarted): Promise<Scenario | undefined> {
    const atCursor = scenarioAtCursor();
    if (atCursor) {
        return atCursor;
    }
    const document = vscode.window.activeTextEditor?.document;
    const started = await last.scenario();
    if (document?.languageId !== LANGUAGE) {
        return started ?? (await pickScenario('Debug Scenario'));
    }
    return started && (await mayRun(started.uri, document.uri))
        ? started
        : await pickScenario('Debug Scenario', document.uri);
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

/** The first file of a program in which the editor shows errors. */
async function fileWithErrors(program: string): Promise<vscode.Uri | undefined> {
    for (const [uri, findings] of vscode.languages.getDiagnostics()) {
        const wrong = findings.some(
            ({ severity, source }) => severity === vscode.DiagnosticSeverity.Error && source === DIAGNOSTIC_SOURCE,
        );
        if (wrong && (await mayRun(uriOf(program), uri))) {
            return uri;
        }
    }
    return undefined;
}

/** Whether a path is relative: not a URI, and absolute neither on Windows nor elsewhere. */
function isRelative(file: string): boolean {
    return !/^(?:[a-z][a-z0-9+.-]+:|(?:[a-z]:)?[\\/])/i.test(file);
}

/** Completes configurations before they reach the adapter; the adapter itself checks their values. */
export class LaunchConfigurationProvider implements vscode.DebugConfigurationProvider {
    constructor(private readonly last: LastStarted) {}

    /** F5 without a launch.json passes an empty configuration. */
    async resolveDebugConfiguration(
        _folder: vscode.WorkspaceFolder | undefined,
        config: vscode.DebugConfiguration,
    ): Promise<vscode.DebugConfiguration | undefined> {
        if (config['program'] === '${file}' && config['scenario'] === undefined) {
            // without a scenario, a configuration for the open file means the scenario at the cursor
            const scenario = scenarioAtCursor();
            return scenario ? { ...config, scenario: scenario.name } : config;
        }
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

    async resolveDebugConfigurationWithSubstitutedVariables(
        folder: vscode.WorkspaceFolder | undefined,
        config: vscode.DebugConfiguration,
    ): Promise<vscode.DebugConfiguration | undefined> {
        // The file of a scenario or recording, or that of an image: relative paths are from the folder.
        const key = config.request === 'attach' ? 'image' : 'program';
        const file: unknown = config[key];
        const broken = typeof file === 'string' && key === 'program' ? await fileWithErrors(file) : undefined;
        if (broken) {
            // the adapter would refuse it; the errors are in Problems
            void vscode.commands.executeCommand('workbench.actions.view.problems');
            void vscode.window.showErrorMessage(
                `${vscode.workspace.asRelativePath(broken)} has errors. See the Problems view.`,
            );
            return undefined;
        }
        // what the extension shows by itself: the adapter has no scope Live Update, and links to the timeline
        const complete = { ...config, views: ['liveUpdate', 'timeline'] };
        return typeof file === 'string' && folder && isRelative(file)
            ? { ...complete, [key]: pathOf(vscode.Uri.joinPath(folder.uri, file)) }
            : complete;
    }
}

/** Lists all scenarios of the workspace in the menu of the Run view. */
export class ScenarioConfigurations implements vscode.DebugConfigurationProvider {
    async provideDebugConfigurations(): Promise<vscode.DebugConfiguration[]> {
        return (await scenariosOfWorkspace()).map((s) => launchConfiguration(s, { noDebug: false }));
    }
}
