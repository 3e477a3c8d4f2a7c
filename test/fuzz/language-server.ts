/** Messages to a language server: edits and requests in any order, with damaged parameters. */
import { PassThrough } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import * as fc from 'fast-check';
import { createConnection, ErrorCodes, ProposedFeatures } from 'vscode-languageserver/node';
import * as z from 'zod';
import { MessageReader } from '../../debug-adapter/stdio';
import { DiskFiles } from '../../extension/language-server/disk-files';
import { CheckedMessages } from '../../extension/language-server/parameters';
import { serve } from '../../extension/language-server/server';
import { lspChecks, type LspCheck } from '../support/protocol-messages';
import { inRepository } from '../support/repository';
import { SOURCE_NAMES, SOURCES } from './corpus';
import { absurdText, anyJson, damagedJson } from './inputs';
import { frame, inPieces, Stray } from './messages';
import { Fault, target } from './target';

const URIS = [
    'file:///fuzz/a.lus',
    'file:///fuzz/b.lus',
    'file:///fuzz/%zz.lus',
    'lus:/std/luo.lus',
    'untitled:Untitled-1',
    '',
];
const uri = fc.oneof({ arbitrary: fc.constantFrom(...URIS.slice(0, 2)), weight: 8 }, fc.constantFrom(...URIS));
const text = fc.oneof(
    fc.constantFrom(...SOURCE_NAMES).map((name) => SOURCES.get(name) ?? ''),
    fc.constant('import "b.lus"\nscenario "s" { boot "7.2"; memfd_creat("x") }\n'),
    absurdText,
);
const number = fc.oneof({ arbitrary: fc.nat(30), weight: 5 }, fc.constantFrom(1000, -1, 0.5, 2 ** 31, 1e308));
const position = fc.record({ line: number, character: number });
const range = fc.record({ start: position, end: position });
const textDocument = uri.map((u) => ({ uri: u }));
const item = fc.record({ name: absurdText, kind: fc.nat(30), uri, range, selectionRange: range });

/** Parameters by method, each mostly with values that make sense. */
const REQUESTS: Readonly<Record<string, fc.Arbitrary<object>>> = {
    'textDocument/hover': fc.record({ textDocument, position }),
    'textDocument/definition': fc.record({ textDocument, position }),
    'textDocument/typeDefinition': fc.record({ textDocument, position }),
    'textDocument/references': fc.record({
        textDocument,
        position,
        context: fc.record({ includeDeclaration: fc.boolean() }),
    }),
    'textDocument/documentHighlight': fc.record({ textDocument, position }),
    'textDocument/documentSymbol': fc.record({ textDocument }),
    'textDocument/completion': fc.record({ textDocument, position }),
    'completionItem/resolve': fc.record({ label: absurdText, data: anyJson }),
    'textDocument/signatureHelp': fc.record({ textDocument, position }),
    'textDocument/prepareRename': fc.record({ textDocument, position }),
    'textDocument/rename': fc.record({ textDocument, position, newName: absurdText }),
    'textDocument/formatting': fc.record({ textDocument, options: fc.constant({ tabSize: 4, insertSpaces: true }) }),
    'textDocument/rangeFormatting': fc.record({
        textDocument,
        range,
        options: fc.constant({ tabSize: 4, insertSpaces: true }),
    }),
    'textDocument/onTypeFormatting': fc.record({
        textDocument,
        position,
        ch: fc.constantFrom('}', '\n', ';', ''),
        options: fc.constant({ tabSize: 4, insertSpaces: true }),
    }),
    'textDocument/foldingRange': fc.record({ textDocument }),
    'textDocument/selectionRange': fc.record({ textDocument, positions: fc.array(position, { maxLength: 2 }) }),
    'textDocument/documentLink': fc.record({ textDocument }),
    'textDocument/inlayHint': fc.record({ textDocument, range }),
    'textDocument/inlineValue': fc.record({
        textDocument,
        range,
        context: fc.record({ frameId: fc.nat(3), stoppedLocation: range }),
    }),
    'textDocument/codeAction': fc.record({ textDocument, range, context: fc.constant({ diagnostics: [] }) }),
    'textDocument/semanticTokens/full': fc.record({ textDocument }),
    'textDocument/prepareCallHierarchy': fc.record({ textDocument, position }),
    'callHierarchy/incomingCalls': fc.record({ item }),
    'callHierarchy/outgoingCalls': fc.record({ item }),
    'workspace/symbol': fc.record({ query: absurdText }),
    'lus/callbacks': fc.record({ uri }),
    'lus/shippedText': fc.record({ uri }),
    'no/such': fc.record({ uri }),
};

