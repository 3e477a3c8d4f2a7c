/** What the extension registers, in every editor; the entries (extension.ts, web/extension.ts) say what differs. */
import * as vscode from 'vscode';
import type { CliCommands } from './cli-commands';
import { CauseActions } from './cause-actions';
import type { Client } from './client';
import { ScenarioLenses } from './code-lenses';
import { registerCommands, type Services } from './commands';
import { ACTIVE_KEY, DEBUG_TYPE, LANGUAGE, SHIPPED_SCHEME } from './contributions';
import { registerPages } from './documentation';
import { ErrorActions } from './error-actions';
import { LastStarted } from './last-started';
import { LaunchConfigurationProvider, ScenarioConfigurations } from './launch-configuration';
import { LiveUpdateView } from './live-update-view';
import { PastStatus } from './past-status';
import { RunStatus } from './run-status';
import { showRunViewOnce } from './run-view';
import type { LastOutcomes } from './tests/last-outcomes';
import type { TimelineRuns } from './timeline-runs';
import { MemoryEditors } from './memory-editor';
import { ShippedTexts } from './shipped-texts';
import { TimelineEditors } from './timeline-editor';

/** What the machine of the extension host has: processes and files, or only workers. */
export interface Shell {
    /** The client of the language server, not started yet. */
    readonly client: Promise<Client>;
    readonly adapters: vscode.DebugAdapterDescriptorFactory;
    /** The commands that start `lus`. */
    readonly cli: CliCommands;
    readonly course: Services['course'];
    readonly outcomes: LastOutcomes;
    readonly timelineRuns: TimelineRuns;
}

export function register(
    context: vscode.ExtensionContext,
    { client, adapters, cli, course, outcomes, timelineRuns }: Shell,
): void {
    const lenses = new ScenarioLenses(outcomes);
    const last = new LastStarted();
    const { Dynamic } = vscode.DebugConfigurationProviderTriggerKind;
    const view = new LiveUpdateView();
    const timeline = new TimelineEditors(context.extensionUri, timelineRuns);
    const memory = new MemoryEditors(context.extensionUri);
    context.subscriptions.push(
        registerPages(context.extensionUri),
        outcomes,
        view,
        timeline,
        memory,
        lenses,
        last,
        new PastStatus(),
        new CauseActions(),
        new RunStatus(),
        showRunViewOnce(context.globalState),
        vscode.languages.registerCodeLensProvider({ language: LANGUAGE }, lenses),
        vscode.languages.registerCodeActionsProvider({ language: LANGUAGE }, new ErrorActions(outcomes)),
        vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, new LaunchConfigurationProvider(last)),
        vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, new ScenarioConfigurations(), Dynamic),
        vscode.debug.registerDebugAdapterDescriptorFactory(DEBUG_TYPE, adapters),
    );
    registerCommands(context, {
        cli,
        course,
        last,
        view,
        timeline,
        memory,
        callbacksOf: async (uri) => await (await client).sendRequest('lus/callbacks', { uri }),
    });
    void vscode.commands.executeCommand('setContext', ACTIVE_KEY, true);
    context.subscriptions.push(
        vscode.workspace.onDidGrantWorkspaceTrust(async () => await (await client).sendNotification('lus/trusted')),
        vscode.workspace.registerTextDocumentContentProvider(SHIPPED_SCHEME, new ShippedTexts(client)),
    );
    startOf(client).catch((e: unknown) => {
        void vscode.window.showErrorMessage(
            `The Live Update language server did not start: ${e instanceof Error ? e.message : String(e)}`,
        );
    });
}

async function startOf(client: Promise<Client>): Promise<void> {
    await (await client).start();
}
