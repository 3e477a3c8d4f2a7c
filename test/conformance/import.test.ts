/** Imported recordings run, and an answer that is not the kernel's makes them fail at its line. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { Bytes } from '../../emulator/machine/bytes';
import { importRecording } from '../../emulator/recording/import';
import { parseRecording, RecordingError } from '../../emulator/recording/recording';
import { compareRecording } from '../../emulator/run/compare-recording';
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

/** Steps with arguments of all kinds, each with what comes of it. */
const ODD = String.raw`
{"boot": 0, "release": "7.2.13"}
{"op": "spawn a-b", "ret": 0}
{"op": "spawn a_b", "ret": 0}
{"op": "spawn recorder", "ret": 0}
{"op": "spawn 7", "ret": 0, "klog": ["KHO: a\n} b"]}
{"op": "spawn scenario", "ret": 0}
{"op": "spawn größe", "ret": 0}
{"op": "a-b memfd x-1 seal", "ret": "fd"}
{"op": "a-b memfd x_1 seal", "ret": "fd"}
{"op": "a-b memfd a_b seal", "ret": "fd"}
{"op": "a-b pwrite x-1 0 5 1", "ret": 5}
{"op": "a-b fstat x-1", "ret": 0, "size": 5, "blocks": 8, "nlink": 0, "mode": "100777"}
{"op": "a-b fstat x_1", "ret": 0, "size": 0, "blocks": 0, "nlink": 0, "mode": "100777"}
{"op": "a-b fstat a_b", "ret": 0, "size": 0, "blocks": 0, "nlink": 0, "mode": "100777"}
{"op": "pass a-b a_b x-1", "ret": "fd"}
{"op": "a_b fstat x-1", "ret": 0, "size": 5, "blocks": 8, "nlink": 0, "mode": "100777"}
{"op": "recorder memfd luotest seal", "ret": "fd"}
{"op": "recorder getseals luotest", "ret": 0}
{"op": "7 memfd 8 seal", "ret": "fd"}
{"op": "7 getseals 8", "ret": 0}
{"op": "scenario memfd if seal", "ret": "fd"}
{"op": "scenario puts if 0 \"\\\"a\\\\b\t%é\u0001\"", "ret": 9}
{"op": "scenario pread if 0 100", "ret": 9, "fnv": "FNV"}
{"op": "größe memfd ä seal", "ret": "fd"}
{"op": "größe memfd ö seal", "ret": "fd"}
{"op": "größe truncate ä 9007199254740993", "ret": 0}
{"op": "größe lseek ä -1 end", "ret": 9007199254740992}
{"op": "größe lseek ö 0 end", "ret": 0}
{"op": "größe lseek ä 0x7fffffffffffffff set", "ret": 9223372036854775807}
{"op": "größe truncate ä 18446744073709551615", "errno": "EINVAL"}
{"op": "größe pwrite ä -4096 4096 -1", "errno": "EINVAL"}
{"op": "größe pwrite ä 4611686018427387904 70000 99999999999", "ret": 70000}
{"op": "größe pread ä 4611686018427387904 9223372036854775807", "errno": "EINVAL"}
{"op": "größe fallocate ä -9223372036854775808 1", "errno": "EINVAL"}
{"op": "größe open n \"/no \\\" such\\\\ %path\"", "errno": "ENOENT"}
{"op": "größe open dev /dev/liveupdate", "ret": "fd"}
{"op": "größe create_session s dev \"%s \\\"quoted\\\" \\\\ é\"", "ret": "fd"}
{"op": "größe get_name s", "ret": 0, "name": "%s \"quoted\" \\ é"}
{"op": "größe raw dev 0xff 4294967295 00", "errno": "EINVAL"}
{"op": "größe raw dev 0 0", "errno": "EINVAL"}
{"op": "größe preserve s ö 0xffffffffffffffff", "ret": 0}
{"op": "größe preserve s ö -1", "errno": "EEXIST"}
{"op": "größe rlimit 18446744073709551615", "errno": "EPERM"}
{"op": "ctl \"inject a.preserve 99999 2 0\"", "ret": 0}
{"op": "load kho=\"on\" x=\"a b\" %", "ret": 0}
{"op": "kill größe", "ret": 0}
{"op": "spawn größe", "ret": 0}
{"op": "größe fstat ä", "errno": "EBADF"}
`;

suite('whatever the arguments of a step', () => {
    test('an imported recording runs, and says what its replay says', () => {
        const fnv = Bytes.text('"a\\b\t%é\u0001').fnv1a64();
        const odd = ODD.trimStart().replace('FNV', fnv);
        const { first } = compareRecording('test:/odd.jsonl', odd, parseRecording(odd));
        assert.equal(first && `${first.op}: expected ${first.expected}; got ${first.got}`, undefined);
        assert.equal(failureOf(odd), undefined);
    });

    test('numbers that no call takes are refused with their line', () => {
        for (const [step, message] of [
            ['a truncate m 1e308', /the length must be an integer, not "1e308"/],
            ['a truncate m 18446744073709551616', /the length must fit into 64 bits/],
            [`a lseek m ${'9'.repeat(400)} set`, /the offset must be an integer/],
            ['a preserve s m -9223372036854775809', /the token must fit into 64 bits/],
            ['a pwrite m 0 -1 1', /the length must be from 0 to 9007199254740991, not -1/],
            ['a write m 9007199254740992 1', /the length must be from 0 to/],
            ['a raw d 256 8', /the number must be from 0 to 255, not 256/],
            ['a raw d 0 4294967296', /the size must be from 0 to 4294967295/],
            ['ctl "inject a.preserve -5 1"', /the error number must be from 0 to 2147483647, not -5/],
        ] as const) {
            const recording = `{"boot": 0}\n{"op": "spawn a", "ret": 0}\n${JSON.stringify({ op: step, ret: 0 })}\n`;
            assert.throws(
                () => parseRecording(recording),
                (e) => e instanceof RecordingError && e.line === 3 && message.test(e.message),
                step,
            );
        }
    });

    test('so are results that no call gives', () => {
        for (const ret of ['1e308', '0.5', '18446744073709551616', '-9223372036854775809']) {
            assert.throws(
                () => parseRecording(`{"boot": 0}\n{"op": "spawn a", "ret": ${ret}}\n`),
                (e) => e instanceof RecordingError && e.line === 2 && /of at most 64 bits/.test(e.message),
                ret,
            );
        }
        assert.equal(parseRecording('{"boot": 0}\n{"op": "spawn a", "ret": 18446744073709551615}\n').lines.length, 1);
    });

    test('so is a step after a kexec that succeeds, without a boot', () => {
        const recording = '{"boot": 0}\n{"op": "kexec", "ret": 0}\n{"op": "spawn a", "ret": 0}\n';
        assert.throws(
            () => importRecording('x', parseRecording(recording)),
            (e) => e instanceof RecordingError && e.line === 3 && /"boot" or "panic" must follow/.test(e.message),
        );
    });

    test('so is a step of a process that does not run', () => {
        for (const steps of [['b memfd m seal'], ['spawn a', 'kill a', 'a memfd m seal'], ['spawn a', 'pass a b m']]) {
            const recording = `{"boot": 0}\n${steps.map((op) => `${JSON.stringify({ op, ret: 0 })}\n`).join('')}`;
            assert.throws(
                () => importRecording('x', parseRecording(recording)),
                (e) =>
                    e instanceof RecordingError &&
                    e.line === steps.length + 1 &&
                    /Process [ab] is not running/.test(e.message),
            );
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