const NOTIFICATIONS: Readonly<Record<string, fc.Arbitrary<object>>> = {
    'textDocument/didOpen': fc.record({
        textDocument: fc.record({ uri, languageId: fc.constant('lus'), version: fc.nat(9), text }),
    }),
    'textDocument/didChange': fc.record({
        textDocument: fc.record({ uri, version: fc.nat(9) }),
        contentChanges: fc.array(fc.oneof(fc.record({ range, text: absurdText }), fc.record({ text })), {
            maxLength: 3,
        }),
    }),
    'textDocument/didClose': fc.record({ textDocument }),
    'textDocument/didSave': fc.record({ textDocument }),
    'workspace/didChangeWatchedFiles': fc.record({
        changes: fc.array(fc.record({ uri, type: fc.constantFrom(1, 2, 3) }), { maxLength: 2 }),
    }),
    'workspace/didChangeConfiguration': fc.record({ settings: anyJson }),
    'lus/trusted': fc.constant({}),
    '$/cancelRequest': fc.record({ id: fc.nat(20) }),
    'no/such': fc.record({ uri }),
};

interface Act {
    readonly kind: 'request' | 'notification';
    readonly method: string;
    readonly params: unknown;
}

function acts(kind: Act['kind'], of: Readonly<Record<string, fc.Arbitrary<object>>>): fc.Arbitrary<Act> {
    return fc.oneof(
        ...Object.entries(of).map(([method, params]) =>
            fc
                .oneof({ arbitrary: params, weight: 5 }, damagedJson(params))
                .map((p): Act => ({ kind, method, params: p })),
        ),
    );
}

interface Session {
    readonly acts: readonly Act[];
    /** Whether the client lets the server check the files in between: after each so many messages. */
    readonly quiet: number;
    readonly pieces: readonly number[];
}

const heardSchema = z.looseObject({
    id: z.union([z.string(), z.number(), z.null()]).optional(),
    method: z.string().optional(),
    params: z.unknown().optional(),
    error: z.object({ code: z.number(), message: z.string() }).optional(),
});
const publishedSchema = z.object({ uri: z.string(), diagnostics: z.array(z.object({ code: z.string() })) });

/** How the connection reports what a handler throws. */
const OWN_FAILURE = /failed with message|failed unexpectedly|\bat .*\.js:/;
const LAST = 'file:///fuzz/last.lus';
/** Milliseconds between looks, of which the server's delay takes some. */
const LOOK_MS = 5;
const LOOKS = 20_000;

class Listener {
    private readonly asked = new Set<number>();
    /** Whether the findings of the last file came. */
    found = false;
    fault: Error | undefined;

    constructor(private readonly check: LspCheck) {}

    ask(message: { readonly id?: number; readonly method: string; readonly params: unknown }): void {
        this.check.asked(message);
        if (message.id !== undefined) {
            this.asked.add(message.id);
        }
    }

    get waiting(): number {
        return this.asked.size;
    }

