/** Entry point of the extension. */
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { ScenarioLenses } from './code-lenses';
import { registerCommands } from './commands';
import { DEBUG_TYPE, LANGUAGE, SHIPPED_SCHEME } from './contributions';
import { AdapterFactory } from './debug-adapter';
import { createLanguageClient, ShippedTexts } from './language-client';
import { showRunViewOnce } from './run-view';
import { LastStarted } from './last-started';
import { PastStatus } from './past-status';
import { LaunchConfigurationProvider, ScenarioConfigurations } from './launch-configuration';

let client: LanguageClient | undefined;

export function activate(context: vscode.ExtensionContext): void {
    const lenses = new ScenarioLenses();
    const last = new LastStarted();
    const { Dynamic } = vscode.DebugConfigurationProviderTriggerKind;
    registerCommands(context);
    context.subscriptions.push(
        lenses,
        last,
        new PastStatus(),
        showRunViewOnce(context.globalState),
        vscode.languages.registerCodeLensProvider({ language: LANGUAGE }, lenses),
        vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, new LaunchConfigurationProvider(last)),
        vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, new ScenarioConfigurations(), Dynamic),
        vscode.debug.registerDebugAdapterDescriptorFactory(DEBUG_TYPE, new AdapterFactory(context.extensionUri)),
    );
    client = createLanguageClient(context.extensionUri);
    const server = client;
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
