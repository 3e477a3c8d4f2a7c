/** What the debugger shows of the host's memory, and that it stops in the agent that ships with the emulator. */
import assert from 'node:assert/strict';
import { lineWith } from '../support/markers';
import { inRepository } from '../support/repository';
import { Client } from '../support/dap-client';

const MOVABLE = inRepository('extension', 'examples', 'movable-memory.lus');
const HUGE = inRepository('extension', 'examples', 'huge-pages.lus');
const AGENT = inRepository('extension', 'examples', 'agent.lus');

/** The number of the first line that contains a text. */
suite('debug adapter: memory of the host', () => {
    let client: Client;

    setup(() => {
        client = Client.process();
    });

    teardown(() => client.close());

    async function stopAt(file: string, scenario: string, text: string): Promise<number> {
        await client.launch({ program: file, scenario, stopOnEntry: false });
        await client.ok('setBreakpoints', { source: { path: file }, breakpoints: [{ line: lineWith(file, text) }] });
        await client.ok('configurationDone');
        return (await client.stopped()).threadId;
    }

    test('a file in memory: how much of it lies in scratch, and what a pin changes', async () => {
        const threadId = await stopAt(
            MOVABLE,
            'preserving a file brings it out of scratch',
            'before = phys(ram.folio_at',
        );
        const value = async (...path: string[]): Promise<string> =>
            (await client.unfold(threadId, 'Machine', 'files in memory', 'guest-ram', ...path)).value;
        assert.match(await value(), /^64 MiB, 64 MiB allocated, 5\d(\.\d+)? MiB in scratch$/);
        assert.equal(await value('pinned'), '0 bytes');
        await client.ok('setBreakpoints', {
            source: { path: MOVABLE },
            breakpoints: [{ line: lineWith(MOVABLE, 'log("preserving took') }],
        });
        await client.goes('continue', { threadId });
        assert.equal(await value(), '64 MiB, 64 MiB allocated');
        assert.equal(await value('pinned'), '64 MiB');
        assert.equal(await value('frozen'), 'yes: its size and its holes cannot change');
    });

    test('pools of huge pages', async () => {
        const threadId = await stopAt(HUGE, 'the pools are what they were', 'assert hugepages(1GiB).nr == 1');
        assert.equal(
            (await client.unfold(threadId, 'Machine', 'huge pages')).value,
            '62 of 2 MiB, 62 free; 1 of 1 GiB, 1 free',
        );
        assert.equal(
            (await client.unfold(threadId, 'Machine', 'huge pages', '1 GiB', 'incoming')).value,
            '3 preserved by the previous kernel, not in the pool yet',
        );
    });

    test('a function breakpoint in the agent, its source, and a step in it', async () => {
        await client.launch({ program: AGENT, scenario: 'two guests outlive their monitors', stopOnEntry: false });
        await client.ok('setFunctionBreakpoints', { breakpoints: [{ name: 'luod_hand_back' }] });
        await client.ok('configurationDone');
        const { threadId } = await client.stopped();
        const [top, below] = await client.frames(threadId);
        assert.equal(top?.name, 'luod_hand_back');
        assert.equal(top?.source?.name, 'luod.lus');
        assert.equal(below?.source?.name, 'agent.lus');
        const source = await client.ok('source', {
            sourceReference: top?.source?.sourceReference,
            source: top?.source,
        });
        assert.ok(
            typeof source === 'object' &&
                source &&
                'content' in source &&
                String(source.content).includes('fn luod_hand_back(agent'),
        );
        await client.goes('next', { threadId });
        assert.equal(await client.evaluate('name', { frameId: (await client.frames(threadId))[0]?.id }), '"vm-1"');
    });
});
