/**
 * Every recording of a real kernel, replayed by the command as it ships and by the library; and that a difference is
 * seen.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { z } from 'zod';
import { compareRecording, type Comparison } from '../../emulator/run/compare-recording';
import { parseRecording, RecordingError } from '../../emulator/recording/recording';
import { lus, type Ran } from '../support/lus';
import { inRepository } from '../support/repository';

const FOLDER = inRepository('test', 'conformance', 'recordings');
const NAMES = readdirSync(FOLDER)
    .filter((f) => f.endsWith('.jsonl'))
    .sort();

const resultSchema = z.object({
    matched: z.number(),
    total: z.number(),
    equal: z.number(),
    different: z.number(),
    files: z.array(
        z.object({
            file: z.string(),
            matched: z.number(),
            total: z.number(),
            difference: z.nullable(
                z.object({
                    line: z.number(),
                    op: z.string(),
                    expected: z.string(),
                    got: z.string(),
                    before: z.array(z.string()),
                }),
            ),
        }),
    ),
});

function text(name: string): string {
    return readFileSync(path.join(FOLDER, name), 'utf8');
}

function replay(source: string): Comparison {
    return compareRecording('test:/recording.jsonl', source, parseRecording(source));
}

const replayed = (...args: string[]): Ran => lus(FOLDER, ['replay', ...args]);

/** Changes the first line that has `mark`, and gives its number. */
function changed(
    source: string,
    mark: string,
    change: (line: string) => string,
): { readonly source: string; readonly line: number } {
    const lines = source.split('\n');
    const at = lines.findIndex((l) => l.includes(mark));
    assert.ok(at >= 0, `a line with ${mark}`);
    const before = lines[at] ?? '';
    const after = change(before);
    assert.notEqual(after, before);
    return { source: lines.with(at, after).join('\n'), line: at + 1 };
}

suite('recordings of a real kernel', () => {
    test('there are all of them', () => assert.ok(NAMES.length >= 331, `${NAMES.length}`));

    for (const name of NAMES) {
        test(name, () => {
            const { matched, total, first } = replay(text(name));
            assert.equal(
                first && `line ${first.line}, ${first.op}: expected ${first.expected}; got ${first.got}`,
                undefined,
            );
            assert.equal(matched, total);
        });
    }

    test('lus replay says the same of all of them', () => {
        const { code, out } = replayed(...NAMES, '--format', 'json');
        const result = resultSchema.parse(JSON.parse(out));
        assert.deepEqual(
            result.files.filter((f) => f.difference !== null),
            [],
        );
        assert.equal(result.equal, NAMES.length);
        assert.equal(
            result.matched,
            NAMES.reduce((n, name) => n + text(name).trim().split('\n').length - 1, 0),
        );
        assert.equal(code, 0);
    });
});

