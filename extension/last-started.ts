/** Remembers the scenario that was started last, by any means. */
import * as vscode from 'vscode';
import { DEBUG_TYPE } from './contributions';
import { scenariosOfFile, type Scenario } from './scenarios';

/** A path or a URI, like `program` of launch configurations. */
export function uriOf(program: string): vscode.Uri {
    return /^[a-z][a-z0-9+.-]+:/i.test(program) ? vscode.Uri.parse(program) : vscode.Uri.file(program);
}

export class LastStarted implements vscode.Disposable {
    private configuration: vscode.DebugConfiguration | undefined;
    private readonly subscription = vscode.debug.onDidStartDebugSession((session) => {
        if (session.type === DEBUG_TYPE) {
            this.configuration = session.configuration;
        }
    });

    /** The current state of the scenario; undefined if none was started yet, or if it no longer exists. */
    async scenario(): Promise<Scenario | undefined> {
        const program: unknown = this.configuration?.['program'];
        const name: unknown = this.configuration?.['scenario'];
        if (typeof program !== 'string') {
            return undefined;
        }
        try {
            const scenarios = await scenariosOfFile(uriOf(program));
            return name === undefined ? scenarios[0] : scenarios.find((s) => s.name === name);
        } catch {
            // the file no longer exists
            return undefined;
        }
    }

    dispose(): void {
        this.subscription.dispose();
    }
}
