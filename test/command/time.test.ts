/** Blackouts, traces and what-ifs of the built `lus` command. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { z } from 'zod';
import { lus as lusIn, type Ran } from '../support/lus';
import { inRepository } from '../support/repository';

const EXAMPLES = inRepository('extension', 'examples');

const lus = (...args: string[]): Ran => lusIn(EXAMPLES, args);

const eventSchema = z.discriminatedUnion('ph', [
    z.object({
        ph: z.literal('X'),
        name: z.string(),
        cat: z.string(),
        pid: z.number(),
        tid: z.number(),
        ts: z.number().min(0),
        dur: z.number().min(0),
        args: z.record(z.string(), z.unknown()),
    }),
    z.object({
        ph: z.literal('i'),
        name: z.string(),
        cat: z.string(),
        pid: z.number(),
        tid: z.number(),
        ts: z.number().min(0),
        s: z.enum(['t', 'g']),
        args: z.record(z.string(), z.unknown()),
    }),
    z.object({
        ph: z.literal('M'),
        name: z.string(),
        pid: z.number(),
        tid: z.number(),
        args: z.record(z.string(), z.unknown()),
    }),
]);
const traceSchema = z.strictObject({
    displayTimeUnit: z.literal('ns'),
    otherData: z.strictObject({ version: z.literal(1) }),
    traceEvents: z.array(eventSchema),
});

const tableSchema = z.object({
    version: z.literal(1),
    file: z.string(),
    tables: z.array(
        z.object({
            scenario: z.string(),
            vary: z.array(z.string()),
            rows: z.array(
                z.object({
                    costs: z.record(z.string(), z.number()),
                    passed: z.boolean(),
                    message: z.string().nullable(),
                    updates: z.array(
                        z.object({
                            blackoutNs: z.number().nullable(),
                            kernelShutdownNs: z.number(),
                            preBlackoutNs: z.number(),
                        }),
                    ),
                }),
            ),
        }),
    ),
});

suite('lus: time', function () {
    this.timeout(300_000);
    let folder = '';

    setup(() => {
        folder = mkdtempSync(path.join(tmpdir(), 'lus-time-'));
    });

    teardown(() => {
        rmSync(folder, { recursive: true });
    });

    test('each scenario says how long its blackout was, and which three things it was made of', () => {
        const { code, out } = lus('run', 'blackout.lus');
        assert.equal(code, 0);
        assert.match(
            out,
            /✓ 4 KiB folios\n {4}blackout \d+ ms: \w+ \d+(?:\.\d+)? ms, \w+ \d+(?:\.\d+)? ms, \w+ \d+(?:\.\d+)? ms\n/,
        );
        assert.match(out, /✓ slow drivers.*\n {4}blackout 1\.\d+ s: boot_initcalls 1 s, sleep 200 ms, /);
    });

    test('TAP and JUnit say it, too', () => {
        assert.match(
            lus('run', 'blackout.lus', '--format', 'tap').out,
            /^# blackout \d+ ms: boot_initcalls 70 ms, .*\nok 1 /m,
        );
        assert.match(
            lus('run', 'blackout.lus', '--format', 'junit').out,
            /<property name="update" value="blackout \d+ ms: boot_initcalls 70 ms, /,
        );
    });

    test('--trace writes a trace, whose runs do not mix', () => {
        const file = path.join(folder, 'out.json');
        const { code, err } = lus('run', 'blackout.lus', '--trace', file);
        assert.equal(code, 0);
        assert.match(err, /^Wrote the trace: .*out\.json/);
        const text = readFileSync(file, 'utf8');
        const { traceEvents } = traceSchema.parse(JSON.parse(text));
        const processes = traceEvents.flatMap((e) =>
            e.name === 'process_name' ? [[e.pid, e.args['name']] as const] : [],
        );
        assert.equal(new Set(processes.map(([pid]) => pid)).size, 12);
        assert.deepEqual(processes.map(([, name]) => name).slice(0, 4), [
            '4 KiB folios: kernel 1 (Linux 7.2.13)',
            '4 KiB folios: kernel 2 (Linux 7.2.13)',
            '4 KiB folios: sessions',
            '4 KiB folios: live updates',
        ]);
        assert.equal(traceEvents.filter((e) => e.name === 'Blackout').length, 3);
        lus('run', 'blackout.lus', '--trace', file);
        assert.equal(readFileSync(file, 'utf8'), text);
    });

    test('--timeline is the old name of --trace', () => {
        const [old, now] = [path.join(folder, 'old.json'), path.join(folder, 'now.json')];
        assert.equal(lus('run', 'first-session.lus', '--timeline', old).code, 0);
        lus('run', 'first-session.lus', '--trace', now);
        assert.equal(readFileSync(old, 'utf8'), readFileSync(now, 'utf8'));
    });

    test('one scenario needs no title', () => {
        const file = path.join(folder, 'out.json');
        lus('run', 'first-session.lus', '--trace', file);
        assert.match(readFileSync(file, 'utf8'), /"name":"kernel 1 \(Linux 7\.2\.13\)"/);
    });

    test('a trace that cannot be written is one clear sentence', () => {
        const { code, err } = lus('run', 'first-session.lus', '--trace', path.join(folder, 'none', 'out.json'));
        assert.equal(code, 2);
        assert.match(err, /^lus: .*out\.json cannot be written: .*\n/m);
    });

    test('where guests stand still the blackout is theirs, from the first paused vCPU on', () => {
        const { code, out } = lus('run', 'guest-under-load.lus');
        assert.equal(code, 0);
        assert.match(
            out,
            /✓ nothing is wrong\n {4}blackout \d+ ms of guest "guest": boot_initcalls 70 ms, boot_userspace 60 ms, purgatory [\d.]+ ms\n/,
        );
        const table = lus(
            'blackout',
            'guest-under-load.lus',
            '--scenario',
            'nothing is wrong',
            '--vary',
            'vcpu_pause=15us,5ms',
            '--format',
            'json',
        ).out;
        const [quick, slow] =
            z
                .object({
                    tables: z.array(
                        z.object({
                            rows: z.array(
                                z.object({
                                    updates: z.array(
                                        z.object({
                                            pausingNs: z.number(),
                                            guests: z.array(z.object({ name: z.string(), blackoutNs: z.number() })),
                                        }),
                                    ),
                                }),
                            ),
                        }),
                    ),
                })
                .parse(JSON.parse(table))
                .tables[0]?.rows.flatMap((r) => r.updates) ?? [];
        assert.deepEqual([quick?.guests.map((g) => g.name), slow?.guests.length], [['guest'], 1]);
        // the first of four vCPUs is paused when its blackout begins
        assert.equal((slow?.pausingNs ?? 0) - (quick?.pausingNs ?? 0), 3 * (5_000_000 - 15_000));
        assert.match(
            lus('blackout', 'guest-under-load.lus', '--scenario', 'nothing is wrong').out,
            /pre-blackout +blackout +pausing +kernel shutdown/,
        );
    });

    test('lus blackout prints a row for each combination', () => {
        const { code, out } = lus(
            'blackout',
            'blackout.lus',
            '--scenario',
            '2 MiB folios',
            '--vary',
            'purgatory=1ms,3ms',
            '--vary',
            'shutdown=0,1.5s',
        );
        assert.equal(code, 1, 'two of the four are too long for the scenario');
        const [title, head, ...rows] = out.trimEnd().split('\n');
        assert.equal(title, '2 MiB folios');
        assert.match(
            head ?? '',
            /^ +purgatory +shutdown +pre-blackout +blackout +kernel shutdown +kernel startup +user space +largest costs$/,
        );
        assert.deepEqual(
            rows.map((r) => r.trim().split(/ {2,}/).slice(0, 2)),
            [
                ['1 ms', '0 ns'],
                ['1 ms', '1.5 s'],
                ['3 ms', '0 ns'],
                ['3 ms', '1.5 s'],
            ],
        );
        assert.deepEqual(
            rows.map((r) => r.includes('✗ assertion failed')),
            [false, true, false, true],
        );
        assert.match(rows[1] ?? '', /1\.69 s .* shutdown 1\.5 s, boot_initcalls 70 ms/);
    });

    test('as JSON; the costs are what differs', () => {
        const { code, out } = lus(
            'blackout',
            'blackout.lus',
            '--scenario',
            '2 MiB folios',
            '--vary',
            'shutdown=1ms,2ms,4ms',
            '--format',
            'json',
        );
        assert.equal(code, 0);
        const {
            file,
            tables: [table],
        } = tableSchema.parse(JSON.parse(out));
        assert.equal(file, 'blackout.lus');
        assert.deepEqual(table?.vary, ['shutdown']);
        const shutdowns = table?.rows.map((r) => r.updates[0]?.kernelShutdownNs ?? 0) ?? [];
        assert.deepEqual(
            shutdowns.map((ns) => ns - (shutdowns[0] ?? 0)),
            [0, 1e6, 3e6],
        );
        assert.deepEqual(
            table?.rows.map((r) => [r.costs['shutdown'], r.passed, r.message]),
            [
                [1e6, true, null],
                [2e6, true, null],
                [4e6, true, null],
            ],
        );
    });

    test('without --vary it is one row, several updates are several', () => {
        const { code, out } = lus('blackout', 'second-update.lus');
        assert.equal(code, 0);
        assert.match(out, /^kept and forgotten\n +update +pre-blackout .*\n +1 .*\n +2 .*\n$/);
    });

    test('bad figures are one clear sentence', () => {
        const sentence = (...args: string[]): string => {
            const { code, err } = lus('blackout', ...args);
            assert.equal(code, 2);
            return err.split('\n')[0] ?? '';
        };
        assert.match(
            sentence('blackout.lus', '--vary', 'purgatry=1ms'),
            /^lus: There is no cost "purgatry"\. Did you mean "purgatory"\?/,
        );
        assert.match(sentence('blackout.lus', '--vary', 'sleep=1ms'), /^lus: There is no cost "sleep"\./);
        assert.match(sentence('blackout.lus', '--vary', 'purgatory'), /^lus: --vary purgatory needs values/);
        assert.match(sentence('blackout.lus', '--vary', 'purgatory=1ms,'), /^lus: "" is not a time/);
        assert.match(sentence('blackout.lus', '--vary', 'purgatory=-1'), /^lus: "-1" is not a time/);
        assert.match(
            sentence('blackout.lus', '--vary', `purgatory=${new Array(1001).fill('1').join(',')}`),
            /^lus: These are 1001 combinations/,
        );
        assert.match(sentence('blackout.lus', '--scenario', 'x'), /^lus: There is no scenario "x"\./);
        assert.match(sentence(), /^lus: Name one file\./);
        assert.match(sentence('blackout.lus', '--kernel', '2.6'), /^lus: there is no kernel "2\.6"/i);
        assert.equal(lus('blackout', inRepository('test', 'command', 'fixtures', 'broken.lus')).code, 2);
    });
});
