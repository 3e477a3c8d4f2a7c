/** The debug session inside a process: messages as objects, files from anywhere. */
import assert from 'node:assert/strict';
import type { Host } from '../../../debug-adapter/host';
import { LusDebugSession } from '../../../debug-adapter/session';

const FILES = new Map([
    ['mem:/main.lus', 'import "other.lus"\nscenario "s" {\n    n = twice(2)\n    assert n == 4\n}\n'],
    ['mem:/other.lus', 'fn twice(x) {\n    return x * 2\n}\n'],
]);

const host: Host = {
    read: (uri) => FILES.get(uri),
    toUri: (path) => `mem:${path}`,
    toPath: (uri) => uri.slice('mem:'.length),
    now: () => 0,
    later: (work) => {
        setTimeout(work);
    },
};

interface Message {
    readonly type?: string;
    readonly event?: string;
    readonly command?: string;
    readonly success?: boolean;
    readonly body?: unknown;
}

suite('a session in the process', () => {
    test('takes and gives messages, and runs a scenario with an import to its end', async () => {
        const session = new LusDebugSession(host);
        const heard: Message[] = [];
        const ended = new Promise<void>((resolve) => {
            session.onDidSendMessage((message: Message) => {
                heard.push(message);
                if (message.event === 'stopped') {
                    session.handleMessage({ type: 'request', seq: 5, command: 'continue', arguments: { threadId: 1 } });
                }
                if (message.event === 'terminated') {
                    resolve();
                }
            });
        });
        session.handleMessage({ type: 'request', seq: 1, command: 'initialize', arguments: {} });
        session.handleMessage({ type: 'request', seq: 2, command: 'launch', arguments: { program: '/main.lus' } });
        const breakpoints = { source: { path: '/other.lus' }, breakpoints: [{ line: 2 }] };
        session.handleMessage({ type: 'request', seq: 3, command: 'setBreakpoints', arguments: breakpoints });
        session.handleMessage({ type: 'request', seq: 4, command: 'configurationDone' });
        await ended;
        assert.deepEqual(
            heard.filter((m) => m.type === 'response').map((m) => [m.command, m.success]),
            [
                ['initialize', true],
                ['launch', true],
                ['setBreakpoints', true],
                ['configurationDone', true],
                ['continue', true],
            ],
        );
        assert.equal(heard.filter((m) => m.event === 'stopped').length, 1);
        assert.deepEqual(heard.find((m) => m.event === 'exited')?.body, { exitCode: 0 });
    });
});
