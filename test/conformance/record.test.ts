/**
 * The recorder: it compiles, and what the kernel of this machine answers to generated steps on files is what the
 * emulator answers. That half of the emulator is so compared with a real kernel wherever the tests run.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import * as path from 'node:path';
import { compareRecording } from '../../emulator/run/compare-recording';
import { parseRecording } from '../../emulator/recording/recording';
import { lus, type Ran } from '../support/lus';
import { inRepository, ROOT } from '../support/repository';
import { generateFileSteps } from './model/generate';

const RUNS = 400;

const recordCommand = (...args: string[]): Ran => lus(ROOT, ['record', ...args]);

/** Why the recorder cannot be made here; undefined where it can. */
function unable(): string | undefined {
    if (process.platform !== 'linux') {
        return 'the recorder is for Linux';
    }
    return spawnSync('cc', ['--version']).status === 0
        ? undefined
        : 'there is no C compiler (cc) to make the recorder with';
}

/** Why the answers of this machine's kernel are none to compare with: files behave as in 7.2 from here on. */
function tooOld(): string | undefined {
    const [major = 0, minor = 0] = release().split('.').map(Number);
    return major > 6 || (major === 6 && minor >= 18)
        ? undefined
        : `this machine's kernel is ${release()}, older than 6.18`;
}

function skip(context: Mocha.Context, why: string): never {
    console.log(`    skipped: ${why}`);
    return context.skip();
}

