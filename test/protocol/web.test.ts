/** The bundles for VS Code for the Web, where there is nothing of Node. */
import assert from 'node:assert/strict';
import * as path from 'node:path';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { inRepository } from '../support/repository';
import { webAdapters, type InlineAdapter } from '../support/web-editor';
import { runOnWeb } from '../support/web-globals';

const EXAMPLES = inRepository('extension', 'examples');

const messageSchema = z.union([
    z.object({ type: z.literal('event'), event: z.string(), body: z.unknown().optional() }),
    z.object({
        type: z.literal('response'),
        request_seq: z.number(),
        success: z.boolean(),
        message: z.string().optional(),
    }),
]);

/** Runs the first scenario of a file without stops. @returns its exit code, and what the session said */
async function runFile(adapter: InlineAdapter, program: string): Promise<{ exitCode: unknown; failures: string[] }> {
    const failures: string[] = [];
    return await new Promise((resolve) => {
        let seq = 0;
        let exitCode: unknown;
        const send = (command: string, args?: object): void =>
            adapter.handleMessage({ seq: ++seq, type: 'request', command, arguments: args });
        adapter.onDidSendMessage((message) => {
            const heard = messageSchema.parse(JSON.parse(JSON.stringify(message)));
            if (heard.type === 'response') {
                if (!heard.success) {
                    failures.push(heard.message ?? '');
                    resolve({ exitCode, failures });
                }
            } else if (heard.event === 'initialized') {
                send('configurationDone');
            } else if (heard.event === 'exited') {
                exitCode = z.object({ exitCode: z.number() }).parse(heard.body).exitCode;
            } else if (heard.event === 'terminated') {
                resolve({ exitCode, failures });
            }
        });
        send('initialize', { adapterID: 'lus', pathFormat: 'path' });
        send('launch', { program, noDebug: true });
    });
}

suite('VS Code for the Web', () => {
    suite('the debugger', () => {
        const read: string[] = [];
        let create: () => InlineAdapter;

        suiteSetup(() => {
            create = webAdapters(read);
        });

        for (const name of readdirSync(EXAMPLES).filter((f) => f.endsWith('.lus'))) {
            test(`runs ${name}`, async () => {
                const adapter = create();
                const { exitCode, failures } = await runFile(adapter, path.join(EXAMPLES, name));
                assert.deepEqual(failures, []);
                assert.equal(exitCode, 0);
                adapter.dispose();
            });
        }

        test('decompresses the image that one of them boots from', () => {
            assert.ok(read.some((uri) => uri.endsWith('/real-handover.elf.gz')));
        });
    });

    test('the debugger reads imports, and those of imports', async () => {
        const folder = mkdtempSync(path.join(tmpdir(), 'lus-web-'));
        mkdirSync(path.join(folder, 'parts'));
        writeFileSync(path.join(folder, 'parts', 'n.lus'), 'const N = 3\n');
        writeFileSync(path.join(folder, 'parts.lus'), 'import "parts/n.lus"\n');
        const main = path.join(folder, 'main.lus');
        writeFileSync(main, 'import "parts.lus"\nscenario "s" {\n    boot "7.2"\n    assert N == 3\n}\n');
        const { exitCode, failures } = await runFile(webAdapters([])(), main);
        assert.deepEqual([exitCode, failures], [0, []]);
        rmSync(folder, { recursive: true });
    });

    for (const permitted of [true, false]) {
        test(`a loop runs where code ${permitted ? 'may' : 'must not'} be generated`, async () => {
            const folder = mkdtempSync(path.join(tmpdir(), 'lus-web-'));
            const main = path.join(folder, 'main.lus');
            writeFileSync(
                main,
                'scenario "s" {\n    n = 0\n    for i in 0..5000 { n += i }\n    assert n == 12497500\n}\n',
            );
            const made: string[] = [];
            const { exitCode, failures } = await runFile(webAdapters([], { permitted, made })(), main);
            assert.deepEqual([exitCode, failures], [0, []]);
            assert.equal(made.filter((text) => text.includes('run.ticks')).length > 0, permitted);
            rmSync(folder, { recursive: true });
        });
    }

    test('a file that does not exist is refused with a sentence', async () => {
        const { failures } = await runFile(webAdapters([])(), path.join(EXAMPLES, 'none.lus'));
        assert.match(failures.join(), /^There is no scenario file .*none\.lus\.$/);
    });

    test('the language server answers in a worker, and reads what its client sends', async () => {
        const folder = pathToFileURL(EXAMPLES).href;
        const heard: unknown[] = [];
        let wake: () => void = () => undefined;
        const scope = {
            docs: 'http://localhost/docs',
            onmessage: (_event: { data: unknown }): void => assert.fail('the server does not listen'),
            addEventListener(): void {},
            postMessage(message: unknown) {
                heard.push(message);
                wake();
            },
        };
        runOnWeb('web-language-server', { self: scope });
        const send = (message: object): void => scope.onmessage({ data: { jsonrpc: '2.0', ...message } });
        /** The first message that fits. */
        const wait = async <T>(schema: z.ZodType<T>): Promise<T> => {
            for (;;) {
                for (const message of heard) {
                    const found = schema.safeParse(message);
                    if (found.success) {
                        return found.data;
                    }
                }
                await new Promise<void>((resolve) => {
                    wake = resolve;
                });
            }
        };
        send({ id: 1, method: 'initialize', params: { processId: null, rootUri: folder, capabilities: {} } });
        await wait(z.object({ id: z.literal(1), result: z.object({ serverInfo: z.object({ name: z.string() }) }) }));
        send({ method: 'initialized', params: {} });
        const uri = `${folder}/own.lus`;
        const text = 'import "their.lus"\nscenario "s" {\n    boot "7.2"\n    assert N == 3\n}\n';
        send({
            method: 'textDocument/didOpen',
            params: { textDocument: { uri, languageId: 'lus', version: 1, text } },
        });
        const findings = (count: z.ZodType<unknown[]>): Promise<unknown> =>
            wait(z.object({ method: z.string(), params: z.object({ uri: z.literal(uri), diagnostics: count }) }));
        const missing = await findings(z.array(z.unknown()).min(1));
        assert.match(
            JSON.stringify(missing),
            /There is no file \\"their\.lus\\".*|http:\/\/localhost\/docs\/errors\.md/,
        );
        const files = [{ uri: `${folder}/their.lus`, there: true, text: 'const N = 3\n' }];
        send({ method: 'lus/files', params: { files } });
        await findings(z.array(z.unknown()).max(0));
        send({
            id: 2,
            method: 'textDocument/definition',
            params: { textDocument: { uri }, position: { line: 3, character: 11 } },
        });
        const definition = await wait(z.object({ id: z.literal(2), result: z.object({ uri: z.string() }) }));
        assert.equal(definition.result.uri, `${folder}/their.lus`);
    });
});
