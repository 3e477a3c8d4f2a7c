/** Diagnoses in the reports of the built `lus run`, and what `--strict` makes of them. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { z } from 'zod';
import { lus, type Ran } from '../support/lus';
import { inRepository } from '../support/repository';

const LOST = 'second-update.lus';
const OTHERS = ['first-session.lus', 'tour.lus', 'nic-handler.lus'];

const reportSchema = z.object({
    passed: z.number(),
    failed: z.number(),
    files: z.array(
        z.object({
            scenarios: z.array(
                z.object({
                    passed: z.boolean(),
                    failure: z.object({ kind: z.string(), message: z.string() }).nullable(),
                    diagnoses: z.array(
                        z.object({
                            code: z.string(),
                            severity: z.string(),
                            expected: z.boolean(),
                            where: z.object({ file: z.string(), line: z.number() }),
                            history: z.array(z.object({ text: z.string() })),
                            data: z.record(z.string(), z.unknown()),
                        }),
                    ),
                }),
            ),
        }),
    ),
});

suite('diagnoses in reports', function () {
    this.timeout(300_000);
    let folder = '';
    suiteSetup(() => {
        folder = mkdtempSync(path.join(tmpdir(), 'lus-diagnoses-'));
        const example = (name: string): string => readFileSync(inRepository('extension', 'examples', name), 'utf8');
        // a scenario that does not know of what it finds
        writeFileSync(path.join(folder, LOST), example(LOST).replace(' finds LU1003', ''));
        for (const name of OTHERS) {
            writeFileSync(path.join(folder, name), example(name));
        }
    });
    suiteTeardown(() => {
        rmSync(folder, { recursive: true });
    });

    const run = (...args: string[]): Ran => lus(folder, ['run', ...args]);

    test('pretty: under the scenario, with place, source, history and what to do; the scenario passes', () => {
        const { code, out } = run(LOST);
        assert.equal(code, 0);
        assert.match(
            out,
            /✓ kept and forgotten\n(?: {4}update .*\n)*\n {4}second-update\.lus:\d+:\d+: error LU1003: Session "forgotten" came from the previous kernel and was never retrieved: .*\n/,
        );
        assert.match(out, /\n {6}> \d+ \| .*reboot\(KEXEC\).*\n {8}\s*\| +\^+\n/);
        assert.match(
            out,
            /History\n {6}kernel 1: create_session\("forgotten"\) {2}second-update\.lus:\d+:\d+\n {6}kernel 1: preserve_fd\(token: 0x1\) /,
        );
        assert.match(out, /What to do {2}Only sessions created in this kernel are handed over\./);
        assert.match(out, /\n1 passed, 0 failed\n$/);
    });

    test('--strict fails a scenario that does not know of it, and says it once', () => {
        const { code, out } = run(LOST, '--strict');
        assert.equal(code, 1);
        assert.equal(out.split('error LU1003').length, 2);
        assert.match(out, /✗ kept and forgotten/);
        assert.deepEqual(run(...OTHERS, '--strict').code, 0);
    });

    test('JSON', () => {
        const { out } = run(LOST, '--strict', '--format', 'json');
        const [scenario] = reportSchema.parse(JSON.parse(out)).files[0]?.scenarios ?? [];
        assert.equal(scenario?.passed, false);
        assert.equal(scenario.failure?.kind, 'diagnosis');
        assert.match(scenario.failure.message, /^LU1003: /);
        const [d] = scenario.diagnoses;
        assert.deepEqual(
            [d?.code, d?.severity, d?.expected, d?.data['session']],
            ['LU1003', 'error', false, 'forgotten'],
        );
        assert.equal(d?.where.file, LOST);
        assert.equal(d.history.length, 2);
    });

    test('TAP and JUnit', () => {
        const tap = run(LOST, '--format', 'tap').out;
        assert.match(
            tap,
            /^ok 1 - .*\n {2}---\n(?: {2}.*\n)*? {2}diagnoses: \["second-update\.lus:\d+:\d+: error LU1003: .*"\]\n(?: {2}.*\n)*? {2}\.\.\.$/m,
        );
        assert.match(
            run(LOST, '--format', 'junit').out,
            /<properties>\n(?:<property .*\n)*<property name="LU1003" value="second-update\.lus:\d+:\d+: error LU1003: [^"]*"\/>\n<\/properties>/,
        );
    });
});
