/** `lus run` as a test runner: which files, which seeds, on how many threads, and its reports. The built command. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { z } from 'zod';
import { LUS, lus as lusIn, type Ran } from '../support/lus';

const passes = (name: string): string => `scenario "${name}" { boot "7.2" }\n`;
const fails = (name: string): string => `scenario "${name}" { boot "7.2"; assert 1 == 2 }\n`;
/** Fails with those seeds with which the first process wins. */
const RACE = `scenario "race" {
    boot "7.2"
    process a { lu = open("/dev/liveupdate") }
    process b { v = 0 }
    concurrently {
        a { lu.create_session("x") }
        b { v = 1 }
    }
    process c { open("/dev/liveupdate") fails EBUSY }
}
`;
const ENDLESS = 'scenario "endless" { boot "7.2"; process p { while true { sleep 1s } } }\n';

suite('lus run: suites', function () {
    this.timeout(300_000);
    let folder: string;
    const lus = (args: readonly string[], env?: Readonly<Record<string, string>>): Ran => lusIn(folder, args, env);
    const write = (files: Readonly<Record<string, string>>): void => {
        for (const [name, text] of Object.entries(files)) {
            mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
            writeFileSync(path.join(folder, name), text);
        }
    };
    const read = (name: string): string => readFileSync(path.join(folder, name), 'utf8');

    setup(() => {
        folder = mkdtempSync(path.join(tmpdir(), 'lus-suites-'));
    });
    teardown(() => rmSync(folder, { recursive: true }));

    test('folders and patterns are searched, files without scenarios are left out', () => {
        write({
            't/b.lus': passes('b'),
            't/a.lus': passes('a'),
            't/deep/c.lus': passes('c'),
            't/lib.lus': 'const N = 1\n',
            't/.hidden/h.lus': passes('hidden'),
            't/node_modules/n.lus': passes('module'),
            't/readme.txt': 'x',
        });
        const order = (args: readonly string[]): string[] =>
            [...lus(['run', ...args]).out.matchAll(/✓ (\w+)/g)].map(([, name]) => name ?? '');
        assert.deepEqual(order(['t']), ['a', 'b', 'c']);
        assert.deepEqual(order(['t/*.lus']), ['a', 'b']);
        assert.deepEqual(order(['t/**/*.lus']), ['a', 'b', 'c']);
        assert.deepEqual(order(['t/{b,deep/c}.lus', 't']), ['b', 'c', 'a']);
        assert.match(lus(['run', 't/x*.lus']).err, /^lus: No file matches t\/x\*\.lus\.\n/);
        mkdirSync(path.join(folder, 'empty'));
        assert.match(lus(['run', 'empty']).err, /^lus: The folder empty contains no \.lus file\.\n/);
        assert.match(lus(['run', 't/lib.lus']).err, /no scenario/);
    });

    test('a file whose name has a wildcard is itself', () => {
        write({ '[a].lus': passes('brackets'), 'a.lus': passes('a') });
        assert.match(lus(['run', '[a].lus']).out, /✓ brackets\n\n1 passed/);
    });

    test('- is standard input, also on threads', () => {
        for (const more of [[], ['--jobs', '2']]) {
            const { stdout, status } = spawnSync(process.execPath, [LUS, 'run', '-', ...more], {
                cwd: folder,
                encoding: 'utf8',
                input: passes('one') + fails('two'),
            });
            assert.equal(status, 1);
            assert.match(stdout, /^-\n {2}✓ one\n {2}✗ two\n/);
            assert.match(stdout, /-:2:30: assertion failed/);
            assert.match(stdout, /> 2 \| scenario "two"/);
        }
    });

    test('threads give the same output as none, in the same order', () => {
        write({ 'a.lus': passes('a1') + fails('a2'), 'b.lus': 'scenario {', 'c.lus': RACE, 'd.lus': passes('d') });
        const args = ['run', 'a.lus', 'b.lus', 'c.lus', 'd.lus', '--seeds', '0..200', '--coverage', 'c.info'];
        const one = lus([...args, '--report', 'json=one.json']);
        const three = lus([...args, '--jobs', '3', '--report', 'json=three.json']);
        assert.deepEqual(three, one);
        assert.equal(one.code, 2);
        assert.equal(read('three.json'), read('one.json'));
    });

    test('seeds: the ones that fail are named, and what runs alone runs once', () => {
        write({ 'a.lus': RACE + passes('alone') });
        const { code, out } = lus(['run', 'a.lus', '--seeds', '0..7', '--report', 'json=o.json']);
        const found = z
            .object({
                files: z.array(
                    z.object({
                        scenarios: z.array(
                            z.object({
                                seed: z.number().nullable(),
                                seeds: z
                                    .strictObject({ first: z.number(), last: z.number(), failed: z.array(z.number()) })
                                    .nullable(),
                            }),
                        ),
                    }),
                ),
            })
            .parse(JSON.parse(read('o.json')));
        const [race, alone] = found.files[0]?.scenarios ?? [];
        assert.deepEqual(alone, { seed: null, seeds: null });
        const one = (seed: number): number | null => lus(['run', 'a.lus', '--seed', String(seed)]).code;
        const failed = Array.from({ length: 8 }, (_, seed) => seed).filter((seed) => one(seed) === 1);
        assert.deepEqual(race?.seeds, { first: 0, last: 7, failed });
        assert.equal(code, failed.length > 0 ? 1 : 0);
        assert.match(out, failed.length > 0 ? /race \(seed \d+; \d+ of 8 seeds fail: / : /race \(seeds 0\.\.7\)/);
    });

    test('shards together run everything once, and their reports merge to that of the whole', () => {
        write({
            'a.lus': ['1', '2', '3', '4'].map(passes).join(''),
            'b.lus': fails('5') + passes('6'),
            'c.lus': 'scenario {',
        });
        const files = ['a.lus', 'b.lus', 'c.lus'];
        const parts = ['1', '2', '3'].map((i) => {
            lus(['run', ...files, '--shard', `${i}/3`, '--report', `json=part-${i}.json`]);
            return `part-${i}.json`;
        });
        const whole = lus(['run', ...files, '--report', 'json=whole.json']);
        const merged = lus(['report', 'merge', ...parts, '--report', 'json=merged.json']);
        assert.equal(read('merged.json'), read('whole.json'));
        assert.deepEqual(merged, whole);
        assert.match(lus(['report', 'merge', 'a.lus']).err, /^lus: a\.lus is not JSON\./);
        writeFileSync(path.join(folder, 'x.json'), '{}');
        assert.match(lus(['report', 'merge', 'x.json']).err, /^lus: x\.json is not a report of lus run\./);
    });

    test('--bail ends the run at the first failure in the order of the files', () => {
        write({ 'a.lus': passes('1') + fails('2') + passes('3'), 'b.lus': passes('4') });
        for (const more of [[], ['--jobs', '2']]) {
            const { code, out } = lus(['run', 'a.lus', 'b.lus', '--bail', ...more]);
            assert.equal(code, 1);
            assert.match(out, /✓ 1\n {2}✗ 2\n[\s\S]*\n1 passed, 1 failed, 2 not run\n$/);
            assert.doesNotMatch(out, /[✓✗] [34]/);
        }
        assert.match(lus(['run', 'a.lus', '--bail', '--format', 'tap']).out, /\nBail out! 1 scenario not run\n$/);
    });

    test('a scenario that takes too long fails, in virtual time always at the same place', () => {
        write({ 'a.lus': ENDLESS + passes('next') });
        const run = (): Ran => lus(['run', 'a.lus', '--virtual-timeout', '60s']);
        const { code, out } = run();
        assert.equal(code, 1);
        assert.match(out, /✗ endless\n[\s\S]*The scenario takes longer than 60 s of virtual time\./);
        assert.match(out, /✓ next/);
        assert.equal(run().out, out);
        assert.match(lus(['run', 'a.lus', '--timeout', '200ms']).out, /The scenario takes longer than 200 ms\./);
        assert.match(lus(['run', 'a.lus', '--timeout', 'soon']).err, /"soon" is not a time/);
    });

    test('the configuration file sets files and options, which the command line overrides', () => {
        write({
            'lus.config.json': '{ "files": ["t"], "strict": true, "reports": ["tap=out/r.tap"] }',
            't/a.lus': passes('a'),
            'b.lus': passes('b'),
        });
        assert.match(lus(['run']).out, /✓ a\n\n1 passed/);
        assert.match(read('out/r.tap'), /^TAP version 14\n1\.\.1\nok 1 - t\/a\.lus: a\n/);
        assert.match(lus(['run', 'b.lus', '--report', 'tap=b.tap']).out, /✓ b\n/);
        assert.match(read('b.tap'), /b\.lus: b/);
        write({ 'lus.config.json': '{ "filse": [] }' });
        assert.deepEqual(lus(['run']), {
            code: 2,
            out: '',
            err: 'lus: lus.config.json: There is no setting "filse". Did you mean "files"?\nSee lus run --help.\n',
        });
        write({ 'lus.config.json': '{ "jobs": 0 }' });
        assert.match(lus(['run', 'b.lus']).err, /^lus: lus\.config\.json: "jobs" is not valid: /);
        write({ 'lus.config.json': '{' });
        assert.match(lus(['run', 'b.lus']).err, /^lus: lus\.config\.json is not JSON: /);
    });

    test('reports: annotations, SARIF, a page; names are escaped in each', () => {
        write({ 'a.lus': fails('50% <b>&, "x": y').replace('"50% <b>&, "x": y"', '"50% <b>&, \\"x\\": y"') });
        const { out } = lus(['run', 'a.lus', '--report', 'github', '--report', 'sarif=o.sarif', '--report', 'html=r/']);
        assert.match(
            out,
            /^::error file=a\.lus,line=1,endLine=1,col=\d+,endColumn=\d+,title=scenario "50%25 <b>&%2C "x"%3A y"::assertion failed/m,
        );
        const sarif = z
            .object({
                version: z.literal('2.1.0'),
                runs: z.tuple([
                    z.object({
                        results: z.tuple([
                            z.object({
                                ruleId: z.literal('failed-assertion'),
                                level: z.literal('error'),
                                locations: z.tuple([
                                    z.object({
                                        physicalLocation: z.object({
                                            artifactLocation: z.object({ uri: z.literal('a.lus') }),
                                            region: z.object({ startLine: z.literal(1) }),
                                        }),
                                    }),
                                ]),
                            }),
                        ]),
                    }),
                ]),
            })
            .safeParse(JSON.parse(read('o.sarif')));
        assert.ok(sarif.success, sarif.error?.message);
        const page = read('r/index.html');
        assert.match(page, /<h1>1 of 1 failed<\/h1>/);
        assert.match(page, /✗ 50% &lt;b&gt;&amp;, /);
        assert.doesNotMatch(page, /<b>&/);
        assert.doesNotMatch(page, /<script|src=|href=/);
        assert.match(page, /\n\.bad > summary,/, 'the style is not escaped');
        assert.match(lus(['run', 'a.lus', '--report', 'pdf=x']).err, /--report must be pretty, tap, /);
        assert.match(lus(['run', 'a.lus', '--report', 'html']).err, /--report html needs a file: --report html=FILE\./);
    });

    test('a blackout longer than the baseline fails the run, and its causes are named', () => {
        const update = (pages: number): string => `scenario "u" {
    boot "7.2"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        ram = memfd_create("ram")
        ram.pwrite(pattern(1, ${pages} * 4096), at: 0)
        s.preserve_fd(ram, token: 1)
        kexec_file_load("7.2")
        reboot(KEXEC)
    }
    process p { open("/dev/liveupdate").retrieve_session("s").retrieve_fd(token: 1) }
}
`;
        write({ 'a.lus': update(1) });
        lus(['run', 'a.lus', '--report', 'json=base.json']);
        assert.match(
            lus(['run', 'a.lus', '--baseline', 'base.json']).out,
            /\nBlackout compared with base\.json: 1 update, none longer than 0 % more\n/,
        );
        write({ 'a.lus': update(5000) });
        const { code, out } = lus(['run', 'a.lus', '--baseline', 'base.json']);
        assert.equal(code, 1);
        assert.match(out, /\n {2}✗ a\.lus: "u": blackout \S+ ms → \S+ ms \(\+[^)]*\): \w+ \+/);
        assert.equal(lus(['run', 'a.lus', '--baseline', 'base.json', '--tolerance', '1000%']).code, 0);
        assert.match(lus(['run', 'a.lus', '--baseline', 'no.json']).err, /There is no file no\.json\./);
    });

    test('coverage: functions and lines of handlers, reached or not', () => {
        write({
            'a.lus': `fn used(x) {
    if x > 1 {
        return 2
    }
    return 3
}
fn unused() {
    return 1
}
scenario "s" {
    boot "7.2"
    process p { used(1) }
}
`,
        });
        lus(['run', 'a.lus', '--coverage', 'c.info']);
        assert.equal(
            read('c.info'),
            [
                'TN:',
                'SF:a.lus',
                'FN:1,used',
                'FN:7,unused',
                'FNDA:1,used',
                'FNDA:0,unused',
                'FNF:2',
                'FNH:1',
                'DA:2,1',
                'DA:3,0',
                'DA:5,1',
                'DA:8,0',
                'LF:4',
                'LH:2',
                'end_of_record\n',
            ].join('\n'),
        );
    });

    const pageData = (file: string, id: string): unknown => {
        const [, json = ''] = new RegExp(`id="${id}">(.*)</script>`).exec(read(file)) ?? [];
        return JSON.parse(json);
    };
    const runsSchema = z.object({
        runs: z.array(z.object({ title: z.string(), lanes: z.object({ labels: z.array(z.array(z.string())) }) })),
    });
    const memorySchema = z.array(
        z.object({
            title: z.string(),
            standings: z.array(z.object({ name: z.string(), kernel: z.number() })),
            happened: z.array(z.string()),
        }),
    );

    test('lus view writes a page with timeline and memory; a file with several scenarios needs a choice', () => {
        write({ 'a.lus': passes('one') + fails('two') });
        assert.match(lus(['view', 'a.lus']).err, /has several scenarios\. Choose one with --scenario NAME/);
        assert.deepEqual(lus(['view', 'a.lus', '--scenario', 'one', '-o', 'v.html']), {
            code: 0,
            out: '',
            err: 'Wrote timeline and memory: v.html\n',
        });
        const { runs } = runsSchema.parse(pageData('v.html', 'data'));
        assert.deepEqual(
            runs.map((r) => r.title),
            ['a.lus: one'],
        );
        assert.ok(runs[0]?.lanes.labels.some(([name]) => name === 'start_kernel'));
        const [memory] = memorySchema.parse(pageData('v.html', 'memory-data'));
        assert.equal(memory?.title, 'a.lus: one');
        assert.deepEqual(memory.standings, [{ name: 'at the end', kernel: 1 }]);
        assert.ok(memory.happened.some((text) => text.startsWith('reserved: ')));
        assert.match(
            lus(['view', 'a.lus', '--scenario', 'two']).err,
            /^The scenario failed: .*\nWrote timeline and memory: timeline\.html\n$/,
        );
    });

    test('lus view of a trace: with memory if it was written, of one run of several', () => {
        write({ 'a.lus': passes('one') + passes('two') });
        assert.match(lus(['run', 'a.lus', '--trace-memory']).err, /--trace-memory needs --trace FILE/);
        lus(['run', 'a.lus', '--trace', 't.json', '--trace-memory']);
        assert.match(
            lus(['view', 't.json']).err,
            /Choose one of the runs in t\.json with --scenario NAME: "one", "two"/,
        );
        assert.deepEqual(lus(['view', 't.json', '--scenario', 'two', '-o', 't.html']), {
            code: 0,
            out: '',
            err: 'Wrote timeline and memory: t.html\n',
        });
        lus(['view', 'a.lus', '--scenario', 'two', '-o', 'v.html']);
        const withTitle = (title: string, data: unknown): unknown =>
            JSON.parse(JSON.stringify(data).replaceAll(JSON.stringify(title), '"title"'));
        assert.deepEqual(
            withTitle('t.json: two', pageData('t.html', 'memory-data')),
            withTitle('a.lus: two', pageData('v.html', 'memory-data')),
        );
        lus(['run', 'a.lus', '--scenario', 'one', '--trace', 'small.json']);
        assert.equal(lus(['view', 'small.json']).err, 'Wrote the timeline: timeline.html\n');
        write({ 'other.json': '{}' });
        assert.match(lus(['view', 'other.json']).err, /other\.json is not a trace that lus run --trace has written/);
        assert.match(lus(['view', 'small.json', '--seed', '1']).err, /--kernel and --seed are for scenarios/);
    });

    test('--watch runs again after a change, and goes on after a mistake', async () => {
        write({ 'a.lus': passes('first') });
        const child = spawn(process.execPath, [LUS, 'run', 'a.lus', '--watch'], { cwd: folder });
        try {
            let out = '';
            const told = async (what: RegExp): Promise<void> => {
                while (!what.test(out)) {
                    const [more]: unknown[] = await new Promise((resolve) =>
                        child.stdout.once('data', (d) => resolve([d])),
                    );
                    out += String(more);
                }
                out = '';
            };
            const waits = (): Promise<void> =>
                new Promise((resolve) => {
                    const hear = (d: Buffer): void => {
                        if (d.toString().includes('Waiting for changes')) {
                            child.stderr.off('data', hear);
                            resolve();
                        }
                    };
                    child.stderr.on('data', hear);
                });
            let waiting = waits();
            await told(/✓ first/);
            await waiting;
            waiting = waits();
            write({ 'a.lus': 'scenario {' });
            await told(/was not run/);
            await waiting;
            write({ 'a.lus': passes('second') });
            await told(/✓ second/);
        } finally {
            child.kill();
        }
    });
});
