/** Entry point of the extension. */
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { CauseActions } from './cause-actions';
import { ScenarioLenses } from './code-lenses';
import { registerCommands } from './commands';
import { ACTIVE_KEY, DEBUG_TYPE, LANGUAGE, SHIPPED_SCHEME, TASK_TYPE } from './contributions';
import { AdapterFactory } from './debug-adapter';
import { createLanguageClient, ShippedTexts } from './language-client';
import { showRunViewOnce } from './run-view';
import { LastStarted } from './last-started';
import { offerLusInTerminals } from './lus-in-terminals';
import { PastStatus } from './past-status';
import { RunStatus } from './run-status';
import { LaunchConfigurationProvider, ScenarioConfigurations } from './launch-configuration';
import { LiveUpdateView } from './live-update-view';
import { TimelinePanel } from './timeline-panel';
import { LusTasks } from './tasks';

let client: LanguageClient | undefined;

export function activate(context: vscode.ExtensionContext): void {
    const lenses = new ScenarioLenses();
    const last = new LastStarted();
    const { Dynamic } = vscode.DebugConfigurationProviderTriggerKind;
    const view = new LiveUpdateView();
    const timeline = new TimelinePanel(context.extensionUri);
    context.subscriptions.push(
        view,
        timeline,
        lenses,
        last,
        new PastStatus(),
        new CauseActions(),
        new RunStatus(),
        showRunViewOnce(context.globalState),
        vscode.tasks.registerTaskProvider(TASK_TYPE, new LusTasks(context.extensionUri)),
        vscode.languages.registerCodeLensProvider({ language: LANGUAGE }, lenses),
        vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, new LaunchConfigurationProvider(last)),
        vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, new ScenarioConfigurations(), Dynamic),
        vscode.debug.registerDebugAdapterDescriptorFactory(DEBUG_TYPE, new AdapterFactory(context.extensionUri)),
    );
    client = createLanguageClient(context.extensionUri);
    const server = client;
    registerCommands(context, {
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

export async function deactivate(): Promise<void> {
    await client?.stop();
}
