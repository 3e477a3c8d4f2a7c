/**
 * Several processes at the same time in the built debug adapter: which thread a step moves, and who is seen to wait.
 */
import assert from 'node:assert/strict';
import * as path from 'node:path';
import { z } from 'zod';
import { Client, FIXTURES, line as lineIn } from '../support/dap-client';

const PROGRAM = path.join(FIXTURES, 'concurrently.lus');
const line = (marker: string): number => lineIn(marker, PROGRAM);
const threadsSchema = z.object({ threads: z.array(z.object({ id: z.number(), name: z.string() })) });

suite('debug adapter: several processes at the same time', () => {
    let client: Client;

    setup(() => {
        client = Client.process();
    });

    teardown(() => client.close());

    async function stopAt(...markers: string[]): ReturnType<Client['stopped']> {
        await client.launch({ program: PROGRAM });
        await client.ok('setBreakpoints', {
            source: { path: PROGRAM },
            breakpoints: markers.map((m) => ({ line: line(m) })),
        });
        await client.ok('configurationDone');
        return await client.stopped();
    }

    /** The names of the threads, by the names of their processes. */
    async function threads(): Promise<Map<string, { id: number; name: string }>> {
        const { threads: all } = threadsSchema.parse(await client.ok('threads'));
        return new Map(all.map((t) => [/^\w+/.exec(t.name)?.[0] ?? '', t]));
    }

    async function lineOf(threadId: number): Promise<number | undefined> {
        return (await client.frames(threadId)).find((f) => f.source?.name === 'concurrently.lus')?.line;
    }

    test('who waits says so in the list of threads, above its stack, and in the panes', async () => {
        const { threadId } = await stopAt('frozen');
        const all = await threads();
        assert.match(all.get('luod')?.name ?? '', /^luod \(\d+\)$/);
        assert.match(
            all.get('vmm')?.name ?? '',
            /^vmm \(\d+\): waits for the serialize lock, held by luod \(reboot\(KEXEC\)\)$/,
        );
        const vmm = all.get('vmm')?.id ?? 0;
        assert.deepEqual(
            (await client.frames(vmm)).map((f) => f.name),
            [
                'waits for the serialize lock, held by luod (reboot(KEXEC))',
                'release session "vm-1"',
                'task_work',
                'vmm, scenario',
                'scenario "two"',
            ],
        );
        assert.equal(
            (await client.unfold(vmm, 'Process', 'state')).value,
            'D, waits for the serialize lock, held by luod (reboot(KEXEC))',
        );
        assert.equal(
            (await client.unfold(threadId, 'Process', 'holds')).value,
            'system_transition_mutex, the kexec lock, the serialize lock, the list of outgoing sessions, the mutex of session "vm-1"',
        );
        assert.equal(
            (await client.unfold(threadId, 'Live Update', 'locks', 'the serialize lock')).value,
            'held by luod; waiting: vmm',
        );
        assert.equal(
            (await client.unfold(threadId, 'Live Update', 'locks', 'the serialize lock', 'vmm')).value,
            'waits, for reading',
        );
        assert.equal(
            await client.evaluate('vmm.waits_for'),
            '"waits for the serialize lock, held by luod (reboot(KEXEC))"',
        );
        assert.equal(await client.evaluate('luo.serialize.waiting'), '1');
    });

    test('a step stays in its thread: others run meanwhile', async () => {
        const { threadId } = await stopAt('reboot');
        const after = await client.goes('next', { threadId });
        assert.equal(after.threadId, threadId);
        assert.equal(await lineOf(threadId), line('luod goes on'));
        // the last statement of its block: whoever is left goes on
        const { threadId: other } = await client.goes('next', { threadId });
        assert.notEqual(other, threadId);
        assert.equal(await lineOf(other), line('closed'));
        const { threadId: scenario } = await client.goes('next', { threadId: other });
        assert.equal(await lineOf(scenario), line('behind'));
    });

    test('a thread that was chosen is stepped, also where another one runs', async () => {
        await stopAt('frozen');
        const vmm = (await threads()).get('vmm')?.id ?? 0;
        const after = await client.goes('next', { threadId: vmm });
        assert.equal(after.threadId, vmm);
        assert.equal(after.reason, 'step');
        // it has got the lock, and stands behind it
        assert.equal((await client.frames(vmm))[0]?.name, 'release session "vm-1"');
        assert.deepEqual(
            [...(await threads()).values()].filter((t) => t.name.includes('waits')),
            [],
        );
    });

    test('breakpoints stop whichever thread comes to them, also during the step of another', async () => {
        const { threadId } = await stopAt('reboot', 'vmm', 'behind');
        const there = await client.goes('next', { threadId });
        assert.equal(there.reason, 'breakpoint');
        assert.notEqual(there.threadId, threadId);
        assert.equal(await lineOf(there.threadId), line('vmm'));
        const behind = await client.goes('continue');
        assert.equal(await lineOf(behind.threadId), line('behind'));
        assert.ok(!(await client.ok('threads').then((b) => JSON.stringify(b))).includes('waits'));
    });

    test('next at scenario level goes into the first block', async () => {
        const { threadId } = await stopAt('begin');
        const first = await client.goes('next', { threadId });
        assert.equal(await lineOf(first.threadId), line('begin') + 1);
        assert.equal((await threads()).get('luod')?.id, first.threadId);
    });
});
