/** Remembers the last outcome of every scenario: the lenses show it. */
import * as vscode from 'vscode';
import { DEBUG_TYPE } from '../contributions';
import { uriOf } from '../last-started';
import { saidOutcome, type SaidOutcome } from './said-outcome';

const keyOf = (uri: vscode.Uri, scenario: string): string => `${uri.toString()}#${scenario}`;

export class LastOutcomes implements vscode.Disposable {
    private readonly outcomes = new Map<string, SaidOutcome>();
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
        this.outcomes.set(keyOf(uri, scenario), outcome);
        this.changed.fire();
    }

    of(uri: vscode.Uri, scenario: string): SaidOutcome | undefined {
        return this.outcomes.get(keyOf(uri, scenario));
    }

    dispose(): void {
        this.tracker.dispose();
        this.changed.dispose();
    }
}
