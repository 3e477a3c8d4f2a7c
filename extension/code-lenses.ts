/** `Run | Debug | Explore` above every scenario, and its last outcome. */
import * as vscode from 'vscode';
import { COMMANDS, SETTINGS_SECTION } from './contributions';
import type { ScenarioTarget } from './scenario-target';
import { scenariosOf } from './scenarios';
import { settings } from './settings';
import type { LastOutcomes } from './tests/last-outcomes';

/** Characters of a failure that a lens shows. */
const MOST = 80;

function shortened(reason: string): string {
    const [line = ''] = reason.split('\n');
    return line.length > MOST ? `${line.slice(0, MOST - 1)}…` : line;
}

/** Shows the output of the last run of tests. */
const SHOW_OUTPUT = 'testing.showMostRecentOutput';

export class ScenarioLenses implements vscode.CodeLensProvider, vscode.Disposable {
    private readonly changed = new vscode.EventEmitter<void>();
    private readonly subscriptions: readonly vscode.Disposable[];

    readonly onDidChangeCodeLenses = this.changed.event;

    constructor(private readonly outcomes: LastOutcomes) {
        this.subscriptions = [
            outcomes.onDidChange(() => this.changed.fire()),
            vscode.workspace.onDidChangeConfiguration((e) => {
                if (e.affectsConfiguration(SETTINGS_SECTION)) {
                    this.changed.fire();
                }
            }),
        ];
    }

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
                new vscode.CodeLens(range, {
                    title: `Explore ${suffix}`.trim(),
                    command: COMMANDS.explore,
                    arguments: [target],
                    tooltip: `Try everything that could happen in "${name}"`,
                }),
                ...this.outcomeLens(document.uri, name, range),
            ];
        });
    }

    private outcomeLens(uri: vscode.Uri, name: string, range: vscode.Range): vscode.CodeLens[] {
        const outcome = this.outcomes.of(uri, name);
        if (!outcome) {
            return [];
        }
        const title = outcome.passed ? '✓ passed' : `✗ ${shortened(outcome.reason)}`;
        const target: ScenarioTarget = { uri: uri.toString(), scenario: name };
        return [
            new vscode.CodeLens(range, { title, command: SHOW_OUTPUT, tooltip: outcome.reason }),
            new vscode.CodeLens(range, {
                title: 'Timeline',
                command: COMMANDS.showTimeline,
                arguments: [target],
                tooltip: `The run of "${name}" on lanes, with its blackout`,
            }),
        ];
    }

    dispose(): void {
        for (const s of this.subscriptions) {
            s.dispose();
        }
        this.changed.dispose();
    }
}
