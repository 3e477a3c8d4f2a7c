/** Imported recordings run, and an answer that is not the kernel's makes them fail at its line. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { importRecording } from '../../emulator/recording/import';
import { parseRecording } from '../../emulator/recording/recording';
import { errorsOf, loadProgram } from '../../emulator/run/load-program';
import { Run } from '../../emulator/run/run';
import { lus, type Ran } from '../support/lus';
import { inRepository } from '../support/repository';
import { generate } from './model/generate';

const FOLDER = inRepository('test', 'conformance', 'recordings');
const NAMES = readdirSync(FOLDER)
    .filter((f) => f.endsWith('.jsonl'))
    .sort();
const SEEDS = 150;

function recorded(name: string): string {
    return readFileSync(path.join(FOLDER, name), 'utf8');
}

/** Imports and runs. The statement at which it fails and why, or undefined. */
function failureOf(recording: string): string | undefined {
    const text = importRecording('imported', parseRecording(recording));
    const program = loadProgram({ read: (uri) => (uri === 'test:/a.lus' ? text : undefined) }, 'test:/a.lus');
    assert.deepEqual(
        errorsOf(program).map((d) => `${text.slice(d.span.start, d.span.end)}: ${d.message}`),
        [],
    );
    const { host } = Run.start(program);
    for (let stop = host.interpreter.run(1e7); stop?.reason !== 'end'; stop = host.interpreter.run(1e7)) {
        assert.ok(host.interpreter.ticks < 1e9, 'it ends');
    }
    const failure = host.interpreter.outcome?.failure;
    const place = failure?.place?.uri === program.main ? failure.place : undefined;
    return failure && `${place ? `${text.slice(place.start, place.end)}: ` : ''}${failure.message}`;
}

suite('imported recordings', () => {
    for (const name of NAMES) {
        test(name, () => assert.equal(failureOf(recorded(name)), undefined));
    }

    test('generated ones, too', () => {
        for (let seed = 0; seed < SEEDS; seed++) {
            assert.equal(failureOf(generate(seed)), undefined, `seed ${seed}`);
        }
    }).timeout(240_000);

    test('lus import writes a file that lus run runs', () => {
        const folder = mkdtempSync(path.join(tmpdir(), 'lus-import-'));
        try {
            const output = path.join(folder, 'case.lus');
            const called = (...args: string[]): Ran => lus(FOLDER, args);
            const imported = called('import', 'case-freeze-rollback.jsonl', '-o', output);
            assert.deepEqual([imported.code, imported.err], [0, '']);
            assert.match(readFileSync(output, 'utf8'), /reboot\(KEXEC\) {2}fails EIO\n {8}reboot\(KEXEC\)\n/);
            const run = called('run', output, '--format', 'tap');
            assert.match(run.out, /^ok 1 - .*case-freeze-rollback$/m);
            assert.equal(run.code, 0);
            assert.equal(called('import', 'case-freeze-rollback.jsonl').out, readFileSync(output, 'utf8'));
            assert.equal(called('import').code, 2);
            assert.equal(called('import', output).code, 2);
        } finally {
            rmSync(folder, { recursive: true });
        }
    });
});

suite('another answer makes an imported recording fail', () => {
    const changes: readonly (readonly [string, string, (text: string) => string, RegExp])[] = [
        [
            'an error',
            'case-flb-life.jsonl',
            (t) => t.replace('"errno": "EEXIST"', '"errno": "EBUSY"'),
            /preserve_fd\(f2, token: 0x3\) {2}fails EBUSY/,
        ],
        [
            'success',
            'case-flb-life.jsonl',
            (t) => t.replace('"errno": "EEXIST"', '"ret": 0'),
            /preserve_fd\(f2, token: 0x3\)/,
        ],
        [
            'a failure that does not come',
            'case-reply-fault.jsonl',
            (t) => t.replace('"op": "b finish t", "ret": 0', '"op": "b finish t", "errno": "EBUSY"'),
            /t\.finish\(\) {2}fails EBUSY/,
        ],
        ['a length', 'case-reply-fault.jsonl', (t) => t.replace('"ret": 9000', '"ret": 8999'), /== 8999/],
        ['a hash', 'cross-001.jsonl', (t) => t.replace(/"fnv": "./, '"fnv": "g'), /fnv1a64\(got\) == "g/],
        ['a size', 'case-noexec.jsonl', (t) => t.replace(/"size": (\d+)/, '"size": 1$1'), /st\.size == 1/],
        ['a text', 'case-reply-fault.jsonl', (t) => t.replace('"text": "a1004"', '"text": "a1"'), /== "a1"/],
        [
            'an FLB',
            'case-flb-life.jsonl',
            (t) => t.replace('"errno": "ENODATA"', '"errno": "ENOENT"'),
            /flb_get\(flb_x\) == -ENOENT/,
        ],
        ['a panic', 'case-bug51.jsonl', (t) => t.replace('[-22]', '[-2]'), /kernel panic: The incoming tree failed/],
    ];
    for (const [what, name, change, failure] of changes) {
        test(what, () => {
            const changed = change(recorded(name));
            assert.notEqual(changed, recorded(name));
            assert.match(failureOf(changed) ?? 'it passes', failure);
        });
    }
});