suite('the recorder', () => {
    let folder: string;
    let recorder: string;

    suiteSetup(function () {
        this.timeout(240_000);
        folder = mkdtempSync(path.join(tmpdir(), 'lus-record-'));
        recorder = path.join(folder, 'recorder');
        const why = unable();
        if (why !== undefined) {
            skip(this, why);
        }
        const { code, out, err } = recordCommand('--build', folder);
        assert.deepEqual([code, out, err], [0, `${recorder}\n`, '']);
    });

    suiteTeardown(() => rmSync(folder, { recursive: true }));

    /** What the kernel of this machine says to some steps, as a recording. */
    function record(steps: readonly string[]): string {
        const script = path.join(folder, 'script.txt');
        writeFileSync(script, steps.map((s) => `${s}\n`).join(''));
        const { status, stdout, stderr } = spawnSync(recorder, [script], { encoding: 'utf8' });
        assert.deepEqual([status, stderr], [0, '']);
        return stdout;
    }

    test('writes what lus replay reads, strings with quotes included', () => {
        const steps = [
            'spawn a',
            'a memfd m seal',
            'a puts m 0 "say \\"hello\\" \\\\ bye"',
            'a pread m 0 100',
            'a none',
            'a open d /dev/null',
        ];
        const recorded = record(steps.filter((s) => s !== 'a none'));
        assert.deepEqual(
            parseRecording(recorded).lines.map((l) => (l.kind === 'step' ? l.recorded.op : l.kind)),
            steps.filter((s) => s !== 'a none'),
        );
        assert.match(recorded, /"text": "say \\"hello\\" \\\\ bye"/);
        assert.match(recorded, /^\{"boot": 0, "release": "[^"]+"\}\n/);
    });

    test('the kernel of this machine and the emulator say the same of files', function () {
        const why = tooOld();
        if (why !== undefined) {
            skip(this, why);
        }
        for (let seed = 0; seed < RUNS; seed++) {
            const recorded = record(generateFileSteps(seed));
            const { first } = compareRecording('test:/recorded.jsonl', recorded, parseRecording(recorded));
            assert.equal(
                first &&
                    `seed ${seed}, line ${first.line}, ${first.op}: this kernel says ${first.expected}; the emulator ${first.got}`,
                undefined,
            );
        }
    }).timeout(300_000);

    test('and of arguments that make no sense', function () {
        const why = tooOld();
        if (why !== undefined) {
            skip(this, why);
        }
        const calls = [
            'truncate x -1',
            'fallocate x -1 10',
            'fallocate x 0 0',
            'punch x 5 -5',
            'pwrite x -1 10 1',
            'pread x -5 10',
            'lseek x -1 set',
            'lseek x -1 data',
            'lseek x 5 end',
            'fallocate none 0 0',
            'truncate none -1',
            'pread none -1 5',
            'create_session s x "a"',
        ];
        for (const make of ['memfd x seal', 'memfd x noexec', 'tmpfile x', 'tmpnamed x']) {
            const recorded = record(['spawn a', `a ${make}`, ...calls.map((c) => `a ${c}`)]);
            const { first } = compareRecording('test:/recorded.jsonl', recorded, parseRecording(recorded));
            assert.equal(
                first && `${make}, ${first.op}: this kernel says ${first.expected}; the emulator ${first.got}`,
                undefined,
            );
        }
    });

    test('a step that there is not ends it, with the step named', () => {
        const script = path.join(folder, 'bad.txt');
        writeFileSync(script, 'spawn a\na dance m\n');
        const { status, stderr } = spawnSync(recorder, [script], { encoding: 'utf8' });
        assert.deepEqual(
            [status, stderr],
            [2, 'recorder: step 2, a dance m: there is no such step, or no such process\n'],
        );
    });

    test('it does not reboot a machine unasked', () => {
        const script = path.join(folder, 'kexec.txt');
        writeFileSync(script, 'load\nkexec\n');
        const { status, stderr } = spawnSync(recorder, [script], { encoding: 'utf8' });
        assert.equal(status, 2);
        assert.match(stderr, /give --allow-kexec/);
    });

    test('a recording is a script, too', () => {
        const recording = inRepository('test', 'conformance', 'recordings', 'memfd-001.jsonl');
        const steps = recordCommand('--script', recording).out.trimEnd().split('\n');
        assert.deepEqual(
            steps,
            parseRecording(readFileSync(recording, 'utf8')).lines.flatMap((l) =>
                l.kind === 'step' ? [l.recorded.op] : [],
            ),
        );
        const other = recordCommand(
            '--script',
            inRepository('test', 'conformance', 'recordings', 'case-flb-life.jsonl'),
        );
        assert.equal(other.code, 2);
        assert.match(other.err, /case-flb-life\.jsonl:2: "ctl "flb_getout x"" is for the test handlers/);
    });

    test('an initial RAM disk with recorder, script and kernel', () => {
        const script = path.join(folder, 'steps.txt');
        const kernel = path.join(folder, 'bzImage');
        writeFileSync(script, '# a comment\nspawn a\n\nkexec\n');
        writeFileSync(kernel, 'not a kernel');
        const { code, err } = recordCommand('--build', folder, '--script', script, '--kernel', kernel);
        assert.deepEqual([code, err], [0, '']);
        const entries = entriesOf(readFileSync(path.join(folder, 'initramfs.cpio')));
        assert.deepEqual([...entries.keys()], ['dev', 'proc', 'init', 'script', 'vmlinuz', 'TRAILER!!!']);
        assert.deepEqual(entries.get('init')?.data, readFileSync(recorder));
        assert.equal(entries.get('init')?.mode, 0o100755);
        assert.equal(entries.get('script')?.data.toString(), 'spawn a\nkexec\n');
        assert.equal(entries.get('dev')?.mode, 0o040755);
    });
});

/** Reads a newc archive as the kernel does (init/initramfs.c). */
function entriesOf(archive: Buffer): Map<string, { readonly mode: number; readonly data: Buffer }> {
    const entries = new Map<string, { readonly mode: number; readonly data: Buffer }>();
    for (let at = 0; at < archive.length; ) {
        assert.equal(archive.toString('latin1', at, at + 6), '070701');
        const field = (n: number): number => parseInt(archive.toString('latin1', at + 6 + 8 * n, at + 14 + 8 * n), 16);
        const nameEnd = at + 110 + field(11);
        const start = Math.ceil(nameEnd / 4) * 4;
        const name = archive.toString('latin1', at + 110, nameEnd - 1);
        entries.set(name, { mode: field(1), data: archive.subarray(start, start + field(6)) });
        at = Math.ceil((start + field(6)) / 4) * 4;
    }
    return entries;
}
