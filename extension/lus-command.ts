/** Runs the command `lus` with the runtime of VS Code. */
import { spawn, type ChildProcess } from 'node:child_process';
import * as vscode from 'vscode';

/** The bundle of the command. */
export function lusBundle(extension: vscode.Uri): string {
    return vscode.Uri.joinPath(extension, 'dist', 'lus.js').fsPath;
}

function start(extension: vscode.Uri, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    return spawn(process.execPath, [lusBundle(extension), ...args], {
        env: { ...process.env, ...env, ELECTRON_RUN_AS_NODE: '1' },
        stdio: ['ignore', 'pipe', 'pipe'],
        windowsHide: true,
    });
}

export interface Finished {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
}

/** Runs it to its end, with progress that the user can cancel. @returns undefined if it was cancelled */
export async function runLus(
    extension: vscode.Uri,
    title: string,
    args: readonly string[],
): Promise<Finished | undefined> {
    return await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title, cancellable: true },
        async (_progress, cancelled) => {
            const finished = await collected(start(extension, args), cancelled);
            return cancelled.isCancellationRequested ? undefined : finished;
        },
    );
}

/** Runs it to its end, or to where it ends when it is asked to. @param told gets the lines of standard error */
export function startLus(
    extension: vscode.Uri,
    args: readonly string[],
    cancelled: vscode.CancellationToken,
    told: (line: string) => void,
): Promise<Finished> {
    return collected(start(extension, args), cancelled, told);
}

function collected(
    child: ChildProcess,
    cancelled: vscode.CancellationToken,
    told: (line: string) => void = () => undefined,
): Promise<Finished> {
    cancelled.onCancellationRequested(() => child.kill());
    return new Promise((resolve, reject) => {
        let [stdout, stderr] = ['', ''];
        child.stdout?.setEncoding('utf8').on('data', (text: string) => {
            stdout += text;
        });
        child.stderr?.setEncoding('utf8').on('data', (text: string) => {
            stderr += text;
            text.split('\n').forEach(told);
        });
        child.on('error', reject);
        child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
    });
}

const CTRL_C = '\u0003';

/** Runs it in a terminal, where Ctrl+C ends it. @returns its exit code; undefined: it was ended */
export function showLus(extension: vscode.Uri, args: readonly string[]): Promise<number | undefined> {
    const written = new vscode.EventEmitter<string>();
    const lines = (text: string): string => text.replaceAll('\n', '\r\n');
    return new Promise((resolve) => {
        let child: ChildProcess | undefined;
        const pty: vscode.Pseudoterminal = {
            onDidWrite: written.event,
            open() {
                written.fire(lines(`> lus ${args.join(' ')}\n\n`));
                child = start(extension, args, { FORCE_COLOR: '1' });
                for (const stream of [child.stdout, child.stderr]) {
                    stream?.setEncoding('utf8').on('data', (text: string) => written.fire(lines(text)));
                }
                child.on('error', (e) => written.fire(lines(`${e.message}\n`)));
                child.on('close', (code) => {
                    written.fire(lines('\nThe command has ended. Close this terminal at any time.\n'));
                    resolve(code ?? undefined);
                });
            },
            close: () => child?.kill(),
            handleInput(data) {
                if (data === CTRL_C) {
                    child?.kill();
                }
            },
        };
        vscode.window.createTerminal({ name: `lus ${args[0] ?? ''}`, pty }).show();
    });
}
