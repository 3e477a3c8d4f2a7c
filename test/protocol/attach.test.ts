/** Attaching the built debug adapter to memory images of a real kernel. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { z } from 'zod';
import { inRepository } from '../support/repository';
import { Client, UPDATE } from '../support/dap-client';

const IMAGE_1 = inRepository('test/conformance/images/image-1.elf.gz');
const IMAGE_3 = inRepository('test/conformance/images/image-3.elf.gz');
const memorySchema = z.object({
    address: z.string(),
    data: z.string().optional(),
    unreadableBytes: z.number().optional(),
});

suite('debug adapter: attached to an image', () => {
    let client: Client;

    setup(async () => {
        client = Client.process();
        await client.initialize();
    });

    teardown(() => {
        assert.ok([...client.answered.values()].every((n) => n === 1));
        client.close();
    });

    async function attach(image: string, more: object = {}): Promise<void> {
        await client.ok('attach', { image, ...more });
        await client.event('initialized');
        await client.ok('configurationDone');
        const stop = await client.stopped();
        assert.equal(stop.reason, 'entry');
    }

    async function read(
        memoryReference: string | undefined,
        count: number,
        offset = 0,
    ): Promise<z.infer<typeof memorySchema>> {
        return memorySchema.parse(await client.ok('readMemory', { memoryReference, count, offset }));
    }

    test('it is stopped at the handover, whose stack says where it comes from', async () => {
        await attach(IMAGE_1);
        assert.deepEqual(await client.ok('threads'), { threads: [{ id: 1, name: 'handover' }] });
        const frames = await client.frames(1);
        assert.deepEqual(
            frames.map((f) => f.name),
            ['handover from 7.2.13, update 1'],
        );
    });

    test('sessions unfold into files, structures, folios and their bytes', async () => {
        await attach(IMAGE_1);
        const sessions = await client.unfold(1, 'Live Update', 'sessions');
        assert.equal(sessions.value, '3 sessions');
        assert.deepEqual(
            (await client.variables(sessions.variablesReference)).map((v) => `${v.name} ${v.value}`),
            ['"vm-1" 5 files', '"in-memory-db" 1 file', '"empty" no files'],
        );
        const pos = await client.unfold(1, 'Live Update', 'sessions', '"vm-1"', 'token 0x2', 'serialized', 'pos');
        assert.equal(pos.value, '1234');
        const ram = await client.unfold(1, 'Live Update', 'sessions', '"vm-1"', 'token 0x1');
        assert.equal(ram.value, 'memfd-v2, 4 MiB');
        const folios = await client.unfold(1, 'Live Update', 'sessions', '"vm-1"', 'token 0x1', 'folios');
        assert.equal(folios.indexedVariables, 1024);
        const [folio] = await client.variables(folios.variablesReference, { filter: 'indexed', start: 1000, count: 1 });
        assert.equal(folio?.name, '[1000]');
        const [first] = await client.variables(folios.variablesReference, { filter: 'indexed', start: 0, count: 1 });
        assert.equal(first?.memoryReference, '0x17a1000');
        const { data } = await read(first?.memoryReference, 16);
        assert.equal(Buffer.from(data ?? '', 'base64').toString('hex'), '0f161d242b323940474e555c636a7178');
        const rows = await client.unfold(
            1,
            'Live Update',
            'sessions',
            '"in-memory-db"',
            'token 0xffffffffffffffff',
            'folios',
            '[0]',
            'bytes',
        );
        const [row] = await client.variables(rows.variablesReference, { filter: 'indexed', start: 0, count: 1 });
        assert.match(row?.value ?? '', /^63 61 63 68 65 2d .* {2}cache-header-v3\.$/);
        const flbs = await client.unfold(1, 'Live Update', 'FLBs', '"luotest-flb-x-v1"');
        assert.equal(flbs.value, 'count 2, data 0x100');
    });

    test('a client with a view of the sessions has them in Handover', async () => {
        await attach(IMAGE_1, { views: ['liveUpdate'] });
        assert.deepEqual(await client.scopeNames(1), ['Handover', 'Image']);
        const rows = await client.variables(await client.scope(1, 'Handover'));
        assert.equal(rows.find((v) => v.name === 'sessions')?.value, '3 sessions');
        assert.ok(rows.some((v) => v.name === 'FDT'));
    });

    test('the FDT, the preserved memory and the scratch areas', async () => {
        await attach(IMAGE_3);
        const map = await client.unfold(1, 'Handover', 'FDT', 'preserved-memory-map');
        assert.equal(map.value, '0x14112000');
        const blob = await client.unfold(1, 'Handover', 'FDT', 'LUO', 'preserved-data');
        assert.equal(blob.memoryReference, '0x6a9000');
        const preserved = await client.unfold(1, 'Handover', 'preserved memory');
        assert.equal(preserved.value, '2068 pages, 8.1 MiB');
        assert.equal((await client.unfold(1, 'Handover', 'preserved memory', 'order 9')).value, '4 × 2 MiB');
        const areas = await client.unfold(1, 'Handover', 'scratch areas');
        assert.deepEqual(
            (await client.variables(areas.variablesReference)).map((v) => `${v.name}: ${v.value}`),
            [
                'lowmem: 0x1c800000–0x1f7fffff (48 MiB)',
                'global: empty, at 0x1fc00000',
                'node 0: 0x11000000–0x133fffff (36 MiB)',
                'node 1: 0x1bc00000–0x1c7fffff (12 MiB)',
            ],
        );
        assert.equal((await client.unfold(1, 'Handover', 'findings')).value, 'no findings');
    });

    test('memory that is not in the image cannot be read, and says how far it is to what is', async () => {
        await attach(IMAGE_1);
        assert.deepEqual(await read('0x1000', 64), { address: '0x1000', unreadableBytes: 64 });
        const end = await read('0x4be000', 0x2000);
        assert.equal(Buffer.from(end.data ?? '', 'base64').length, 0x1000);
        assert.equal(end.unreadableBytes, 0x1000);
        assert.equal(await client.evaluate('0x17a1000'), '0x17a1000: preserved');
        assert.equal(await client.evaluate('0x4be000'), '0x4be000: not preserved');
        assert.equal(await client.evaluate('0x4b_0000 + 14 * 4KiB'), '0x4be000: not preserved');
        assert.equal(await client.evaluate('1 + 1'), '2');
        assert.equal(await client.evaluate('3 * 16,x'), '0x30');
        assert.match(await client.fails('evaluate', { expression: 'luod.vm1' }), /numbers and physical addresses/);
        assert.match(await client.fails('evaluate', { expression: '1 / 0' }), /division by zero/);
    });

    test('an image does not run or change, and the client is told', async () => {
        await attach(IMAGE_1);
        const told = client.transcript.filter((t) => t.startsWith('· capabilities ')).join();
        assert.match(told, /"supportsSetVariable":false/);
        assert.match(told, /"supportsWriteMemoryRequest":false/);
        const data = Buffer.from([1]).toString('base64');
        const write = { memoryReference: '0x4be000', data };
        assert.match(await client.fails('writeMemory', write), /cannot be changed/);
        assert.deepEqual(await client.ok('completions', { text: 'x', column: 2 }), { targets: [] });
        for (const command of ['continue', 'next', 'stepIn', 'stepOut', 'pause']) {
            assert.match(await client.fails(command, { threadId: 1 }), /A memory image cannot run/);
        }
        assert.match(await client.fails('launch', { program: UPDATE }), /session/);
        assert.match(await client.fails('attach', { image: IMAGE_1 }), /Start another session/);
        assert.match(
            await client.fails('setVariable', { variablesReference: 1, name: 'x', value: '1' }),
            /cannot be changed/,
        );
        await client.ok('disconnect');
    });

    test('what is wrong is in the console and among the findings', async () => {
        await client.ok('attach', { image: IMAGE_1, fdt: '0x4c3000' });
        const output = z.object({ category: z.string(), output: z.string() });
        const heard: string[] = [];
        await client.event('initialized');
        heard.push(output.parse((await client.event('output')).body).output);
        const bad = output.parse((await client.event('output')).body);
        assert.equal(bad.category, 'stderr');
        assert.match(bad.output, /the root FDT: the magic is .* \[fdt-invalid\]: everything is lost silently/);
        await client.ok('configurationDone');
        await client.stopped();
        assert.equal(
            (await client.unfold(1, 'Handover', 'findings', 'fdt-invalid', 'consequence')).value,
            'everything is lost silently',
        );
    });

    test('wrong configurations and files are one sentence each', async () => {
        assert.equal(
            await client.fails('attach', {}),
            'attach configuration: "image" is missing: it must be a string.',
        );
        assert.match(
            await client.fails('attach', { image: '/nowhere/x.elf' }),
            /^There is no memory image \/nowhere\/x\.elf/,
        );
        assert.match(
            await client.fails('attach', { image: IMAGE_1, fdt: '0x123' }),
            /"fdt" must be the physical address of a page/,
        );
        const folder = mkdtempSync(path.join(tmpdir(), 'lus-attach-'));
        try {
            const file = path.join(folder, 'text.elf');
            writeFileSync(file, 'hello');
            assert.match(await client.fails('attach', { image: file }), /cannot be opened: this is not an ELF file\.$/);
        } finally {
            rmSync(folder, { recursive: true });
        }
        await attach(IMAGE_1);
    });
});
