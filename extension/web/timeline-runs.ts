/** Runs a scenario for its timeline in this worker, where there are no processes. */
import * as vscode from 'vscode';
import { canonicalUri } from '../../emulator/language/paths';
import { errorsOf, loadProgram } from '../../emulator/run/load-program';
import { Run } from '../../emulator/run/run';
import { isOver } from '../../emulator/runtime/stop';
import { lanesOf } from '../../emulator/trace/lanes';
import { packed } from '../../emulator/trace/packed-lanes';
import { Tracer } from '../../emulator/trace/trace';
import { uriOf } from '../last-started';
import type { TimelineRuns } from '../timeline-runs';
import { ProgramFiles } from './program-files';
import { soon } from './soon';

/** The operations after which other work of this worker has its turn. */
const SLICE = 1 << 18;

export const runInWorker: TimelineRuns = async ({ file, scenario, kernel, seed }, cancelled) => {
    const uri = canonicalUri(uriOf(file).toString());
    const files = new ProgramFiles();
    await files.loadProgram(uri);
    const program = loadProgram(files, uri);
    const [error] = errorsOf(program);
    if (error) {
        throw new Error(error.message);
    }
    const { host } = Run.start(program, { scenario, kernel, seed });
    const tracer = new Tracer(host);
    host.listeners.report(tracer);
    while (!cancelled.isCancellationRequested) {
        if (isOver(host.interpreter.run(SLICE))) {
            return packed(lanesOf(tracer.events()));
        }
        await new Promise<void>(soon);
    }
    throw new vscode.CancellationError();
};
