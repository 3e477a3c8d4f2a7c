/** Starts a VS Code server with a profile that is thrown away, and opens its workbench in a browser. */
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { z } from 'zod';
import { inRepository } from '../support/repository';
import { SETTINGS } from './vscode-settings';
import { findChromium, install, type Editor } from './vscode-servers';

export interface ServerOptions {
    readonly editor: Editor;
    /** What to install before the first start: the extension as it is built in this repository, or a `.vsix`. */
    readonly extension?: 'built' | { readonly vsix: string };
    readonly settings?: Readonly<Record<string, unknown>>;
}

export interface Server {
    readonly url: string;
    /** `host:port`, as in URIs of the server's files. */
    readonly authority: string;
    /** All log files of the profile. */
    logs(): string;
    /** Ends the server and removes its profile. */
    stop(): Promise<void>;
}

const START_LIMIT_MS = 60_000;

const manifestSchema = z.object({
    publisher: z.string(),
    name: z.string(),
    version: z.string(),
    files: z.array(z.string()),
});

/** Puts what would be packaged into the folder of extensions. Must happen before the server's first start. */
function copyBuiltExtension(extensions: string): void {
    const manifest = manifestSchema.parse(JSON.parse(readFileSync(inRepository('package.json'), 'utf8')));
    const target = path.join(extensions, `${manifest.publisher}.${manifest.name}-${manifest.version}`);
    const parts = ['package.json', ...manifest.files.map((f) => f.replace(/\/?\*.*$/, ''))];
    for (const part of parts.filter((p) => existsSync(inRepository(p)))) {
        cpSync(inRepository(part), path.join(target, part), { recursive: true });
    }
}

function runToEnd(command: string, args: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => {
        const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
        let output = '';
        child.stdout.on('data', (data) => {
            output += String(data);
        });
        child.stderr.on('data', (data) => {
            output += String(data);
        });
        child.on('error', reject);
        child.on('exit', (code) =>
            code === 0 ? resolve() : reject(new Error(`${command} ${args.join(' ')} gave ${code}:\n${output}`)),
        );
    });
}

/** Waits until the server says where it listens. */
function listeningPort(child: ChildProcess): Promise<number> {
    return new Promise((resolve, reject) => {
        let output = '';
        const timer = setTimeout(() => reject(new Error(`the server did not start:\n${output}`)), START_LIMIT_MS);
        const onData = (data: unknown): void => {
            output += String(data);
            const bound = /Server bound to \S+?:(\d+)/.exec(output);
            if (bound) {
                clearTimeout(timer);
                resolve(Number(bound[1]));
            }
        };
        child.stdout?.on('data', onData);
        child.stderr?.on('data', onData);
        child.on('exit', (code) => {
            clearTimeout(timer);
            reject(new Error(`the server ended with ${code}:\n${output.slice(-2000)}`));
        });
    });
}

async function end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
        return;
    }
    const ended = new Promise((resolve) => child.once('exit', resolve));
    // The whole process group: the server's extension hosts go with it.
    process.kill(-child.pid, 'SIGTERM');
    await ended;
}

function readLogs(folder: string): string {
    if (!existsSync(folder)) {
        return '';
    }
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((f) => f.endsWith('.log'))
        .map((f) => `==> ${f}\n${readFileSync(path.join(folder, f), 'utf8')}`)
        .join('\n');
}

/** Servers that run now. Being leaders of their own process groups they do not see the signals that end the tests. */
const running = new Set<ChildProcess>();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
        for (const { pid } of running) {
            if (pid !== undefined) {
                process.kill(-pid, 'SIGTERM');
            }
        }
        process.exit(1);
    });
}

export async function startServer({ editor, extension, settings = {} }: ServerOptions): Promise<Server> {
    const root = install(editor);
    const own = path.join(root, 'node', 'bin', 'node');
    const node = existsSync(own) ? own : process.execPath;
    const main = path.join(root, 'vscode', 'out', 'server-main.js');

    const profile = mkdtempSync(path.join(tmpdir(), 'lus-vscode-'));
    const userData = path.join(profile, 'user-data');
    const extensions = path.join(profile, 'extensions');
    mkdirSync(path.join(userData, 'User'), { recursive: true });
    mkdirSync(extensions);
    writeFileSync(path.join(userData, 'User', 'settings.json'), JSON.stringify({ ...SETTINGS, ...settings }, null, 2));

    const folders = [
        '--server-data-dir',
        profile,
        '--user-data-dir',
        userData,
        '--extensions-dir',
        extensions,
        '--accept-server-license-terms',
    ];
    if (extension === 'built') {
        copyBuiltExtension(extensions);
    } else if (extension) {
        await runToEnd(node, [main, ...folders, '--install-extension', extension.vsix]);
    }

    const listen = ['--host', '127.0.0.1', '--port', '0', '--without-connection-token'];
    const quiet = ['--telemetry-level', 'off', '--disable-workspace-trust', '--disable-getting-started-override'];
    // Without the smoke test driver newer editors ignore the payload that runs a suite.
    const child = spawn(node, [main, ...listen, ...quiet, '--enable-smoke-test-driver', ...folders], {
        detached: true,
        env: { ...process.env, EXTENSIONS_GALLERY: '{}' },
        stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    const authority = `127.0.0.1:${await listeningPort(child)}`;
    return {
        url: `http://${authority}/`,
        authority,
        logs: () => readLogs(path.join(userData, 'logs')),
        stop: async () => {
            await end(child);
            rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
        },
    };
}

export async function launchBrowser(): Promise<Browser> {
    const executablePath = findChromium();
    if (executablePath === undefined) {
        throw new Error('no Chromium found: install one, or say where it is in CHROMIUM');
    }
    return await chromium.launch({
        executablePath,
        headless: true,
        args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
    });
}

/** A page of the size that screenshots have, with patience for a loaded machine. */
export async function newPage(browser: Browser): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 1000 } });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    return page;
}

/** Opens the workbench on a folder and waits until it stands. */
export async function openWorkbench(browser: Browser, server: Server, folder: string): Promise<Page> {
    const page = await newPage(browser);
    await page.goto(`${server.url}?folder=${encodeURIComponent(folder)}`, { waitUntil: 'domcontentloaded' });
    await page.waitForSelector('.monaco-workbench .part.statusbar', { timeout: 120_000 });
    return page;
}
