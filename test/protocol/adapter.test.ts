/** What the built debug adapter does, request by request. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { REQUESTS } from '../../debug-adapter/requests';
import { ADAPTER, Client, FIXTURES, line, UPDATE } from '../support/dap-client';

const boundSchema = z.object({
    breakpoints: z.array(
        z.object({
            id: z.number(),
            verified: z.boolean(),
            line: z.number().optional(),
            message: z.string().optional(),
        }),
    ),
});

suite('debug adapter', () => {
    let client: Client;

    setup(() => {
        client = Client.process();
    });

    teardown(() => client.close());

    async function lineOf(threadId: number): Promise<number | undefined> {
        return (await client.frames(threadId))[0]?.line;
    }

    async function exitCode(): Promise<number> {
        const { body } = await client.event('exited');
        await client.event('terminated');
        return z.object({ exitCode: z.number() }).parse(body).exitCode;
    }

    suite('messages', () => {
        test('unknown requests and wrong arguments get an error, and the session goes on', async () => {
            await client.initialize();
            assert.match(await client.fails('fly'), /does not support the request fly/);
            assert.match(
                await client.fails('evaluate', { expression: 7 }),
                /evaluate: "expression" must be a string, not 7/,
            );
            assert.match(await client.fails('variables'), /arguments/);
            assert.match(await client.fails('next', { threadId: 1 }), /No scenario has been launched/);
            assert.deepEqual(await client.ok('threads'), { threads: [] });
        });

        test('an unknown kernel is refused, with the names of those that there are', async () => {
            await client.initialize();
            assert.match(
                await client.fails('launch', { program: UPDATE, kernel: '6.1' }),
                /There is no kernel "6\.1"\. Expected .*7\.2, .*counter/,
            );
        });

        test('garbage does not kill it', async () => {
            await client.initialize();
            for (const text of [
                'Content-Length: 5\r\n\r\nnonse',
                'Content-Length: x\r\n\r\n',
                'What: ever\r\n\r\n',
                'Content-Length: 4\r\n\r\nnull',
                'Content-Length: 2\r\n\r\n[]',
                'Content-Length: 9\r\n\r\n{"seq":1}trailing text without an end',
                'Content-Length: 3\r\n\r\n{"seq":1,"type":"request"}',
                'Content-Length: 99999999999999\r\n\r\n',
            ]) {
                client.raw(text);
            }
            assert.deepEqual(await client.ok('threads'), { threads: [] });
            await client.ok('launch', { program: UPDATE });
        });

        test('a request that is too long gets an error that says so, and the session goes on', async () => {
            await client.initialize();
            const expression = 'x'.repeat(17 * 2 ** 20);
            const answer = await client.request('evaluate', { expression });
            assert.equal(answer.success, false);
            assert.match(
                answer.message ?? '',
                /^This request has 178\d{5} bytes; the debug adapter reads at most 16 MiB/,
            );
            assert.deepEqual(await client.ok('threads'), { threads: [] });
            assert.deepEqual([...client.answered.values()], [1, 1, 1]);
        });

        test('nothing is paused before a launch, and a URI that makes no sense has no breakpoints', async () => {
            await client.initialize();
            assert.match(await client.fails('pause', { threadId: 1 }), /No scenario has been launched/);
            const source = { path: 'file:///%zz/%E0%A4%A.lus' };
            const answer = await client.ok('setBreakpoints', { source, breakpoints: [{ line: 1 }] });
            assert.match(JSON.stringify(answer), /"verified":false/);
            await client.ok('launch', { program: UPDATE });
        });

        test('every request is answered exactly once, whatever state the session is in', async () => {
            const commands = Object.keys(REQUESTS).filter((c) => c !== 'disconnect' && c !== 'terminate');
            const args: Record<string, unknown> = {
                threadId: 1,
                frameId: 1,
                variablesReference: 1,
                expression: '1',
                name: 'x',
                value: '1',
                program: UPDATE,
                stopOnEntry: true,
                memoryReference: '0x1000',
                count: 16,
                filters: [],
                breakpoints: [],
                source: { path: UPDATE },
                line: 1,
            };
            for (let round = 0; round < 3; round++) {
                await Promise.all([...commands, 'nosuch'].map((c) => client.request(c, args)));
            }
            await client.ok('disconnect');
            assert.equal(client.answered.size, 3 * (commands.length + 1) + 1);
            assert.deepEqual(
                [...client.answered.values()].filter((n) => n !== 1),
                [],
            );
        });

        test('lines and columns from 0, paths as URIs, where the client wants them so', async () => {
            await client.initialize({ linesStartAt1: false, columnsStartAt1: false, pathFormat: 'uri' });
            const uri = pathToFileURL(UPDATE).toString();
            await client.ok('launch', { program: uri });
            const bound = boundSchema.parse(
                await client.ok('setBreakpoints', {
                    source: { path: uri },
                    breakpoints: [{ line: line('reboot') - 1 }],
                }),
            );
            assert.equal(bound.breakpoints[0]?.line, line('reboot') - 1);
            await client.ok('configurationDone');
            const { threadId } = await client.stopped();
            const [top] = await client.frames(threadId);
            assert.deepEqual([top?.line, top?.column, top?.source?.path], [line('reboot') - 1, 8, uri]);
        });

        test('over TCP, session after session', async () => {
            const server = spawn(process.execPath, [ADAPTER, '--port', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
            try {
                const [text]: unknown[] = await once(server.stderr, 'data');
                const port = Number(/127\.0\.0\.1:(\d+)/.exec(String(text))?.[1]);
                for (let i = 0; i < 2; i++) {
                    const remote = await Client.socket(port);
                    await remote.launch({ stopOnEntry: true });
                    await remote.ok('configurationDone');
                    assert.equal((await remote.stopped()).reason, 'entry');
                    await remote.ok('disconnect');
                    remote.close();
                }
            } finally {
                server.kill();
            }
        });

        test('a bad port is a usage error', async () => {
            const child = spawn(process.execPath, [ADAPTER, '--port', 'http'], { stdio: 'ignore' });
            const [code]: unknown[] = await once(child, 'exit');
            assert.equal(code, 2);
        });

        test('disconnect is answered, and ends the process', async () => {
            const own = Client.process();
            await own.initialize();
            const gone = once(own.child, 'exit');
            await own.ok('disconnect');
            const [code]: unknown[] = await gone;
            assert.equal(code, 0);
        });
    });

    suite('running', () => {
        test('a scenario that never ends is paused at a statement, goes on, and is ended', async () => {
            await client.launch({ scenario: 'it never ends' });
            await client.ok('configurationDone');
            assert.match(await client.fails('continue', { threadId: 1 }), /running/);
            assert.match(await client.fails('evaluate', { expression: 'n' }), /running/);
            const first = await client.goes('pause', { threadId: 1 });
            assert.equal(first.reason, 'pause');
            assert.ok([line('endless'), line('endless') - 1].includes((await lineOf(first.threadId)) ?? 0));
            await client.ok('continue', { threadId: 1 });
            assert.equal((await client.goes('pause', { threadId: 1 })).reason, 'pause');
            assert.match(await client.evaluate('n'), /^\d+$/);
            await client.ok('continue', { threadId: 1 });
            await client.ok('terminate');
            await client.event('terminated');
        });

        test('one that talks without end, too', async () => {
            await client.launch({ scenario: 'it talks without end' });
            await client.ok('configurationDone');
            await client.event('output');
            const stop = await client.goes('pause', { threadId: 1 });
            assert.equal(stop.reason, 'pause');
            await client.ok('disconnect');
        });

        test('a step by lines goes over all statements of a line', async () => {
            const { threadId } = await client.stopAt('two statements');
            await client.goes('next', { threadId, granularity: 'statement' });
            assert.equal((await client.frames(threadId))[0]?.column, 36);
            await client.goes('restart', {});
            await client.goes('next', { threadId, granularity: 'line' });
            assert.equal(await lineOf(threadId), line('log'));
        });

        test('the call stack of a freeze goes down to the line of the scenario', async () => {
            const { threadId } = await client.stopAt('in freeze');
            const names = (await client.frames(threadId)).map((f) => f.name);
            assert.equal(names[0], 'counter_handler.freeze');
            assert.equal(names[1], 'freeze session "vm-1" (file 2 of 2)');
            assert.ok(names.includes('reboot(KEXEC)'));
            assert.deepEqual(names.slice(-2), ['luod, scenario', 'scenario "a counter and its memory"']);
            const bottom = (await client.frames(threadId)).at(-1);
            assert.equal(bottom?.line, line('the block'));
            const page = z
                .object({ stackFrames: z.array(z.object({ name: z.string() })), totalFrames: z.number() })
                .parse(await client.ok('stackTrace', { threadId, startFrame: 1, levels: 1 }));
            assert.deepEqual(page, { stackFrames: [{ name: names[1] }], totalFrames: names.length });
        });

        test('next goes over a call, step in goes into the kernel and its callbacks, step out comes back', async () => {
            const { threadId } = await client.stopAt('preserve');
            const inside = await client.goes('stepIn', { threadId });
            assert.equal((await client.frames(inside.threadId))[0]?.name, 'preserve_fd');
            await client.goes('stepOut', { threadId });
            assert.equal((await client.frames(threadId)).length, 2);
            await client.goes('next', { threadId });
            assert.equal(await lineOf(threadId), line('preserve') + 2);
        });

        test('a step over the reboot ends in the next kernel', async () => {
            const { threadId } = await client.stopAt('reboot');
            const after = await client.goes('next', { threadId });
            assert.equal(after.reason, 'step');
            assert.equal(await lineOf(after.threadId), line('after the kexec'));
            assert.equal(await client.evaluate('kernel.boot'), '1');
        });

        test('a step out of what runs in the reboot and does not return ends in the next kernel, too', async () => {
            let { threadId } = await client.stopAt('in freeze');
            while ((await client.frames(threadId))[0]?.name !== 'reboot(KEXEC)') {
                ({ threadId } = await client.goes('stepOut', { threadId }));
            }
            const after = await client.goes('stepOut', { threadId });
            assert.equal(after.reason, 'step');
            assert.equal(await lineOf(after.threadId), line('after the kexec'));
        });

        test('every statement of a line is a place to stop', async () => {
            await client.launch();
            const locations = z.object({ breakpoints: z.array(z.object({ line: z.number(), column: z.number() })) });
            const at = line('two statements');
            const { breakpoints } = locations.parse(
                await client.ok('breakpointLocations', { source: { path: UPDATE }, line: at }),
            );
            assert.deepEqual(
                breakpoints.map((b) => b.column),
                [9, 36],
            );
            await client.ok('setBreakpoints', { source: { path: UPDATE }, breakpoints: [{ line: at, column: 36 }] });
            await client.ok('configurationDone');
            const { threadId } = await client.stopped();
            const [top] = await client.frames(threadId);
            assert.deepEqual([top?.line, top?.column], [at, 36]);
        });

        test('conditions, hit counts', async () => {
            const breakpoint = (more: object): object => ({
                source: { path: UPDATE },
                breakpoints: [{ line: line('in the loop'), ...more }],
            });
            await client.launch();
            await client.ok('setBreakpoints', breakpoint({ condition: 'n % 2 == 0', hitCondition: '2' }));
            await client.ok('configurationDone');
            await client.stopped();
            assert.equal(await client.evaluate('n'), '4');
            await client.ok('setBreakpoints', breakpoint({ hitCondition: '>= 2' }));
            await client.goes('restart', {});
            assert.equal(await client.evaluate('n'), '2');
            await client.goes('continue');
            assert.equal(await client.evaluate('n'), '3');
        });

        test('a condition without a value is said once and does not stop', async () => {
            await client.launch();
            await client.ok('setBreakpoints', {
                source: { path: UPDATE },
                breakpoints: [{ line: line('in the loop'), condition: 'nosuch > 1' }],
            });
            await client.ok('configurationDone');
            assert.equal(await exitCode(), 0);
            assert.equal(client.transcript.filter((t) => t.includes('`nosuch` is not defined')).length, 1);
        });

        test('a breakpoint in the standard library, by its reference and by its path', async () => {
            await client.launch();
            const sources = z
                .object({
                    sources: z.array(
                        z.object({ name: z.string(), path: z.string(), sourceReference: z.number().optional() }),
                    ),
                })
                .parse(await client.ok('loadedSources')).sources;
            const memfd = sources.find((s) => s.name === 'memfd-folios.lus');
            assert.ok(memfd?.sourceReference);
            const { content } = z
                .object({ content: z.string() })
                .parse(await client.ok('source', { sourceReference: memfd.sourceReference, source: memfd }));
            assert.equal(content, readFileSync(path.join(FIXTURES, '../../../emulator/std/memfd-folios.lus'), 'utf8'));
            const at = content.split('\n').findIndex((l) => l.includes('kho.preserve_folio(folio)')) + 1;
            await client.ok('setBreakpoints', { source: memfd, breakpoints: [{ line: at, condition: 'i == 1' }] });
            await client.ok('setBreakpoints', {
                source: { path: memfd.path, name: memfd.name },
                breakpoints: [{ line: at, condition: 'i == 2' }],
            });
            await client.ok('configurationDone');
            const { threadId } = await client.stopped();
            assert.equal(await client.evaluate('i'), '2');
            const [top] = await client.frames(threadId);
            assert.equal(top?.source?.origin, 'Linux 7.2, std');
        });

        test('the sources are those of the program and of the kernels that have run', async () => {
            const program = path.join(FIXTURES, 'failing.lus');
            await client.launch({ program, scenario: 'two releases' });
            const breakpoints = [{ line: line('first release', program) }, { line: line('second release', program) }];
            await client.ok('setBreakpoints', { source: { path: program }, breakpoints });
            await client.ok('configurationDone');
            const { threadId } = await client.stopped();
            const { sources } = z
                .object({ sources: z.array(z.object({ name: z.string() })) })
                .parse(await client.ok('loadedSources'));
            const names = sources.map((s) => s.name);
            assert.ok(names.includes('failing.lus') && names.includes('memfd.lus'));
            assert.ok(!names.includes('memfd-v1.lus') && !names.includes('memfd-draft.lus'), names.join());
            await client.goes('continue', { threadId });
            const added = client.transcript.filter((t) => t.startsWith('· loadedSource ')).join();
            assert.match(added, /"reason":"new".*memfd-v1\.lus/);
            assert.doesNotMatch(added, /memfd-draft/);
        });

        test('a restart begins anew, with new arguments where they are given', async () => {
            await client.stopAt('reboot');
            const stop = await client.goes('restart', {
                arguments: { program: UPDATE, scenario: 'it never ends', stopOnEntry: true },
            });
            assert.equal(stop.reason, 'entry');
            assert.match((await client.frames(stop.threadId))[0]?.name ?? '', /it never ends/);
            assert.match(
                await client.fails('restart', { arguments: { program: UPDATE, scenario: 'nosuch' } }),
                /There is no scenario "nosuch"/,
            );
        });

        test('noDebug: runs through, whatever breakpoints there are', async () => {
            await client.launch({ noDebug: true, stopOnEntry: true, scenario: 'an expectation that does not hold' });
            await client.ok('setBreakpoints', { source: { path: UPDATE }, breakpoints: [{ line: line('broken') }] });
            await client.ok('configurationDone');
            assert.equal(await exitCode(), 1);
            assert.ok(!client.transcript.some((t) => t.startsWith('· stopped')));
            assert.match(
                client.transcript.join('\n'),
                new RegExp(`two pages are one.*update\\.lus:${line('broken')}:9`),
            );
        });
    });

    suite('exceptions', () => {
        test('a failed call stops at its statement, then the run fails', async () => {
            await client.launch({ scenario: 'a call that fails' });
            await client.ok('configurationDone');
            const stop = await client.stopped();
            assert.equal(stop.reason, 'exception');
            assert.match(stop.text ?? '', /ram\.lseek\(0, whence: 99\) fails with EINVAL/);
            assert.equal(await lineOf(stop.threadId), line('failing'));
            const info = z
                .object({ exceptionId: z.string(), breakMode: z.string() })
                .parse(await client.ok('exceptionInfo', { threadId: stop.threadId }));
            assert.deepEqual(info, { exceptionId: 'failed-call', breakMode: 'unhandled' });
            assert.equal(await client.evaluate('sum([1, 2]) + (try ram.lseek(4, whence: 0))'), '7');
            await client.ok('continue', { threadId: stop.threadId });
            assert.equal(await exitCode(), 1);
        });

        test('a filter that is off does not stop, and the run fails all the same', async () => {
            await client.launch({ scenario: 'a call that fails', stopAtEnd: 'never' });
            await client.ok('setExceptionBreakpoints', { filters: ['failed-assertion'] });
            await client.ok('configurationDone');
            assert.equal(await exitCode(), 1);
        });

        test('an error that a callback returns stops where that is asked for, and the run goes on', async () => {
            await client.launch({ scenario: 'an injected failure' });
            await client.ok('setExceptionBreakpoints', { filters: ['callback-error'] });
            await client.ok('configurationDone');
            const stop = await client.stopped();
            assert.equal(stop.reason, 'exception');
            assert.match(stop.text ?? '', /counter_handler\.preserve returned -EIO/);
            await client.ok('continue', { threadId: stop.threadId });
            assert.equal(await exitCode(), 0);
        });
    });
});
