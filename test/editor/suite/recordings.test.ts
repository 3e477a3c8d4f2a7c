/** Debugging a recording of a real kernel in the extension host. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { Recorder, stopDebugging, stoppedProgram } from './debugging';
import { closeEditors, openFile } from './workspace';

suite('recordings of a real kernel', () => {
    let recorder: Recorder;
    let document: vscode.TextDocument;

    setup(async () => {
        recorder = new Recorder();
        document = await openFile('rollback.jsonl');
    });

    teardown(async () => {
        await stopDebugging();
        vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
        recorder.dispose();
        await closeEditors();
    });

    /** The line of a step, from 0. */
    function line(op: string): number {
        const found = document
            .getText()
            .split('\n')
            .findIndex((l) => l.includes(`"op": "${op}"`));
        assert.ok(found >= 0, op);
        return found;
    }

    test('F5 debugs the recording in the editor, from its first line', async () => {
        const stopped = await recorder.stopAfter(() =>
            vscode.debug.startDebugging(undefined, { type: 'lus', name: '', request: 'launch' }),
        );
        assert.equal(stopped.reason, 'entry');
        assert.equal(vscode.window.activeTextEditor?.document.uri.toString(), document.uri.toString());
        assert.equal(vscode.window.activeTextEditor.selection.active.line, 0);
    });

    test('Debug Recording stops at a breakpoint on a line, with the kernel one step away', async () => {
        const at = line('b retrieve g s3 2');
        vscode.debug.addBreakpoints([
            new vscode.SourceBreakpoint(new vscode.Location(document.uri, new vscode.Position(at, 0))),
        ]);
        await recorder.stopAfter(() => vscode.commands.executeCommand('lus.debugRecording', document.uri));
        const stopped = await recorder.stopAfter(() =>
            vscode.commands.executeCommand('workbench.action.debug.continue'),
        );
        assert.equal(stopped.reason, 'breakpoint');
        assert.equal(vscode.window.activeTextEditor?.selection.active.line, at);
        const inside = await recorder.stopAfter(() =>
            vscode.commands.executeCommand('workbench.action.debug.stepInto'),
        );
        const frames = await stoppedProgram.frames(inside.threadId);
        assert.match(frames[0]?.name ?? '', /^retrieve_fd/);
        assert.ok(frames.some((f) => f.source?.name === 'rollback.jsonl' && f.line === at + 1));
    });
});
