/** What the debugger shows of virtual machines, and where it stops when a guest is not paused. */
import assert from 'node:assert/strict';
import { lineWith } from '../support/markers';
import { inRepository } from '../support/repository';
import { Client } from '../support/dap-client';

const LOAD = inRepository('extension', 'examples', 'guest-under-load.lus');

suite('debug adapter: virtual machines', () => {
    let client: Client;

    setup(() => {
        client = Client.process();
    });

    teardown(() => client.close());

    test('vCPUs, registers, memory slots down to the bytes, and what is wrong', async () => {
        await client.launch({ program: LOAD, stopOnEntry: false });
        await client.ok('setBreakpoints', {
            source: { path: LOAD },
            breakpoints: [{ line: lineWith(LOAD, 'guest.save(state)') }],
        });
        await client.ok('configurationDone');
        const { threadId } = await client.stopped();
        const guest = ['virtual machines', 'guest'] as const;
        const value = async (...path: string[]): Promise<string> =>
            (await client.unfold(threadId, 'Machine', ...guest, ...path)).value;
        assert.equal(await value(), '4 vCPUs, paused');
        assert.equal(await value('vCPUs', '[3]'), 'paused');
        assert.match(
            await value('vCPUs', '[1]', 'program'),
            /^writes 0x1000000–0x1ffffff \(16 MiB\) at 100 MiB\/s, round 2, \d+ pages of it done$/,
        );
        assert.match(await value('vCPUs', '[1]', 'registers', 'rip'), /^0xffffffff810000\w\w$/);
        assert.equal(await value('vCPUs', '[1]', 'registers', 'rsi'), '0x1000000');
        assert.equal(await value('memory slots', '0x2000000'), '0x2000000–0x3ffffff (32 MiB): memfd "guest-ram-high"');
        assert.match(await value('memory slots', '0x0', '0x0'), /^0x\w+–0x\w+ \(\d+ MiB\)$/);
        assert.equal(await value('wrong bytes', 'now'), '0 bytes');
        assert.equal(await value('state saved'), 'no');
        assert.match(await value('blackout'), /^[\d.]+ µs so far$/);
        assert.equal(await client.evaluate('vm("guest").state'), '"paused"');
    });

    test('execution stops at the reboot into which a guest runs', async () => {
        await client.launch({ program: LOAD, scenario: 'a guest that was not paused', stopOnEntry: false });
        await client.ok('setExceptionBreakpoints', { filters: ['diagnosis'] });
        await client.ok('configurationDone');
        const { threadId, reason } = await client.stopped();
        assert.equal(reason, 'exception');
        const frames = await client.frames(threadId);
        assert.ok(
            frames.some((f) => f.line === lineWith(LOAD, 'reboot(KEXEC)')),
            JSON.stringify(frames.map((f) => [f.name, f.line])),
        );
    });
});
