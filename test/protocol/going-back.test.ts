/** Going back in the built debug adapter, request by request. */
import assert from 'node:assert/strict';
import * as path from 'node:path';
import { z } from 'zod';
import { Client, FIXTURES, line, UPDATE } from '../support/dap-client';
import { inRepository } from '../support/repository';

const CONCURRENTLY = path.join(FIXTURES, 'concurrently.lus');
const EXAMPLES = inRepository('extension', 'examples');

const eventsSchema = z.object({
    total: z.number(),
    events: z.array(
        z.object({
            id: z.number(),
            kind: z.string(),
            position: z.number(),
            kernel: z.number(),
            who: z.string(),
            text: z.string(),
            line: z.number().optional(),
        }),
    ),
});
const marksSchema = z.object({
    marks: z.array(z.object({ name: z.string(), position: z.number(), reachable: z.boolean() })),
});
const positionSchema = z.object({
    inThePast: z.boolean(),
    position: z.number(),
    end: z.number(),
    time: z.number(),
    endTime: z.number(),
});

suite('debug adapter: going back', () => {
    let client: Client;

    setup(() => {
        client = Client.process();
    });

    teardown(() => client.close());

    /** Stops on entry. @returns the number of the thread */
    async function entry(args: object = {}): Promise<number> {
        await client.launch({ stopOnEntry: true, stopAtEnd: 'always', ...args });
        await client.ok('setExceptionBreakpoints', { filters: [] });
        await client.ok('configurationDone');
        return (await client.stopped()).threadId;
    }

    async function here(threadId: number): Promise<string> {
        const [top] = await client.frames(threadId);
        return `${path.basename(top?.source?.path ?? '')} ${top?.name ?? ''} ${top?.line ?? 0}:${top?.column ?? 0}`;
    }

    /** Gives a command again and again, until it stops for a reason. @returns where it has stopped */
    async function walk(command: string, until: string, more: object = {}): Promise<string[]> {
        const stops: string[] = [];
        let threadId = 1;
        for (;;) {
            const stop = await client.goes(command, { threadId, ...more });
            ({ threadId } = stop);
            if (stop.reason === until) {
                return stops;
            }
            stops.push(await here(threadId));
        }
    }

    async function atLine(threadId: number): Promise<number | undefined> {
        return (await client.frames(threadId))[0]?.line;
    }

    function output(): string[] {
        return client.transcript.filter((l) => l.startsWith('· output'));
    }

    async function events(args: object = {}): Promise<z.infer<typeof eventsSchema>> {
        return eventsSchema.parse(await client.ok('lus/events', args));
    }

    /** The last position that was told, if any. */
    function told(): z.infer<typeof positionSchema> | undefined {
        const last = client.transcript.findLast((l) => l.startsWith('· lus/position '));
        return last === undefined ? undefined : positionSchema.parse(JSON.parse(last.slice('· lus/position '.length)));
    }

    suite('steps', () => {
        test('those of step back are those of next, reversed', async () => {
            const first = await here(await entry());
            const forward = await walk('next', 'end');
            assert.ok(forward.length > 15, forward.join('\n'));
            const back = await walk('stepBack', 'beginning');
            assert.deepEqual(back.reverse(), [first, ...forward]);
            assert.equal(await here(1), first);
        });

        test('also by lines', async () => {
            const first = await here(await entry());
            const forward = await walk('next', 'end', { granularity: 'line' });
            const back = await walk('stepBack', 'beginning', { granularity: 'line' });
            assert.deepEqual(back.reverse(), [first, ...forward]);
        });

        test('those of Step Back Into are those of step in, reversed, over callbacks and the kexec', async function () {
            this.timeout(60_000);
            const first = await here(await entry({ scenario: 'a small memory' }));
            const forward = await walk('stepIn', 'end');
            assert.ok(
                ['preserve', 'freeze', 'retrieve'].every((c) =>
                    forward.some((s) => s.includes(`counter_handler.${c}`)),
                ),
            );
            const back = await walk('lus/stepBackInto', 'beginning');
            assert.deepEqual(back.reverse(), [first, ...forward]);
        });

        test('Step Back Out goes to the statement that made the call, up to the scenario and its beginning', async () => {
            const { threadId } = await client.stopAt('in freeze');
            const names = (await client.frames(threadId)).map((f) => f.name);
            const out: string[] = [];
            let stop = await client.goes('lus/stepBackOut', { threadId });
            while (stop.reason !== 'beginning') {
                const [top] = await client.frames(stop.threadId);
                out.push(top?.name ?? '');
                stop = await client.goes('lus/stepBackOut', { threadId: stop.threadId });
            }
            const called = names.slice(1).filter((n) => !n.startsWith('scenario'));
            assert.deepEqual(out, called);
            assert.equal(await atLine(stop.threadId), line('entry'));
        });

        test('a step back stops at a breakpoint in the function that it goes over', async () => {
            const { threadId } = await client.stopAt('in the loop', 'after the boot');
            let stop = { threadId, reason: 'breakpoint' };
            while ((await atLine(stop.threadId)) !== line('after the boot')) {
                stop = await client.goes('continue', { threadId });
            }
            await client.goes('stepBack', { threadId });
            stop = await client.goes('stepBack', { threadId });
            assert.deepEqual([stop.reason, await atLine(threadId)], ['breakpoint', line('in the loop')]);
            assert.equal(await client.evaluate('total'), '6');
        });

        test('several processes at the same time: a step back stays in its thread', async () => {
            await client.launch({ program: CONCURRENTLY });
            await client.ok('setBreakpoints', {
                source: { path: CONCURRENTLY },
                breakpoints: [{ line: line('luod goes on', CONCURRENTLY) }],
            });
            await client.ok('configurationDone');
            const { threadId } = await client.stopped();
            const back = await client.goes('stepBack', { threadId });
            assert.equal(back.threadId, threadId);
            assert.equal(await atLine(threadId), line('reboot', CONCURRENTLY));
            assert.equal((await client.goes('next', { threadId })).threadId, threadId);
            assert.equal(await atLine(threadId), line('luod goes on', CONCURRENTLY));
        });
    });

    suite('running back', () => {
        test('to breakpoints with conditions and hit counts, to functions, and to the beginning', async () => {
            await client.initialize();
            await client.ok('launch', { program: UPDATE, stopAtEnd: 'always' });
            await client.ok('setBreakpoints', {
                source: { path: UPDATE },
                breakpoints: [
                    { line: line('in the loop'), condition: 'n == 3' },
                    { line: line('in the loop'), hitCondition: '2' },
                    { line: line('log'), logMessage: 'count {ser.count}' },
                    { line: line('in retrieve') },
                ],
            });
            await client.ok('setFunctionBreakpoints', { breakpoints: [{ name: '*.freeze' }] });
            await client.ok('configurationDone');
            const forward: string[] = [];
            let stop = await client.stopped();
            for (; stop.reason !== 'end'; stop = await client.goes('continue')) {
                forward.push(`${stop.reason} ${stop.hitBreakpointIds?.join() ?? ''} ${await here(stop.threadId)}`);
            }
            assert.equal(forward.length, 5);
            const said = output();
            const back: string[] = [];
            for (stop = await client.goes('reverseContinue'); stop.reason !== 'beginning'; ) {
                assert.equal(stop.description, `Went back: paused on ${stop.reason}`);
                back.push(`${stop.reason} ${stop.hitBreakpointIds?.join() ?? ''} ${await here(stop.threadId)}`);
                stop = await client.goes('reverseContinue');
            }
            assert.deepEqual(back.reverse(), forward);
            assert.equal(await atLine(stop.threadId), line('entry'));
            const after = output();
            assert.equal(after.length, said.length + 1);
            assert.match(after.at(-1) ?? '', /The run is at its beginning\. Nothing before it would have stopped it/);
            // forward over known ground: the same stops, and nothing is printed again
            const again: string[] = [];
            for (stop = await client.goes('continue'); stop.reason !== 'end'; stop = await client.goes('continue')) {
                assert.equal(stop.description, undefined);
                again.push(`${stop.reason} ${stop.hitBreakpointIds?.join() ?? ''} ${await here(stop.threadId)}`);
            }
            assert.deepEqual(again, forward);
            assert.equal(output().length, after.length);
        });

        test('to an exception, whose information is that of the moment', async () => {
            await client.launch({ scenario: 'an injected failure', stopAtEnd: 'always' });
            await client.ok('configurationDone');
            const { threadId } = await client.stopped();
            await client.ok('setExceptionBreakpoints', { filters: ['callback-error'] });
            const stop = await client.goes('reverseContinue', { threadId });
            assert.equal(stop.reason, 'exception');
            assert.match(stop.description ?? '', /^Went back: paused on /);
            assert.match(stop.text ?? '', /counter_handler\.preserve returned -EIO/);
            assert.match(
                JSON.stringify(await client.ok('exceptionInfo', { threadId: stop.threadId })),
                /callback-error/,
            );
            await client.goes('stepBack', { threadId: stop.threadId });
            assert.match(await client.fails('exceptionInfo', { threadId }), /not stopped at an exception/);
        });

        test('to the cursor', async () => {
            const { threadId } = await client.stopAt('last');
            const source = { path: UPDATE };
            const there = await client.goes('lus/runBackTo', { source, line: line('preserve') });
            assert.deepEqual([there.reason, await atLine(there.threadId)], ['goto', line('preserve')]);
            // the breakpoint of the client is there, and that of the cursor is not
            assert.equal((await client.goes('continue', { threadId })).reason, 'breakpoint');
            assert.equal((await client.goes('lus/runBackTo', { source, line: line('in retrieve') })).reason, 'goto');
            assert.match(await client.fails('lus/runBackTo', { source, line: 1000 }), /There is no code on this line/);
        });

        test('a pause ends it on the way', async () => {
            await client.launch({ scenario: 'it never ends' });
            await client.ok('configurationDone');
            await new Promise((resolve) => setTimeout(resolve, 200));
            const { threadId } = await client.goes('pause', { threadId: 1 });
            await client.ok('setBreakpoints', {
                source: { path: UPDATE },
                breakpoints: [{ line: line('endless'), condition: 'n == 5000' }],
            });
            await client.ok('reverseContinue', { threadId });
            const { reason } = await client.goes('pause', { threadId });
            assert.ok(['pause', 'beginning'].includes(reason), reason);
            assert.match(await client.evaluate('n'), /^\d+$/);
        });
    });

    suite('places', () => {
        test('the end stays where a scenario has failed; from there one goes back', async () => {
            await client.launch({ scenario: 'a call that fails' });
            await client.ok('setExceptionBreakpoints', { filters: [] });
            await client.ok('configurationDone');
            const end = await client.stopped();
            assert.equal(end.reason, 'exception');
            assert.ok(output().some((l) => l.includes('failed: ram.lseek(0, whence: 99) fails with EINVAL')));
            await client.goes('stepBack', { threadId: end.threadId });
            assert.equal(await atLine(end.threadId), line('failing'));
            await client.goes('stepBack', { threadId: end.threadId });
            assert.equal(await atLine(end.threadId), line('failing') - 1);
            assert.equal((await client.goes('continue', { threadId: end.threadId })).reason, 'exception');
            const before = output().length;
            await client.ok('continue', { threadId: end.threadId });
            assert.equal(z.object({ exitCode: z.number() }).parse((await client.event('exited')).body).exitCode, 1);
            assert.equal(output().length, before, 'how it came out was said');
            assert.match(await client.fails('stepBack', { threadId: 1 }), /The scenario is over/);
        });

        test('where it passes the session ends, if nobody wants otherwise', async () => {
            await client.launch({ scenario: 'an injected failure' });
            await client.ok('configurationDone');
            await client.event('exited');
        });

        test('the beginning, the end, and the beginning of a function', async () => {
            const { threadId } = await client.stopAt('in freeze');
            await client.goes('next', { threadId });
            const names = (await client.frames(threadId)).map((f) => f.name);
            const restarted = await client.goes('restartFrame', { frameId: (await client.frames(threadId))[0]?.id });
            assert.deepEqual([restarted.reason, await atLine(threadId)], ['restart', line('in freeze')]);
            const caller = names.indexOf('reboot(KEXEC)');
            await client.goes('restartFrame', { frameId: (await client.frames(threadId))[caller]?.id });
            assert.equal((await client.frames(threadId))[0]?.name, 'reboot(KEXEC)');
            assert.equal((await client.goes('lus/goToBeginning')).reason, 'beginning');
            assert.equal(await atLine(1), line('entry'));
            assert.equal((await client.goes('lus/goToEnd')).reason, 'goto');
            assert.deepEqual(
                (await client.frames(threadId)).map((f) => f.name),
                names,
            );
        });

        test('a frame that is gone has no scopes, and has them again where it exists again', async () => {
            const { threadId } = await client.stopAt('in freeze');
            const [top] = await client.frames(threadId);
            await client.goes('lus/goToBeginning');
            assert.deepEqual(await client.ok('scopes', { frameId: top?.id }), { scopes: [] });
            await client.goes('lus/goToEnd');
            assert.notDeepEqual(await client.ok('scopes', { frameId: top?.id }), { scopes: [] });
        });

        test('one sees that one is in the past, and when one is back', async () => {
            const { threadId } = await client.stopAt('log');
            assert.ok(!JSON.stringify(await client.ok('threads')).includes('in the past'));
            assert.equal(told(), undefined, 'nobody has gone back');
            await client.goes('stepBack', { threadId });
            assert.match(JSON.stringify(await client.ok('threads')), /luod \(\d+\) \(in the past\)/);
            const past = told();
            assert.ok(past?.inThePast === true && past.position < past.end && past.time <= past.endTime);
            assert.equal((await client.goes('continue', { threadId })).reason, 'breakpoint');
            assert.ok(!JSON.stringify(await client.ok('threads')).includes('in the past'));
            assert.equal(told()?.inThePast, false);
        });
    });

    suite('changes', () => {
        test('one in the past goes another way, is made again, and can be undone', async () => {
            const threadId = await entry();
            await client.goes('continue', { threadId });
            const written = output().filter((l) => l.includes('frozen'));
            assert.match(written.join(''), /frozen 42true/);
            await client.ok('setBreakpoints', { source: { path: UPDATE }, breakpoints: [{ line: line('log') }] });
            const back = await client.goes('reverseContinue', { threadId });
            const count = await client.unfold(back.threadId, 'Locals', 'ser', 'count');
            assert.equal(count.value, '42');
            const locals = await client.scope(back.threadId, 'Locals');
            const { variablesReference } =
                (await client.variables(locals)).find((v) => v.name === 'ser') ?? assert.fail('no ser');
            await client.ok('setVariable', { variablesReference, name: 'count', value: '50 + 8' });
            assert.match(
                output().at(-1) ?? '',
                /count = 50 \+ 8 changes the past: what came after this moment is cut off/,
            );
            assert.equal(told()?.inThePast, false);
            assert.equal((await client.goes('continue')).reason, 'end');
            assert.match(
                output()
                    .filter((l) => l.includes('frozen'))
                    .at(-1) ?? '',
                /frozen 58true/,
            );
            // behind the kexec, too
            await client.ok('setBreakpoints', {
                source: { path: UPDATE },
                breakpoints: [{ line: line('in retrieve') }],
            });
            const retrieved = await client.goes('reverseContinue');
            assert.equal((await client.unfold(retrieved.threadId, 'Locals', 'ser', 'count')).value, '58');
            await client.goes('lus/goToBeginning');
            await client.goes('continue');
            assert.equal((await client.unfold(retrieved.threadId, 'Locals', 'ser', 'count')).value, '58');
            await client.goes('lus/undoChange');
            assert.match(output().at(-1) ?? '', /Undone: .*count = 50 \+ 8/);
            assert.equal(await client.evaluate('ser.count'), '42');
            assert.equal(told()?.inThePast, true);
            const said = output().length;
            await client.goes('continue');
            assert.equal((await client.unfold(retrieved.threadId, 'Locals', 'ser', 'count')).value, '42');
            assert.equal((await client.goes('continue')).reason, 'end');
            assert.equal(output().length, said, 'known ground says nothing');
            assert.match(await client.fails('lus/undoChange'), /Nothing was changed/);
        });

        test('variables of processes, the console, and setExpression', async () => {
            const { threadId } = await client.stopAt('reboot');
            await client.goes('stepBack', { threadId });
            assert.equal(await client.evaluate('ram = vm1', { context: 'repl' }), await client.evaluate('vm1'));
            const [top] = await client.frames(threadId);
            await client.ok('setExpression', { expression: 'vm1', value: 'ram', frameId: top?.id });
            await client.goes('lus/goToBeginning');
            await client.goes('lus/goToEnd');
            assert.equal(await client.evaluate('ram', { frameId: top?.id }), await client.evaluate('vm1'));
        });
    });

    suite('marks and events', () => {
        test('marks have names, and those that a change cuts off are out of reach', async () => {
            const { threadId } = await client.stopAt('in freeze', 'retrieve');
            await client.ok('lus/mark', { name: 'freezing' });
            await client.goes('continue', { threadId });
            await client.ok('lus/mark');
            const { marks } = marksSchema.parse(await client.ok('lus/marks'));
            assert.deepEqual(
                marks.map(({ name, reachable }) => [name, reachable]),
                [
                    ['freezing', true],
                    ['mark 2', true],
                ],
            );
            const there = await client.goes('lus/goToMark', { name: 'freezing' });
            assert.equal(await atLine(there.threadId), line('in freeze'));
            // what a change cuts off cannot be gone to
            await client.evaluate('args.serialized_data = 0', { context: 'repl' });
            assert.match(
                await client.fails('lus/goToMark', { name: 'mark 2' }),
                /A change has cut off the future with the mark "mark 2"/,
            );
            await client.goes('lus/undoChange');
        });

        test('a mark of a run is reached again after a restart, on ground that is new then', async () => {
            const threadId = await entry();
            await client.ok('setBreakpoints', { source: { path: UPDATE }, breakpoints: [{ line: line('retrieve') }] });
            await client.goes('continue', { threadId });
            await client.ok('lus/mark', { name: 'retrieving' });
            await client.goes('restart', {});
            const before = output().length;
            const there = await client.goes('lus/goToMark', { name: 'retrieving' });
            assert.equal(await atLine(there.threadId), line('retrieve'));
            assert.ok(output().length > before + 5, 'what happens on the way is said');
            assert.match(await client.fails('lus/goToMark', { name: 'nosuch' }), /mark "nosuch" does not exist/);
        });

        test('events in pages and by words; going to one', async () => {
            await client.stopAt('last');
            const all = await events();
            assert.ok(all.total > 30 && all.events.length === all.total);
            const texts = all.events.map((e) => e.text);
            for (const text of [
                'create_session("vm-1") = 4',
                'counter_handler.freeze begins',
                'counter_handler.freeze = 0',
                'a kernel begins',
                'frozen 42true',
                'the jump into the next kernel',
            ]) {
                assert.ok(texts.includes(text), `${text} is not among\n${texts.join('\n')}`);
            }
            const calls = await events({ filter: 'VM-1 session', kinds: ['call'] });
            assert.ok(calls.total >= 3 && calls.events.every((e) => e.kind === 'call'), JSON.stringify(calls));
            assert.deepEqual(await events({ start: 3, count: 2 }), {
                ...all,
                events: all.events.slice(3, 5),
            });
            const frozen = (await events({ filter: 'counter_handler.freeze begins' })).events[0];
            const there = await client.goes('lus/goToEvent', { id: frozen?.id });
            assert.equal(there.reason, 'goto');
            assert.ok((await client.frames(there.threadId)).some((f) => f.name === 'reboot(KEXEC)'));
            const logged = (await events({ filter: 'frozen', kinds: ['log'] })).events[0];
            const log = await client.goes('lus/goToEvent', { id: logged?.id });
            assert.equal(await atLine(log.threadId), line('log'));
            assert.equal(all.total, (await events()).total, 'going back forgets nothing');
            assert.match(await client.fails('lus/goToEvent', { id: 0 }), /Event 0 does not exist/);
        });
    });

    suite('elsewhere', () => {
        test('in a recording of a real kernel', async () => {
            const program = inRepository('test', 'conformance', 'recordings', 'case-freeze-rollback.jsonl');
            const first = await here(await entry({ program }));
            const forward = await walk('next', 'end');
            assert.deepEqual((await walk('stepBack', 'beginning')).reverse(), [first, ...forward]);
        });

        test('in a scenario that boots from an image of a real machine', async () => {
            const program = path.join(EXAMPLES, 'real-handover.lus');
            const first = await here(await entry({ program }));
            const forward = await walk('next', 'end');
            assert.deepEqual((await walk('stepBack', 'beginning')).reverse(), [first, ...forward]);
        });

        test('with devices and guests that run', async () => {
            const program = path.join(EXAMPLES, 'guest-under-load.lus');
            const first = await here(await entry({ program }));
            const forward = await walk('next', 'end');
            const before = [await client.evaluate('update.blackout'), await client.evaluate('kernel.boot')];
            assert.deepEqual((await walk('stepBack', 'beginning')).reverse(), [first, ...forward]);
            await client.goes('lus/goToEnd');
            assert.deepEqual([await client.evaluate('update.blackout'), await client.evaluate('kernel.boot')], before);
        });

        test('before the first boot there is nothing, and then there is again', async () => {
            const { threadId } = await client.stopAt('after the boot');
            await client.goes('stepBack', { threadId });
            await client.goes('stepBack', { threadId });
            assert.equal(await atLine(threadId), line('entry'));
            assert.match(await client.fails('evaluate', { expression: 'kernel' }), /no kernel is running/);
            await client.goes('continue', { threadId });
            assert.match(await client.evaluate('kernel'), /7\.2/);
        });

        test('an image has no past, and neither has a run that nobody debugs: each says why', async () => {
            await client.initialize();
            await client.ok('attach', { image: path.join(EXAMPLES, 'real-handover.elf.gz') });
            const event = await client.event('capabilities');
            assert.deepEqual(event.body, {
                capabilities: {
                    supportsStepBack: false,
                    supportsRestartFrame: false,
                    supportsDataBreakpoints: false,
                    supportsDataBreakpointBytes: false,
                },
            });
            for (const command of ['stepBack', 'reverseContinue', 'lus/goToEnd', 'lus/events']) {
                assert.match(await client.fails(command, { threadId: 1 }), /A memory image has no history/);
            }
            const run = Client.process();
            try {
                await run.launch({ noDebug: true, scenario: 'it never ends' });
                assert.match(JSON.stringify((await run.event('capabilities')).body), /"supportsStepBack":false/);
                await run.ok('configurationDone');
                await run.goes('pause', { threadId: 1 });
                assert.match(await run.fails('stepBack', { threadId: 1 }), /started without debugging/);
            } finally {
                run.close();
            }
        });
    });
});
