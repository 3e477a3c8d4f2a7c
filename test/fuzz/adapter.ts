/** Streams of bytes to a debug adapter: requests in any order, damaged arguments and frames, in pieces of any size. */
import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import * as fc from 'fast-check';
import * as z from 'zod';
import { nodeHost } from '../../debug-adapter/files';
import { REQUESTS } from '../../debug-adapter/requests';
import { LusDebugSession } from '../../debug-adapter/session';
import { connect, MessageReader } from '../../debug-adapter/stdio';
import { dapCheck, type Check } from '../support/protocol-messages';
import { inRepository } from '../support/repository';
import { anyJson, damagedJson } from './inputs';
import { frame, inPieces, noise, Stray } from './messages';
import { Fault, target } from './target';

const EXAMPLES = ['first-session.lus', 'agent-crash.lus', 'interrupts.lus', 'nic-handler.lus'].map((f) =>
    inRepository('extension', 'examples', f),
);
const RECORDING = inRepository('test', 'conformance', 'recordings', 'case-flb-life.jsonl');
const MADE = 'file:///fuzz/made.lus';
/** A program that does not end by itself. */
const MADE_TEXT = `fn twice(x) { return x * 2 }
scenario "made" {
    boot "7.2"
    process luod
    luod {
        n = 0
        ram = memfd_create("ram")
        while true { n = twice(n) % 7 + 1; ram.pwrite("x", at: n) }
    }
}
`;

const small = fc.oneof(fc.nat(5), fc.nat(60), fc.constantFrom(-1, 1000, 1001, 0.5, 2 ** 31, 2 ** 53));
const words = fc.constantFrom(
    'n',
    'ram',
    '1',
    'n + 1',
    'twice(n)',
    'kernel.name',
    'x = 1',
    '/panic',
    '0x1000',
    '1 / 0',
    'n ==',
    '(((',
    'luod',
    'vm1',
    'made',
    'hover',
    'repl',
    'all',
    'failed',
    'cGFuaWM=',
    '%%%',
);
const file = fc.constantFrom(
    ...EXAMPLES,
    RECORDING,
    MADE,
    'nosuch.lus',
    'file:///%zz/%E0%A4%A.lus',
    'lus:/std/luo.lus',
    '',
);
const breakpoint = fc.record(
    {
        line: small,
        column: small,
        condition: words,
        hitCondition: words,
        logMessage: words,
        name: words,
        dataId: words,
    },
    { requiredKeys: ['line', 'name', 'dataId'] },
);

/** What arguments of requests are called, each mostly with a value that makes sense. */
const ARGUMENTS = {
    adapterID: fc.constant('lus'),
    linesStartAt1: fc.boolean(),
    pathFormat: fc.constantFrom('path', 'uri'),
    supportsProgressReporting: fc.boolean(),
    supportsInvalidatedEvent: fc.boolean(),
    program: file,
    image: fc.constantFrom(inRepository('extension', 'examples', 'real-handover.elf.gz'), EXAMPLES[0]),
    scenario: words,
    kernel: fc.constantFrom('7.2', '7.3', '6.1'),
    seed: small,
    stopOnEntry: fc.boolean(),
    noDebug: fc.boolean(),
    stopAtEnd: fc.constantFrom('never', 'failed', 'always'),
    history: fc.constantFrom(0, 1, 8, -1),
    source: fc.record({ path: file, sourceReference: small }, { requiredKeys: ['path'] }),
    breakpoints: fc.array(breakpoint, { maxLength: 3 }),
    filters: fc.array(words, { maxLength: 2 }),
    threadId: fc.constantFrom(1, 1, 1, 2, 3, -1, 0.5),
    frameId: small,
    variablesReference: small,
    granularity: fc.constantFrom('statement', 'line', 'instruction'),
    targetId: small,
    name: words,
    value: words,
    expression: words,
    context: fc.constantFrom('hover', 'repl', 'watch', 'variables', 'clipboard'),
    text: words,
    line: small,
    column: small,
    start: small,
    count: small,
    startFrame: small,
    levels: small,
    memoryReference: fc.constantFrom('0x1000', '0x100000', '-1', 'x', '0xffffffffffffffff'),
    offset: small,
    data: fc.constantFrom('', 'AAAA', '*'),
    id: small,
    time: small,
    code: words,
    filter: fc.constantFrom('indexed', 'named', 'x'),
} as const;

const args = fc.record(ARGUMENTS, {
    requiredKeys: ['threadId', 'frameId', 'variablesReference', 'source', 'line', 'program'],
});

const COMMANDS = Object.keys(REQUESTS).filter((c) => c !== 'disconnect');
const command = fc.oneof({ arbitrary: fc.constantFrom(...COMMANDS), weight: 20 }, words);

/** What a client does: a request, bytes that are not a request, or a time in which it says nothing. */
type Act =
    | { readonly kind: 'request'; readonly command: string; readonly args: unknown }
    | { readonly kind: 'message'; readonly message: unknown }
    | { readonly kind: 'bytes'; readonly bytes: string }
    | { readonly kind: 'wait'; readonly turns: number };

