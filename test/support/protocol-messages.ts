/**
 * All messages that the debug adapter and the language server send in a test file are checked against the typings of
 * their protocols when the file's tests are over.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { Ajv, type ValidateFunction } from 'ajv';
import type { SourceFile } from 'typescript/unstable/ast';
import { z } from 'zod';
import { MessageReader } from '../../debug-adapter/stdio';
import { inRepository } from './repository';
import { Typings } from './typings-schema';

/** Checks a message. @returns what is wrong with it */
export type Check = (message: unknown) => string[];

const PACKAGES = inRepository('node_modules');
const DAP_TYPINGS = [path.join(PACKAGES, '@vscode/debugprotocol/lib/debugProtocol.d.ts')];
const LSP_PROTOCOL = path.join(PACKAGES, 'vscode-languageserver-protocol/lib/common');
const LSP_TYPINGS = [
    path.join(PACKAGES, 'vscode-languageserver-types/lib/esm/main.d.ts'),
    ...readdirSync(LSP_PROTOCOL)
        .filter((f) => /^protocol\..*d\.ts$/.test(f) && f !== 'protocol.$.d.ts')
        .map((f) => path.join(LSP_PROTOCOL, f)),
];

/** Requests and events of this product, which no typings have. */
const OWN = /^lus/;

async function typingsOf(name: string, files: readonly string[]): Promise<Typings> {
    const [{ API }, ast] = await Promise.all([import('typescript/unstable/sync'), import('typescript/unstable/ast')]);
    const folder = inRepository('.build', 'typings');
    mkdirSync(folder, { recursive: true });
    const config = path.join(folder, `${name}-${process.pid}.json`);
    writeFileSync(config, JSON.stringify({ compilerOptions: { noEmit: true, types: [] }, files }));
    const api = new API({ cwd: folder });
    try {
        const program = api.updateSnapshot({ openProject: config }).getProjects()[0]?.program;
        const sources = files.map((file): SourceFile => {
            const source = program?.getSourceFile(file);
            assert.ok(source, `there are no typings ${file}`);
            return source;
        });
        return new Typings(ast, sources);
    } finally {
        api.close();
        rmSync(config);
    }
}

function errorsOf(validate: ValidateFunction, message: unknown): string[] {
    return validate(message)
        ? []
        : (validate.errors ?? []).map(
              ({ instancePath, message: text = '', params }) => `${instancePath} ${text} ${JSON.stringify(params)}`,
          );
}

const dapMessage = z.union([
    z.object({ type: z.literal('event'), event: z.string() }),
    z.object({ type: z.literal('response'), command: z.string(), success: z.boolean() }),
]);

const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** For what a debug adapter sends: events and responses. */
export async function dapCheck(): Promise<Check> {
    const typings = await typingsOf('dap', DAP_TYPINGS);
    const ajv = new Ajv({ strict: false });
    const validators = new Map<string, ValidateFunction>();
    const validatorOf = (type: string): ValidateFunction => {
        const known = validators.get(type) ?? ajv.compile(typings.schemaOf(type));
        validators.set(type, known);
        return known;
    };
    return (message) => {
        const parsed = dapMessage.safeParse(message);
        if (!parsed.success) {
            return ['is neither an event nor a response'];
        }
        const { data } = parsed;
        if (data.type === 'event') {
            return errorsOf(validatorOf(OWN.test(data.event) ? 'Event' : `${capital(data.event)}Event`), message);
        }
        const named = OWN.test(data.command) ? 'Response' : `${capital(data.command)}Response`;
        return errorsOf(validatorOf(data.success ? named : 'ErrorResponse'), message);
    };
}

const lspMessage = z.looseObject({
    jsonrpc: z.literal('2.0'),
    id: z.optional(z.union([z.string(), z.number()])),
    method: z.optional(z.string()),
    params: z.optional(z.unknown()),
    result: z.optional(z.unknown()),
    error: z.optional(z.strictObject({ code: z.int(), message: z.string(), data: z.optional(z.unknown()) })),
});

/** For what a language server sends: requests, notifications, and responses to what a client has asked. */
export interface LspCheck {
    /** Takes note of a message of the client. */
    asked(message: unknown): void;
    readonly check: Check;
}