suite('a difference is seen', () => {
    const cases: readonly (readonly [string, string, string, (line: string) => string])[] = [
        ['another error', 'case-flb-life.jsonl', '"errno": "EEXIST"', (l) => l.replace('EEXIST', 'EBUSY')],
        [
            'an error instead of success',
            'case-reply-fault.jsonl',
            'finish t',
            (l) => l.replace('"ret": 0', '"errno": "EBUSY"'),
        ],
        [
            'success instead of an error',
            'case-reply-fault.jsonl',
            '"errno": "EEXIST"',
            (l) => l.replace('"errno": "EEXIST"', '"ret": 0'),
        ],
        ['another number of bytes', 'case-reply-fault.jsonl', '"ret": 9000', (l) => l.replace('9000}', '8999}')],
        ['another hash', 'cross-001.jsonl', '"fnv"', (l) => l.replace(/"fnv": "./, '"fnv": "g')],
        ['a missing hash', 'cross-001.jsonl', '"fnv"', (l) => l.replace(/, "fnv": "[^"]*"/, '')],
        [
            'a field that the kernel does not give',
            'case-reply-fault.jsonl',
            'finish t',
            (l) => l.replace('"ret": 0', '"ret": 0, "name": "t"'),
        ],
        ['another text', 'case-reply-fault.jsonl', 'a1004"', (l) => l.replace('"text": "a1004"', '"text": "a1005"')],
        [
            'another line of a handler',
            'case-freeze-rollback.jsonl',
            'unfreeze id=6',
            (l) => l.replace('unfreeze id=6 data=1006', 'unfreeze id=6 data=6'),
        ],
        [
            'another order of callbacks',
            'case-freeze-rollback.jsonl',
            'unfreeze id=6',
            (l) =>
                l
                    .replace('unfreeze id=4 data=1004', 'X')
                    .replace('b-v1 unfreeze id=5 data=1005', 'a-v1 unfreeze id=4 data=1004')
                    .replace('luotest-a-v1 X', 'luotest-b-v1 unfreeze id=5 data=1005'),
        ],
        [
            'a line of a handler that is not there',
            'case-freeze-rollback.jsonl',
            '"op": "b finish s3"',
            (l) => l.replace('["luotest: ', '["luotest: luotest-a-v1 more", "luotest: '),
        ],
        [
            'the log of a handler where the recording has none',
            'case-freeze-rollback.jsonl',
            '"op": "a preserve s1 f1 1"',
            (l) => l.replace(/, "klog": \[.*\]/, ''),
        ],
        [
            'a warning that does not come',
            'case-freeze-rollback.jsonl',
            '"op": "b finish s1"',
            (l) => l.replace('"klog": [', '"klog": ["WARNING: lib/refcount.c:28", '),
        ],
        [
            'a warning that the recording does not have',
            'case-freeze-rollback.jsonl',
            'refcount_t',
            (l) => l.replace(/"refcount_t[^"]*", "WARNING[^"]*", /, ''),
        ],
        [
            'a log that stays away',
            'case-reply-fault.jsonl',
            '"op": "a ro create',
            (l) => l.replace('}', ', "klog": ["luo: Failed to deserialize files"]}'),
        ],
        [
            'another kernel',
            'cross-001.jsonl',
            '"boot": 1',
            (l) => l.replace(/"release": "[^"]*"/, '"release": "7.1.9"'),
        ],
        ['another boot', 'case-flb-life.jsonl', '"boot": 1', (l) => l.replace('"boot": 1', '"boot": 2')],
        [
            'a warning at boot',
            'case-flb-life.jsonl',
            '"boot": 1',
            (l) => l.replace('"klog": [', '"klog": ["WARNING: x", '),
        ],
        ['another panic', 'case-bug51.jsonl', '"panic"', (l) => l.replace('[-22]', '[-2]')],
        ['a boot instead of a panic', 'case-bug51.jsonl', '"panic"', () => '{"boot": 1}'],
        ['a panic instead of a boot', 'kexec-001.jsonl', '"boot": 1', () => '{"panic": "The incoming tree failed"}'],
    ];
    for (const [what, name, mark, change] of cases) {
        test(what, () => {
            const { source, line } = changed(text(name), mark, change);
            const { matched, total, first } = replay(source);
            assert.equal(first?.line, line);
            assert.notEqual(first.expected, first.got);
            assert.equal(matched, total - 1, 'only this line differs');
        });
    }

    test('a step of a process that does not run ends the replay there', () => {
        const { matched, total, first } = replay(
            '{"boot": 0}\n{"op": "spawn a", "ret": 0}\n{"op": "b memfd m none", "ret": "fd"}\n{"op": "a memfd m none", "ret": "fd"}\n',
        );
        assert.deepEqual([matched, total, first?.line, first?.got], [1, 3, 3, 'the process b is not running']);
        assert.deepEqual(first?.before, ['spawn a']);
    });

    test('a step after a kexec that should have failed', () => {
        const { first } = replay(
            '{"boot": 0}\n{"op": "load", "ret": 0}\n{"op": "kexec", "errno": "EINVAL"}\n{"op": "spawn a", "ret": 0}\n',
        );
        assert.deepEqual([first?.line, first?.expected, first?.got], [3, 'errno=EINVAL', 'ret=0']);
    });

    test('the command shows the difference and exits with 1', () => {
        const folder = mkdtempSync(path.join(tmpdir(), 'lus-replay-'));
        try {
            const { source, line } = changed(text('case-flb-life.jsonl'), '"errno": "EEXIST"', (l) =>
                l.replace('EEXIST', 'EBUSY'),
            );
            const file = path.join(folder, 'changed.jsonl');
            writeFileSync(file, source);
            const shown = replayed(file);
            assert.equal(shown.code, 1);
            assert.match(
                shown.out,
                new RegExp(
                    `changed\\.jsonl:${line}.*a preserve s1 f2 3\\n +expected +errno=EBUSY\\n +got +errno=EEXIST\\n +before it\\n`,
                ),
            );
            const [result] = resultSchema.parse(JSON.parse(replayed(file, '--format', 'json').out)).files;
            assert.deepEqual([result?.difference?.line, result?.difference?.got], [line, 'errno=EEXIST']);
            writeFileSync(file, '{"boot": 0}\n{"op": "a frobnicate x", "ret": 0}\n');
            const broken = replayed(file);
            assert.equal(broken.code, 2);
            assert.match(
                broken.err,
                /changed\.jsonl:2: "a frobnicate x" is not a step of a recording: there is no call "frobnicate"\./,
            );
            const missing = replayed(path.join(folder, 'none.jsonl'));
            assert.equal(missing.code, 2);
            assert.match(missing.err, /There is no file .*none\.jsonl/);
        } finally {
            rmSync(folder, { recursive: true });
        }
    });
});

suite('lines that are no part of a recording', () => {
    const broken: readonly (readonly [string, RegExp])[] = [
        ['{"op": "spawn a", "ret": 0}', /must begin with a line like/],
        ['{"boot": 0}\nnonsense', /not JSON/],
        ['{"boot": 0}\n[]', /needs "op", "boot" or "panic"/],
        ['{"boot": 0}\n17', /must be a JSON object/],
        ['{"boot": 0}\n{"op": "spawn a"}', /either "ret" or "errno"/],
        ['{"boot": 0}\n{"op": "spawn a", "ret": 0, "colour": "red"}', /colour/],
        ['{"boot": 0}\n{"op": "spawn", "ret": 0}', /the process is missing/],
        ['{"boot": 0}\n{"op": "spawn a b", "ret": 0}', /"b" is unexpected/],
        ['{"boot": 0}\n{"op": "a pwrite m 0 many 1", "ret": 0}', /the length must be an integer, not "many"/],
        ['{"boot": 0}\n{"op": "a addseals m grow,shut", "ret": 0}', /a seal must be seal, shrink/],
        ['{"boot": 0}\n{"op": "a raw d 1 8 0g", "ret": 0}', /hexadecimal/],
        ['{"boot": 0}\n{"op": "ctl \\"dance\\"", "ret": 0}', /the command must be inject/],
        ['{"boot": "zero"}', /boot/],
    ];
    for (const [source, message] of broken) {
        test(source.replaceAll('\n', ' ⏎ '), () => {
            assert.throws(
                () => parseRecording(source),
                (e) => e instanceof RecordingError && message.test(e.message) && e.line === source.split('\n').length,
            );
        });
    }
});
