/** Physical memory by owner, over the protocol: `lus/memory` and `lus/page`. */
import assert from 'node:assert/strict';
import { z } from 'zod';
import { Client } from '../support/dap-client';
import { inRepository } from '../support/repository';

const owned = z.object({ kernel: z.number(), kind: z.string(), owner: z.string() });
const piece = z.object({
    from: z.number(),
    to: z.number(),
    shares: z.array(z.object({ kind: z.string(), owner: z.string(), bytes: z.number() })),
});
const pictureSchema = z.object({
    title: z.string(),
    page: z.number(),
    nodes: z.array(z.object({ node: z.number(), from: z.number(), to: z.number(), size: z.number() })),
    windows: z.array(z.object({ from: z.number(), to: z.number() })),
    bands: z.array(
        z.object({
            name: z.string(),
            kernel: z.number(),
            totals: z.record(z.string(), z.number()),
            windows: z.array(z.array(piece)),
        }),
    ),
    changes: z.array(z.array(z.object({ from: z.number(), to: z.number(), bytes: z.number() }))),
    pointers: z.object({
        list: z.array(
            z.object({
                at: z.number(),
                target: z.number(),
                path: z.string(),
                of: z.string(),
                wrong: z.string().optional(),
            }),
        ),
    }),
});
const pageSchema = z.object({
    address: z.number(),
    text: z.string(),
    now: owned.optional(),
    before: owned.optional(),
    memoryReference: z.string(),
    history: z.array(z.object({ kernel: z.number(), text: z.string(), line: z.number().optional() })),
});

suite('debug adapter: physical memory', () => {
    let client: Client;

    setup(() => {
        client = Client.process();
    });
    teardown(() => client.close());

    const memory = async (args: object = {}): Promise<z.infer<typeof pictureSchema>> =>
        pictureSchema.parse(await client.ok('lus/memory', args));
    const page = async (address: number): Promise<z.infer<typeof pageSchema>> =>
        pageSchema.parse(await client.ok('lus/page', { address }));
    /** The data of the memfd, as the pointer to it says. */
    const dataOf = ({ pointers }: z.infer<typeof pictureSchema>): number => {
        const found = pointers.list.find((p) => p.path === 'data' && /^token 0x1 of session "vm-1"/.test(p.of));
        assert.ok(found, 'a pointer to the data of token 1');
        assert.equal(found.wrong, undefined);
        return found.target;
    };

    test('one band before the kexec, two after it, and a page keeps the name of its old owner', async () => {
        await client.stopAt('entry', 'in freeze', 'last');
        assert.equal((await memory()).bands[0]?.kernel, 0, 'no kernel has booted');
        await client.goes('continue');
        const freeze = await memory();
        assert.deepEqual(
            freeze.bands.map((b) => [b.name, b.kernel]),
            [['now', 1]],
        );
        const [node] = freeze.nodes;
        const [band] = freeze.bands;
        assert.ok(node && band);
        assert.equal(
            Object.values(band.totals).reduce((a, b) => a + b),
            freeze.nodes.reduce((n, { size }) => n + size, 0),
            'each byte has a kind',
        );
        assert.ok((band.totals['preserved'] ?? 0) > 0);
        const data = dataOf(freeze);
        const before = await page(data);
        assert.equal(before.now?.kind, 'preserved');
        assert.equal(before.before, undefined);
        await client.goes('continue');
        const last = await memory();
        assert.deepEqual(
            last.bands.map((b) => [b.name, b.kernel]),
            [
                ['before the kexec', 1],
                ['now', 2],
            ],
        );
        assert.ok((last.bands[1]?.totals['claimed'] ?? 0) > 0);
        assert.ok(last.changes.flat().length > 0);
        const after = await page(data);
        assert.deepEqual(after.before, { ...before.now, kernel: 1 });
        assert.deepEqual(after.history.slice(0, before.history.length), before.history);
        assert.ok(after.history.some((line) => line.kernel === 1 && line.text.startsWith('preserved: ')));
        assert.equal(Number(after.memoryReference), data);
    });

    test('no more pieces than asked for, of the parts that are asked for', async () => {
        await client.stopAt('entry', 'last');
        await client.goes('continue');
        const coarse = await memory({ buckets: 10 });
        for (const pieces of coarse.bands.flatMap((b) => b.windows)) {
            assert.ok(pieces.length > 0 && pieces.length <= 10, `${pieces.length} pieces`);
        }
        const data = dataOf(coarse);
        const part = { from: data, to: data + 16 * coarse.page };
        const { bands, windows } = await memory({ windows: [part], buckets: 100 });
        assert.deepEqual(windows, [part]);
        for (const { windows: shown } of bands) {
            assert.equal(shown.length, 1);
            assert.equal(
                shown[0]?.reduce((n, p) => n + p.to - p.from, 0),
                16 * coarse.page,
            );
        }
        assert.ok((await memory({ buckets: 1e9 })).bands.every((b) => b.windows.flat().length <= 4000));
        assert.match(await client.fails('lus/memory', { buckets: 0 }), /buckets/);
        assert.match(await client.fails('lus/page', { address: -1 }), /address/);
        const nothing = await page(2 ** 50);
        assert.equal(nothing.now, undefined);
        assert.equal(nothing.text, `no memory at 0x${(2 ** 50).toString(16)}`);
    });

    test('compared with a mark: the run stands where it stood, and only what has changed since differs', async () => {
        await client.stopAt('entry', 'preserve', 'in freeze');
        await client.goes('continue');
        await client.ok('lus/mark', { name: 'before' });
        await client.goes('continue');
        const { bands, changes } = await memory({ compare: { mark: 'before' } });
        assert.deepEqual(
            bands.map((b) => [b.name, b.kernel]),
            [
                ['at the mark before', 1],
                ['now', 1],
            ],
        );
        const changed = changes.flat().reduce((n, c) => n + c.bytes, 0);
        assert.ok(changed > 0);
        assert.deepEqual(await memory({ compare: { mark: 'before' } }), await memory({ compare: { mark: 'before' } }));
        assert.match(await client.fails('lus/memory', { compare: { mark: 'other' } }), /"other" does not exist/);
        assert.match(await client.fails('lus/memory', { compare: {} }), /Name a mark or an event/);
        await client.goes('next');
    });

    test('of an attached image: what is preserved, and pointers that lead there', async () => {
        await client.initialize();
        await client.ok('attach', { image: inRepository('test/conformance/images/image-1.elf.gz') });
        await client.event('initialized');
        await client.ok('configurationDone');
        await client.stopped();
        const { bands, pointers } = await memory();
        assert.deepEqual(
            bands.map((b) => b.name),
            ['at the handover'],
        );
        assert.ok((bands[0]?.totals['unclaimed'] ?? 0) > 0);
        assert.ok(pointers.list.length > 0);
        assert.deepEqual(
            pointers.list.filter((p) => p.wrong !== undefined),
            [],
        );
        const [pointer] = pointers.list;
        assert.equal((await page(pointer?.target ?? 0)).now?.owner !== undefined, true);
        assert.match(await client.fails('lus/memory', { compare: { event: 1 } }), /has no history/);
    });
});
