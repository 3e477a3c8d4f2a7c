/** Connections to the TCP port of the debug adapter: what browsers and other programs send, and what a client sends. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as net from 'node:net';
import { setTimeout } from 'node:timers/promises';
import * as fc from 'fast-check';
import { MessageReader } from '../../debug-adapter/stdio';
import { ADAPTER } from '../support/dap-client';
import { inRepository } from '../support/repository';
import { absurdText } from './inputs';
import { frame, inPieces, noise } from './messages';
import { Fault, target } from './target';

const PROGRAM = inRepository('extension', 'examples', 'first-session.lus');
/** Milliseconds between looks. */
const LOOK_MS = 5;
const LOOKS = 20_000;

const request = (seq: number, command: string, args: unknown = {}): string =>
    frame({ seq, type: 'request', command, arguments: args }).toString('latin1');
const launch = [
    request(1, 'initialize', { adapterID: 'lus' }),
    request(2, 'launch', { program: PROGRAM }),
    request(3, 'configurationDone'),
].join('');

const method = fc.constantFrom('GET', 'POST', 'PUT', 'OPTIONS', 'CONNECT', 'PRI', 'content', 'Content-', 'X');
const path = fc.oneof(fc.constantFrom('/', '*', '/Content-Length: 9', '/%0d%0a%0d%0a'), absurdText);
const header = fc.oneof(
    fc.constantFrom(
        'Host: 127.0.0.1',
        'Content-Type: text/plain',
        'Content-Length: 0',
        `Content-Length: ${launch.length}`,
        'Transfer-Encoding: chunked',
        'Upgrade: websocket',
        'Origin: http://evil.example',
    ),
    fc.constant(`Referer: http://evil.example/?${launch}`),
    absurdText.map((t) => `X: ${t}`),
);
const http = fc
    .tuple(method, path, fc.array(header, { maxLength: 4 }), fc.oneof(fc.constantFrom('', launch), noise))
    .map(([m, p, headers, body]) => `${m} ${p} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body}`);
/** What another program sends, with requests behind it. */
const other = fc.oneof(
    fc.constantFrom('\x16\x03\x01\x02\0', 'SSH-2.0-x\r\n', '\r\n', ' ', '{"seq":1}', 'EHLO x\r\n', '\0'),
    absurdText,
);

interface Connection {
    readonly bytes: string;
    readonly pieces: readonly number[];
    /** How the other side goes. */
    readonly end: 'end' | 'destroy' | 'stay';
}

const connection: fc.Arbitrary<Connection> = fc.record({
    bytes: fc.oneof(
        http,
        other.map((t) => t + launch),
        noise.map((t) => t + launch),
        fc.constant(launch),
        fc.nat(launch.length).map((n) => launch.slice(0, n)),
    ),
    pieces: fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(100_000)), { minLength: 1, maxLength: 2 }),
    end: fc.constantFrom('end', 'destroy', 'stay'),
});

/** The first bytes of the protocol; whatever begins otherwise is a stranger. */
const FIRST = ['content-length:', 'content-type:'];

function isStranger(bytes: string): boolean {
    const text = bytes.toLowerCase();
    return !FIRST.some((h) => text.startsWith(h.slice(0, text.length)));
}

let server: { readonly child: ChildProcess; readonly port: number } | undefined;

async function started(): Promise<NonNullable<typeof server>> {
    if (server?.child.exitCode === null) {
        return server;
    }
    const child = spawn(process.execPath, [ADAPTER, '--port', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
    child.unref();
    const [text]: unknown[] = await once(child.stderr, 'data');
    server = { child, port: Number(/127\.0\.0\.1:(\d+)/.exec(String(text))?.[1]) };
    return server;
}

async function until(what: string, done: () => boolean): Promise<void> {
    for (let look = 0; !done(); look++) {
        if (look > LOOKS) {
            throw new Fault(what);
        }
        await setTimeout(LOOK_MS);
    }
}

interface Open {
    readonly socket: net.Socket;
    /** What came, and whether the other side has closed. */
    readonly heard: { bytes: number; closed: boolean };
}

async function open(port: number): Promise<Open> {
    const socket = net.connect(port, '127.0.0.1');
    const heard = { bytes: 0, closed: false };
    socket.on('data', (chunk: Buffer) => {
        heard.bytes += chunk.length;
    });
    socket.on('close', () => {
        heard.closed = true;
    });
    socket.on('error', () => undefined);
    await until('the port does not accept a connection', () => socket.readyState === 'open' || heard.closed);
    return { socket, heard };
}

/** A client that is answered shows that the adapter is well. */
async function goodClient(port: number): Promise<void> {
    const { socket } = await open(port);
    let answered = false;
    const reader = new MessageReader((message) => {
        answered ||= JSON.stringify(message).includes('"request_seq":1');
    });
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
    socket.write(request(1, 'initialize', { adapterID: 'lus' }));
    await until('a client is not answered after other connections', () => answered);
    socket.destroy();
}

async function attempt(connections: readonly Connection[]): Promise<void> {
    const { child, port } = await started();
    const opened: Open[] = [];
    try {
        for (const { bytes, pieces, end } of connections) {
            const one = await open(port);
            opened.push(one);
            const stranger = isStranger(bytes);
            for (const piece of inPieces(Buffer.from(bytes, 'latin1'), pieces)) {
                one.socket.write(piece);
            }
            if (stranger) {
                await until('a stranger is not thrown out', () => one.heard.closed);
                if (one.heard.bytes > 0) {
                    throw new Fault('a stranger gets an answer');
                }
            } else if (end === 'end') {
                one.socket.end();
            } else if (end === 'destroy') {
                one.socket.destroy();
            }
        }
        await goodClient(port);
        if (child.exitCode !== null) {
            throw new Fault(`the adapter ends: code ${child.exitCode}`);
        }
    } finally {
        for (const { socket } of opened) {
            socket.destroy();
        }
    }
}

export const tcp = target<readonly Connection[]>({
    name: 'tcp',
    what: 'connections to the TCP port, groups of them',
    few: 20,
    inputs: fc.array(connection, { minLength: 1, maxLength: 5 }),
    attempt,
    shown: (input) => JSON.stringify(input, undefined, 1),
    close: () => {
        server?.child.kill();
        server = undefined;
    },
});
