/** The commands of the extension, in the extension host. */
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import * as vscode from 'vscode';
import { closeEditors, fileUri } from './workspace';

interface Manifest {
    readonly contributes: { readonly commands: readonly { readonly command: string; readonly category: string }[] };
}

suite('commands', () => {
    test('every command of the manifest exists once the extension is active', async () => {
        const extension = vscode.extensions.getExtension('lus.lus-debug');
        assert.ok(extension);
        await extension.activate();
        const manifest: Manifest = extension.packageJSON;
        const all = new Set(await vscode.commands.getCommands(true));
        assert.ok(manifest.contributes.commands.length >= 3);
        for (const { command, category } of manifest.contributes.commands) {
            assert.ok(all.has(command), command);
            assert.equal(category, 'Live Update');
        }
    });

    test('Break on Callback sets function breakpoints, each once', async () => {
        vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
        try {
            for (const names of [['memfd.freeze'], ['memfd.freeze', '*.preserve']]) {
                assert.equal(await vscode.commands.executeCommand('lus.breakOnCallback', { names }), true);
            }
            assert.deepEqual(
                vscode.debug.breakpoints.map((b) => b instanceof vscode.FunctionBreakpoint && b.functionName),
                ['memfd.freeze', '*.preserve'],
            );
        } finally {
            vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
        }
    });

    test('Explain Code opens the section of a code, and knows which codes there are', async () => {
        assert.equal(await vscode.commands.executeCommand('lus.explainCode', { code: 'LU1003' }), true);
        assert.equal(await vscode.commands.executeCommand('lus.explainCode', { code: 'LU0203' }), true);
        assert.equal(await vscode.commands.executeCommand('lus.explainCode', { code: 'LU9999' }), false);
        await closeEditors();
    });

    test('Import Recording opens the scenario that a recording is converted to', async () => {
        const recording = fileUri('rollback.jsonl');
        assert.equal(await vscode.commands.executeCommand('lus.importRecording', recording), true);
        const { document } = vscode.window.activeTextEditor ?? {};
        assert.equal(document?.languageId, 'lus');
        assert.match(document.getText(), /^scenario /m);
        await closeEditors();
    });

    test('Open Examples makes a copy, and a second one beside it', async () => {
        const into = vscode.Uri.joinPath(vscode.Uri.file(tmpdir()), `lus-examples-${process.pid}`);
        await vscode.workspace.fs.createDirectory(into);
        try {
            const copies: (string | undefined)[] = [];
            for (let n = 0; n < 2; n++) {
                copies.push(
                    await vscode.commands.executeCommand('lus.openExamples', { into: into.toString(), open: false }),
                );
            }
            const names = copies.map((c) => c?.split('/').at(-1));
            assert.deepEqual(names, ['live-update-examples', 'live-update-examples-2']);
            for (const copy of copies) {
                const entries = await vscode.workspace.fs.readDirectory(vscode.Uri.parse(copy ?? ''));
                assert.ok(
                    entries.some(([name]) => name === 'first-session.lus'),
                    JSON.stringify(entries),
                );
            }
        } finally {
            await vscode.workspace.fs.delete(into, { recursive: true });
        }
    });
});
