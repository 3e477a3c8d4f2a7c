/** Scenarios as tests: run by the commands of the Test Explorer, with their outcomes on the lenses. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { eventually } from './debugging';
import { closeEditors, fileUri, openFile } from './workspace';

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

    test('a call that failed gets the `fails` with its error', async () => {
        const call = '        s.retrieve_fd(token: 2)';
        const text = `scenario "wrong token" {
    boot "7.2"
    process p {
        s = open("/dev/liveupdate").create_session("a")
${call}
    }
}
`;
        await vscode.workspace.fs.writeFile(fileUri('wrong-token.lus'), new TextEncoder().encode(text));
        const document = await openFile('wrong-token.lus');
        const line = new vscode.Range(4, 0, 4, call.length);
        const [action] = await eventually('the code action', async () => {
            // again: the workbench may not know yet that the file has a test
            await vscode.commands.executeCommand('testing.runCurrentFile');
            const actions: vscode.CodeAction[] = await vscode.commands.executeCommand(
                'vscode.executeCodeActionProvider',
                document.uri,
                line,
            );
            const ours = actions.filter(({ title }) => title.endsWith('the error of the last run'));
            return ours.length > 0 ? ours : undefined;
        });
        assert.ok(action?.edit);
        await vscode.workspace.applyEdit(action.edit);
        assert.equal(document.lineAt(4).text, `${call}  fails EINVAL`);
    });
});
