/** What the buttons of the walkthrough *Get Started with Live Update* do. */
import * as vscode from 'vscode';
import { LIVE_UPDATE_VIEW } from './contributions';
import { exists, replaceText } from './copies';
import { launchConfiguration } from './launch-configuration';
import { scenariosOf } from './scenarios';

/** The example of the walkthrough. */
const EXAMPLE = 'first-session.lus';
/** The callback in which the second step stops. */
const CALLBACK = 'memfd.freeze';
/** A part of the line in the next kernel at which the fourth step stops. */
const NEXT_KERNEL = 'vm1 = lu.retrieve_session("vm-1")';
/** The statement that the last step takes out. */
const MISTAKE = 'vm1.preserve_fd(ram, token: 0x10)';

const execute = (command: string): Thenable<unknown> => vscode.commands.executeCommand(command);

type Step = (context: vscode.ExtensionContext) => PromiseLike<unknown>;

/** The copy of the example, which belongs to the extension. It has its first text, unless it is debugged. */
async function example({ extensionUri, globalStorageUri }: vscode.ExtensionContext): Promise<vscode.TextDocument> {
    const folder = vscode.Uri.joinPath(globalStorageUri, 'walkthrough');
    const file = vscode.Uri.joinPath(folder, EXAMPLE);
    const shipped = vscode.Uri.joinPath(extensionUri, 'extension', 'examples', EXAMPLE);
    if (!(await exists(file))) {
        await vscode.workspace.fs.createDirectory(folder);
        await vscode.workspace.fs.copy(shipped, file);
    }
    const document = await vscode.workspace.openTextDocument(file);
    if (!vscode.debug.activeDebugSession) {
        await replaceText(document, new TextDecoder().decode(await vscode.workspace.fs.readFile(shipped)));
    }
    await show(document);
    return document;
}

/** Shows it beside the walkthrough, and makes that group the active one: kernel code opens in it. */
async function show(document: vscode.TextDocument): Promise<void> {
    const shown = vscode.window.visibleTextEditors.find((editor) => editor.document === document);
    const viewColumn = shown?.viewColumn ?? vscode.ViewColumn.Beside;
    await vscode.window.showTextDocument(document, { viewColumn, preview: false });
}

async function start(document: vscode.TextDocument): Promise<void> {
    const [scenario] = scenariosOf(document);
    if (scenario) {
        await vscode.debug.stopDebugging();
        const configuration = { ...launchConfiguration(scenario, { noDebug: false }), stopOnEntry: false };
        // once more: the click into the walkthrough may have made its group the active one in the meantime
        await show(document);
        await vscode.debug.startDebugging(undefined, configuration);
    }
}

const isOurs = (b: vscode.Breakpoint): boolean => b instanceof vscode.FunctionBreakpoint && b.functionName === CALLBACK;

const STEPS: Readonly<Record<string, Step>> = {
    open: example,
    async freeze(context) {
        const document = await example(context);
        if (!vscode.debug.breakpoints.some(isOurs)) {
            vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint(CALLBACK)]);
        }
        await start(document);
    },
    session: () => execute(`${LIVE_UPDATE_VIEW}.focus`),
    async kexec(context) {
        const document = await example(context);
        const at = document.positionAt(document.getText().indexOf(NEXT_KERNEL));
        vscode.debug.addBreakpoints([new vscode.SourceBreakpoint(new vscode.Location(document.uri, at))]);
        await (vscode.debug.activeDebugSession ? execute('workbench.action.debug.continue') : start(document));
    },
    back: () => execute('workbench.action.debug.reverseContinue'),
    async break(context) {
        await vscode.debug.stopDebugging();
        const document = await example(context);
        // those of the other steps would stop the run before the call that fails
        const isIn = (b: vscode.Breakpoint): boolean =>
            b instanceof vscode.SourceBreakpoint && b.location.uri.toString() === document.uri.toString();
        vscode.debug.removeBreakpoints(vscode.debug.breakpoints.filter((b) => isOurs(b) || isIn(b)));
        await replaceText(document, document.getText().replace(MISTAKE, `// ${MISTAKE}`));
        await start(document);
    },
};

/** @param step a name of {@link STEPS} */
export async function walk(context: vscode.ExtensionContext, step: unknown): Promise<void> {
    await (typeof step === 'string' ? STEPS[step] : STEPS['open'])?.(context);
}
