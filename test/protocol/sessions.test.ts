/** Whole sessions with the built adapter over stdio, compared message by message with the ones on file. */
import * as path from 'node:path';
import { assertGolden, Client, FIXTURES, line, UPDATE } from '../support/dap-client';

suite('debug adapter: golden sessions', () => {
    let client: Client;

    setup(() => {
        client = Client.process();
    });

    teardown(() => client.close());

    async function toTheEnd(): Promise<void> {
        await client.event('terminated');
    }

    async function showStop(threadId: number, ...scopes: string[]): Promise<void> {
        await client.frames(threadId);
        for (const scope of scopes) {
            await client.variables(await client.scope(threadId, scope));
        }
    }

    test('entry, steps and the end', async () => {
        await client.launch({ stopOnEntry: true });
        await client.ok('configurationDone');
        const entry = await client.stopped();
        await client.ok('threads');
        await showStop(entry.threadId, 'Locals', 'Process', 'Live Update', 'Handover', 'Machine');
        await client.goes('next');
        await client.goes('next');
        await client.goes('next');
        const inBlock = await client.goes('next');
        await client.ok('threads');
        await showStop(inBlock.threadId, 'Locals');
        await client.ok('continue', { threadId: inBlock.threadId });
        await toTheEnd();
        assertGolden('steps', client.transcript);
    });

    test('inside reboot, over the kexec, inside the next kernel', async () => {
        await client.launch();
        await client.ok('setBreakpoints', {
            source: { path: UPDATE },
            breakpoints: [{ line: line('in freeze') }, { line: line('in retrieve') }],
        });
        await client.ok('setFunctionBreakpoints', { breakpoints: [{ name: 'memfd.freeze' }] });
        await client.ok('configurationDone');
        const memfd = await client.stopped();
        await showStop(memfd.threadId, 'Locals', 'Process');
        const counter = await client.goes('continue');
        await showStop(counter.threadId, 'Locals', 'Live Update');
        const next = await client.goes('continue');
        await showStop(next.threadId, 'Locals', 'Live Update', 'Handover');
        await client.goes('stepOut');
        await showStop(next.threadId);
        await client.ok('continue', { threadId: next.threadId });
        await toTheEnd();
        assertGolden('kexec', client.transcript);
    });

    test('back over the kexec, a change in the past, and the end', async () => {
        await client.launch({ stopAtEnd: 'always' });
        await client.ok('setBreakpoints', {
            source: { path: UPDATE },
            breakpoints: [{ line: line('two statements') }, { line: line('in retrieve') }],
        });
        await client.ok('configurationDone');
        await client.stopped();
        const next = await client.goes('continue');
        await showStop(next.threadId, 'Locals');
        const old = await client.goes('reverseContinue', { threadId: next.threadId });
        await client.ok('threads');
        await showStop(old.threadId, 'Locals');
        await client.goes('stepBack', { threadId: old.threadId });
        await client.goes('lus/stepBackOut', { threadId: old.threadId });
        await client.goes('continue', { threadId: old.threadId });
        await client.evaluate('ser.count = 7', { context: 'repl' });
        await client.goes('continue', { threadId: old.threadId });
        await showStop(next.threadId, 'Locals');
        await client.goes('continue', { threadId: next.threadId });
        await client.ok('threads');
        await showStop(1);
        await client.ok('lus/events', { filter: 'counter_handler' });
        await client.goes('lus/undoChange');
        await client.goes('lus/goToEnd');
        await client.goes('continue', { threadId: 1 });
        await client.ok('continue', { threadId: 1 });
        await toTheEnd();
        assertGolden('going-back', client.transcript);
    });

    test('an assertion that does not hold', async () => {
        await client.launch({ scenario: 'an expectation that does not hold' });
        await client.ok('configurationDone');
        const { threadId } = await client.stopped();
        await showStop(threadId, 'Locals');
        await client.ok('exceptionInfo', { threadId });
        await client.evaluate('ram.size');
        await client.ok('continue', { threadId });
        await toTheEnd();
        assertGolden('failed-assertion', client.transcript);
    });

    test('breakpoints of every kind, before and after the launch', async () => {
        await client.initialize();
        const source = { path: UPDATE };
        const breakpoints = [
            { line: line('in the loop'), condition: 'n == 3' },
            { line: line('two statements'), column: 36 },
            { line: line('freeze') },
            { line: line('empty') },
            { line: 4 },
            { line: line('log'), logMessage: 'count is {ser.count}, {nosuch} \\{' },
            { line: line('reboot'), condition: '1 +' },
            { line: line('preserve'), hitCondition: 'often' },
        ];
        await client.ok('setBreakpoints', { source, breakpoints });
        await client.ok('setFunctionBreakpoints', {
            breakpoints: [
                { name: '*.retrieve' },
                { name: 'shared.preserve' },
                { name: 'nic.preserve' },
                { name: 'luo_deserialize' },
            ],
        });
        await client.ok('launch', { program: UPDATE });
        await client.event('initialized');
        await client.ok('setBreakpoints', { source, breakpoints });
        await client.ok('configurationDone');
        while ((await client.event('stopped', 'terminated')).event === 'stopped') {
            await client.ok('continue', { threadId: 1 });
        }
        assertGolden('breakpoints', client.transcript);
    });

    test('what cannot be launched says why', async () => {
        await client.initialize();
        const update = { program: UPDATE };
        for (const args of [
            {},
            { program: 7 },
            { program: '' },
            { ...update, stopOnEntry: 'yes' },
            { ...update, seed: -1 },
            { ...update, seed: 1.5 },
            { ...update, scenario: ['a'] },
            { program: path.join(FIXTURES, 'nosuch.lus') },
            { ...update, scenario: 'nosuch' },
            { program: path.join(FIXTURES, 'broken.lus') },
        ]) {
            await client.fails('launch', args);
        }
        await client.ok('launch', update);
        await client.event('initialized');
        await client.fails('launch', update);
        assertGolden('bad-launches', client.transcript);
    });
});
