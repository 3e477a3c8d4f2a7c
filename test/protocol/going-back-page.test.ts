/** The way on the page about going back in time, from the wrong value to its cause, in the built debug adapter. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { z } from 'zod';
import { Client } from '../support/dap-client';
import { blocksOf } from '../support/documentation';

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
        // 2. up to the process that asks for the file
        while ((await client.frames(threadId))[0]?.line !== line('vm1.retrieve_fd(token: 1)')) {
            ({ threadId } = await client.goes('lus/stepBackOut', { threadId }));
        }
        // 3. back over the kexec
        await client.ok('setBreakpoints', {
            source: { path: program },
            breakpoints: [{ line: line('log(') }, { line: line('+= 1') }],
        });
        const second = await client.goes('reverseContinue', { threadId });
        assert.equal(await top(second.threadId), 'counter_handler.freeze');
        assert.equal(await count(second.threadId), '43');
        // 4. and once more
        const first = await client.goes('reverseContinue', { threadId: second.threadId });
        assert.equal(await count(first.threadId), '42');
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
        const again = await client.goes('continue', { threadId: there.threadId });
        assert.equal(await count(again.threadId), '43');
        await client.evaluate('ser.count = 42', { context: 'repl' });
        const end = await client.goes('continue', { threadId: again.threadId });
        assert.equal(await count(end.threadId), '43');
    });
});
