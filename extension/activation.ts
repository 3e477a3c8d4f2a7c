/** What the extension registers, in every editor; the entries (extension.ts, web/extension.ts) say what differs. */
import * as vscode from 'vscode';
import type { BaseLanguageClient } from 'vscode-languageclient';
import { ScenarioLenses } from './code-lenses';
import { registerCommands } from './commands';
import { DEBUG_TYPE, LANGUAGE, SHIPPED_SCHEME } from './contributions';
import { registerPages } from './documentation';
import { ShippedTexts } from './language-client';
import { showRunViewOnce } from './run-view';
import { LastStarted } from './last-started';
import { PastStatus } from './past-status';
import { LaunchConfigurationProvider, ScenarioConfigurations } from './launch-configuration';

/** What the machine of the extension host has: processes and files, or only workers. */
export interface Shell {
    /** The client of the language server, not started yet. */
    readonly client: BaseLanguageClient;
    readonly adapters: vscode.DebugAdapterDescriptorFactory;
}

export function register(context: vscode.ExtensionContext, { client, adapters }: Shell): void {
    const lenses = new ScenarioLenses();
    const last = new LastStarted();
    const { Dynamic } = vscode.DebugConfigurationProviderTriggerKind;
    registerCommands(context);
    context.subscriptions.push(
        registerPages(context.extensionUri),
        lenses,
        last,
        new PastStatus(),
        showRunViewOnce(context.globalState),
        vscode.languages.registerCodeLensProvider({ language: LANGUAGE }, lenses),
        vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, new LaunchConfigurationProvider(last)),
        vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, new ScenarioConfigurations(), Dynamic),
        vscode.debug.registerDebugAdapterDescriptorFactory(DEBUG_TYPE, adapters),
    );
    context.subscriptions.push(
        vscode.workspace.onDidGrantWorkspaceTrust(() => client.sendNotification('lus/trusted')),
        vscode.workspace.registerTextDocumentContentProvider(SHIPPED_SCHEME, new ShippedTexts(client)),
    );
    client.start().catch((e: unknown) => {
        void vscode.window.showErrorMessage(
            `The Live Update language server did not start: ${e instanceof Error ? e.message : String(e)}`,
        );
    });
}
