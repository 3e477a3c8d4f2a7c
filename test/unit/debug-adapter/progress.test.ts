/** Operations that take longer than a second by the clock of the host: the client is told, and can cancel them. */
import assert from 'node:assert/strict';
import type { Host } from '../../../debug-adapter/host';
import { Progress } from '../../../debug-adapter/progress';
import { LusDebugSession } from '../../../debug-adapter/session';

suite('progress', () => {
    let now: number;
    let heard: string[];
    let progress: Progress;

    setup(() => {
        now = 5000;
        heard = [];
        progress = new Progress(
            () => now,
            (name, body) => heard.push(`${name} ${JSON.stringify(body)}`),
        );
        progress.enabled = true;
    });

    test('is shown from a second on, and ends', () => {
        progress.begin('Going');
        now += 999;
        progress.goesOn();
        assert.deepEqual(heard, []);
        now += 1;
        progress.goesOn();
        progress.goesOn();
        assert.ok(progress.shows('lus-1'));
        progress.end();
        assert.ok(!progress.shows('lus-1'));
        assert.deepEqual(heard, [
            'progressStart {"progressId":"lus-1","title":"Going","cancellable":true}',
            'progressEnd {"progressId":"lus-1"}',
        ]);
    });

    test('of what is fast, and for clients that show none, nothing is told', () => {
        progress.begin('Going');
        progress.end();
        progress.enabled = false;
        progress.begin('Going');
        now += 5000;
        progress.goesOn();
        progress.end();
        assert.deepEqual(heard, []);
    });
});

const LOOP = `scenario "s" {
    n = 0
    while n < 60000 {
        n += 1
    }
    n = 0
    n = 1
}
`;

interface Message {
    readonly event?: string;
    readonly command?: string;
    readonly success?: boolean;
    readonly body?: { readonly progressId?: string; readonly reason?: string };
}

/** A host whose clock shows that every operation takes long. */
function slowHost(): Host {
    let time = 0;
    return {
        read: () => LOOP,
        toUri: (path) => `mem:${path}`,
        toPath: (uri) => uri.slice('mem:'.length),
        now: () => (time += 300),
        later: (work) => {
            setImmediate(work);
        },
    };
}

/** What a client hears that searches backwards through the loop. */
async function searchBack(cancels: boolean): Promise<string[]> {
    const session = new LusDebugSession(slowHost());
    let seq = 0;
    const send = (command: string, args: object = {}): void =>
        session.handleMessage({ type: 'request', seq: ++seq, command, arguments: args });
    const heard: string[] = [];
    let stops = 0;
    await new Promise<void>((resolve) => {
        session.onDidSendMessage(({ event, body }: Message) => {
            if (event === 'stopped' && ++stops === 1) {
                const breakpoints = [{ line: 4, condition: 'n == -1' }];
                send('setBreakpoints', { source: { path: '/main.lus' }, breakpoints });
                send('reverseContinue', { threadId: 1 });
            } else if (event === 'stopped') {
                heard.push(`stopped ${body?.reason}`);
                resolve();
            } else if (event?.startsWith('progress') === true) {
                heard.push(event);
                if (event === 'progressStart' && cancels) {
                    send('cancel', { progressId: 'another' });
                    send('cancel', { progressId: body?.progressId });
                }
            }
        });
        send('initialize', { supportsProgressReporting: true });
        send('launch', { program: '/main.lus', stopAtEnd: 'always' });
        send('configurationDone');
    });
    return heard;
}

/** What a client hears that adds a hit count behind the loop, and goes on. */
async function countAgain(cancels: boolean): Promise<string[]> {
    const session = new LusDebugSession(slowHost());
    let seq = 0;
    const send = (command: string, args: object = {}): void =>
        session.handleMessage({ type: 'request', seq: ++seq, command, arguments: args });
    const setBreakpoints = (...breakpoints: object[]): void =>
        send('setBreakpoints', { source: { path: '/main.lus' }, breakpoints });
    const heard: string[] = [];
    let stops = 0;
    await new Promise<void>((resolve) => {
        session.onDidSendMessage(({ event, body }: Message) => {
            if (event === 'stopped' && ++stops === 1) {
                setBreakpoints({ line: 4, hitCondition: '70000' }, { line: 7 });
                send('continue', { threadId: 1 });
            } else if (event === 'stopped') {
                heard.push(`stopped ${body?.reason}`);
                resolve();
            } else if (event?.startsWith('progress') === true) {
                heard.push(event);
                if (event === 'progressStart' && cancels) {
                    send('cancel', { progressId: body?.progressId });
                }
            }
        });
        send('initialize', { supportsProgressReporting: true });
        send('launch', { program: '/main.lus' });
        setBreakpoints({ line: 6 });
        send('configurationDone');
    });
    return heard;
}

suite('progress of counting hits again', () => {
    test('begins and ends before the run goes on', async () => {
        assert.deepEqual(await countAgain(false), ['progressStart', 'progressEnd', 'stopped breakpoint']);
    });

    test('is cancelled: the run stops on its way', async () => {
        assert.deepEqual(await countAgain(true), ['progressStart', 'progressEnd', 'stopped pause']);
    });
});

suite('progress of going back', () => {
    test('begins and ends', async () => {
        assert.deepEqual(await searchBack(false), ['progressStart', 'progressEnd', 'stopped beginning']);
    });

    test('is cancelled by the client: the run stops where it is', async () => {
        assert.deepEqual(await searchBack(true), ['progressStart', 'progressEnd', 'stopped pause']);
    });
});
