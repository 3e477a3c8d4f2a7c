/** A client of the debug adapter, and what it heard as a transcript. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import assert from 'node:assert/strict';
import * as net from 'node:net';
import * as path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { z } from 'zod';
import { MessageReader } from '../../debug-adapter/stdio';
import { markedLine } from './markers';
import { heardOfAdapter } from './protocol-messages';
import { inRepository } from './repository';

export const ADAPTER = inRepository('dist', 'debug-adapter.js');
export const FIXTURES = inRepository('test', 'protocol', 'fixtures');
export const UPDATE = path.join(FIXTURES, 'update.lus');
const WAIT_MS = 15_000;

const messageSchema = z.discriminatedUnion('type', [
    z.object({ type: z.literal('event'), event: z.string(), body: z.unknown().optional() }),
    z.object({
        type: z.literal('response'),
        request_seq: z.number(),
        success: z.boolean(),
        command: z.string(),
        message: z.string().optional(),
        body: z.unknown().optional(),
    }),
]);

export type Answer = Extract<z.infer<typeof messageSchema>, { type: 'response' }>;
export type Heard = Extract<z.infer<typeof messageSchema>, { type: 'event' }>;

/** The line of a marker in a fixture, from 1. */
export function line(marker: string, file = UPDATE): number {
    return markedLine(readFileSync(file, 'utf8'), marker) + 1;
}

export class Client {
    private seq = 0;
    private readonly waiting = new Map<number, (answer: Answer) => void>();
    private readonly unread: Heard[] = [];
    private wake: (() => void) | undefined;
    /** Responses by request: each must come once. */
    readonly answered = new Map<number, number>();
    readonly transcript: string[] = [];

    private constructor(
        private readonly output: Writable,
        input: Readable,
        private readonly end: () => void,
    ) {
        const reader = new MessageReader((message) => this.receive(message));
        input.on('data', (chunk: Buffer) => reader.push(chunk));
    }

