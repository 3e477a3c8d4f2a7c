/** The debug console of the built debug adapter: completions, help, number formats, units. */
import assert from 'node:assert/strict';
import { z } from 'zod';
import { Client, line, UPDATE } from '../support/dap-client';

const targetsSchema = z.object({
    targets: z.array(
        z.object({
            label: z.string(),
            type: z.string(),
            start: z.number(),
            length: z.number(),
            detail: z.string().optional(),
        }),
    ),
});

suite('debug adapter: the console', () => {
    let client: Client;

    setup(() => {
        client = Client.process();
    });

    teardown(() => client.close());

    /** The top frame of a stop in a callback. */
    async function inFreeze(): Promise<number> {
        const { threadId } = await client.stopAt('in freeze');
        const [frame] = await client.frames(threadId);
        assert.ok(frame);
        return frame.id;
    }

    async function complete(
        text: string,
        frameId: number,
        more: object = {},
    ): Promise<z.infer<typeof targetsSchema>['targets']> {
        const column = text.length + 1;
        return targetsSchema.parse(await client.ok('completions', { text, column, frameId, ...more })).targets;
    }

    test('completes names and members, from columns that begin at 1', async () => {
        const frameId = await inFreeze();
        assert.deepEqual(await complete('args.seria', frameId), [
            { label: 'serialized_data', type: 'field', start: 6, length: 5, detail: 'int' },
        ]);
        assert.ok((await complete('', frameId)).some((t) => t.label === 'args' && t.type === 'variable'));
        // the second line of an input of several lines
        const [second] = await complete('1 +\nargs.fil', frameId, { line: 2, column: 9 });
        assert.deepEqual([second?.label, second?.start], ['file', 6]);
    });

    test('help is that of the place', async () => {
        const frameId = await inFreeze();
        const ask = (expression: string): Promise<string> => client.evaluate(expression, { frameId, context: 'repl' });
        assert.match(await ask('help'), /Names here: .*args/);
        assert.match(await ask('help truncate'), /^truncate\(/);
        assert.match(await client.fails('evaluate', { expression: 'help', frameId, context: 'watch' }), /not defined/);
    });

    test('a suffix, or the format of the client, shows integers in hexadecimal, below a result, too', async () => {
        const frameId = await inFreeze();
        assert.equal(await client.evaluate('args.file.count + 4055', { frameId }), '4096');
        assert.equal(await client.evaluate('args.file.count + 4055,x', { frameId }), '0x1000');
        assert.equal(await client.evaluate('args.file.count + 4055', { frameId, format: { hex: true } }), '0x1000');
        const { variablesReference } = z
            .object({ variablesReference: z.number() })
            .parse(await client.ok('evaluate', { expression: 'args.file,x', frameId }));
        const count = async (format?: object): Promise<string | undefined> =>
            (await client.variables(variablesReference, { format })).find((v) => v.name === 'count')?.value;
        assert.equal(await count(), '0x29');
        assert.equal(await count({ hex: false }), '41');
        assert.match(await client.evaluate('args.serialized_data', { frameId }), /^0x/);
    });

    test('variables of a scope are in hexadecimal if the client asks for that', async () => {
        await client.launch();
        await client.ok('setBreakpoints', { source: { path: UPDATE }, breakpoints: [{ line: line('in the loop') }] });
        await client.ok('configurationDone');
        const { threadId } = await client.stopped();
        const locals = await client.scope(threadId, 'Locals');
        const total = async (more: object): Promise<string | undefined> =>
            (await client.variables(locals, more)).find((v) => v.name === 'total')?.value;
        assert.equal(await total({}), '0');
        await client.ok('setVariable', { variablesReference: locals, name: 'total', value: '255' });
        assert.equal(await total({ format: { hex: true } }), '0xff');
        assert.equal(await total({}), '255');
        const set = await client.ok('setVariable', {
            variablesReference: locals,
            name: 'total',
            value: '16',
            format: { hex: true },
        });
        assert.equal(z.object({ value: z.string() }).parse(set).value, '0x10');
    });

    test('sizes and times have units', async () => {
        const { threadId } = await client.stopAt('preserve');
        const [frame] = await client.frames(threadId);
        assert.equal(await client.evaluate('ram.size', { frameId: frame?.id }), '8388608 (8 MiB)');
        assert.match(await client.evaluate('clock.now', { frameId: frame?.id }), /^\d+ \([\d.]+ m?s\)$/);
    });
});
