/** `lus new` and `lus examples`: what they write runs, and they overwrite nothing. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { lus } from '../support/lus';
import { inRepository } from '../support/repository';

suite('lus new, lus examples', function () {
    this.timeout(300_000);
    let folder: string;

    setup(() => {
        folder = mkdtempSync(path.join(tmpdir(), 'lus-starts-'));
    });

    teardown(() => {
        rmSync(folder, { recursive: true, force: true });
    });

    for (const kind of ['handler', 'agent', 'scenario']) {
        test(`the start of a new ${kind} has its name, runs, is free of findings and formatted`, () => {
            assert.deepEqual(lus(folder, ['new', kind, 'storage']), {
                code: 0,
                out: 'storage.lus is written. Run it:\n\n  lus run storage.lus\n',
                err: '',
            });
            assert.doesNotMatch(readFileSync(path.join(folder, 'storage.lus'), 'utf8'), /sample/i);
            assert.match(lus(folder, ['check', 'storage.lus']).out, /^1 file: 0 errors, 0 warnings$/m);
            assert.equal(lus(folder, ['fmt', '--check', 'storage.lus']).code, 0);
            const { code, out } = lus(folder, ['run', '--strict', 'storage.lus']);
            assert.equal(code, 0, out);
            assert.match(out, /storage/);
        });
    }

    test('an existing file is kept', () => {
        writeFileSync(path.join(folder, 'nic.lus'), 'mine');
        const { code, err } = lus(folder, ['new', 'scenario', 'nic']);
        assert.equal(code, 2);
        assert.match(err, /^lus: nic\.lus exists already\.\n/);
        assert.equal(readFileSync(path.join(folder, 'nic.lus'), 'utf8'), 'mine');
    });

    test('a name that the language has already is refused, and so is one that is not a name', () => {
        assert.match(lus(folder, ['new', 'handler', 'memfd']).err, /"memfd" cannot be the name: .*memfd/);
        assert.match(lus(folder, ['new', 'handler', '../nic']).err, /must consist of a-z, 0-9 and _/);
        assert.match(lus(folder, ['new', 'driver', 'nic']).err, /handler, agent or scenario/);
        assert.deepEqual(readdirSync(folder), []);
    });

    test('the examples are complete, and a folder is not written twice', () => {
        const { code, out } = lus(folder, ['examples', 'here']);
        assert.equal(code, 0);
        const written = readdirSync(path.join(folder, 'here')).sort();
        assert.deepEqual(written, readdirSync(inRepository('extension', 'examples')).sort());
        assert.match(out, /^\d+ examples in here\./);
        assert.match(lus(folder, ['run', path.join('here', 'first-session.lus')]).out, /1 passed, 0 failed/);
        const again = lus(folder, ['examples', 'here']);
        assert.equal(again.code, 2);
        assert.match(again.err, /here exists already/);
    });

    test('the index of the examples names files that exist', () => {
        const index = readFileSync(inRepository('extension', 'examples', 'README.md'), 'utf8');
        const named = [...index.matchAll(/\]\(([^)]+)\)/g)].map((m) => m[1] ?? '');
        const existing = readdirSync(inRepository('extension', 'examples'));
        assert.ok(named.length >= 10);
        assert.deepEqual(
            named.filter((n) => !existing.includes(n)),
            [],
        );
    });

    test('lus run --scenario selects several scenarios', () => {
        lus(folder, ['new', 'agent', 'keeper']);
        const one = 'keeper: the session outlives its monitor';
        const other = 'keeper: a second process keeps the session when the agent crashes';
        assert.match(lus(folder, ['run', 'keeper.lus', '--scenario', one]).out, /1 passed/);
        assert.match(lus(folder, ['run', 'keeper.lus', '--scenario', one, '--scenario', other]).out, /2 passed/);
        assert.match(
            lus(folder, ['run', 'keeper.lus', '--scenario', 'a', '--scenario', 'b']).err,
            /There is no scenario "a" or "b"\./,
        );
    });
});