    hear(message: unknown): void {
        const text = JSON.stringify(message);
        const heard = heardSchema.safeParse(message);
        const [wrong] = this.check.check(message);
        if (wrong !== undefined || !heard.success) {
            this.say(new Fault(`the server sends what the protocol does not have: ${wrong} in ${text}`));
            return;
        }
        const { id, method, params, error } = heard.data;
        if (error?.code === ErrorCodes.InternalError) {
            this.say(new Fault(`the server fails: ${text}`));
        } else if (method === 'window/logMessage' && OWN_FAILURE.test(text)) {
            this.say(new Fault(`the server complains: ${text}`));
        } else if (method === 'textDocument/publishDiagnostics') {
            const { uri: of, diagnostics } = publishedSchema.parse(params);
            this.found ||= of === LAST && diagnostics.length > 0;
        } else if (method === undefined && typeof id === 'number' && !this.asked.delete(id)) {
            this.say(new Fault(`a request has two answers: ${text}`));
        }
    }

    say(fault: Error): void {
        this.fault ??= fault;
    }
}

let checks: Promise<() => LspCheck> | undefined;

async function attempt({ acts: all, quiet, pieces }: Session): Promise<void> {
    const listener = new Listener((await (checks ??= lspChecks()))());
    const [input, output] = [new PassThrough(), new PassThrough()];
    // not disposed: findings that come later would have no way, and it keeps nothing alive
    const messages = new CheckedMessages();
    serve(
        createConnection(ProposedFeatures.all, input, output, { messageStrategy: messages }),
        messages,
        new DiskFiles(inRepository('extension', 'docs')),
    );
    const reader = new MessageReader((message) => listener.hear(message));
    output.on('data', (chunk: Buffer) => reader.push(chunk));
    const stray = new Stray((error) => listener.say(error));
    let next = 0;
    const send = (kind: Act['kind'], method: string, params: unknown): void => {
        const message = { jsonrpc: '2.0', ...(kind === 'request' ? { id: ++next } : {}), method, params };
        listener.ask(message);
        for (const piece of inPieces(frame(message), pieces)) {
            input.write(piece);
        }
    };
    const until = async (what: string, done: () => boolean): Promise<void> => {
        for (let look = 0; !done() && !listener.fault; look++) {
            if (look > LOOKS) {
                throw new Fault(what);
            }
            await setTimeout(LOOK_MS);
        }
        if (listener.fault) {
            throw listener.fault;
        }
    };
    try {
        send('request', 'initialize', { processId: null, rootUri: null, capabilities: {} });
        send('notification', 'initialized', {});
        for (const [i, { kind, method, params }] of all.entries()) {
            send(kind, method, params);
            if (i % quiet === quiet - 1) {
                await until('a request is not answered', () => listener.waiting === 0);
            }
        }
        send('notification', 'textDocument/didOpen', {
            textDocument: { uri: LAST, languageId: 'lus', version: 1, text: 'scenario "s" { boot "7.2"; nosuch() }\n' },
        });
        await until('a request is not answered', () => listener.waiting === 0);
        await until('findings do not come any more', () => listener.found);
        send('request', 'shutdown', undefined);
        await until('the server does not end', () => listener.waiting === 0);
    } finally {
        stray.end();
    }
}

const shown = ({ acts: all, quiet, pieces }: Session): string =>
    `${all.map((a) => JSON.stringify(a)).join('\n')}\nquiet after each ${quiet}, in pieces of ${pieces.join(', ')}`;

export const languageServer = target<Session>({
    name: 'language-server',
    what: 'messages to the language server, sessions',
    few: 20,
    inputs: fc.record({
        acts: fc
            .tuple(
                text,
                fc.array(fc.oneof(acts('request', REQUESTS), acts('notification', NOTIFICATIONS)), { maxLength: 40 }),
            )
            .map(([first, more]): Act[] => [
                {
                    kind: 'notification',
                    method: 'textDocument/didOpen',
                    params: { textDocument: { uri: URIS[0], languageId: 'lus', version: 1, text: first } },
                },
                ...more,
            ]),
        quiet: fc.integer({ min: 1, max: 40 }),
        pieces: fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(100_000)), {
            minLength: 1,
            maxLength: 3,
        }),
    }),
    attempt,
    shown,
});
