/**
 * Errors of the debug adapter: each kind has a number of its own, which the documentation lists and responses carry.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ERRORS, type ErrorKind } from '../../../debug-adapter/errors';
import type { Host } from '../../../debug-adapter/host';
import { LusDebugSession } from '../../../debug-adapter/session';
import { inRepository } from '../../support/repository';

const FILES = new Map([
    ['mem:/main.lus', 'scenario "s" {\n    n = 1\n    assert n == 1\n}\n'],
    ['mem:/broken.lus', 'scenario "s" {\n    n = \n}\n'],
]);

const host: Host = {
    read: (uri) => FILES.get(uri),
    toUri: (path) => `mem:${path}`,
    toPath: (uri) => uri.slice('mem:'.length),
    // nothing is ever its turn: these runs do not go on
    later: () => undefined,
    now: () => 0,
};

const refusal = z.object({
    type: z.literal('response'),
    success: z.literal(false),
    body: z.object({ error: z.object({ id: z.number(), showUser: z.boolean() }) }),
});

type Request = readonly [command: string, args?: object];

/** The error that the last of these requests gets. */
function errorOf(requests: readonly Request[]): {
    id: number;
    showUser: boolean;
} {
    const session = new LusDebugSession(host);
    let last: unknown;
    session.onDidSendMessage((message: object) => {
        last = 'type' in message && message.type === 'response' ? message : last;
    });
    for (const [i, [command, args]] of requests.entries()) {
        session.handleMessage({ type: 'request', seq: i + 1, command, arguments: args });
    }
    return refusal.parse(last).body.error;
}

suite('errors of the debug adapter', () => {
    test('each kind has a number of its own, and the documentation lists them', () => {
        const ids = Object.values(ERRORS).map((e) => e.id);
        assert.equal(new Set(ids).size, ids.length);
        const page = readFileSync(inRepository('extension/docs/command-line.md'), 'utf8');
        const listed = [...page.matchAll(/^\| (\d{4}) \|/gm)].map((m) => Number(m[1]));
        assert.deepEqual(listed, ids);
    });

    test('a response carries it, and says whether the user asked', () => {
        const launched: readonly Request[] = [
            ['launch', { program: '/main.lus', stopOnEntry: true }],
            ['configurationDone'],
        ];
        const expected: readonly (readonly [readonly Request[], ErrorKind])[] = [
            [[['stackTrace', {}]], 'badArguments'],
            [[['fly']], 'unknownRequest'],
            [[['launch', {}]], 'badConfiguration'],
            [[['launch', { program: '/nowhere.lus' }]], 'noSuchFile'],
            [[['launch', { program: '/broken.lus' }]], 'programErrors'],
            [[['launch', { program: '/main.lus', scenario: 'x' }]], 'cannotStart'],
            [[...launched, ['launch', { program: '/main.lus' }]], 'alreadyDebugging'],
            [[['continue', { threadId: 1 }]], 'notLaunched'],
            [[...launched, ['next', { threadId: 1 }], ['scopes', { frameId: 1 }]], 'running'],
            [[...launched, ['exceptionInfo', { threadId: 1 }]], 'notAtException'],
            [[...launched, ['stackTrace', { threadId: 9 }]], 'noSuchThread'],
            [[...launched, ['scopes', { frameId: 9 }]], 'frameGone'],
            [[...launched, ['variables', { variablesReference: 9 }]], 'variablesGone'],
            [[...launched, ['readMemory', { memoryReference: 'x', count: 1 }]], 'badAddress'],
            [[...launched, ['evaluate', { expression: 'nothing' }]], 'noValue'],
            [[['source', { sourceReference: 1000 }]], 'noSuchSource'],
            [[['attach', { image: '/nowhere.elf' }]], 'noSuchFile'],
        ];
        for (const [requests, kind] of expected) {
            const { id, show } = ERRORS[kind];
            assert.deepEqual(errorOf(requests), { id, showUser: show }, kind);
        }
    });
});
