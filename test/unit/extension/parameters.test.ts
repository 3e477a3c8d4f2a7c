/** Malformed parameters of messages to the language server. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import {
    createConnection,
    createProtocolConnection,
    ErrorCodes,
    ProposedFeatures,
    ResponseError,
    StreamMessageReader,
    StreamMessageWriter,
    type ProtocolConnection,
    type PublishDiagnosticsParams,
} from 'vscode-languageserver/node';
import { DiskFiles } from '../../../extension/language-server/disk-files';
import { CheckedMessages } from '../../../extension/language-server/parameters';
import { serve } from '../../../extension/language-server/server';

const URI = 'file:///checked/a.lus';
const textDocument = { uri: URI };

suite('parameters of messages to the language server', () => {
    let client: ProtocolConnection;
    let published: (params: PublishDiagnosticsParams) => void = () => undefined;
    const logged: string[] = [];

    setup(async () => {
        const [input, output] = [new PassThrough(), new PassThrough()];
        const messages = new CheckedMessages();
        serve(
            createConnection(ProposedFeatures.all, input, output, { messageStrategy: messages }),
            messages,
            new DiskFiles('docs'),
        );
        client = createProtocolConnection(new StreamMessageReader(output), new StreamMessageWriter(input));
        client.onNotification('window/logMessage', ({ message }: { message: string }) => {
            logged.push(message);
        });
        client.onNotification('textDocument/publishDiagnostics', (p: PublishDiagnosticsParams) => published(p));
        client.listen();
        await client.sendRequest('initialize', { processId: null, rootUri: null, capabilities: {} });
    });

    teardown(() => client.dispose());

    test('a request is answered with what is wrong', async () => {
        for (const [method, params, what] of [
            ['textDocument/hover', {}, 'textDocument/hover: params.textDocument must be an object.'],
            [
                'textDocument/hover',
                { textDocument: { uri: 7 } },
                'textDocument/hover: params.textDocument.uri must be a string.',
            ],
            [
                'textDocument/hover',
                { textDocument, position: { line: 0, character: -1 } },
                'textDocument/hover: params.position.character must be a whole number from 0.',
            ],
            [
                'textDocument/selectionRange',
                { textDocument, positions: [{ line: 0.5, character: 0 }] },
                'textDocument/selectionRange: params.positions[0].line must be a whole number from 0.',
            ],
            ['workspace/symbol', { query: null }, 'workspace/symbol: params.query must be a string.'],
        ] as const) {
            await assert.rejects(
                client.sendRequest(method, params),
                (e) => e instanceof ResponseError && e.code === ErrorCodes.InvalidParams && e.message === what,
                what,
            );
        }
        assert.equal(
            await client.sendRequest('textDocument/hover', { textDocument, position: { line: 0, character: 0 } }),
            null,
        );
    });

    test('a notification is ignored, and findings of all files go on', async () => {
        const found = new Promise<PublishDiagnosticsParams>((resolve) => {
            published = resolve;
        });
        await client.sendNotification('textDocument/didChange', {
            textDocument: { uri: URI, version: 1 },
            contentChanges: [{}],
        });
        await client.sendNotification('textDocument/didChange', undefined);
        await client.sendNotification('textDocument/didOpen', {
            textDocument: { uri: URI, languageId: 'lus', version: 2, text: 'scenario "s" { boot "7.2"; nosuch() }\n' },
        });
        assert.deepEqual(
            (await found).diagnostics.map((d) => d.code),
            ['LU0202'],
        );
        assert.deepEqual(logged, [
            'The server ignores textDocument/didChange: params.contentChanges[0].text must be a string.',
            'The server ignores textDocument/didChange: params.textDocument must be an object.',
        ]);
    });
});