/** @returns what makes a check for a session */
export async function lspChecks(): Promise<() => LspCheck> {
    const typings = await typingsOf('lsp', LSP_TYPINGS);
    const ajv = new Ajv({ strict: false });
    /** By method: `ProtocolRequestType<Params, Result, …>`, `ProtocolRequestType0<Result, …>` without parameters. */
    const types = new Map(
        typings.names().flatMap((name) => {
            const method = name.endsWith('.method') ? typings.constantOf(name) : undefined;
            const generic = typings.genericOf(name.replace(/method$/, 'type'));
            return method === undefined || !generic ? [] : [[method, generic] as const];
        }),
    );
    const validators = new Map<string, ValidateFunction>();
    const against = (method: string, part: 'params' | 'result', value: unknown): string[] => {
        const generic = types.get(method);
        if (!generic) {
            return OWN.test(method) ? [] : [`the protocol has no ${method}`];
        }
        const [first, second] = generic.arguments;
        const [params, result] = generic.name.endsWith('0') ? [undefined, first] : [first, second];
        const type = part === 'params' ? params : result;
        if (!type) {
            return value === undefined ? [] : [`${method} has no ${part}`];
        }
        const key = `${method} ${part}`;
        const validate = validators.get(key) ?? ajv.compile(typings.schemaOf(type));
        validators.set(key, validate);
        return errorsOf(validate, value);
    };
    return () => sessionCheck(against);
}

function sessionCheck(against: (method: string, part: 'params' | 'result', value: unknown) => string[]): LspCheck {
    const asked = new Map<string | number, string>();
    return {
        asked(message) {
            const { id, method } = lspMessage.parse(message);
            if (id !== undefined && method !== undefined) {
                asked.set(id, method);
            }
        },
        check(message) {
            const parsed = lspMessage.safeParse(message);
            if (!parsed.success) {
                return [z.prettifyError(parsed.error)];
            }
            const { id, method, params, result, error } = parsed.data;
            if (method !== undefined) {
                return against(method, 'params', params);
            }
            const of = id === undefined ? undefined : asked.get(id);
            return of === undefined ? ['answers nothing'] : error ? [] : against(of, 'result', result);
        },
    };
}

interface Heard {
    readonly fromClient: boolean;
    readonly message: unknown;
}

/** What was said in the sessions of this test file. */
const adapters: unknown[] = [];
const servers: Heard[][] = [];

const inTests = 'suiteTeardown' in globalThis;

/** Takes note of a message of a debug adapter. */
export function heardOfAdapter(message: unknown): void {
    if (inTests) {
        adapters.push(message);
    }
}

/** Listens to the streams of a language server. */
export function listenToServer(output: Readable, input: Writable): void {
    const session: Heard[] = [];
    servers.push(session);
    const server = new MessageReader((message) => session.push({ fromClient: false, message }));
    const client = new MessageReader((message) => session.push({ fromClient: true, message }));
    output.on('data', (chunk: Buffer) => server.push(chunk));
    const write = input.write.bind(input);
    input.write = (chunk: Buffer | string, ...more: []) => {
        client.push(Buffer.from(chunk));
        return write(chunk, ...more);
    };
}

/** What is wrong with messages, each only once. */
function faults(messages: readonly unknown[], check: Check): Set<string> {
    return new Set(
        messages.flatMap((message) => {
            const [wrong] = check(message);
            return wrong === undefined ? [] : [`${wrong}: ${JSON.stringify(message).slice(0, 500)}`];
        }),
    );
}

if (inTests) {
    suiteTeardown('all messages keep to the typings of their protocol', async () => {
        if (adapters.length > 0) {
            assert.deepEqual([...faults(adapters, await dapCheck())], []);
        }
        if (servers.length === 0) {
            return;
        }
        const checks = await lspChecks();
        for (const session of servers) {
            const { asked, check } = checks();
            for (const { fromClient, message } of session) {
                if (fromClient) {
                    asked(message);
                }
            }
            const sent = session.filter((m) => !m.fromClient).map((m) => m.message);
            assert.deepEqual([...faults(sent, check)], []);
        }
    });
}
