/** Opens the Run and Debug view at the first stop on entry, once in the life of an installation. */
import * as vscode from 'vscode';
import { DEBUG_TYPE } from './contributions';

const SHOWN = 'lus.runViewShown';

function isEntryStop(message: unknown): boolean {
    return (
        typeof message === 'object' &&
        message !== null &&
        'event' in message &&
        message.event === 'stopped' &&
        'body' in message &&
        typeof message.body === 'object' &&
        message.body !== null &&
        'reason' in message.body &&
        message.body.reason === 'entry'
    );
}

/** @param memory what the extension remembers */
export function showRunViewOnce(memory: vscode.Memento): vscode.Disposable {
    return vscode.debug.registerDebugAdapterTrackerFactory(DEBUG_TYPE, {
        createDebugAdapterTracker: () =>
            memory.get(SHOWN) === true
                ? undefined
                : {
                      onDidSendMessage(message: unknown): void {
                          if (isEntryStop(message) && memory.get(SHOWN) !== true) {
                              void memory.update(SHOWN, true);
                              void vscode.commands.executeCommand('workbench.view.debug');
                          }
                      },
                  },
    });
}
