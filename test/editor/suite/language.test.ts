/** What the language server tells the editor: findings, lenses, the outline. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { eventually } from './debugging';
import { closeEditors, fileUri, openFile, openText } from './workspace';

/** Diagnostics come when the server has looked: waits for such as the test expects. */
function diagnostics(
    uri: vscode.Uri,
    wanted: (found: readonly vscode.Diagnostic[]) => boolean,
): Promise<vscode.Diagnostic[]> {
    return eventually(`diagnostics of ${uri.path}`, () => {
        const found = vscode.languages.getDiagnostics(uri);
        return wanted(found) ? found : undefined;
    });
}

suite('the language', () => {
    teardown(async () => {
        await closeEditors();
    });

    test('files that end in .lus have the language', async () => {
        const document = await openFile('update.lus');
        assert.equal(document.languageId, 'lus');
        assert.ok(
            vscode.extensions.getExtension('lus.lus-debug')?.isActive,
            'opening such a file activates the extension',
        );
    });

    test('Run and Debug stand above every scenario', async () => {
        const { uri } = await openFile('update.lus');
        const lenses: vscode.CodeLens[] = await vscode.commands.executeCommand(
            'vscode.executeCodeLensProvider',
            uri,
            10,
        );
        const document = await vscode.workspace.openTextDocument(uri);
        const seen = lenses.map((l) => [l.command?.title, document.lineAt(l.range.start.line).text]);
        const starting = seen.filter(([title]) => title === 'Run' || title === 'Debug');
        assert.deepEqual(starting, [
            ['Run', 'scenario "a counter and its memory" {'],
            ['Debug', 'scenario "a counter and its memory" {'],
            ['Run', 'scenario "an expectation that does not hold" {'],
            ['Debug', 'scenario "an expectation that does not hold" {'],
        ]);
    });

    test('the lenses can be turned off', async () => {
        const { uri } = await openFile('update.lus');
        const config = vscode.workspace.getConfiguration('lus');
        await config.update('codeLens', false, vscode.ConfigurationTarget.Global);
        try {
            const lenses: vscode.CodeLens[] = await vscode.commands.executeCommand(
                'vscode.executeCodeLensProvider',
                uri,
                10,
            );
            assert.deepEqual(lenses, []);
        } finally {
            await config.update('codeLens', undefined, vscode.ConfigurationTarget.Global);
        }
    });

    test('an error is marked where it is while one types, and goes away when it is mended', async () => {
        const document = await openText('scenario "broken" {\n    boot "7.2"\n');
        const [found] = await diagnostics(document.uri, (d) => d.length > 0);
        assert.equal(found?.severity, vscode.DiagnosticSeverity.Error);
        const { code } = found ?? {};
        assert.match(String(typeof code === 'object' ? code.value : code), /^LU\d{4}$/);
        const edit = new vscode.WorkspaceEdit();
        edit.insert(document.uri, new vscode.Position(2, 0), '}\n');
        await vscode.workspace.applyEdit(edit);
        await diagnostics(document.uri, (d) => d.length === 0);
    });

    test('the checker speaks, not only the parser', async () => {
        const document = await openText(
            'scenario "typo" {\n    boot "7.2"\n    process luod {\n        memfd_creat("ram")\n    }\n}\n',
        );
        const [found] = await diagnostics(document.uri, (d) => d.length > 0);
        assert.equal(document.getText(found?.range), 'memfd_creat');
        const actions: vscode.CodeAction[] = await vscode.commands.executeCommand(
            'vscode.executeCodeActionProvider',
            document.uri,
            found?.range,
        );
        const fix = actions.find((a) => a.edit);
        assert.ok(fix?.edit, 'a near name is offered');
        await vscode.workspace.applyEdit(fix.edit);
        assert.equal(document.lineAt(3).text.trim(), 'memfd_create("ram")');
    });

    test('files without errors have no findings', async () => {
        await openFile('update.lus');
        const broken = await openText('scenario {');
        // The server checks all open files in one go: when the broken one has its findings, the sound one has been
        // looked at.
        await diagnostics(broken.uri, (d) => d.length > 0);
        assert.deepEqual(vscode.languages.getDiagnostics(fileUri('update.lus')), []);
    });

    test('the outline shows declarations and callbacks', async () => {
        const { uri } = await openFile('update.lus');
        const symbols = await eventually('an outline', async () => {
            const found: vscode.DocumentSymbol[] | undefined = await vscode.commands.executeCommand(
                'vscode.executeDocumentSymbolProvider',
                uri,
            );
            return found;
        });
        assert.deepEqual(symbols.map((s) => s.name).sort(), [
            '7.2-counter',
            'CounterState',
            'a counter and its memory',
            'an expectation that does not hold',
            'counter',
            'counter_handler',
        ]);
        const handler = symbols.find((s) => s.name === 'counter_handler');
        assert.deepEqual(
            handler?.children.map((c) => c.name),
            ['can_preserve', 'preserve', 'unpreserve', 'freeze', 'retrieve', 'finish'],
        );
    });
});
