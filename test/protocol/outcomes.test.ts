/** The outcome of a scenario, as the extension reads it from what the adapter sends. */
import assert from 'node:assert/strict';
import { saidOutcome, type SaidOutcome } from '../../extension/tests/said-outcome';
import { Client, UPDATE } from '../support/dap-client';

suite('debug adapter: outcomes', () => {
    let client: Client;

    setup(() => {
        client = Client.process();
    });

    teardown(() => client.close());

    /** The outcomes in all messages up to the first event of a name. */
    async function outcomesUntil(scenario: string, last: string, noDebug: boolean): Promise<SaidOutcome[]> {
        await client.launch({ program: UPDATE, scenario, noDebug });
        await client.ok('configurationDone');
        const found: SaidOutcome[] = [];
        for (;;) {
            const heard = await client.event('output', 'stopped', 'exited', 'terminated');
            const outcome = saidOutcome(heard);
            if (outcome) {
                found.push(outcome);
            }
            if (heard.event === last) {
                return found;
            }
        }
    }

    test('a scenario that passes', async () => {
        const found = await outcomesUntil('a counter and its memory', 'terminated', true);
        assert.ok(found.length > 0);
        assert.deepEqual(
            found.filter((o) => !o.passed),
            [],
        );
    });

    test('a scenario that fails has its outcome before the stop at the failure', async () => {
        const [only, ...more] = await outcomesUntil('an expectation that does not hold', 'stopped', false);
        assert.deepEqual(more, []);
        assert.equal(only?.passed, false);
        assert.match(only?.reason ?? '', /^assertion failed: two pages are one/);
    });
});