const request = fc.record({
    kind: fc.constant('request' as const),
    command,
    args: fc.oneof({ arbitrary: args, weight: 4 }, damagedJson(args)),
});
const act: fc.Arbitrary<Act> = fc.oneof(
    { arbitrary: request, weight: 12 },
    { arbitrary: fc.record({ kind: fc.constant('wait' as const), turns: fc.nat(4) }), weight: 3 },
    fc.record({ kind: fc.constant('message' as const), message: anyJson }),
    fc.record({ kind: fc.constant('bytes' as const), bytes: noise }),
);

/** How a session begins: a client that launches gets further than one that does not. */
const beginning: fc.Arbitrary<readonly Act[]> = fc.oneof(
    fc.constant([]),
    fc.tuple(file, fc.boolean()).map(([program, stopOnEntry]): Act[] => [
        { kind: 'request', command: 'initialize', args: { adapterID: 'lus' } },
        { kind: 'request', command: 'launch', args: { program, stopOnEntry } },
        { kind: 'request', command: 'configurationDone', args: {} },
        { kind: 'wait', turns: 3 },
    ]),
);

interface Session {
    readonly beginning: readonly Act[];
    readonly acts: readonly Act[];
    /** Sizes of the pieces in which the bytes arrive, again and again. */
    readonly pieces: readonly number[];
}

const answerSchema = z.looseObject({
    type: z.enum(['response', 'event']),
    request_seq: z.number().optional(),
    command: z.string().optional(),
    message: z.string().optional(),
    body: z.unknown().optional(),
});

/** Says so when the product itself has failed. */
const OWN_FAILURE = /The debug adapter failed|This is a bug/;
/** Turns of the event loop until requests must be answered, of which a run takes some; the watchdog counts the time. */
const TURNS = 20_000;

let check: Promise<Check> | undefined;

class Listener {
    private readonly asked = new Map<number, string>();
    fault: Error | undefined;

    constructor(private readonly check: Check) {}

    ask(seq: number, command: string): void {
        this.asked.set(seq, command);
    }

    get waiting(): readonly string[] {
        return [...this.asked.values()];
    }

    hear(message: unknown): void {
        const text = JSON.stringify(message);
        const [wrong] = this.check(message);
        const answer = answerSchema.safeParse(message);
        if (wrong !== undefined || !answer.success) {
            this.say(new Fault(`the adapter sends what the protocol does not have: ${wrong} in ${text}`));
        } else if (OWN_FAILURE.test(text)) {
            this.say(new Fault(`the adapter fails: ${text}`));
        } else if (answer.data.type === 'response') {
            const seq = answer.data.request_seq ?? NaN;
            if (!this.asked.delete(seq) && answer.data.command !== '') {
                this.say(new Fault(`a request has two answers: ${text}`));
            }
        }
    }

    say(fault: Error): void {
        this.fault ??= fault;
    }
}

async function attempt({ beginning: first, acts, pieces }: Session): Promise<void> {
    const listener = new Listener(await (check ??= dapCheck()));
    const [input, output] = [new PassThrough(), new PassThrough()];
    let left = false;
    const session = new LusDebugSession(
        {
            ...nodeHost,
            read: (uri) => (uri === MADE ? MADE_TEXT : nodeHost.read(uri)),
            write: () => undefined,
        },
        () => {
            left = true;
        },
    );
    connect(session, input, output);
    const reader = new MessageReader((message) => listener.hear(message));
    output.on('data', (chunk: Buffer) => reader.push(chunk));
    const stray = new Stray((error) => listener.say(error));
    const until = async (what: string, done: () => boolean): Promise<void> => {
        for (let turn = 0; !done() && !listener.fault; turn++) {
            if (turn > TURNS) {
                throw new Fault(`${what}: ${listener.waiting.join(', ')}`);
            }
            await setImmediate();
        }
        if (listener.fault) {
            throw listener.fault;
        }
    };
    let seq = 0;
    const ask = (command: string, args?: unknown): Buffer => {
        listener.ask(++seq, command);
        return frame({ seq, type: 'request', command, arguments: args });
    };
    try {
        for (const a of [...first, ...acts]) {
            if (a.kind === 'wait') {
                for (let i = 0; i < a.turns; i++) {
                    await setImmediate();
                }
                continue;
            }
            const bytes =
                a.kind === 'request'
                    ? ask(a.command, a.args)
                    : a.kind === 'message'
                      ? frame(a.message)
                      : Buffer.from(a.bytes);
            for (const piece of inPieces(bytes, pieces)) {
                input.write(piece);
            }
        }
        await setImmediate();
        input.write(ask('pause', { threadId: 1 }));
        input.write(ask('threads'));
        await until('a request is not answered', () => listener.waiting.length === 0);
        input.write(ask('disconnect'));
        await until('the session does not end', () => left && listener.waiting.length === 0);
    } finally {
        session.shutdown();
        await setImmediate();
        stray.end();
    }
}

const shown = ({ beginning: first, acts, pieces }: Session): string =>
    `${[...first, ...acts].map((a) => JSON.stringify(a)).join('\n')}\nin pieces of ${pieces.join(', ')}`;

export const adapter = target<Session>({
    name: 'adapter',
    what: 'messages to the debug adapter, sessions',
    few: 40,
    inputs: fc.record({
        beginning,
        acts: fc.array(act, { maxLength: 40 }),
        pieces: fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(100_000)), {
            minLength: 1,
            maxLength: 3,
        }),
    }),
    attempt,
    shown,
});
