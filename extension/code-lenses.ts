/** `Run | Debug` above every scenario. */
import * as vscode from 'vscode';
import type { ScenarioTarget } from './commands';
import { COMMANDS, SETTINGS_SECTION } from './contributions';
import { scenariosOf } from './scenarios';
import { settings } from './settings';

export class ScenarioLenses implements vscode.CodeLensProvider, vscode.Disposable {
    private readonly changed = new vscode.EventEmitter<void>();
    private readonly subscription = vscode.workspace.onDidChangeConfiguration((e) => {
        if (e.affectsConfiguration(SETTINGS_SECTION)) {
            this.changed.fire();
        }
    });

    readonly onDidChangeCodeLenses = this.changed.event;

    provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
        if (!settings(document.uri).codeLens) {
            return [];
        }
        return scenariosOf(document).flatMap(({ name, start, suffix = '' }) => {
            const range = new vscode.Range(document.positionAt(start), document.positionAt(start));
            const target: ScenarioTarget = { uri: document.uri.toString(), scenario: name };
            return [
                new vscode.CodeLens(range, {
                    title: `Run ${suffix}`.trim(),
                    command: COMMANDS.run,
                    arguments: [target],
                    tooltip: `Run "${name}"`,
                }),
                new vscode.CodeLens(range, {
                    title: `Debug ${suffix}`.trim(),
                    command: COMMANDS.debug,
                    arguments: [target],
                    tooltip: `Debug "${name}"`,
                }),
            ];
        });
    }

    dispose(): void {
        this.subscription.dispose();
        this.changed.dispose();
    }
}
