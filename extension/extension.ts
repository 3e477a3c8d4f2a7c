/** Entry point of the extension. */
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { ScenarioLenses } from './code-lenses';
import { registerCommands } from './commands';
import { ACTIVE_KEY, DEBUG_TYPE, LANGUAGE, SHIPPED_SCHEME, TASK_TYPE } from './contributions';
import { folderToShow } from './copies';
import { Course, LessonLenses } from './course/course';
import { AdapterFactory } from './debug-adapter';
import { showFirstExample } from './examples';
import { createLanguageClient, ShippedTexts } from './language-client';
import { showRunViewOnce } from './run-view';
import { LastStarted } from './last-started';
import { offerLusInTerminals } from './lus-in-terminals';
import { PastStatus } from './past-status';
import { LastOutcomes } from './tests/last-outcomes';
import { ScenarioTests } from './tests/scenario-tests';
import { RunStatus } from './run-status';
import { LaunchConfigurationProvider, ScenarioConfigurations } from './launch-configuration';
import { LiveUpdateView } from './live-update-view';
import { TimelinePanel } from './timeline-panel';
import { LusTasks } from './tasks';

let client: LanguageClient | undefined;

export function activate(context: vscode.ExtensionContext): void {
    const outcomes = new LastOutcomes();
    const lenses = new ScenarioLenses(outcomes);
    const last = new LastStarted();
    const { Dynamic } = vscode.DebugConfigurationProviderTriggerKind;
    const course = new Course(context);
    const view = new LiveUpdateView();
    const timeline = new TimelinePanel(context.extensionUri);
    context.subscriptions.push(
        outcomes,
        course,
        view,
        timeline,
        lenses,
        new ScenarioTests(context.extensionUri, outcomes),
        last,
        new PastStatus(),
        new RunStatus(),
        showRunViewOnce(context.globalState),
        vscode.tasks.registerTaskProvider(TASK_TYPE, new LusTasks(context.extensionUri)),
        vscode.languages.registerCodeLensProvider({ language: LANGUAGE }, lenses),
        vscode.languages.registerCodeLensProvider({ language: LANGUAGE }, new LessonLenses(course)),
        vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, new LaunchConfigurationProvider(last)),
        vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, new ScenarioConfigurations(), Dynamic),
        vscode.debug.registerDebugAdapterDescriptorFactory(DEBUG_TYPE, new AdapterFactory(context.extensionUri)),
    );
    void showCopies(context, course);
    client = createLanguageClient(context.extensionUri);
    const server = client;
    registerCommands(context, {
        course,
        last,
        view,
        timeline,
        callbacksOf: (uri) => server.sendRequest('lus/callbacks', { uri }),
    });
    void vscode.commands.executeCommand('setContext', ACTIVE_KEY, true);
    offerLusInTerminals(context).catch((e: unknown) => {
        console.error('Live Update: the command lus is not in the terminal', e);
    });
    context.subscriptions.push(
        vscode.workspace.onDidGrantWorkspaceTrust(() => server.sendNotification('lus/trusted')),
        vscode.workspace.registerTextDocumentContentProvider(SHIPPED_SCHEME, new ShippedTexts(server)),
    );
    client.start().catch((e: unknown) => {
        void vscode.window.showErrorMessage(
            `The Live Update language server did not start: ${e instanceof Error ? e.message : String(e)}`,
        );
    });
}

/** In the window of a folder that was just copied, opens its first example or lesson. */
async function showCopies(context: vscode.ExtensionContext, course: Course): Promise<void> {
    const folder = await folderToShow(context);
    if (folder) {
        await showFirstExample(folder);
        await course.showIn(folder);
    }
}

export async function deactivate(): Promise<void> {
    await client?.stop();
}
