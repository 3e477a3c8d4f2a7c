/** The flagship example in the editor: stopped inside the reboot, and in the next kernel before any driver runs. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { Recorder, stopDebugging, stoppedProgram } from './debugging';
import { closeEditors, exampleUri } from './workspace';

suite('the flagship example', () => {
    let recorder: Recorder;

    setup(() => {
        recorder = new Recorder();
    });

    teardown(async () => {
        await stopDebugging();
        vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
        recorder.dispose();
        await closeEditors();
    });

    async function names(threadId: number): Promise<string> {
        return (await stoppedProgram.frames(threadId)).map((f) => f.name).join('\n');
    }

    test("stops in vfio_pci.freeze for each device and in the retrieve of the IOMMU's FLB, and loses nothing", async () => {
        vscode.debug.addBreakpoints(
            ['vfio_pci.freeze', 'iommu_core.retrieve'].map((name) => new vscode.FunctionBreakpoint(name)),
        );
        const program = exampleUri('passthrough-guest.lus').fsPath;
        const goOn = () => vscode.commands.executeCommand('workbench.action.debug.continue');
        const start = () =>
            vscode.debug.startDebugging(undefined, { type: 'lus', name: 'flagship', request: 'launch', program });

        for (const [i, device] of ['nic0', 'disk0', 'gpu0'].entries()) {
            const { reason, threadId } = await recorder.stopAfter(i === 0 ? start : goOn);
            assert.equal(reason, 'function breakpoint');
            assert.match(await names(threadId), /^vfio_pci\.freeze.*"vm-1".*reboot\(KEXEC\).*luod/s);
            const [top] = await stoppedProgram.frames(threadId);
            const { result } = await stoppedProgram.session().customRequest('evaluate', {
                expression: `${device}.running && vm("guest").state == "paused"`,
                frameId: top?.id,
            });
            assert.equal(result, 'true', 'the device works while the guest stands still');
        }

        const { threadId } = await recorder.stopAfter(goOn);
        assert.match(await names(threadId), /^iommu_core\.retrieve.*iommu_init.*start_kernel/s);
        assert.match(vscode.window.activeTextEditor?.document.getText() ?? '', /flb iommu_core/);

        await goOn();
        await recorder.end();
        assert.equal(recorder.exitCode, 0);
    });
});
