/** Debugs scenarios as tests, one after the other. */
import * as vscode from 'vscode';
import { DEBUG_TYPE } from '../contributions';
import { launchConfiguration } from '../launch-configuration';
import { saidOutcome, type SaidOutcome } from './said-outcome';

/** The attribute of a configuration by which its session is recognised. */
const MARK = '__test';

export async function debugTests(run: vscode.TestRun, items: readonly vscode.TestItem[]): Promise<void> {
    for (const item of items) {
        run.enqueued(item);
    }
    for (const item of items) {
        if (run.token.isCancellationRequested) {
            run.skipped(item);
            continue;
        }
        run.started(item);
        const begin = Date.now();
        const outcome = await debugged(run, item);
        if (!outcome) {
            run.skipped(item); // the user has stopped it
        } else if (outcome.passed) {
            run.passed(item, Date.now() - begin);
        } else {
            run.failed(item, new vscode.TestMessage(outcome.reason), Date.now() - begin);
        }
    }
    run.end();
}

/** @returns undefined if the session did not reach the end of the scenario */
async function debugged(run: vscode.TestRun, item: vscode.TestItem): Promise<SaidOutcome | undefined> {
    const { uri } = item;
    if (!uri) {
        return undefined;
    }
    const scenario = { uri, name: item.label, start: 0, end: 0 };
    const isOurs = (session: vscode.DebugSession): boolean => session.configuration[MARK] === item.id;
    let outcome: SaidOutcome | undefined;
    const subscriptions: vscode.Disposable[] = [
        vscode.debug.registerDebugAdapterTrackerFactory(DEBUG_TYPE, {
            createDebugAdapterTracker: (session) =>
                isOurs(session)
                    ? {
                          onDidSendMessage: (message: unknown) => {
                              outcome = saidOutcome(message) ?? outcome;
                          },
                      }
                    : undefined,
        }),
    ];
    try {
        const ended = new Promise<void>((resolve) => {
            subscriptions.push(
                vscode.debug.onDidTerminateDebugSession((session) => isOurs(session) && resolve()),
                run.token.onCancellationRequested(() => resolve()),
            );
        });
        const configuration = { ...launchConfiguration(scenario, { noDebug: false }), [MARK]: item.id };
        const folder = vscode.workspace.getWorkspaceFolder(uri);
        if (await vscode.debug.startDebugging(folder, configuration, { testRun: run })) {
            await ended;
        }
        return outcome;
    } finally {
        for (const s of subscriptions) {
            s.dispose();
        }
    }
}