    /** @param adapter the bundle to start, and its arguments */
    static process(adapter = ADAPTER, ...args: readonly string[]): Client & { readonly child: ChildProcess } {
        const child = spawn(process.execPath, [adapter, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
        return Object.assign(new Client(child.stdin, child.stdout, () => child.kill()), { child });
    }

    static async socket(port: number): Promise<Client> {
        const socket = net.connect(port, '127.0.0.1');
        await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
        return new Client(socket, socket, () => socket.destroy());
    }

    close(): void {
        this.end();
    }

    /** Bytes as they are. */
    raw(text: string): void {
        this.output.write(text);
    }

    request(command: string, args?: unknown): Promise<Answer> {
        const seq = ++this.seq;
        this.transcript.push(`→ ${command} ${args === undefined ? '' : JSON.stringify(args)}`.trimEnd());
        const json = Buffer.from(JSON.stringify({ seq, type: 'request', command, arguments: args }));
        this.raw(`Content-Length: ${json.length}\r\n\r\n${json.toString()}`);
        return within(`an answer to ${command}`, new Promise((resolve) => this.waiting.set(seq, resolve)));
    }

    /** The body of a request that must succeed. */
    async ok(command: string, args?: unknown): Promise<unknown> {
        const answer = await this.request(command, args);
        assert.ok(answer.success, `${command}: ${answer.message ?? ''}`);
        return answer.body;
    }

    /** The message of a request that must fail. */
    async fails(command: string, args?: unknown): Promise<string> {
        const answer = await this.request(command, args);
        assert.equal(answer.success, false, `${command} should fail`);
        return answer.message ?? '';
    }

    /** The next event of one of these names; others before it are dropped. */
    async event(...names: string[]): Promise<Heard> {
        const find = async (): Promise<Heard> => {
            for (;;) {
                const next = this.unread.shift();
                if (next && names.includes(next.event)) {
                    return next;
                }
                if (!next) {
                    await new Promise<void>((resolve) => {
                        this.wake = resolve;
                    });
                }
            }
        };
        return await within(names.join(' or '), find());
    }

    private receive(raw: unknown): void {
        heardOfAdapter(raw);
        const message = messageSchema.parse(raw);
        if (message.type === 'event') {
            this.transcript.push(
                `· ${message.event} ${message.body === undefined ? '' : JSON.stringify(message.body)}`.trimEnd(),
            );
            this.unread.push(message);
            this.wake?.();
            return;
        }
        const { success, body, request_seq: seq } = message;
        this.answered.set(seq, (this.answered.get(seq) ?? 0) + 1);
        this.transcript.push(
            success
                ? `← ${message.command} ${body === undefined ? '' : JSON.stringify(body)}`.trimEnd()
                : `✗ ${message.command} ${message.message ?? ''}`,
        );
        this.waiting.get(seq)?.(message);
        this.waiting.delete(seq);
    }

    // ------------------------------------------------------------ a debugging session

    async initialize(args: object = {}): Promise<void> {
        await this.ok('initialize', {
            adapterID: 'lus',
            supportsVariablePaging: true,
            supportsVariableType: true,
            ...args,
        });
    }

    /** Launches up to where breakpoints can be set. */
    async launch(args: object = {}): Promise<void> {
        await this.initialize();
        await this.ok('launch', { program: UPDATE, ...args });
        await this.event('initialized');
    }

    /** Debugs update.lus with breakpoints on marked lines, up to the first stop. */
    async stopAt(...markers: string[]): ReturnType<Client['stopped']> {
        await this.launch();
        await this.ok('setBreakpoints', {
            source: { path: UPDATE },
            breakpoints: markers.map((m) => ({ line: line(m) })),
        });
        await this.ok('configurationDone');
        return await this.stopped();
    }

    async stopped(): Promise<{
        reason: string;
        threadId: number;
        hitBreakpointIds?: number[] | undefined;
        text?: string | undefined;
        description?: string | undefined;
    }> {
        const { event, body } = await this.event('stopped', 'terminated');
        assert.equal(event, 'stopped', 'the run ended instead of stopping');
        return z
            .object({
                reason: z.string(),
                threadId: z.number(),
                hitBreakpointIds: z.array(z.number()).optional(),
                text: z.string().optional(),
                description: z.string().optional(),
            })
            .parse(body);
    }

    /** Sends a request that makes the run go on, and waits for the stop. */
    async goes(command: string, args: object = { threadId: 1 }): ReturnType<Client['stopped']> {
        await this.ok(command, args);
        return await this.stopped();
    }

    async frames(threadId: number): Promise<DebugProtocol.StackFrame[]> {
        const body = await this.ok('stackTrace', { threadId });
        return z
            .object({ stackFrames: z.array(z.custom<DebugProtocol.StackFrame>((f) => typeof f === 'object')) })
            .parse(body).stackFrames;
    }

    async variables(variablesReference: number, more: object = {}): Promise<DebugProtocol.Variable[]> {
        const body = await this.ok('variables', { variablesReference, ...more });
        return z
            .object({ variables: z.array(z.custom<DebugProtocol.Variable>((f) => typeof f === 'object')) })
            .parse(body).variables;
    }

    async scope(threadId: number, name: string): Promise<number> {
        const found = (await this.scopes(threadId)).find((s) => s.name === name);
        assert.ok(found, `there is no scope ${name}`);
        return found.variablesReference;
    }

    async scopeNames(threadId: number): Promise<string[]> {
        return (await this.scopes(threadId)).map((s) => s.name);
    }

    private async scopes(threadId: number): Promise<{ name: string; variablesReference: number }[]> {
        const [top] = await this.frames(threadId);
        return z
            .object({ scopes: z.array(z.object({ name: z.string(), variablesReference: z.number() })) })
            .parse(await this.ok('scopes', { frameId: top?.id })).scopes;
    }

    /** Unfolds names below a scope, one by one; returns the last one's variable. */
    async unfold(threadId: number, scope: string, ...names: string[]): Promise<DebugProtocol.Variable> {
        let ref = await this.scope(threadId, scope);
        let last: DebugProtocol.Variable | undefined;
        for (const name of names) {
            const all = await this.variables(ref);
            last = all.find((v) => v.name === name);
            assert.ok(last, `there is no ${name} among ${all.map((v) => v.name).join(', ')}`);
            ref = last.variablesReference;
        }
        assert.ok(last);
        return last;
    }

    async evaluate(expression: string, more: object = {}): Promise<string> {
        return z.object({ result: z.string() }).parse(await this.ok('evaluate', { expression, ...more })).result;
    }
}

async function within<T>(what: string, promise: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), WAIT_MS);
    });
    try {
        return await Promise.race([promise, late]);
    } finally {
        clearTimeout(timer);
    }
}

/**
 * Without what differs between machines, and what differs between versions of the emulator that behave alike:
 * addresses, lines of its own code.
 */
function normalized(transcript: readonly string[]): string {
    return `${transcript
        .join('\n')
        .replaceAll(FIXTURES, '<fixtures>')
        .replaceAll(/0x[0-9a-f]{5,}/g, '0x…')
        // the kernel's own code moves about
        .replaceAll(/("path":"lus-std:[^}]*\},)(?:"(?:line|column|endLine|endColumn)":\d+,?)+/g, '$1"line":…')
        .replaceAll(/("path":"lus-std:[^"]*","sourceReference":)\d+/g, '$1…')
        .replaceAll(/"(position|end)":\d+/g, '"$1":…')
        .replaceAll(/(\\"address\\":)\d+/g, '$1…')
        .replaceAll(/"data":"[^"]{40,}"/g, '"data":"…"')}\n`;
}

/** Compares a session with the one on file; with UPDATE_GOLDEN=1 writes it. */
export function assertGolden(name: string, transcript: readonly string[]): void {
    const file = inRepository('test', 'protocol', 'golden', `${name}.txt`);
    const now = normalized(transcript);
    if (process.env['UPDATE_GOLDEN'] === '1') {
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(file, now);
        return;
    }
    assert.equal(
        now,
        readFileSync(file, 'utf8'),
        `${path.relative(inRepository(), file)}: run with UPDATE_GOLDEN=1 if the change is meant`,
    );
}
