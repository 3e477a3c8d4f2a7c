/** The rows of the view *Live Update*, over the protocol. */
import assert from 'node:assert/strict';
import * as path from 'node:path';
import { z } from 'zod';
import { Client, line, UPDATE } from '../support/dap-client';
import { inRepository } from '../support/repository';

const rowsSchema = z.object({
    message: z.string(),
    unclaimed: z.number(),
    sessions: z.array(
        z.object({
            name: z.string(),
            direction: z.string(),
            state: z.string(),
            unclaimed: z.number(),
            more: z.number(),
            files: z.array(
                z.object({
                    token: z.string(),
                    file: z.string().optional(),
                    handler: z.string(),
                    compatible: z.string(),
                    stations: z.array(z.object({ name: z.string(), progress: z.string() })),
                    running: z.string().optional(),
                    fields: z.array(z.object({ name: z.string(), value: z.string(), inFile: z.string().optional() })),
                    memoryReference: z.string().optional(),
                    source: z.object({ path: z.string() }).optional(),
                    line: z.number().optional(),
                }),
            ),
        }),
    ),
    flbs: z.array(z.object({ name: z.string(), outgoing: z.string(), incoming: z.string() })),
});

suite('debug adapter: the view of the live update', () => {
    let client: Client;

    setup(() => {
        client = Client.process();
    });
    teardown(() => client.close());

    test('a client that shows this view has its rows in the scope Handover, and watches and sets them there', async () => {
        await client.launch({ views: ['liveUpdate'] });
        await client.ok('setBreakpoints', {
            source: { path: UPDATE },
            breakpoints: [{ line: line('two statements') }],
        });
        await client.ok('configurationDone');
        const { threadId } = await client.stopped();
        assert.deepEqual(await client.scopeNames(threadId), ['Locals', 'Process', 'Handover', 'Machine']);
        const names = (await client.variables(await client.scope(threadId, 'Handover'))).map((v) => v.name);
        assert.equal(new Set(names).size, names.length, `each row has its own name: ${names.join(', ')}`);
        const path = ['outgoing sessions', '"vm-1"', 'token 0x2', 'serialized_data'];
        const data = await client.unfold(threadId, 'Handover', ...path);
        const info = await client.ok('dataBreakpointInfo', {
            variablesReference: data.variablesReference,
            name: 'count',
        });
        const { dataId } = z.object({ dataId: z.string() }).parse(info);
        const set = await client.ok('setDataBreakpoints', { breakpoints: [{ dataId }] });
        const { breakpoints } = z.object({ breakpoints: z.array(z.object({ verified: z.boolean() })) }).parse(set);
        assert.deepEqual(breakpoints, [{ verified: true }]);
    });

    const rows = async (): Promise<z.infer<typeof rowsSchema>> => rowsSchema.parse(await client.ok('lus/liveUpdate'));
    /** Each file of each session as a line. */
    const lines = async (): Promise<string[]> =>
        (await rows()).sessions.flatMap((s) =>
            s.files.map(
                (f) => `${s.direction} ${f.token} ${f.stations.map((x) => `${x.name} ${x.progress}`).join(', ')}`,
            ),
        );

    test('stations of files over the kexec, with the callback that runs', async () => {
        await client.stopAt('entry', 'in freeze', 'after the kexec', 'retrieve', 'in retrieve', 'last', 'empty');
        assert.equal((await rows()).message, 'No kernel is running.');
        await client.goes('continue');
        assert.deepEqual(await lines(), [
            'outgoing 0x1 preserved done, frozen done',
            'outgoing 0x2 preserved done, frozen running',
        ]);
        const [ram, counter] = (await rows()).sessions[0]?.files ?? [];
        assert.equal(ram?.running, undefined);
        assert.equal(counter?.running, 'counter_handler.freeze');
        assert.equal(counter.file, '/dev/counter0');
        assert.deepEqual(counter.fields[0], { name: 'count', value: '41', inFile: '41' });
        assert.deepEqual(
            ram?.fields.filter((f) => f.inFile !== undefined).map((f) => [f.name, f.value === f.inFile]),
            [
                ['pos', true],
                ['size', true],
            ],
        );
        assert.equal(path.basename(counter.source?.path ?? ''), 'update.lus');
        assert.match(counter.memoryReference ?? '', /^0x[0-9a-f]+$/);
        await client.goes('continue');
        const before = await rows();
        assert.deepEqual(
            before.sessions.map((s) => [s.name, s.direction, s.state, s.unclaimed, s.files.length, s.more]),
            [['vm-1', 'incoming', '2 files, not read yet', 2, 0, 2]],
        );
        assert.equal(before.unclaimed, 2);
        await client.goes('continue');
        assert.deepEqual(await lines(), [
            'incoming 0x1 preserved done, frozen done, retrieved open, finished open',
            'incoming 0x2 preserved done, frozen done, retrieved open, finished open',
        ]);
        await client.goes('continue');
        assert.deepEqual(await lines(), [
            'incoming 0x1 preserved done, frozen done, retrieved done, finished open',
            'incoming 0x2 preserved done, frozen done, retrieved running, finished open',
        ]);
        assert.equal((await rows()).unclaimed, 1);
        assert.deepEqual((await rows()).flbs, [{ name: 'shared', outgoing: '0', incoming: '1' }]);
    });

    test('of an attached image: its sessions', async () => {
        await client.initialize();
        await client.ok('attach', { image: inRepository('test/conformance/images/image-1.elf.gz') });
        await client.event('initialized');
        await client.ok('configurationDone');
        await client.stopped();
        const tree = await rows();
        assert.ok(tree.sessions.length > 0);
        assert.ok(tree.sessions.every((s) => s.direction === 'incoming'));
        assert.ok(
            tree.sessions.some((s) => s.files.some((f) => f.compatible.startsWith('memfd') && f.fields.length === 4)),
        );
    });

    test('lus/timeline: lanes of the run so far, and lus/goToTime goes to a moment of it', async () => {
        const { threadId } = await client.stopAt('entry', 'last');
        assert.equal(threadId, 1);
        await client.goes('continue');
        const bar = z.object({
            begin: z.number(),
            end: z.number(),
            name: z.string(),
            kind: z.string(),
            depth: z.number(),
        });
        const { lanes, now, whole, changed } = z
            .object({
                whole: z.boolean(),
                changed: z.boolean(),
                now: z.number(),
                lanes: z.object({
                    end: z.number(),
                    blackouts: z.array(z.object({ begin: z.number(), end: z.number() })),
                    lanes: z.array(z.object({ group: z.string(), name: z.string(), bars: z.array(bar) })),
                }),
            })
            .parse(await client.ok('lus/timeline'));
        assert.deepEqual([whole, changed], [true, false]);
        assert.ok(lanes.end <= now);
        assert.equal(lanes.blackouts.length, 1);
        assert.deepEqual([...new Set(lanes.lanes.map((l) => l.group))].slice(0, 3), [
            'live updates',
            'kernel 1 (Linux 7.2.13)',
            'kernel 2 (Linux 7.2.13)',
        ]);
        const freeze = lanes.lanes.flatMap((l) => l.bars).find((b) => b.name === 'counter_handler.freeze');
        assert.ok(freeze && freeze.begin >= (lanes.blackouts[0]?.begin ?? Infinity));
        const stop = await client.goes('lus/goToTime', { time: freeze.begin });
        const [top] = await client.frames(stop.threadId);
        assert.match(top?.name ?? '', /^freeze session "vm-1"|counter_handler\.freeze/);
        assert.equal((await client.goes('lus/goToTime', { time: 0 })).reason, 'goto');
    });
});
