/** The way on the page about going back in time, from the wrong value to its cause, in the built debug adapter. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { z } from 'zod';
import { Client } from '../support/dap-client';
import { blocksOf } from '../support/documentation';
import { inRepository } from '../support/repository';

const eventsSchema = z.object({ events: z.array(z.object({ id: z.number(), text: z.string() })) });

suite('debug adapter: the page about going back in time', () => {
    let client: Client;
    let folder: string;

    setup(() => {
        client = Client.process();
        folder = mkdtempSync(path.join(tmpdir(), 'lus-back-'));
    });

    teardown(() => {
        client.close();
        rmSync(folder, { recursive: true });
    });

    async function count(threadId: number): Promise<string> {
        return (await client.unfold(threadId, 'Locals', 'ser', 'count')).value;
    }

    async function top(threadId: number): Promise<string | undefined> {
        return (await client.frames(threadId))[0]?.name;
    }

    test('what the header of the flagship example says about it', async () => {
        const program = inRepository('extension', 'examples', 'passthrough-guest.lus');
        await client.launch({ program, stopOnEntry: false });
        const breakpoints = [{ name: 'vfio_pci.freeze' }, { name: 'iommu_core.retrieve' }];
        await client.ok('setFunctionBreakpoints', { breakpoints });
        await client.ok('configurationDone');
        const stops: (string | undefined)[] = [];
        let { threadId } = await client.stopped();
        for (; (await top(threadId)) !== 'iommu_core.retrieve'; { threadId } = await client.goes('continue')) {
            stops.push(await top(threadId));
        }
        assert.deepEqual(stops, ['vfio_pci.freeze', 'vfio_pci.freeze', 'vfio_pci.freeze']);
        const back = await client.goes('reverseContinue', { threadId });
        assert.equal(await top(back.threadId), 'vfio_pci.freeze');
        const owner = async (name: string): Promise<string> =>
            (await client.unfold(back.threadId, 'Machine', 'devices', name, 'owner')).value;
        assert.equal(await owner('disk0'), 'luo: frozen');
        assert.equal(await owner('gpu0'), 'luo: preserved, bound to an iommufd');
        const text = readFileSync(program, 'utf8');
        const without = path.join(folder, 'guest.lus');
        writeFileSync(without, text.replace('        hwpt.mark_preserve(1)', ''));
        const other = Client.process();
        try {
            await other.launch({ program: without, stopOnEntry: false });
            await other.ok('configurationDone');
            assert.match((await other.stopped()).text ?? '', /EINVAL/);
        } finally {
            other.close();
        }
    });

    test('every step of it', async () => {
        const [block] = blocksOf('extension/docs/going-back.md');
        assert.ok(block);
        const program = path.join(folder, 'counter.lus');
        writeFileSync(program, block.text);
        const line = (text: string): number => block.text.split('\n').findIndex((l) => l.includes(text)) + 1;
        await client.launch({ program });
        await client.ok('setBreakpoints', { source: { path: program }, breakpoints: [{ line: line('log(') }] });
        await client.ok('configurationDone');
        // 1. the wrong value
        let { threadId } = await client.stopped();
        assert.equal(await count(threadId), '44');
        // 2. the change over the kexec
        const goBack = async (): Promise<string> => {
            const { variablesReference } = await client.unfold(threadId, 'Locals', 'ser');
            const stop = await client.goes('lus/goToLastChange', { variablesReference, name: 'count' });
            ({ threadId } = stop);
            assert.equal(await top(threadId), 'counter_handler.freeze');
            assert.equal((await client.frames(threadId))[0]?.line, line('+= 1'));
            return stop.text ?? '';
        };
        assert.match(await goBack(), /: 43 → 44, by counter_handler\.freeze, in luod, scenario line 41$/);
        assert.match(
            readFileSync(inRepository('extension', 'docs', 'going-back.md'), 'utf8'),
            /43 → 44, by .* line 41/,
        );
        // 3. and once more
        assert.match(await goBack(), /: 42 → 43, by counter_handler\.freeze/);
        // 4. all of them
        const frameId = (await client.frames(threadId))[0]?.id;
        const listed = await client.ok('evaluate', { expression: 'changes(ser.count)', frameId, context: 'repl' });
        const { variablesReference } = z.object({ variablesReference: z.number() }).parse(listed);
        assert.deepEqual(
            (await client.variables(variablesReference)).map((v) => /: (\d+ → \d+), /.exec(v.value)?.[1]),
            ['0 → 42', '42 → 43', '43 → 44'],
        );
        // 5. what has happened
        await client.goes('lus/goToEnd');
        const body = await client.ok('lus/events', { filter: 'counter_handler freeze begins' });
        const { events } = eventsSchema.parse(body);
        assert.deepEqual(
            events.map((e) => e.text.replace('counter_handler.', '')),
            ['freeze begins', 'unfreeze begins', 'freeze begins'],
        );
        const there = await client.goes('lus/goToEvent', { id: events[1]?.id });
        assert.ok((await client.frames(there.threadId)).some((f) => f.name === 'reboot(KEXEC)'));
        // and whether that is all
        await client.ok('setBreakpoints', {
            source: { path: program },
            breakpoints: [{ line: line('log(') }, { line: line('+= 1') }],
        });
        const again = await client.goes('continue', { threadId: there.threadId });
        assert.equal(await count(again.threadId), '43');
        await client.evaluate('ser.count = 42', { context: 'repl' });
        const end = await client.goes('continue', { threadId: again.threadId });
        assert.equal(await count(end.threadId), '43');
    });
});
