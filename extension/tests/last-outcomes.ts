/** Remembers the last outcome of every scenario: the lenses show it. */
import * as vscode from 'vscode';
import { DEBUG_TYPE } from '../contributions';
import { uriOf } from '../last-started';
import { saidOutcome, type SaidOutcome } from './said-outcome';

export class LastOutcomes implements vscode.Disposable {
    /** By file and name of the scenario. */
    private readonly outcomes = new Map<string, Map<string, SaidOutcome>>();
    private readonly changed = new vscode.EventEmitter<void>();
    readonly onDidChange = this.changed.event;

    /** Sessions that were started with F5 or a lens count, too. */
    private readonly tracker = vscode.debug.registerDebugAdapterTrackerFactory(DEBUG_TYPE, {
        createDebugAdapterTracker: ({ configuration: { program, scenario } }) =>
            typeof program !== 'string' || typeof scenario !== 'string'
                ? undefined
                : {
                      onDidSendMessage: (message: unknown) => {
                          const outcome = saidOutcome(message);
                          if (outcome) {
                              this.set(uriOf(program), scenario, outcome);
                          }
                      },
                  },
    });

    set(uri: vscode.Uri, scenario: string, outcome: SaidOutcome): void {
        const ofFile = this.outcomes.get(uri.toString()) ?? new Map<string, SaidOutcome>();
        this.outcomes.set(uri.toString(), ofFile.set(scenario, outcome));
        this.changed.fire();
    }

    of(uri: vscode.Uri, scenario: string): SaidOutcome | undefined {
        return this.outcomes.get(uri.toString())?.get(scenario);
    }

    /** Why scenarios of a file failed. */
    reasons(uri: vscode.Uri): string[] {
        const all = [...(this.outcomes.get(uri.toString())?.values() ?? [])];
        return all.filter((o) => !o.passed).map((o) => o.reason);
    }

    dispose(): void {
        this.tracker.dispose();
        this.changed.dispose();
    }
}
