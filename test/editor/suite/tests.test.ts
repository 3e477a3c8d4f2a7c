/** Scenarios as tests: run by the commands of the Test Explorer, with their outcomes on the lenses. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { eventually } from './debugging';
import { closeEditors, openFile } from './workspace';

/** The titles of the lenses that show an outcome, in the order of the scenarios. */
async function outcomes(uri: vscode.Uri): Promise<string[]> {
    const lenses: vscode.CodeLens[] = await vscode.commands.executeCommand('vscode.executeCodeLensProvider', uri, 20);
    return lenses.flatMap(({ command }) => (command && /^[✓✗]/.test(command.title) ? [command.title] : []));
}

suite('scenarios as tests', () => {
    teardown(async () => {
        await closeEditors();
    });

    test('the tests of a file run without a debug session, and the lenses show their outcomes', async () => {
        const { uri } = await openFile('update.lus');
        let sessions = 0;
        const subscription = vscode.debug.onDidStartDebugSession(() => sessions++);
        await vscode.commands.executeCommand('testing.runCurrentFile');
        const titles = await eventually('the outcomes of both scenarios', async () => {
            const found = await outcomes(uri);
            return found.length === 2 ? found : undefined;
        });
        subscription.dispose();
        assert.equal(titles[0], '✓ passed');
        assert.match(titles[1] ?? '', /^✗ .*two pages are one/);
        assert.equal(sessions, 0);
    });
});
