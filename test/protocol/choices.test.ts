/** Runs whose choices are listed in the built debug adapter: they end as an exploration has found. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { Client } from '../support/dap-client';
import { lus } from '../support/lus';

const FILE = 'two.lus';
const TEXT = `
scenario "one of two comes first" {
    explore { orders }
    boot "7.2"
    process a, b
    concurrently {
        b { y = try open("/dev/liveupdate"); assert y >= 0, "the device is free" }
        a { first = memfd_create("a"); x = try open("/dev/liveupdate"); first.close() }
    }
}
`;

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
        assert.equal(top?.line, 7);
    });

    test('what is not a choice is refused', async () => {
        await client.initialize();
        await client.fails('launch', { program: path.join(folder, FILE), choices: ['schedule 7 luod'] });
    });
});
