/** What the built debug adapter shows of a stop, and what can be changed there. */
import assert from 'node:assert/strict';
import { z } from 'zod';
import { Client, line, UPDATE } from '../support/dap-client';

const memorySchema = z.object({
    address: z.string(),
    data: z.string().optional(),
    unreadableBytes: z.number().optional(),
});

suite('debug adapter', () => {
    let client: Client;

    setup(() => {
        client = Client.process();
    });

    teardown(() => client.close());

    suite('variables', () => {
        test('a session unfolds into files, their structures field by field, and folios', async () => {
            const { threadId } = await client.stopAt('two statements');
            const count = await client.unfold(
                threadId,
                'Live Update',
                'outgoing sessions',
                '"vm-1"',
                'token 0x2',
                'serialized_data',
                'count',
            );
            assert.equal(count.value, '41');
            const folios = await client.unfold(
                threadId,
                'Live Update',
                'outgoing sessions',
                '"vm-1"',
                'token 0x1',
                'serialized_data',
                'folios',
            );
            assert.match(folios.value, /^2048 × memfd_luo_folio_ser/);
            assert.equal(folios.indexedVariables, 2048);
            const page = await client.variables(folios.variablesReference, {
                filter: 'indexed',
                start: 2000,
                count: 10,
            });
            assert.deepEqual(
                page.map((v) => v.name),
                Array.from({ length: 10 }, (_, i) => `[${2000 + i}]`),
            );
            const [folio] = page;
            assert.match(folio?.value ?? '', /^folio at 0x[0-9a-f]+, 4 KiB$/);
            assert.ok(folio?.memoryReference);
            const [state] = (await client.variables(folio.variablesReference)).filter((v) => v.name === 'folio');
            const [history] = (await client.variables(state?.variablesReference ?? 0)).filter(
                (v) => v.name === 'history',
            );
            assert.deepEqual((await client.variables(history?.variablesReference ?? 0)).map((v) => v.value).slice(-2), [
                'allocated: memfd guest-ram',
                'preserved: memfd guest-ram',
            ]);
            const [first] = await client.variables(folios.variablesReference, {
                filter: 'indexed',
                start: 0,
                count: 1,
            });
            const { data } = memorySchema.parse(
                await client.ok('readMemory', { memoryReference: first?.memoryReference, count: 5 }),
            );
            assert.equal(Buffer.from(data ?? '', 'base64').toString(), 'hello');
        });

        test('FLBs with their counts, the map of preserved files, descriptors and their session', async () => {
            const { threadId } = await client.stopAt('two statements');
            assert.equal(
                (await client.unfold(threadId, 'Live Update', 'FLBs', 'shared')).value,
                'outgoing 1, incoming 0',
            );
            assert.equal((await client.unfold(threadId, 'Live Update', 'preserved files')).value, '2 files');
            assert.match(
                (await client.unfold(threadId, 'Process', '5')).value,
                /^memfd, \/memfd:guest-ram \(deleted\), 8 MiB, position 0$/,
            );
            assert.match((await client.unfold(threadId, 'Process', '4', 'session', 'token 0x1')).value, /^memfd-v2/);
        });

        test('a handle among the arguments of a callback unfolds into what lies there', async () => {
            const { threadId } = await client.stopAt('two statements');
            const handle = await client.unfold(threadId, 'Locals', 'args', 'serialized_data');
            assert.equal(handle.type, 'phys CounterState');
            assert.equal((await client.unfold(threadId, 'Locals', 'args', 'serialized_data', 'count')).value, '41');
        });

        test('sessions that nobody has asked for yet are read from memory', async () => {
            const { threadId } = await client.stopAt('after the kexec');
            const sessions = await client.unfold(threadId, 'Live Update', 'incoming sessions');
            assert.equal(sessions.value, '1 session, rebuilt when /dev/liveupdate is first opened');
            const [entry] = await client.variables(sessions.variablesReference);
            assert.equal(entry?.value, '"vm-1", 2 files');
            const fields = await client.variables(entry?.variablesReference ?? 0);
            assert.deepEqual(
                fields.map((f) => f.name),
                ['name', 'files', 'count', 'bytes'],
            );
        });

        test('the update in time: its phase, the parts of the blackout, what they are made of', async () => {
            const { threadId } = await client.stopAt('after the kexec');
            assert.equal((await client.unfold(threadId, 'Live Update', 'time')).value, 'update 1, blackout');
            assert.match((await client.unfold(threadId, 'Live Update', 'time', 'blackout')).value, /^\d+ ms so far$/);
            assert.match((await client.unfold(threadId, 'Live Update', 'time', 'kernel startup')).value, /^\d+ ms$/);
            assert.equal((await client.unfold(threadId, 'Live Update', 'time', 'post-blackout')).value, 'not yet');
            assert.equal(
                (await client.unfold(threadId, 'Live Update', 'time', 'costs', 'boot_initcalls')).value,
                '70 ms',
            );
        });

        test('the handover: device tree, preserved memory by order, scratch', async () => {
            const { threadId } = await client.stopAt('two statements');
            assert.equal((await client.unfold(threadId, 'Handover', 'FDT (outgoing)', 'compatible')).value, '"kho-v4"');
            assert.equal((await client.unfold(threadId, 'Handover', 'FDT (outgoing)', 'LUO', 'blob-size')).value, '32');
            const order = await client.unfold(threadId, 'Handover', 'preserved memory', 'order 0');
            assert.match(order.value, /^\d+ × 4 KiB in \d+ runs$/);
            assert.match((await client.unfold(threadId, 'Handover', 'scratch')).value, /MiB in \d+ areas$/);
            assert.equal(
                (await client.unfold(threadId, 'Machine', 'owners', 'memfd guest-ram')).value.split(' in ')[0],
                '8 MiB',
            );
        });

        test('what is unfolded stays unfolded over a step, with what it is then', async () => {
            const { threadId } = await client.stopAt('two statements');
            const names = ['outgoing sessions', '"vm-1"', 'token 0x2', 'serialized_data'];
            const before = await client.unfold(threadId, 'Live Update', ...names);
            const locals = await client.scope(threadId, 'Locals');
            await client.goes('next', { threadId });
            assert.match(
                await client.fails('variables', { variablesReference: before.variablesReference }),
                /no longer exist/,
            );
            assert.equal(await client.scope(threadId, 'Locals'), locals);
            assert.equal((await client.variables(before.variablesReference))[0]?.value, '42');
            assert.equal(
                (await client.unfold(threadId, 'Live Update', ...names)).variablesReference,
                before.variablesReference,
            );
        });

        test('bytes as rows of hex', async () => {
            const { threadId } = await client.stopAt('two statements');
            const bytes = await client.unfold(threadId, 'Locals', 'ser', 'bytes');
            const [row] = await client.variables(bytes.variablesReference, { filter: 'indexed', start: 0, count: 1 });
            assert.match(row?.value ?? '', /^29 00 00 00 00 00 00 00 /);
            assert.equal(row?.name, bytes.memoryReference);
        });

        test('variables, fields and descriptors of processes are set, and what is no value is refused', async () => {
            const { threadId } = await client.stopAt('two statements');
            const { variablesReference } = await client.unfold(threadId, 'Locals', 'ser');
            const set = z
                .object({ value: z.string() })
                .parse(await client.ok('setVariable', { variablesReference, name: 'count', value: '100 + 1' }));
            assert.equal(set.value, '101');
            assert.equal(await client.evaluate('ser.count'), '101');
            const { variablesReference: file } = await client.unfold(threadId, 'Locals', 'args', 'file');
            await client.ok('setVariable', { variablesReference: file, name: 'count', value: '5' });
            assert.equal(await client.evaluate('args.file.count'), '5');
            assert.match(
                await client.fails('setVariable', { variablesReference, name: 'count', value: 'nosuch' }),
                /`nosuch` is not defined/,
            );
            assert.match(
                await client.fails('setVariable', { variablesReference, name: 'bytes', value: '1' }),
                /cannot be set/,
            );
            assert.equal(await client.evaluate('ser.count = 7', { context: 'repl' }), '7');
            assert.match(await client.fails('evaluate', { expression: 'ser.count = 8', context: 'watch' }), /==/);
            await client.goes('next', { threadId });
            assert.equal(await client.evaluate('ser.count'), '8');
        });

        test('a client is told to read variables anew after an assignment', async () => {
            await client.initialize({ supportsInvalidatedEvent: true });
            await client.ok('launch', { program: UPDATE });
            await client.ok('setBreakpoints', {
                source: { path: UPDATE },
                breakpoints: [{ line: line('in the loop') }],
            });
            await client.ok('configurationDone');
            await client.stopped();
            await client.ok('evaluate', { expression: 'total = 7', context: 'repl' });
            assert.deepEqual((await client.event('invalidated')).body, { areas: ['variables'] });
            assert.equal(await client.evaluate('total'), '7');
        });

        test('expressions in every frame of the stack', async () => {
            const { threadId } = await client.stopAt('two statements');
            const frames = await client.frames(threadId);
            const block = frames.find((f) => f.name.startsWith('luod'))?.id;
            assert.match(await client.evaluate('ram', { frameId: block, context: 'hover' }), /^5 → /);
            assert.equal(await client.evaluate('ram.size / 1MiB', { frameId: block }), '8');
            assert.equal(await client.evaluate('luod.ram', { frameId: frames.at(-1)?.id }), '5');
            assert.match(
                await client.fails('evaluate', { expression: 'luod.ram.size', frameId: frames.at(-1)?.id }),
                /process/,
            );
            assert.match(
                await client.fails('evaluate', { expression: 'ram', frameId: frames[0]?.id }),
                /`ram` is not defined/,
            );
        });

        test('clients that do not page get long collections in ranges', async () => {
            await client.initialize({ supportsVariablePaging: false });
            await client.ok('launch', { program: UPDATE });
            await client.ok('setBreakpoints', {
                source: { path: UPDATE },
                breakpoints: [{ line: line('two statements') }],
            });
            await client.ok('configurationDone');
            const { threadId } = await client.stopped();
            const folios = await client.unfold(
                threadId,
                'Live Update',
                'outgoing sessions',
                '"vm-1"',
                'token 0x1',
                'serialized_data',
                'folios',
            );
            const ranges = (await client.variables(folios.variablesReference)).filter((v) => v.name.includes('…'));
            assert.deepEqual(
                ranges.map((v) => v.name),
                ['[0 … 999]', '[1000 … 1999]', '[2000 … 2047]'],
            );
            assert.equal((await client.variables(ranges[2]?.variablesReference ?? 0)).length, 48);
            const window = async (start: number, count: number): Promise<string[]> =>
                z
                    .object({ variables: z.array(z.object({ name: z.string() })) })
                    .parse(
                        await client.ok('variables', { variablesReference: folios.variablesReference, start, count }),
                    )
                    .variables.map((v) => v.name);
            const [first, ...more] = await window(0, 5);
            assert.equal(more.length, 4);
            assert.deepEqual(await window(1, 4), more);
            assert.notEqual(first, more[0]);
            const ram = (
                await client.variables(
                    (
                        await client.unfold(threadId, 'Machine', 'memory', 'node 0')
                    ).variablesReference,
                )
            ).find((v) => v.name.startsWith('0x100000'));
            const [bytes] = await client.variables(ram?.variablesReference ?? 0);
            const [, second] = await client.variables(bytes?.variablesReference ?? 0);
            assert.equal(second?.name, '[1000000 … 1999999]');
            const [within] = await client.variables(second?.variablesReference ?? 0);
            assert.equal(within?.name, '[1000000 … 1000999]');
            const [row] = await client.variables(within?.variablesReference ?? 0);
            assert.equal(row?.name, `0x${(0x100000 + 16_000_000).toString(16)}`);
        });

        test('memory: with an offset, beyond its end, where there is none', async () => {
            await client.stopAt('two statements');
            const read = async (args: object): Promise<z.infer<typeof memorySchema>> =>
                memorySchema.parse(await client.ok('readMemory', args));
            assert.deepEqual(await read({ memoryReference: '0x9fbf0', offset: 8, count: 16 }), {
                address: '0x9fbf8',
                data: Buffer.alloc(8).toString('base64'),
                unreadableBytes: 8,
            });
            assert.deepEqual(await read({ memoryReference: '0xa0000', count: 0x1000 }), {
                address: '0xa0000',
                unreadableBytes: 0x1000,
            });
            assert.deepEqual(await read({ memoryReference: '0x10', offset: -0x20, count: 8 }), {
                address: '0x0',
                unreadableBytes: 8,
            });
            assert.match(
                await client.fails('readMemory', { memoryReference: 'here', count: 1 }),
                /not a physical address/,
            );
        });

        test('memory that is written is a change of the run, which can be undone', async () => {
            const { threadId } = await client.stopAt('two statements');
            const [frame] = await client.frames(threadId);
            const address = await client.evaluate('phys(ser)', { frameId: frame?.id });
            const data = Buffer.from([7, 0, 0, 0, 0, 0, 0, 0]).toString('base64');
            const before = await client.evaluate('ser.count', { frameId: frame?.id });
            assert.deepEqual(await client.ok('writeMemory', { memoryReference: address, data }), { bytesWritten: 8 });
            assert.equal(await client.evaluate('ser.count', { frameId: frame?.id }), '7');
            await client.goes('lus/undoChange', {});
            const [again] = await client.frames(threadId);
            assert.equal(await client.evaluate('ser.count', { frameId: again?.id }), before);
            assert.match(
                await client.fails('writeMemory', { memoryReference: '0xa0000', data }),
                /no memory at 0xa0000/,
            );
        });

        test('the status: kernel, clock and blackout so far', async () => {
            const statusSchema = z.object({
                kernel: z.object({ number: z.number(), name: z.string() }).nullable(),
                time: z.number(),
                blackout: z.object({ length: z.number(), over: z.boolean() }).nullable(),
            });
            const status = async (): Promise<z.infer<typeof statusSchema>> =>
                statusSchema.parse(await client.ok('lus/status'));
            await client.stopAt('entry', 'preserve', 'in freeze', 'after the kexec', 'last');
            assert.deepEqual(await status(), { kernel: null, time: 0, blackout: null });
            await client.goes('continue');
            const prepared = await status();
            assert.deepEqual([prepared.kernel, prepared.blackout], [{ number: 1, name: 'counter' }, null]);
            await client.goes('continue');
            const frozen = await status();
            assert.equal(frozen.blackout?.over, false);
            await client.goes('continue');
            const next = await status();
            assert.equal(next.kernel?.number, 2);
            assert.ok(next.time > frozen.time && (next.blackout?.length ?? 0) > (frozen.blackout?.length ?? 0));
            await client.goes('continue');
            assert.equal((await status()).blackout?.over, true);
        });

        test('a process that runs nothing now shows its descriptors', async () => {
            await client.stopAt('two statements');
            const { threads } = z
                .object({ threads: z.array(z.object({ id: z.number(), name: z.string() })) })
                .parse(await client.ok('threads'));
            assert.deepEqual(
                threads.map((t) => t.name.replace(/ \(\d+\)$/, '')),
                ['scenario', 'luod', 'vmm'],
            );
            const vmm = threads[2]?.id ?? 0;
            assert.equal((await client.frames(vmm))[0]?.name, 'vmm is in user space');
            assert.equal((await client.unfold(vmm, 'Process', '0')).value, 'null, /dev/null');
        });
    });
});
