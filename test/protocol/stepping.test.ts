/** Steps into functions of the user's choice in the built debug adapter, and breakpoints by name. */
import assert from 'node:assert/strict';
import { z } from 'zod';
import { Client, line, UPDATE } from '../support/dap-client';

const targetsSchema = z.object({ targets: z.array(z.object({ id: z.number(), label: z.string() })) });

const boundSchema = z.object({
    breakpoints: z.array(
        z.object({
            verified: z.boolean(),
            message: z.string().optional(),
            line: z.number().optional(),
            source: z.object({ name: z.string() }).optional(),
        }),
    ),
});

suite('debug adapter: steps into calls', () => {
    let client: Client;

    setup(() => {
        client = Client.process();
    });

    teardown(() => client.close());

    async function top(threadId: number): Promise<string> {
        return (await client.frames(threadId))[0]?.name ?? '';
    }

    async function targets(threadId: number): Promise<z.infer<typeof targetsSchema>['targets']> {
        const [frame] = await client.frames(threadId);
        return targetsSchema.parse(await client.ok('stepInTargets', { frameId: frame?.id })).targets;
    }

    /** Stops at the line of preserve_fd() for the counter, behind a marker. */
    async function atPreserve(args: object = {}): Promise<number> {
        await client.launch(args);
        const breakpoints = [{ line: line('preserve') + 1 }];
        await client.ok('setBreakpoints', { source: { path: UPDATE }, breakpoints });
        await client.ok('configurationDone');
        return (await client.stopped()).threadId;
    }

    test('the targets of a statement are the functions and callbacks that it will call', async () => {
        const threadId = await atPreserve();
        const labels = (await targets(threadId)).map((t) => t.label);
        const callbacks = labels.filter((l) => !l.endsWith('()'));
        assert.deepEqual(callbacks.slice(-3), [
            'counter_handler.can_preserve',
            'shared.preserve',
            'counter_handler.preserve',
        ]);
        assert.ok(
            labels.some((l) => l.endsWith('()')),
            labels.join(),
        );
        assert.deepEqual(await targets(threadId), await targets(threadId));
    });

    test('a step into a target ends at its beginning, and one into what was not called behind the statement', async () => {
        const threadId = await atPreserve();
        const all = await targets(threadId);
        const target = all.find((t) => t.label === 'counter_handler.preserve');
        await client.goes('stepIn', { threadId, targetId: target?.id });
        assert.equal(await top(threadId), 'counter_handler.preserve');
        assert.ok((await client.frames(threadId)).length > 4, 'the frames of the kernel stay visible');
        // it is not called again: the step ends where a step over would
        const before = (await client.frames(threadId))[0]?.line ?? 0;
        await client.goes('stepIn', { threadId, targetId: target?.id });
        assert.equal((await client.frames(threadId))[0]?.line, before + 1);
        assert.match(await client.fails('stepIn', { threadId, targetId: 999 }), /no step-in target 999/);
    });

    test('frames that wait for a call have no targets', async () => {
        const threadId = await atPreserve();
        const target = (await targets(threadId)).at(-1);
        await client.goes('stepIn', { threadId, targetId: target?.id });
        const frames = await client.frames(threadId);
        assert.deepEqual(await client.ok('stepInTargets', { frameId: frames.at(-1)?.id }), { targets: [] });
    });

    test('Step Into Callback goes from callback to callback, and then behind the call', async () => {
        const threadId = await atPreserve();
        const seen: string[] = [];
        for (let n = 0; n < 3; n++) {
            await client.goes('lus/stepIntoCallback', { threadId });
            seen.push(await top(threadId));
        }
        assert.deepEqual(seen.slice(0, 2), ['shared.preserve', 'counter_handler.preserve']);
        assert.match(seen[2] ?? '', /^luod, scenario$/);
        assert.equal((await client.frames(threadId))[0]?.line, line('preserve') + 2);
        assert.ok(client.transcript.some((l) => l.includes('No callback is called')));
    });

    test('Step Into Callback at the reboot ends in the first freeze(), after the last one in the next kernel', async () => {
        await client.launch();
        await client.ok('setBreakpoints', { source: { path: UPDATE }, breakpoints: [{ line: line('reboot') }] });
        await client.ok('configurationDone');
        let { threadId } = await client.stopped();
        const seen: string[] = [];
        while (!(await top(threadId)).startsWith('scenario')) {
            ({ threadId } = await client.goes('lus/stepIntoCallback', { threadId }));
            seen.push(await top(threadId));
        }
        assert.deepEqual(seen.slice(0, 2), ['memfd.freeze', 'counter_handler.freeze']);
        assert.equal((await client.frames(threadId))[0]?.line, line('after the kexec'));
    });

    test('with skipKernelCode, steps pass over the kernel code that ships, forward and back', async () => {
        const threadId = await atPreserve({ skipKernelCode: true });
        const names = ['shared.preserve', 'counter_handler.preserve'];
        const stops: string[] = [];
        while (!stops.some((s) => s.startsWith('counter_handler.preserve'))) {
            await client.goes('stepIn', { threadId });
            const frames = await client.frames(threadId);
            assert.equal(frames[0]?.source?.name, 'update.lus');
            stops.push(`${frames[0]?.name} ${frames[0]?.line}:${frames[0]?.column}`);
        }
        assert.ok(stops.length < 8, stops.join());
        assert.ok(names.every((n) => stops.some((s) => s.startsWith(n))));
        const back: string[] = [];
        while (back.length < stops.length - 1) {
            await client.goes('lus/stepBackInto', { threadId });
            const [frame] = await client.frames(threadId);
            back.push(`${frame?.name} ${frame?.line}:${frame?.column}`);
        }
        assert.deepEqual(back.reverse(), stops.slice(0, -1));
    });

    test('in kernel code that a breakpoint has stopped in, steps go from statement to statement nevertheless', async () => {
        await client.launch({ skipKernelCode: true });
        await client.ok('setFunctionBreakpoints', { breakpoints: [{ name: 'memfd.preserve' }] });
        await client.ok('configurationDone');
        const { threadId } = await client.stopped();
        await client.goes('stepIn', { threadId });
        assert.match((await client.frames(threadId))[0]?.source?.path ?? '', /^lus-std:/);
    });

    test('a function breakpoint says where it is bound', async () => {
        await client.launch();
        const names = ['counter_handler.freeze', '*.freeze', 'counter_handler.*', 'sum', 'counter_handler.freze'];
        const { breakpoints } = boundSchema.parse(
            await client.ok('setFunctionBreakpoints', { breakpoints: names.map((name) => ({ name })) }),
        );
        const [one, all, every, fn, wrong] = breakpoints;
        assert.deepEqual(one, {
            verified: true,
            message: `1 place: counter_handler.freeze (update.lus:${line('in freeze')})`,
            line: line('in freeze'),
            source: { name: 'update.lus' },
        });
        assert.match(
            all?.message ?? '',
            /^\d+ places: counter_handler\.freeze \(update\.lus:\d+\), memfd\.freeze \(memfd\.lus:/,
        );
        assert.match(every?.message ?? '', /^6 places: .*counter_handler\.finish \(update\.lus:\d+\)\.?$/);
        assert.equal(fn?.line, line('in the loop') - 2);
        assert.equal(wrong?.verified, false);
        assert.match(wrong?.message ?? '', /Did you mean freeze/);
    });

    test('a breakpoint on the line of an empty callback stops there', async () => {
        await client.launch();
        const source = { path: UPDATE };
        const bound = await client.ok('setBreakpoints', { source, breakpoints: [{ line: line('empty') }] });
        const [at] = boundSchema.parse(bound).breakpoints;
        assert.deepEqual([at?.verified, at?.line], [true, line('empty')]);
        await client.ok('configurationDone');
        const { threadId } = await client.stopped();
        const [frame] = await client.frames(threadId);
        assert.deepEqual([frame?.name, frame?.line], ['counter_handler.finish', line('empty')]);
    });
});
