/** How long the language server takes in a file of 5,000 lines while somebody types in it. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import {
    createProtocolConnection,
    StreamMessageReader,
    StreamMessageWriter,
    type PublishDiagnosticsParams,
} from 'vscode-languageserver/node';
import { QUIET_MS } from '../../extension/language-server/quiet';
import { inRepository, ROOT } from '../support/repository';
import { median, type Figure } from './figures';
import { mainCpuMsOf } from './whole-process';

const LINES = 5000;
const WARM_UP = 20;
const ROUNDS = 40;
const URI = 'file:///bench/long.lus';

/** An example with a handler, an FLB, structs, a kernel and scenarios, again and again under other names. */
function longFile(): string {
    const text = readFileSync(inRepository('extension', 'examples', 'nic-handler.lus'), 'utf8');
    const names = [...text.matchAll(/^(?:struct|file|flb|handler) (\w+)/gm)].map((m) => m[1]);
    const declared = new RegExp(`\\b(?:${names.join('|')})\\b(?!\\.lus)|(?<=/dev/nic|nic-v|7\\.2-nic|scenario ")`, 'g');
    const copies: string[] = [];
    for (let lines = 0; lines < LINES; lines += text.split('\n').length) {
        copies.push(text.replace(declared, (name) => `${name}_${copies.length}`));
    }
    return copies.join('\n');
}

/** A place in the file: the line, from 0, and the column behind these characters of it. */
interface Position {
    readonly line: number;
    readonly character: number;
}

/** What is asked behind a word, after one of its letters was typed anew. */
interface Question {
    readonly method: 'completion' | 'hover' | 'definition';
    readonly word: string;
}

const QUESTIONS: readonly Question[] = [
    { method: 'completion', word: 'vm1.retrieve_fd' },
    { method: 'hover', word: 'vm1.retrieve_fd' },
    { method: 'definition', word: 'alloc_preserve(NicState_' },
];

class Server {
    private readonly process;
    private readonly connection;
    private version = 1;
    private waiting: { readonly version: number; readonly wake: () => void } | undefined;

    constructor(folder: string) {
        const bundle = path.join(folder, 'dist', 'language-server.js');
        this.process = spawn(process.execPath, [bundle, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
        const { stdin, stdout } = this.process;
        this.connection = createProtocolConnection(new StreamMessageReader(stdout), new StreamMessageWriter(stdin));
        this.connection.onNotification('textDocument/publishDiagnostics', ({ version }: PublishDiagnosticsParams) => {
            if (version === this.waiting?.version) {
                this.waiting?.wake();
            }
        });
        this.connection.listen();
    }

    async open(text: string): Promise<void> {
        await this.connection.sendRequest('initialize', { processId: process.pid, rootUri: null, capabilities: {} });
        await this.connection.sendNotification('initialized', {});
        await this.connection.sendNotification('textDocument/didOpen', {
            textDocument: { uri: URI, languageId: 'lus', version: this.version, text },
        });
        await this.diagnosed();
    }

    /** Processor time of the main thread so far. */
    get cpuMs(): number {
        return mainCpuMsOf(this.process.pid) ?? performance.now();
    }

    /** Types the letter before a place anew, with a comment behind the line that no version had before. */
    async type({ line, character }: Position, letter: string): Promise<void> {
        const start = { line, character: character - 1 };
        const behind = { line, character: 1000 };
        this.version++;
        await this.connection.sendNotification('textDocument/didChange', {
            textDocument: { uri: URI, version: this.version },
            contentChanges: [
                { range: { start: behind, end: behind }, text: ' // again' },
                { range: { start, end: { line, character } }, text: letter },
            ],
        });
    }

    async ask(method: string, position: Position): Promise<void> {
        const answer: unknown = await this.connection.sendRequest(`textDocument/${method}`, {
            textDocument: { uri: URI },
            position,
        });
        if (answer === null) {
            throw new Error(`no ${method} in line ${position.line}`);
        }
    }

    /** Waits for the findings of the newest text. */
    diagnosed(): Promise<void> {
        return new Promise((wake) => {
            this.waiting = { version: this.version, wake };
        });
    }

    end(): void {
        this.connection.dispose();
        this.process.kill();
    }
}

function placesOf(text: string, word: string): Position[] {
    return text.split('\n').flatMap((content, line) => {
        const at = content.indexOf(word);
        return at < 0 ? [] : [{ line, character: at + word.length }];
    });
}

/** What the server of a built state takes: for each question, and for the findings after a change. Milliseconds. */
async function typing(folder: string): Promise<{ readonly [what: string]: number }> {
    const text = longFile();
    const server = new Server(folder);
    try {
        await server.open(text);
        const taken: Record<string, number> = {};
        const checks: number[] = [];
        for (const { method, word } of QUESTIONS) {
            const places = placesOf(text, word);
            const answers: number[] = [];
            for (let i = 0; i < WARM_UP + ROUNDS; i++) {
                const place = places[(i * 7) % places.length] ?? { line: 0, character: 0 };
                const begin = server.cpuMs;
                await server.type(place, word.slice(-1));
                await server.ask(method, place);
                const answered = server.cpuMs;
                await server.diagnosed();
                if (i >= WARM_UP) {
                    answers.push(answered - begin);
                    checks.push(server.cpuMs - answered);
                }
            }
            taken[method] = median(answers);
        }
        return { ...taken, diagnostics: QUIET_MS + median(checks) };
    } finally {
        server.end();
    }
}

export async function languageServer(): Promise<Figure[]> {
    const taken = await typing(ROOT);
    return Object.entries(taken).map(([what, value]) => ({
        name: `${what} in a file of 5,000 lines, after a key`,
        value,
        unit: 'ms',
        goal: { at: 'most', value: what === 'diagnostics' ? 150 : 30 },
        how: `processor time of the main thread, median of ${ROUNDS}${what === 'diagnostics' ? `, and the pause of ${QUIET_MS} ms` : ''}`,
    }));
}
