/** Data breakpoints in the built debug adapter: what can be watched, and what a stop says. */
import assert from 'node:assert/strict';
import { z } from 'zod';
import { Client, line, UPDATE } from '../support/dap-client';

const infoSchema = z.object({
    dataId: z.union([z.string(), z.null()]),
    description: z.string(),
    accessTypes: z.array(z.string()).optional(),
    canPersist: z.boolean().optional(),
});
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

    test('a field in memory is followed over the kexec, and each change says who made it', async () => {
        const threadId = await at('two statements');
        const [id] = await watch(threadId, ['ser.count']);
        const all = await stops('continue', 'end', threadId);
        console.log(all, id, client.transcript.filter((l) => l.startsWith('· output')));
    });
});
