/** The checks that all messages of the other files go through refuse what the typings of the protocols do not have. */
import assert from 'node:assert/strict';
import { dapCheck, lspChecks } from '../support/protocol-messages';

suite('messages of the protocols', () => {
    test('of the debug adapter', async () => {
        const check = await dapCheck();
        const stopped = (body: object): string[] => check({ seq: 1, type: 'event', event: 'stopped', body });
        assert.deepEqual(stopped({ reason: 'step', threadId: 1 }), []);
        assert.match(stopped({ threadId: 1 }).join(), /required property 'reason'/);
        assert.match(stopped({ reason: 'step', threadId: '1' }).join(), /threadId must be number/);
        assert.match(stopped({ reason: 'step', because: 'x' }).join(), /additional properties.*because/);

        const answer = { seq: 1, type: 'response', request_seq: 1, success: true };
        const variable = { name: 'a', value: '1', variablesReference: 0 };
        const variables = (...all: object[]): string[] =>
            check({ ...answer, command: 'variables', body: { variables: all } });
        assert.deepEqual(variables(variable, { ...variable, presentationHint: { kind: 'virtual' } }), []);
        assert.match(variables({ ...variable, value: 1 }).join(), /variables\/0\/value must be string/);
        assert.match(variables({ name: 'a', value: '1' }).join(), /required property 'variablesReference'/);
        assert.deepEqual(check({ ...answer, success: false, command: 'next', message: 'no', body: {} }), []);
        assert.notDeepEqual(check({ seq: 1, type: 'request', command: 'next' }), []);
    });

    test('of the language server', async () => {
        const checks = await lspChecks();
        const jsonrpc = '2.0';
        const answered = (method: string, result: unknown): string => {
            const { asked, check } = checks();
            asked({ jsonrpc, id: 1, method });
            return check({ jsonrpc, id: 1, result }).join();
        };
        const range = { start: { line: 0, character: 1 }, end: { line: 0, character: 2 } };
        assert.equal(answered('textDocument/hover', null), '');
        assert.equal(answered('textDocument/hover', { contents: { kind: 'markdown', value: 'a' }, range }), '');
        assert.match(answered('textDocument/hover', { range }), /required property 'contents'/);
        assert.match(answered('textDocument/foldingRange', [{ startLine: -1, endLine: 2 }]), /must be >= 0/);
        assert.equal(answered('shutdown', null), '');
        assert.match(checks().check({ jsonrpc, id: 7, result: null }).join(), /answers nothing/);
        const diagnostics = (severity: number): string =>
            checks()
                .check({
                    jsonrpc,
                    method: 'textDocument/publishDiagnostics',
                    params: { uri: 'file:///a.lus', diagnostics: [{ range, message: 'm', severity }] },
                })
                .join();
        assert.equal(diagnostics(1), '');
        assert.match(diagnostics(9), /severity must be equal to/);
        assert.match(checks().check({ jsonrpc, method: 'textDocument/publish' }).join(), /the protocol has no/);
    });
});
