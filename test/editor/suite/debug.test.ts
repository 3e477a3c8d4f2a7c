/** Debugging a scenario in the extension host: starting, breakpoints, steps, scopes, memory. */
import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import * as vscode from 'vscode';
import { markedLine } from '../../support/markers';
import { eventually, Recorder, stopDebugging, stoppedProgram, type Stopped } from './debugging';
import { closeEditors, fileUri, folder, openFile } from './workspace';

const SCENARIO = 'a counter and its memory';

function command(id: string): () => PromiseLike<unknown> {
    return () => vscode.commands.executeCommand(id);
}

const next = command('workbench.action.debug.stepOver');
const goOn = command('workbench.action.debug.continue');

suite('debugging', () => {
    let recorder: Recorder;
    let document: vscode.TextDocument;

    setup(async () => {
        recorder = new Recorder();
        document = await openFile('update.lus');
    });

    teardown(async () => {
        await stopDebugging();
        vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
        recorder.dispose();
        await closeEditors();
    });

    function line(marker: string): number {
        return markedLine(document.getText(), marker);
    }

    function breakAt(...markers: string[]): void {
        const positions = markers.map((m) => new vscode.Position(line(m), 0));
        vscode.debug.addBreakpoints(
            positions.map((p) => new vscode.SourceBreakpoint(new vscode.Location(document.uri, p))),
        );
    }

    function launch(more: Record<string, unknown> = {}): PromiseLike<boolean> {
        const program = document.uri.fsPath;
        return vscode.debug.startDebugging(folder(), {
            type: 'lus',
            name: 'test',
            request: 'launch',
            program,
            ...more,
        });
    }

    /** The stop's line in the very document that is open, which the editor shows. */
    function assertEditorShows(marker: string): void {
        const editor = vscode.window.activeTextEditor;
        assert.equal(editor?.document.uri.toString(), document.uri.toString());
        assert.equal(editor.selection.active.line, line(marker));
    }

    test('stops on entry, on the first line of the first scenario', async () => {
        const stopped = await recorder.stopAfter(() => launch({ stopOnEntry: true }));
        assert.equal(stopped.reason, 'entry');
        assertEditorShows('entry');
    });

    test('an empty configuration, as F5 without a launch.json gives it, debugs the file in the editor', async () => {
        const configuration = { type: 'lus', name: '', request: 'launch' };
        const stopped = await recorder.stopAfter(() => vscode.debug.startDebugging(folder(), configuration));
        assert.equal(stopped.reason, 'entry');
        assertEditorShows('entry');
        assert.equal(stoppedProgram.session().configuration['scenario'], SCENARIO);
    });

    test('a configuration of launch.json with a path relative to the folder', async () => {
        const stopped = await recorder.stopAfter(() => vscode.debug.startDebugging(folder(), 'By relative path'));
        assert.equal(stopped.reason, 'entry');
        assert.equal(vscode.window.activeTextEditor?.document.uri.toString(), fileUri('first.lus').toString());
    });

    test('a breakpoint in a freeze callback stops inside reboot, with the stack down to the scenario', async () => {
        breakAt('first line of freeze');
        const stopped = await recorder.stopAfter(() => launch());
        assert.equal(stopped.reason, 'breakpoint');
        assertEditorShows('first line of freeze');
        const names = (await stoppedProgram.frames(stopped.threadId)).map((f) => f.name);
        assert.match(names[0] ?? '', /counter_handler\.freeze/);
        assert.ok(
            names.some((n) => n.includes('vm-1') && n.includes('2 of 2')),
            names.join(' · '),
        );
        assert.ok(
            names.some((n) => n.includes('reboot(KEXEC)')),
            names.join(' · '),
        );
        assert.match(names.at(-1) ?? '', /luod|scenario/);
    });

    test('a structure in memory is seen field by field, on both sides of the kexec', async () => {
        breakAt('second line of freeze', 'what freeze left');
        const count = async ({ threadId }: Stopped): Promise<string | undefined> => {
            const ser = (await stoppedProgram.scope(threadId, 'Locals')).get('ser');
            assert.ok(ser && ser.variablesReference > 0, 'ser unfolds');
            return (await stoppedProgram.children(ser.variablesReference)).find((v) => v.name === 'count')?.value;
        };
        assert.match((await count(await recorder.stopAfter(() => launch()))) ?? '', /^41\b/);
        assert.match((await count(await recorder.stopAfter(goOn))) ?? '', /^42\b/);
        assertEditorShows('what freeze left');
    });

    test('a step goes to the next statement', async () => {
        breakAt('first line of freeze');
        await recorder.stopAfter(() => launch());
        assert.equal((await recorder.stopAfter(next)).reason, 'step');
        assertEditorShows('second line of freeze');
    });

    test('the scopes of a stop', async () => {
        breakAt('preserve');
        const stopped = await recorder.stopAfter(() => launch());
        const names = (await stoppedProgram.scopes(stopped.threadId)).map((s) => s.name);
        assert.deepEqual(names, ['Locals', 'Process', 'Handover', 'Machine']);
    });

    test('continues over the kexec into the next kernel, and to the end', async () => {
        breakAt('reboot', 'last');
        assert.equal((await recorder.stopAfter(() => launch())).reason, 'breakpoint');
        assertEditorShows('reboot');
        assert.equal((await recorder.stopAfter(goOn)).reason, 'breakpoint');
        assertEditorShows('last');
        await goOn();
        await recorder.end();
        assert.equal(recorder.exitCode, 0);
    });

    test('a function breakpoint on a callback of the shipped memfd handler shows the standard library', async () => {
        vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint('memfd.freeze')]);
        const stopped = await recorder.stopAfter(() => launch());
        assert.equal(stopped.reason, 'function breakpoint');
        assert.match(vscode.window.activeTextEditor?.document.getText() ?? '', /handler memfd/);
    });

    test('an empty configuration in kernel code debugs the scenario that was started last', async () => {
        const name = 'an expectation that does not hold';
        vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint('start_kernel')]);
        await recorder.stopAfter(() => launch({ scenario: name }));
        await stopDebugging();
        await recorder.end();
        assert.match(vscode.window.activeTextEditor?.document.getText() ?? '', /fn start_kernel/);
        await recorder.stopAfter(() =>
            vscode.debug.startDebugging(folder(), { type: 'lus', name: '', request: 'launch' }),
        );
        assert.equal(stoppedProgram.session().configuration['scenario'], name);
        assert.equal(stoppedProgram.session().configuration['program'], document.uri.fsPath);
    });

    test('a launch.json for whatever file is open debugs the scenario at the cursor; between two, the nearest', async () => {
        const configuration = { type: 'lus', name: 'file', request: 'launch', program: '${file}', stopOnEntry: true };
        const editor = vscode.window.activeTextEditor;
        assert.ok(editor);
        const last = document.positionAt(document.getText().length);
        editor.selection = new vscode.Selection(last, last);
        await recorder.stopAfter(() => vscode.debug.startDebugging(folder(), configuration));
        assert.equal(stoppedProgram.session().configuration['scenario'], 'an expectation that does not hold');
    });

    test('a file with errors starts nothing; its errors are in Problems', async () => {
        const uri = fileUri('broken.lus');
        await vscode.workspace.fs.writeFile(uri, Buffer.from('scenario "broken" {\n    boot "7.2"\n'));
        try {
            await openFile('broken.lus');
            await eventually('its errors', () => vscode.languages.getDiagnostics(uri).length > 0 || undefined);
            const configuration = { type: 'lus', name: '', request: 'launch' };
            assert.equal(await vscode.debug.startDebugging(folder(), configuration), false);
            assert.equal(vscode.debug.activeDebugSession, undefined);
        } finally {
            await vscode.workspace.fs.delete(uri);
        }
    });

    test('memory is read where a variable points', async () => {
        breakAt('second line of freeze');
        const { threadId } = await recorder.stopAfter(() => launch());
        const ser = (await stoppedProgram.scope(threadId, 'Locals')).get('ser');
        assert.ok(ser?.memoryReference, 'the editor offers its memory');
        const answer: DebugProtocol.ReadMemoryResponse['body'] = await stoppedProgram
            .session()
            .customRequest('readMemory', { memoryReference: ser.memoryReference, count: 8 });
        assert.deepEqual([...Buffer.from(answer?.data ?? '', 'base64')], [41, 0, 0, 0, 0, 0, 0, 0]);
    });

    test('hovers and the console evaluate expressions, and say what is wrong with one', async () => {
        breakAt('second line of freeze');
        const { threadId } = await recorder.stopAfter(() => launch());
        const [top] = await stoppedProgram.frames(threadId);
        const evaluate = async (expression: string): Promise<string> => {
            const answer: DebugProtocol.EvaluateResponse['body'] = await stoppedProgram
                .session()
                .customRequest('evaluate', { expression, frameId: top?.id, context: 'repl' });
            return answer.result;
        };
        assert.equal(await evaluate('ser.count + 1'), '42');
        await assert.rejects(evaluate('nowhere'), /nowhere/);
    });

    test('Run Scenario runs without stopping, and says what failed', async () => {
        breakAt('broken');
        const target = { uri: document.uri.toString(), scenario: 'an expectation that does not hold' };
        await vscode.commands.executeCommand('lus.runScenario', target);
        await recorder.end();
        assert.equal(recorder.exitCode, 1);
        assert.match(recorder.output.join(''), /two pages are one/);
    });

    test('Debug Scenario debugs the one that it is given', async () => {
        const target = { uri: document.uri.toString(), scenario: 'an expectation that does not hold' };
        await recorder.stopAfter(() => vscode.commands.executeCommand('lus.debugScenario', target));
        assert.equal(stoppedProgram.session().configuration['scenario'], target.scenario);
    });
});
