/** Data breakpoints in the built debug adapter: what can be watched, and what a stop says. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { z } from 'zod';
import { Client, line, UPDATE } from '../support/dap-client';
import { lineWith } from '../support/markers';
import { inRepository } from '../support/repository';

const infoSchema = z.object({
    dataId: z.union([z.string(), z.null()]),
    description: z.string(),
    accessTypes: z.array(z.string()).optional(),
    canPersist: z.boolean().optional(),
});
const resultSchema = z.object({ result: z.string(), variablesReference: z.number() });
const setSchema = z.object({
    breakpoints: z.array(z.object({ id: z.number(), verified: z.boolean(), message: z.string().optional() })),
});

suite('debug adapter: data breakpoints', () => {
    let client: Client;

    setup(() => {
        client = Client.process();
    });

    teardown(() => client.close());

    async function info(args: object): Promise<z.infer<typeof infoSchema>> {
        return infoSchema.parse(await client.ok('dataBreakpointInfo', args));
    }

    async function top(threadId: number): Promise<number> {
        return (await client.frames(threadId))[0]?.id ?? assert.fail('no frame');
    }

    /** Only these data breakpoints, each with an expression and what more. @returns their ids */
    async function watch(threadId: number, ...wanted: (readonly [string, object?])[]): Promise<number[]> {
        const frameId = await top(threadId);
        const breakpoints: object[] = [];
        for (const [name, more] of wanted) {
            const { dataId, description } = await info({ name, frameId });
            assert.ok(dataId !== null, description);
            breakpoints.push({ dataId, ...more });
        }
        const set = setSchema.parse(await client.ok('setDataBreakpoints', { breakpoints })).breakpoints;
        assert.ok(
            set.every((b) => b.verified),
            JSON.stringify(set),
        );
        return set.map((b) => b.id);
    }

    /** Debugs update.lus up to a marked line, where the breakpoint is removed. @returns the thread */
    async function at(marker: string, args: object = {}): Promise<number> {
        await client.launch({ stopAtEnd: 'always', ...args });
        const source = { path: UPDATE };
        await client.ok('setBreakpoints', { source, breakpoints: [{ line: line(marker) }] });
        await client.ok('configurationDone');
        const { threadId } = await client.stopped();
        await client.ok('setBreakpoints', { source, breakpoints: [] });
        return threadId;
    }

    /** The text of each stop, until one for another reason. */
    async function stops(command: string, until: string, threadId = 1): Promise<string[]> {
        const out: string[] = [];
        for (;;) {
            const stop = await client.goes(command, { threadId });
            if (stop.reason === until) {
                return out;
            }
            assert.equal(stop.reason, 'data breakpoint');
            out.push(stop.text ?? '');
        }
    }

    async function atLine(threadId: number): Promise<number | undefined> {
        return (await client.frames(threadId))[0]?.line;
    }

    function output(): string {
        return client.transcript.filter((l) => l.startsWith('· output')).join('\n');
    }

    /** Debugs an example up to its end, where exceptions do not stop it. */
    async function atEndOf(example: string, scenario?: string): Promise<void> {
        const program = inRepository('extension', 'examples', example);
        await client.launch({ program, scenario, stopAtEnd: 'always' });
        await client.ok('setExceptionBreakpoints', { filters: [] });
        await client.ok('configurationDone');
        assert.equal((await client.stopped()).reason, 'end');
    }

    async function answer(expression: string, frameId?: number): Promise<z.infer<typeof resultSchema>> {
        return resultSchema.parse(await client.ok('evaluate', { expression, frameId, context: 'repl' }));
    }

    suite('stops', () => {
        test('a field is followed over the kexec, and each change says who made it, in both directions', async () => {
            const threadId = await at('preserve');
            await client.ok('setFunctionBreakpoints', { breakpoints: [{ name: 'counter_handler.preserve' }] });
            await client.goes('continue', { threadId });
            await client.goes('next', { threadId });
            await watch(threadId, ['ser.count']);
            await client.ok('setFunctionBreakpoints', { breakpoints: [] });
            const forward = await stops('continue', 'end', threadId);
            assert.deepEqual(forward, [
                'ser.count: 0 → 41, by counter_handler.preserve, in luod, scenario line 67',
                'ser.count: 41 → 42, by counter_handler.freeze, in luod, scenario line 69',
            ]);
            assert.match(output(), /ser\.count: 41 → 42, by counter_handler\.freeze.* \(0\.\d{6} s, kernel 1\)/);
            const printed = output();
            assert.deepEqual((await stops('reverseContinue', 'beginning')).reverse(), forward);
            assert.ok(output().startsWith(printed));
            assert.deepEqual(await stops('continue', 'end'), forward);
        });

        test('a local variable, with a condition and with a hit count', async () => {
            const threadId = await at('in the loop');
            await watch(threadId, ['total']);
            const all = await stops('continue', 'end', threadId);
            assert.deepEqual(all, [
                'total: 0 → 1, by sum',
                'total: 1 → 3, by sum',
                'total: 3 → 6, by sum',
                'total: 6 → 10, by sum',
            ]);
            await client.goes('lus/runBackTo', { source: { path: UPDATE }, line: line('in the loop') });
            await watch(threadId, ['total', { condition: 'n == 3' }]);
            assert.deepEqual((await stops('reverseContinue', 'beginning')).concat(await stops('continue', 'end')), [
                'total: 3 → 6, by sum',
                'total: 3 → 6, by sum',
            ]);
            await client.goes('lus/runBackTo', { source: { path: UPDATE }, line: line('in the loop') });
            await watch(threadId, ['total', { hitCondition: '% 2' }]);
            // the first of the five is `total = 0`
            assert.deepEqual(await stops('reverseContinue', 'beginning'), [all[2], all[0]]);
        });

        test('variables of processes, state of the kernel, and the owner of pages', async () => {
            const threadId = await at('log');
            const [owner, files, vm1] = await watch(
                threadId,
                ['owner(ser)'],
                ['session("vm-1").files.length'],
                ['luod.vm1'],
            );
            const heard: [number[], string][] = [];
            let stop = await client.goes('continue', { threadId });
            for (; stop.reason !== 'end'; stop = await client.goes('continue', { threadId })) {
                heard.push([stop.hitBreakpointIds ?? [], stop.text ?? '']);
            }
            assert.deepEqual(
                heard.map(([ids]) => ids),
                [[files, vm1], [owner], [files], [files], [files], [vm1], [owner], [files], [files]],
            );
            const texts = heard.map(([, text]) => text);
            assert.match(texts[0] ?? '', /files\.length: 2 → does not exist, by the kexec\n/);
            assert.match(
                texts[1] ?? '',
                /: CounterState → inherited: .*, by the early boot of kernel 2, start_kernel$/,
            );
            assert.match(texts[6] ?? '', /→ restored: .*, by counter_handler\.retrieve.*\n.*→ freed: /);
        });

        test('writes without a change, and reads', async () => {
            const threadId = await at('two statements');
            const frameId = await top(threadId);
            const { dataId } = await info({ name: 'ser.count', frameId });
            const set = async (breakpoint: object): Promise<string[]> => {
                await client.ok('setDataBreakpoints', { breakpoints: [breakpoint] });
                await client.goes('lus/goToEvent', { id: await eventOf('the jump into the next kernel') });
                return await stops('continue', 'end');
            };
            await stops('continue', 'end');
            const reads = await set({ dataId, accessType: 'read' });
            assert.deepEqual(reads, ['ser.count: 42, read, by counter_handler.retrieve, in luod, scenario line 75']);
            const written = await info({ name: 'written(at(CounterState, 0x1000).count)' });
            const writes = await set({ dataId: written.dataId });
            assert.ok(
                writes.every((w) => w.startsWith('written(at(CounterState, 0x1000).count): ')),
                writes.join('\n'),
            );
        });

        test('DMA of a device, with its address', async () => {
            await atEndOf('device-keeps-writing.lus', 'forgotten');
            const found = await answer('changes(memory(0x1a11900, 256))');
            const rows = await client.variables(found.variablesReference);
            assert.ok(
                rows.some((r) => /by device dma0 by DMA at its address 0xffff1900/.test(r.value)),
                rows.map((r) => r.value).join('\n'),
            );
        });
    });

    test('a vCPU of a guest, and the row of its memory', async () => {
        const program = inRepository('extension', 'examples', 'guest-under-load.lus');
        await client.launch({ program });
        const wanted = { line: lineWith(program, 'guest.save(state)') };
        await client.ok('setBreakpoints', { source: { path: program }, breakpoints: [wanted] });
        await client.ok('configurationDone');
        const { threadId } = await client.stopped();
        const path = ['virtual machines', 'guest', 'memory slots', '0x0'];
        const slot = await client.unfold(threadId, 'Machine', ...path);
        const [first] = await client.variables(slot.variablesReference);
        const found = await answer(`last_change(memory(${first?.memoryReference ?? ''}, 64))`);
        assert.match(found.result, /, by guest guest, vCPU 0$/);
        const args = { variablesReference: slot.variablesReference, name: first?.name ?? '' };
        const { text, threadId: there } = await client.goes('lus/goToLastChange', args);
        assert.match(text ?? '', /, by guest guest, vCPU \d$/);
        assert.ok((await client.frames(there)).length > 0);
    });

    suite('ids', () => {
        test('what cannot be watched has a reason', async () => {
            const threadId = await at('in the loop');
            const frameId = await top(threadId);
            const reason = async (args: object): Promise<string> => {
                const { dataId, description } = await info({ frameId, ...args });
                assert.equal(dataId, null);
                return description;
            };
            assert.match(await reason({ name: 'nothing_like_it' }), /^`nothing_like_it` is not defined/);
            assert.match(
                await reason({ name: 'sum([1])' }),
                /runs code, which is possible only while the run is stopped/,
            );
            assert.match(await reason({ name: '5' }), /^5 is a constant\./);
            assert.match(
                await reason({ name: '0x1000000000000', asAddress: true, bytes: 16 }),
                /^There is no memory at 0x1000000000000 with 16 bytes\.$/,
            );
            const locals = await client.scope(threadId, 'Locals');
            assert.match(await reason({ name: 'nothing', variablesReference: locals }), /^There is no nothing here\.$/);
            const set = setSchema.parse(await client.ok('setDataBreakpoints', { breakpoints: [{ dataId: 'x' }] }));
            assert.deepEqual(
                set.breakpoints.map((b) => [b.verified, b.message]),
                [[false, 'This is not an id of data. dataBreakpointInfo gives one.']],
            );
        });

        test('those of memory and of the state of the kernel mean the same after a restart', async () => {
            const threadId = await at('two statements');
            const frameId = await top(threadId);
            const count = await info({ name: 'ser.count', frameId });
            assert.deepEqual([count.canPersist, count.accessTypes], [true, ['write', 'read', 'readWrite']]);
            assert.equal((await info({ name: 'args', frameId })).canPersist, false);
            await client.ok('setDataBreakpoints', { breakpoints: [{ dataId: count.dataId }] });
            await client.ok('restart', {});
            const { reason, text } = await client.stopped();
            assert.equal(reason, 'data breakpoint');
            assert.match(text ?? '', /^ser\.count: .*, by /);
        });
    });

    suite('the history', () => {
        test('Go to Last Change and Go to Next Change', async () => {
            const threadId = await at('log');
            const last = async (): Promise<string> => {
                const { variablesReference } = await client.unfold(threadId, 'Locals', 'ser');
                const stop = await client.goes('lus/goToLastChange', { variablesReference, name: 'count' });
                assert.equal(stop.reason, 'goto');
                return stop.text ?? '';
            };
            const next = async (): Promise<string> =>
                (await client.goes('lus/goToNextChange', { name: 'ser.count', frameId: await top(threadId) })).text ??
                '';
            const froze = 'ser.count: 41 → 42, by counter_handler.freeze, in luod, scenario line 69';
            const preserved = 'ser.count: 0 → 41, by counter_handler.preserve, in luod, scenario line 67';
            assert.equal(await last(), froze);
            assert.equal(await atLine(threadId), line('two statements'));
            assert.equal(await client.evaluate('ser.count', { frameId: await top(threadId) }), '41');
            assert.equal(await last(), preserved);
            assert.equal(await next(), preserved);
            assert.equal(await client.evaluate('ser.count', { frameId: await top(threadId) }), '41');
            assert.equal(await next(), froze);
            assert.equal(await client.evaluate('ser.count', { frameId: await top(threadId) }), '42');
            const end = await client.goes('lus/goToNextChange', { name: 'ser.count', frameId: await top(threadId) });
            assert.equal(end.reason, 'end');
            assert.match(output(), /ser\.count does not change up to the end of the run\./);
        });

        test('a change that there is not', async () => {
            const threadId = await at('log');
            const frameId = await top(threadId);
            const stop = await client.goes('lus/goToLastChange', { name: 'session("vm-1").name', frameId });
            assert.match(stop.text ?? '', /session\("vm-1"\)\.name: does not exist → "vm-1", by /);
            const { text } = await client.goes('lus/goToLastChange', { name: 'owner(1MiB)' });
            assert.equal(text, 'owner(1MiB) has not changed since the beginning of the run.');
            assert.match(await client.fails('lus/goToLastChange', { name: 'nothing' }), /^`nothing` is not defined\./);
        });

        test('the changes of the user are among them', async () => {
            const threadId = await at('log');
            const frameId = await top(threadId);
            await client.evaluate('ser.count = 7', { frameId, context: 'repl' });
            const { result } = await answer('last_change(ser.count)', frameId);
            assert.match(result, /ser\.count: 42 → 7, by you, with ser\.count = 7$/);
            assert.equal(await client.evaluate('ser.count', { frameId }), '7');
            await watch(threadId, ['ser.count']);
            await client.goes('lus/goToBeginning');
            const heard = await stops('continue', 'end');
            assert.deepEqual(
                heard.map((h) => h.split(',')[0]),
                ['ser.count: 0 → 41', 'ser.count: 41 → 42'],
                'the own changes do not stop the run',
            );
        });

        test('in the console: all changes, the last one, and how things are', async () => {
            const threadId = await at('log');
            const frameId = await top(threadId);
            const stands = client.transcript.filter((l) => l.startsWith('· stopped')).length;
            const { result, variablesReference } = await answer('changes(ser.count)', frameId);
            assert.equal(result, '2 changes');
            const [first, second] = await client.variables(variablesReference);
            assert.match(first?.value ?? '', /^0\.\d{6} s, kernel 1: ser\.count: 0 → 41, by counter_handler\.preserve/);
            const fields = await client.variables(second?.variablesReference ?? 0);
            assert.deepEqual(
                fields.map((f) => f.name),
                ['before', 'after', 'who', 'when', 'where', 'position'],
            );
            assert.match(fields[4]?.value ?? '', new RegExp(`update\\.lus:${line('two statements')}:9$`));
            assert.match(
                (await answer('last_change(ser.count)', frameId)).result,
                /41 → 42, by counter_handler\.freeze/,
            );
            assert.equal((await answer('last_change(session)', frameId).catch(() => undefined))?.result, undefined);
            assert.match((await answer('owner(ser)', frameId)).result, /^preserved: .*CounterState$/);
            assert.equal((await answer('written(ser.count)', frameId)).result, '42');
            assert.equal((await answer('memory(phys(ser), 16)', frameId)).result, '16 bytes');
            assert.equal(await atLine(threadId), line('log'));
            assert.equal(client.transcript.filter((l) => l.startsWith('· stopped')).length, stands);
            const locals = await client.unfold(threadId, 'Locals', 'ser', 'count');
            assert.equal(locals.value, '42');
            const hover = { expression: 'changes(ser.count)', frameId, context: 'hover' };
            assert.match(await client.fails('evaluate', hover), /use them in the debug console/);
        });
    });

    suite('Go to Cause', () => {
        test('from a finding to the one that it follows from, and to the beginning of its history', async () => {
            await atEndOf('one-mistake.lus');
            const heard: string[] = [];
            for (let i = 0; i < 3; i++) {
                const { text, threadId } = await client.goes('lus/goToCause');
                heard.push(`${text?.slice(0, 35) ?? ''} ${(await client.frames(threadId))[0]?.name ?? ''}`);
            }
            assert.match(output(), /"Go to Cause\\" goes to that finding/);
            const named = await client.goes('lus/goToCause', { code: 'LU1011' });
            assert.match(named.text ?? '', /^LU1011 follows from LU1012/);
            assert.match(await client.fails('lus/goToCause', { code: 'LU1001' }), /no finding LU1001 in what has run/);
            assert.deepEqual(heard, [
                'LU1010 follows from LU1011: The pag take_rings',
                'LU1011 follows from LU1012: CardSta reboot(KEXEC)',
                'LU1012 follows from no earlier find update',
            ]);
        });

        test('from stray DMA to the statement that freed the buffer', async () => {
            await client.launch({
                program: inRepository('extension', 'examples', 'device-keeps-writing.lus'),
                scenario: 'forgotten',
            });
            await client.ok('configurationDone');
            assert.equal((await client.stopped()).reason, 'exception');
            const { threadId, text } = await client.goes('lus/goToCause');
            assert.match(text ?? '', /^LU1027 follows from no earlier finding\. In its history: freed: DMA buffer\. /);
            assert.equal((await client.frames(threadId))[0]?.name, 'careless.release');
        });

        test('from a table that was not preserved to where it was made: what was forgotten has no moment', async () => {
            const text = readFileSync(inRepository('test', 'catalogue', 'F-110-table-page.lus'), 'utf8');
            const folder = mkdtempSync(path.join(tmpdir(), 'lus-cause-'));
            try {
                const program = path.join(folder, 'tables.lus');
                // without what makes the next kernel reuse the pages, and take long
                writeFileSync(program, text.replace('; page_cache 600MiB', ''));
                await client.launch({ program, scenario: 'F-110' });
                await client.ok('setBreakpoints', {
                    source: { path: program },
                    breakpoints: [{ line: text.split('\n').findIndex((l) => l.includes('assert gpu0.faults')) + 1 }],
                });
                await client.ok('setExceptionBreakpoints', { filters: [] });
                await client.ok('configurationDone');
                await client.stopped();
                const made = await client.goes('lus/goToCause', { code: 'LU1045' });
                assert.match(
                    made.text ?? '',
                    /^LU1045 follows from no earlier finding\. In its history: allocated: IOMMU page table.*\. The run has no moment at which the object was preserved\. This is the moment at which it was made\. Preserve every page/,
                );
                const names = (await client.frames(made.threadId)).map((f) => f.name);
                assert.ok(
                    names.some((n) => n.includes('update')),
                    names.join(', '),
                );
            } finally {
                rmSync(folder, { recursive: true });
            }
        });

        test('there may be no finding yet', async () => {
            await at('in the loop');
            assert.match(await client.fails('lus/goToCause'), /There is no finding up to this moment of the run/);
        });
    });

    test('a run without debugging and an image have no data breakpoints', async () => {
        await client.launch({ noDebug: true, scenario: 'it never ends' });
        await client.ok('configurationDone');
        assert.match(
            client.transcript.find((l) => l.startsWith('· capabilities')) ?? '',
            /"supportsDataBreakpoints":false/,
        );
        const other = Client.process();
        try {
            await other.initialize();
            await other.ok('attach', { image: inRepository('extension', 'examples', 'real-handover.elf.gz') });
            const answered = infoSchema.parse(await other.ok('dataBreakpointInfo', { name: '0x1000' }));
            assert.deepEqual([answered.dataId, answered.description], [null, 'A memory image does not change.']);
        } finally {
            other.close();
        }
    });

    /** The id of the first event with these words. */
    async function eventOf(filter: string): Promise<number> {
        const { events } = z
            .object({ events: z.array(z.object({ id: z.number() })) })
            .parse(await client.ok('lus/events', { filter }));
        return events[0]?.id ?? assert.fail(`no ${filter}`);
    }
});
