/** Remembers the last outcome of every scenario: the lenses show it. */
import * as vscode from 'vscode';
import { DEBUG_TYPE } from '../contributions';
import { uriOf } from '../last-started';

export interface LastOutcome {
    readonly passed: boolean;
    /** The first line of the failure; empty if it passed. */
    readonly reason: string;
}

const keyOf = (uri: vscode.Uri, scenario: string): string => `${uri.toString()}#${scenario}`;

export class LastOutcomes implements vscode.Disposable {
    private readonly outcomes = new Map<string, LastOutcome>();
    private readonly changed = new vscode.EventEmitter<void>();
    readonly onDidChange = this.changed.event;

    /** Sessions that were started with F5 or a lens count, too. */
    private readonly tracker = vscode.debug.registerDebugAdapterTrackerFactory(DEBUG_TYPE, {
        createDebugAdapterTracker: ({ configuration }) => {
            const { program, scenario } = configuration;
            const watched = new Ending();
            return typeof program !== 'string' || typeof scenario !== 'string'
                ? undefined
                : {
                      onDidSendMessage: (message: unknown) => {
                          const outcome = watched.receive(message);
                          if (outcome) {
                              this.set(uriOf(program), scenario, outcome);
                          }
                      },
                  };
        },
    });

    set(uri: vscode.Uri, scenario: string, outcome: LastOutcome): void {
        this.outcomes.set(keyOf(uri, scenario), outcome);
        this.changed.fire();
    }

    of(uri: vscode.Uri, scenario: string): LastOutcome | undefined {
        return this.outcomes.get(keyOf(uri, scenario));
    }

    dispose(): void {
        this.tracker.dispose();
        this.changed.dispose();
    }
}

function member(value: unknown, key: string): unknown {
    return typeof value === 'object' && value !== null
        ? Object.entries(value).find(([k]) => k === key)?.[1]
        : undefined;
}

/** Reads the outcome of a run from the messages of its adapter. */
export class Ending {
    private error = '';

    /** @returns the outcome, at the message that ends the run */
    receive(message: unknown): LastOutcome | undefined {
        const [event, body] = [member(message, 'event'), member(message, 'body')];
        const output = member(body, 'output');
        if (event === 'output' && member(body, 'category') === 'stderr' && typeof output === 'string') {
            this.error = output.trim();
        }
        if (event !== 'exited') {
            return undefined;
        }
        const passed = member(body, 'exitCode') === 0;
        return { passed, reason: passed ? '' : this.error };
    }
}
