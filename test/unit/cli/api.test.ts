/** What programs import from the package: it is as its declarations say, and it does what the commands do. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { nodeHost } from '../../../debug-adapter/files';
import { LusDebugSession } from '../../../debug-adapter/session';
import type * as sessionTypes from '../../../debug-adapter/api-types';
import { check, run } from '../../../emulator/cli/api';
import type * as apiTypes from '../../../emulator/cli/api-types';
import { inRepository } from '../../support/repository';

// The compiler compares the declarations that ship with the code.
const api: Pick<typeof apiTypes, 'check' | 'run'> = { check, run };
const session: Pick<typeof sessionTypes, 'LusDebugSession' | 'nodeHost'> = { LusDebugSession, nodeHost };

suite('the interface for programs', () => {
    let folder: string;

    setup(() => {
        folder = mkdtempSync(path.join(tmpdir(), 'lus-api-'));
    });

    teardown(() => rmSync(folder, { recursive: true }));

    function file(name: string, text: string): string {
        const whole = path.join(folder, name);
        writeFileSync(whole, text);
        return whole;
    }

    test('check finds what lus check finds', () => {
        const found = api.check(file('typo.lus', 'scenario "s" {\n    boot "7.2"\n    memfd_creat("a")\n}\n'));
        assert.deepEqual(
            found.map(({ code, where }) => [code, where.line, where.column]),
            [['LU0202', 3, 5]],
        );
        assert.deepEqual(api.check(inRepository('extension', 'examples', 'tour.lus')), []);
        assert.throws(() => api.check(path.join(folder, 'none.lus')), /none\.lus/);
    });

    test('run gives what lus run --format json prints', () => {
        const passes = inRepository('extension', 'examples', 'tour.lus');
        const fails = file('fails.lus', 'scenario "s" {\n    boot "7.2"\n    assert 1 == 2\n}\n');
        const broken = file('broken.lus', 'scenario {\n');
        const report = api.run([passes, fails, broken]);
        assert.deepEqual([report.passed, report.failed, report.broken], [1, 1, 1]);
        const [, second, third] = report.files;
        assert.equal(second?.scenarios[0]?.failure?.kind, 'failed-assertion');
        assert.equal(second.scenarios[0].failure.where?.line, 3);
        assert.ok((third?.errors.length ?? 0) > 0);
        assert.throws(() => api.run(passes, { scenario: 'none' }), /There is no scenario "none"/);
        assert.throws(() => api.run(passes, { kernel: '9.9' }), /9\.9/);
    });

    test('a session runs a scenario in this process', async () => {
        const adapter = new session.LusDebugSession(session.nodeHost);
        const events: unknown[] = [];
        await new Promise<void>((resolve) => {
            adapter.onDidSendMessage((message) => {
                const event: unknown = Reflect.get(message, 'event');
                if (event !== undefined) {
                    events.push(event);
                }
                if (event === 'initialized') {
                    adapter.receive({ type: 'request', seq: 3, command: 'configurationDone' });
                } else if (event === 'terminated') {
                    resolve();
                }
            });
            const program = inRepository('extension', 'examples', 'tour.lus');
            adapter.receive({ type: 'request', seq: 1, command: 'initialize', arguments: { adapterID: 'lus' } });
            adapter.receive({ type: 'request', seq: 2, command: 'launch', arguments: { program, noDebug: true } });
        });
        assert.ok(events.includes('exited'));
    });
});
