/** Runs the `lus` command that ships with the extension, as a process of its own. */
import { spawn } from 'node:child_process';
import * as path from 'node:path';
import * as vscode from 'vscode';

/** The most processes at a time. */
const MOST = 4;

export class LusCommand {
    private running = 0;
    private readonly waiting: (() => void)[] = [];

    /** @param extension the extension's folder */
    constructor(private readonly extension: vscode.Uri) {}

    /**
     * What the command prints.
     * @param args of the command; the file is added as the last one
     * @throws Error if it does not do its work, with its message
     */
    async output(file: string, args: readonly string[], token: vscode.CancellationToken): Promise<string> {
        while (this.running >= MOST) {
            await new Promise<void>((resolve) => this.waiting.push(resolve));
        }
        this.running++;
        try {
            return await this.start(file, args, token);
        } finally {
            this.running--;
            this.waiting.shift()?.();
        }
    }

    private start(file: string, args: readonly string[], token: vscode.CancellationToken): Promise<string> {
        if (token.isCancellationRequested) {
            return Promise.reject(new vscode.CancellationError());
        }
        const bundle = vscode.Uri.joinPath(this.extension, 'dist', 'lus.js').fsPath;
        return new Promise((resolve, reject) => {
            // From the root, the command names files outside of it by their whole path: see fileOf() in places.ts.
            const child = spawn(process.execPath, [bundle, ...args, file], {
                cwd: path.parse(file).root,
                env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', NO_COLOR: '1' },
            });
            const [out, err]: [Buffer[], Buffer[]] = [[], []];
            child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
            child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
            const cancelled = token.onCancellationRequested(() => child.kill());
            child.on('error', reject);
            child.on('close', () => {
                cancelled.dispose();
                const printed = Buffer.concat(out).toString('utf8');
                if (token.isCancellationRequested) {
                    reject(new vscode.CancellationError());
                } else if (printed === '') {
                    reject(new Error(Buffer.concat(err).toString('utf8').trim()));
                } else {
                    resolve(printed);
                }
            });
        });
    }
}
