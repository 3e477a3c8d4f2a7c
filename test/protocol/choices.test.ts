/** Runs whose choices are listed in the built debug adapter: they end as an exploration has found. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import * as z from 'zod/mini';
import { Client } from '../support/dap-client';
import { lus } from '../support/lus';

const FILE = 'two.lus';
const TEXT = `
scenario "one of two comes first" {
    explore { orders }
    boot "7.2"
    process a, b
    log("not needed")
    concurrently {
        b { y = try open("/dev/liveupdate"); assert y >= 0, "the device is free" }
        a { first = memfd_create("a"); x = try open("/dev/liveupdate"); first.close() }
    }
}
`;

const AVOIDABLE = 'could be avoided until here';

const marksSchema = z.object({ marks: z.array(z.object({ name: z.string(), position: z.number() })) });

suite('debug adapter: the choices of an exploration', function () {
    this.timeout(120_000);
    let folder = '';
    let client: Client;

    setup(() => {
        folder = mkdtempSync(path.join(tmpdir(), 'lus-choices-'));
        writeFileSync(path.join(folder, FILE), TEXT);
        client = Client.process();
    });

    teardown(async () => {
        await client.close();
        rmSync(folder, { recursive: true, force: true });
    });

    test('the course of a violation stops where it breaks the rule', async () => {
        const found = JSON.parse(lus(folder, ['explore', FILE, '--format', 'json']).out);
        const { choices } = found.scenarios[0].violations[0];
        assert.ok(choices.length > 0);
        await client.launch({ program: path.join(folder, FILE), choices });
        await client.ok('configurationDone');
        const { threadId } = await client.stopped();
        const [top] = await client.frames(threadId);
        assert.equal(top?.line, 8);
    });

    test('a mark stands before each choice, and where the violation could be avoided for the last time', async () => {
        const found = JSON.parse(lus(folder, ['explore', FILE, '--format', 'json']).out);
        const { choices, inevitable } = found.scenarios[0].violations[0];
        await client.launch({ program: path.join(folder, FILE), choices, avoidableUntil: inevitable.before });
        await client.ok('configurationDone');
        const { threadId } = await client.stopped();
        const [end] = await client.frames(threadId);
        const { marks } = marksSchema.parse(await client.ok('lus/marks'));
        assert.deepEqual(marks.map((m) => m.name).sort(), [AVOIDABLE, ...choices].sort());
        const mark = marks.find((m) => m.name === AVOIDABLE);
        assert.equal(mark?.position, inevitable.operation);
        await client.ok('lus/goToMark', { name: AVOIDABLE });
        await client.stopped();
        const again = marksSchema.parse(await client.ok('lus/marks'));
        assert.deepEqual(again.marks, marks);
        // the way from there leads to the violation again
        await client.ok('continue', { threadId });
        const there = await client.stopped();
        const [top] = await client.frames(there.threadId);
        assert.deepEqual([top?.line, top?.name], [end?.line, end?.name]);
    });

    test('the marks of a counterexample that is a file', async () => {
        const file = path.join(folder, 'counterexample.lus');
        const { out } = lus(folder, ['explore', FILE, '--format', 'json', '-o', file]);
        const { choices } = JSON.parse(out).scenarios[0].violations[0];
        // the statement that it does not need has an operation and a choice before the others
        assert.doesNotMatch(readFileSync(file, 'utf8'), /not needed/);
        const again = JSON.parse(lus(folder, ['explore', file, '--orders', '--format', 'json']).out);
        const { inevitable } = again.scenarios[0].violations[0];
        await client.launch({ program: file });
        await client.ok('configurationDone');
        const { threadId } = await client.stopped();
        const [end] = await client.frames(threadId);
        const { marks } = marksSchema.parse(await client.ok('lus/marks'));
        assert.deepEqual(marks.map((m) => m.name).sort(), [AVOIDABLE, ...choices].sort());
        assert.equal(marks.find((m) => m.name === AVOIDABLE)?.position, inevitable.operation);
        await client.ok('lus/goToMark', { name: AVOIDABLE });
        await client.stopped();
        await client.ok('continue', { threadId });
        const there = await client.stopped();
        assert.deepEqual((await client.frames(there.threadId))[0], end);
    });

    test('the choices of the launch replace those of the scenario, and what they could avoid', async () => {
        const file = path.join(folder, 'counterexample.lus');
        lus(folder, ['explore', FILE, '--format', 'json', '-o', file]);
        await client.launch({ program: file, choices: [], stopAtEnd: 'always' });
        await client.ok('configurationDone');
        await client.stopped();
        assert.deepEqual(marksSchema.parse(await client.ok('lus/marks')).marks, []);
    });

    test('what is not a choice is refused', async () => {
        await client.initialize();
        await client.fails('launch', { program: path.join(folder, FILE), choices: ['schedule 7 luod'] });
    });
});
