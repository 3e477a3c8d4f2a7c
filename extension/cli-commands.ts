/** The subcommands of `lus` as commands of the palette and of menus. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { COMMANDS, DEBUG_TYPE, LANGUAGE, RECORDING_ENDING } from './contributions';
import { explainCode } from './documentation';
import type { Exploring } from './exploring';
import { runLus, showLus, type Finished } from './lus-command';
import { pickScenario } from './pick-scenario';
import type { Scenario } from './scenarios';

type Command = (argument?: unknown) => Promise<unknown>;

/** The file of a menu's argument, otherwise the one that the user selects. */
async function fileOf(
    argument: unknown,
    title: string,
    filter: vscode.OpenDialogOptions['filters'],
): Promise<vscode.Uri | undefined> {
    if (argument instanceof vscode.Uri) {
        return argument;
    }
    const picked = await vscode.window.showOpenDialog({ title, ...(filter ? { filters: filter } : {}) });
    return picked?.[0];
}

/** A scenario that `lus` can read: its file is saved first. */
async function savedScenario(title: string): Promise<Scenario | undefined> {
    const scenario = await pickScenario(title);
    if (scenario && scenario.uri.scheme !== 'file') {
        void vscode.window.showWarningMessage('This command needs a file on disk. Save the scenario first.');
        return undefined;
    }
    if (scenario) {
        await vscode.workspace.save(scenario.uri);
    }
    return scenario;
}

const ofScenario = ({ uri, name }: Scenario): string[] => [uri.fsPath, '--scenario', name];

async function compareKernels(extension: vscode.Uri): Promise<void> {
    const scenario = await savedScenario('Compare Kernels');
    if (scenario) {
        await showLus(extension, ['compat', ...ofScenario(scenario)]);
    }
}

async function measureBlackout(extension: vscode.Uri): Promise<void> {
    const scenario = await savedScenario('Measure Blackout');
    const vary =
        scenario &&
        (await vscode.window.showInputBox({
            title: 'Measure Blackout',
            prompt: 'Costs to vary, such as preserve_folio=80ns,1us; several are separated by spaces. Empty: none',
        }));
    if (scenario && vary !== undefined) {
        const varied = vary.split(/\s+/).filter((v) => v !== '');
        await showLus(extension, ['blackout', ...ofScenario(scenario), ...varied.flatMap((v) => ['--vary', v])]);
    }
}

async function writeTrace(extension: vscode.Uri): Promise<void> {
    const scenario = await savedScenario('Write Trace');
    const target =
        scenario &&
        (await vscode.window.showSaveDialog({
            title: 'Write Trace',
            defaultUri: scenario.uri.with({ path: scenario.uri.path.replace(/(?:\.lus)?$/, '.trace.json') }),
            filters: { 'Perfetto trace': ['json'] },
        }));
    if (!scenario || !target) {
        return;
    }
    const args = ['run', ...ofScenario(scenario), '--trace', target.fsPath];
    const finished = await runLus(extension, `Running "${scenario.name}"`, args);
    // 1: the scenario has failed, and the trace shows how far it came
    if (!finished || finished.code > 1 || finished.code < 0) {
        complain(finished);
        return;
    }
    const open = 'Open Perfetto';
    const chosen = await vscode.window.showInformationMessage(
        `${path.basename(target.fsPath)} is written. Perfetto (ui.perfetto.dev) shows it.`,
        open,
    );
    if (chosen === open) {
        await vscode.env.openExternal(vscode.Uri.parse('https://ui.perfetto.dev'));
    }
}

/** Shows what a command has complained about; undefined: the user has cancelled it. */
function complain(finished: Finished | undefined): void {
    if (finished) {
        void vscode.window.showErrorMessage(finished.stderr.trim());
    }
}

const IMAGES = { 'Memory images': ['elf', 'gz', 'core', 'vmcore'] };
const RECORDINGS = { Recordings: [RECORDING_ENDING.slice(1)] };

async function inspectImage(extension: vscode.Uri, argument: unknown): Promise<void> {
    const image = await fileOf(argument, 'Inspect Image', IMAGES);
    if (image) {
        await showLus(extension, ['inspect', image.fsPath]);
    }
}

async function debugImage(argument: unknown): Promise<boolean> {
    const image = await fileOf(argument, 'Debug Image', IMAGES);
    if (!image) {
        return false;
    }
    return await vscode.debug.startDebugging(vscode.workspace.getWorkspaceFolder(image), {
        type: DEBUG_TYPE,
        request: 'attach',
        name: path.basename(image.path),
        image: image.fsPath,
    });
}

/** Opens the scenario that a recording is converted to. */
async function importRecording(extension: vscode.Uri, argument: unknown): Promise<boolean> {
    const active = vscode.window.activeTextEditor?.document.uri;
    const recording =
        argument === undefined && active?.path.endsWith(RECORDING_ENDING) === true
            ? active
            : await fileOf(argument, 'Import Recording', RECORDINGS);
    if (!recording) {
        return false;
    }
    const name = path.basename(recording.path);
    const finished = await runLus(extension, `Importing ${name}`, ['import', recording.fsPath]);
    if (finished?.code !== 0) {
        complain(finished);
        return false;
    }
    const document = await vscode.workspace.openTextDocument({ language: LANGUAGE, content: finished.stdout });
    await vscode.window.showTextDocument(document);
    return true;
}

async function formatFiles(extension: vscode.Uri): Promise<void> {
    const open = vscode.workspace.textDocuments.filter((d) => d.languageId === LANGUAGE && d.isDirty && !d.isUntitled);
    await Promise.all(open.map((d) => d.save()));
    const files = await vscode.workspace.findFiles(`**/*.${LANGUAGE}`, '**/node_modules/**');
    if (files.length === 0) {
        void vscode.window.showWarningMessage('There is no scenario file in this workspace.');
        return;
    }
    await showLus(extension, ['fmt', ...files.map((f) => f.fsPath).sort()]);
}

export function cliCommands(extension: vscode.Uri, exploring: Exploring) {
    return {
        [COMMANDS.explore]: (argument) => exploring.explore(argument),
        [COMMANDS.debugCourse]: (argument) => exploring.debug(argument),
        [COMMANDS.compareKernels]: () => compareKernels(extension),
        [COMMANDS.measureBlackout]: () => measureBlackout(extension),
        [COMMANDS.writeTrace]: () => writeTrace(extension),
        [COMMANDS.inspectImage]: (argument) => inspectImage(extension, argument),
        [COMMANDS.debugImage]: debugImage,
        [COMMANDS.importRecording]: (argument) => importRecording(extension, argument),
        [COMMANDS.explainCode]: (argument) => explainCode(extension, argument),
        [COMMANDS.formatFiles]: () => formatFiles(extension),
    } satisfies Record<string, Command>;
}

export type CliCommands = Record<keyof ReturnType<typeof cliCommands>, (argument?: unknown) => Promise<unknown>>;
