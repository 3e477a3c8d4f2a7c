/** The built `lus` command, as a user runs it. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { z } from 'zod';
import { LUS, lus as lusIn, type Ran } from '../support/lus';
import { inRepository } from '../support/repository';

const FIXTURES = inRepository('test', 'command', 'fixtures');
const FIRST = inRepository('extension', 'examples', 'first-session.lus');

const lus = (args: readonly string[], env?: Readonly<Record<string, string>>): Ran => lusIn(FIXTURES, args, env);

const whereSchema = z
    .object({ file: z.string(), line: z.number(), column: z.number(), endLine: z.number(), endColumn: z.number() })
    .strict();
const stackSchema = z.array(z.object({ label: z.string(), where: whereSchema.nullable() }).strict());
const logSchema = z.array(
    z.object({ level: z.string(), text: z.string(), timeNs: z.number(), boot: z.number() }).strict(),
);
const findingSchema = z
    .object({
        code: z.string(),
        severity: z.enum(['error', 'warning']),
        message: z.string(),
        where: whereSchema,
        fix: z.string().nullable(),
    })
    .strict();
const failureSchema = z
    .object({
        kind: z.enum([
            'failed-call',
            'failed-assertion',
            'callback-error',
            'kernel-warning',
            'setup',
            'emulator',
            'timeout',
        ]),
        message: z.string(),
        where: whereSchema.nullable(),
        stack: stackSchema,
        cause: z.object({ message: z.string(), where: whereSchema.nullable(), stack: stackSchema }).strict().nullable(),
        waiting: z.array(z.strictObject({ process: z.string(), message: z.string(), stack: stackSchema })),
        kernelLog: logSchema,
    })
    .strict();
/** The shape that extension/docs/command-line.md documents. */
const diagnosisSchema = z.strictObject({
    code: z.string().regex(/^LU1\d{3}$/),
    severity: z.enum(['error', 'warning', 'hint']),
    message: z.string(),
    where: whereSchema.nullable(),
    boot: z.number(),
    timeNs: z.number(),
    history: z.array(z.strictObject({ boot: z.number(), text: z.string(), where: whereSchema.nullable() })),
    advice: z.string(),
    expected: z.boolean(),
    data: z.record(z.string(), z.unknown()),
});
const updateSchema = z.strictObject({
    number: z.number(),
    from: z.string(),
    to: z.string(),
    sessions: z.number(),
    files: z.number(),
    preBlackoutNs: z.number(),
    blackoutNs: z.number().nullable(),
    kernelShutdownNs: z.number(),
    kernelStartupNs: z.number().nullable(),
    userspaceNs: z.number().nullable(),
    postBlackoutNs: z.number().nullable(),
    madeOf: z.array(z.strictObject({ cost: z.string(), ns: z.number() })),
});
const runSchema = z
    .object({
        version: z.literal(1),
        passed: z.number(),
        failed: z.number(),
        broken: z.number(),
        skipped: z.literal(0),
        comparison: z.null(),
        files: z.array(
            z
                .object({
                    file: z.string(),
                    errors: z.array(findingSchema),
                    scenarios: z.array(
                        z
                            .object({
                                name: z.string(),
                                where: whereSchema,
                                passed: z.boolean(),
                                seed: z.number().nullable(),
                                seeds: z.null(),
                                timeNs: z.number(),
                                boots: z.number(),
                                output: logSchema,
                                updates: z.array(updateSchema),
                                diagnoses: z.array(diagnosisSchema),
                                failure: failureSchema.nullable(),
                            })
                            .strict(),
                    ),
                })
                .strict(),
        ),
    })
    .strict();

suite('lus run', function () {
    this.timeout(300_000);

    test('what passes is said, with exit code 0', () => {
        assert.deepEqual(lus(['run', 'imports.lus']), {
            code: 0,
            out: 'imports.lus\n  ✓ uses what it imports\n\n1 passed, 0 failed\n',
            err: '',
        });
    });

    test('where nobody can go on, it is said who waits for whom, and where each of them stands', () => {
        const { code, out } = lus(['run', '--seed', '2', 'deadlock.lus']);
        assert.equal(code, 1);
        assert.match(out, /✗ nobody goes on \(seed 2\)\n/);
        assert.match(
            out,
            /deadlock: luod waits for the ring lock, held by vmm[^;]*(; vmm waits for the serialize lock, held by luod \(reboot\(KEXEC\)\))?\.\n/,
        );
        assert.match(
            out,
            /\n {4}(luod|vmm) waits for [^\n]*\n(?: {6}[^\n]*\n)*? {6}\1, scenario {2}deadlock\.lus:\d+:\d+\n/,
        );
        assert.match(out, /error LU1033: vmm returns from preserve_fd with the ring lock held/);
    });

    test('a failure has its place, the source, the reason, the call stack and where the error came up', () => {
        const { code, out, err } = lus(['run', 'mixed.lus']);
        assert.equal(code, 1);
        assert.equal(err, '');
        assert.match(out, /^mixed\.lus\n {4}hello & <goodbye>\n {2}✓ passes\n {2}✗ an assertion # fails\n/);
        assert.match(
            out,
            /mixed\.lus:11:9: (?:assertion failed: )?two pages "are" one: ram\.size == 4KiB, but the left side is 8192 and the right side is 4096\n/,
        );
        assert.match(
            out,
            / {2}10 \| {9}ram\.truncate\(8KiB\)\n *> 11 \| {9}assert ram\.size == 4KiB, "two pages \\"are\\" one"\n *\| {9}\^{48}\n/,
        );
        assert.match(
            out,
            /Call stack\n *luod, scenario {2}mixed\.lus:11:9\n *scenario "an assertion # fails" {2}mixed\.lus:8:5\n/,
        );
        assert.match(
            out,
            /Origin of the error\n *std\/luo\.lus:\d+:\d+: handler\.preserve\(args\) fails with ENOMEM\n/,
        );
        assert.match(out, /luo_preserve_file {2}std\/luo\.lus:\d+:\d+\n *preserve_fd token 1 {2}std/);
        assert.match(out, /Kernel log\n(?: *\[ +\d+\.\d{6}\] .*\n)+/);
        assert.match(out, /\n1 passed, 2 failed\n$/);
    });

    test('an error that a function of the kernel returns by itself came up where it does so', () => {
        const { code, out } = lus(['run', 'refused.lus']);
        assert.equal(code, 1);
        assert.match(out, /Origin of the error\n *refused\.lus:7:34: returns -EINVAL\n/);
        assert.match(
            out,
            /> 7 \| {9}if \(try quiet\(1\)\) != 0 \{ return -EINVAL \}\n *\| {34}\^{14}\n\n {6}gpu_handler\.preserve {2}refused\.lus:7:34\n {6}luo_preserve_file {2}std/,
        );
    });

    test('endless recursion is a failure with the ends of its call stack', () => {
        const { code, out } = lus(['run', 'endless.lus']);
        assert.equal(code, 1);
        assert.match(out, /endless\.lus:2:5: calls are nested 10000 deep: deeper may call itself endlessly\n/);
        assert.match(
            out,
            /(?: {6}deeper {2}endless\.lus:2:5\n){20} {6}… 9970 more\n(?: {6}deeper {2}endless\.lus:2:5\n){9} {6}scenario "/,
        );
    });

    test('--scenario picks one, --log prints the kernel log', () => {
        const { code, out } = lus(['run', 'mixed.lus', '--scenario', 'passes', '--log']);
        assert.equal(code, 0);
        assert.match(out, /\[ +\d+\.\d{6}\] Linux version 7\.2/);
        assert.match(out, /\n1 passed, 0 failed\n$/);
    });

    test('--kernel boots another kernel', () => {
        const { code, out } = lus(['run', 'imports.lus', '--kernel', '7.2-uma', '--log']);
        assert.equal(code, 0);
        assert.match(out, /Linux version/);
    });

    test('colours are for terminals, unless the user says otherwise', () => {
        const plain = lus(['run', 'imports.lus']).out;
        assert.ok(!plain.includes('\u001b'));
        const forced = lus(['run', 'imports.lus'], { FORCE_COLOR: '1', NO_COLOR: '1' }).out;
        assert.ok(forced.includes('\u001b[32m✓\u001b[39m'));
        // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
        assert.equal(forced.replace(/\u001b\[\d+m/g, ''), plain);
    });

    test('no name sets a colour, and a line of a log cannot look like a result', () => {
        const folder = mkdtempSync(path.join(tmpdir(), 'lus-names-'));
        try {
            const text = 'scenario "a\\x1b[31mb" { boot "7.2"; process p { log("one\\nok 2 - two\\x07") } }\n';
            const file = path.join(folder, 'a.lus');
            writeFileSync(file, text);
            const out = '\n    one\n    ok 2 - two\\x07\n  ✓ a\\x1b[31mb\n\n1 passed, 0 failed\n';
            assert.equal(lus(['run', file]).out, file + out);
            // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
            assert.equal(lus(['run', file], { FORCE_COLOR: '1' }).out.replace(/\u001b\[\d+m/g, ''), file + out);
            assert.match(lus(['run', '--format', 'tap', file]).out, /^# one\n# ok 2 - two\\x07$/m);
        } finally {
            rmSync(folder, { recursive: true });
        }
    });

    test('a file with errors runs nothing and says all of them; the others run', () => {
        const { code, out } = lus(['run', 'broken.lus', 'imports.lus']);
        assert.equal(code, 2);
        assert.match(
            out,
            /broken\.lus:3:17: error LU0202: .*`opne`.*\n {2}> 3 \| {5}process luod \{ opne\("\/dev\/null"\) \}\n {6}\| {20}\^{4}\n/,
        );
        assert.match(out, /broken\.lus:4:10: error LU0205: /);
        assert.match(
            out,
            /✗ broken\.lus was not run: 2 errors\nimports\.lus\n {2}✓ .*\n\n1 passed, 0 failed, 1 file with errors\n$/,
        );
    });

    test('TAP 14', () => {
        const { code, out } = lus(['run', 'mixed.lus', 'broken.lus', '--format', 'tap']);
        assert.equal(code, 2);
        const lines = out.split('\n');
        assert.deepEqual(lines.slice(0, 4), [
            'TAP version 14',
            '1..4',
            '# hello & <goodbye>',
            'ok 1 - mixed.lus: passes',
        ]);
        assert.deepEqual(
            lines.filter((l) => l.startsWith('not ok')),
            [
                'not ok 2 - mixed.lus: an assertion \\# fails',
                'not ok 3 - mixed.lus: a call fails',
                'not ok 4 - broken.lus',
            ],
        );
        const yaml = lines.slice(lines.indexOf('  ---'), lines.indexOf('  ...'));
        assert.ok(yaml.includes('  at: {"file":"mixed.lus","line":11,"column":9}'), yaml.join('\n'));
        assert.equal(lines.filter((l) => l === '  ---').length, lines.filter((l) => l === '  ...').length);
    });

    test('JUnit XML is well-formed and holds the failures', () => {
        const { code, out } = lus(['run', 'mixed.lus', 'broken.lus', '--format', 'junit']);
        assert.equal(code, 2);
        assert.deepEqual(elements(out), [
            'testsuites',
            'testsuite',
            'testcase',
            'system-out',
            'testcase',
            'failure',
            'testcase',
            'failure',
            'testsuite',
            'testcase',
            'error',
        ]);
        assert.match(out, /<testsuites name="lus" tests="4" failures="2" errors="1" time="\d+\.\d{3}">/);
        assert.match(
            out,
            /<testcase name="an assertion # fails" classname="mixed\.lus" file="mixed\.lus" line="6" time="/,
        );
        assert.match(
            out,
            /<failure type="failed-assertion" message="(?:assertion failed: )?two pages &quot;are&quot; one: /,
        );
        assert.match(out, /<system-out>hello &amp; &lt;goodbye&gt;<\/system-out>/);
    });

    test('JSON has the documented shape, and is the same every time', () => {
        const ran = lus(['run', 'mixed.lus', 'broken.lus', '--format', 'json']);
        assert.equal(ran.code, 2);
        const result = runSchema.parse(JSON.parse(ran.out));
        assert.deepEqual([result.passed, result.failed, result.broken], [1, 2, 1]);
        const [mixed, broken] = result.files;
        assert.equal(mixed?.scenarios[0]?.output[0]?.text, 'hello & <goodbye>');
        const failure = mixed?.scenarios[1]?.failure;
        assert.equal(failure?.kind, 'failed-assertion');
        assert.deepEqual(failure.where, { file: 'mixed.lus', line: 11, column: 9, endLine: 11, endColumn: 57 });
        assert.deepEqual(
            failure.stack.map((s) => s.label),
            ['luod, scenario', 'scenario "an assertion # fails"'],
        );
        assert.equal(mixed?.scenarios[2]?.failure?.cause?.message, 'handler.preserve(args) fails with ENOMEM');
        assert.deepEqual(
            broken?.errors.map((e) => [e.code, e.where.line, e.where.column]),
            [
                ['LU0202', 3, 17],
                ['LU0205', 4, 10],
            ],
        );
        assert.equal(lus(['run', 'mixed.lus', 'broken.lus', '--format', 'json']).out, ran.out);
    });
});

/** The names of the elements of an XML text in order. Throws where it is not well-formed. */
function elements(xml: string): string[] {
    const names: string[] = [];
    const open: string[] = [];
    const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '');
    assert.notEqual(body, xml);
    const rest = body.replace(
        /<(\/?)([a-z-]+)((?: [a-z]+="[^"<>]*")*)(\/?)>|&(?:amp|lt|gt|quot|#\d+);|[^<>&]+/g,
        (whole, close: string, name: string | undefined, _attributes, empty: string) => {
            if (name !== undefined && close === '/') {
                assert.equal(open.pop(), name);
            } else if (name !== undefined) {
                names.push(name);
                if (empty !== '/') {
                    open.push(name);
                }
            }
            return whole.startsWith('<') || whole.startsWith('&') || open.length > 0 || whole.trim() === ''
                ? ''
                : whole;
        },
    );
    assert.equal(rest, '');
    assert.deepEqual(open, []);
    return names;
}

suite('lus: bad input is one clear sentence and exit code 2', () => {
    const cases: [string, readonly string[], RegExp][] = [
        ['no command', [], /^lus 0\.\d+\.\d+: /],
        ['an unknown command', ['rnu'], /^lus: There is no command "rnu"\.\nSee lus --help\.\n$/],
        ['no file', ['run'], /^lus: Name at least one file\.\nSee lus run --help\.\n$/],
        ['a missing file', ['run', 'nope.lus'], /^lus: There is no file nope\.lus\.\n/],
        [
            'a missing file beside a good one',
            ['run', 'imports.lus', 'nope.lus'],
            /^lus: There is no file nope\.lus\.\n/,
        ],
        ['a folder', ['check', '.'], /^lus: \. is a folder\.\n/],
        ['an unknown option', ['run', 'imports.lus', '--fast'], /^lus: There is no option --fast\.\n/],
        ['an option without its value', ['run', 'imports.lus', '--seed'], /^lus: --seed needs a value\.\n/],
        [
            'an option that swallows the next',
            ['run', '--kernel', '--log', 'imports.lus'],
            /^lus: --kernel needs a value\.\n/,
        ],
        ['a flag with a value', ['run', 'imports.lus', '--log=yes'], /^lus: --log takes no value\.\n/],
        [
            'a bad seed',
            ['run', 'imports.lus', '--seed', '-1'],
            /^lus: --seed must be an integer from 0 to \d+, not "-1"\.\n/,
        ],
        [
            'an unknown format',
            ['run', 'imports.lus', '--format', 'xml'],
            /^lus: --format must be pretty, tap, junit or json, not "xml"\.\n/,
        ],
        [
            'an unknown scenario',
            ['run', 'mixed.lus', '--scenario', 'nope'],
            /^lus: There is no scenario "nope"\. Scenarios: "passes", "an assertion # fails", "a call fails"\.\n/,
        ],
        ['a file without scenarios', ['run', 'parts/helper.lus'], /^lus: This file has no scenario\. /],
        [
            'an unknown kernel',
            ['run', 'imports.lus', '--kernel', '2.4'],
            /^lus: There is no kernel "2\.4"\. Expected (?:.*, )?7\.2, /,
        ],
        ['an unknown option of check', ['check', '--scenario', 'x'], /^lus: There is no option --scenario\.\n/],
        ['a bad port', ['dap', '--port', '70000'], /^lus: --port must be an integer from 0 to 65535, not "70000"\.\n/],
        ['an argument for lsp', ['lsp', 'x'], /^lus: lus lsp has no argument "x"\.\n/],
    ];
    for (const [name, args, expected] of cases) {
        test(name, () => {
            const { code, out, err } = lus(args);
            assert.match(err, expected);
            assert.equal(out, '');
            assert.equal(code, 2);
        });
    }
});

suite('lus fmt and lus explain', () => {
    let folder: string;

    setup(() => {
        folder = mkdtempSync(path.join(tmpdir(), 'lus-fmt-'));
        writeFileSync(path.join(folder, 'a.lus'), 'const A=1\n');
        writeFileSync(path.join(folder, 'b.lus'), 'const B = 2\n');
        writeFileSync(path.join(folder, 'broken.lus'), 'const B=\n');
    });

    teardown(() => rmSync(folder, { recursive: true, force: true }));

    const read = (name: string): string => readFileSync(path.join(folder, name), 'utf8');

    test('--check says which files would change, and changes none', () => {
        assert.deepEqual(lusIn(folder, ['fmt', '--check', 'a.lus', 'b.lus']), {
            code: 1,
            out: 'a.lus\n1 file would be formatted\n',
            err: '',
        });
        assert.equal(read('a.lus'), 'const A=1\n');
    });

    test('files are written, and those that cannot be read left as they are', () => {
        const ran = lusIn(folder, ['fmt', 'a.lus', 'b.lus', 'broken.lus']);
        assert.equal(ran.code, 1);
        assert.equal(ran.out, 'a.lus\n1 file formatted\n');
        assert.match(ran.err, /^broken\.lus: Line 1 has a syntax error, so the file is not formatted: /);
        assert.equal(read('a.lus'), 'const A = 1\n');
        assert.equal(read('broken.lus'), 'const B=\n');
        assert.deepEqual(lusIn(folder, ['fmt', '--check', 'a.lus', 'b.lus']).code, 0);
    });

    test('explain prints the section of the documentation, and knows a slip', () => {
        const { code, out } = lus(['explain', 'lu1003']);
        assert.equal(code, 0);
        assert.match(out, /^LU1003: incoming session lost at the next kexec\n\n/);
        assert.ok(!out.includes('LU1004:'), 'that section only');
        assert.match(
            lus(['explain', 'LU0203']).out,
            /^LU0203: a member that the value does not have\n\nThe value has no/,
        );
        const unknown = lus(['explain', 'LU0999']);
        assert.equal(unknown.code, 2);
        assert.match(unknown.err, /^lus: There is no code LU0999\./);
    });
});

suite('lus: the other commands', function () {
    this.timeout(300_000);

    test('--version and --help', () => {
        assert.match(lus(['--version']).out, /^\d+\.\d+\.\d+\n$/);
        for (const command of ['run', 'check', 'replay', 'dap', 'lsp']) {
            const { code, out } = lus([command, '--help']);
            assert.equal(code, 0);
            assert.ok(out.startsWith(`Usage: lus ${command} `) || out.startsWith(`Usage: lus ${command}\n`), out);
            assert.equal(lus(['help', command]).out, out);
            assert.match(lus(['--help']).out, new RegExp(`^  lus ${command} `, 'm'));
        }
    });

    test('check: findings, exit code 1; without errors 0', () => {
        const bad = lus(['check', 'broken.lus', 'imports.lus']);
        assert.equal(bad.code, 1);
        assert.match(bad.out, /broken\.lus:3:17: error LU0202/);
        assert.match(bad.out, / {2}fix: Change to `open`\n/);
        assert.match(bad.out, /\n2 files: 2 errors, 0 warnings\n$/);
        assert.deepEqual(lus(['check', FIRST]), { code: 0, out: '1 file: 0 errors, 0 warnings\n', err: '' });
    });

    test('check --format json', () => {
        const { code, out } = lus(['check', 'broken.lus', '--format', 'json']);
        assert.equal(code, 1);
        const schema = z
            .object({
                version: z.literal(1),
                files: z.array(z.string()),
                errors: z.number(),
                warnings: z.number(),
                findings: z.array(findingSchema),
            })
            .strict();
        const result = schema.parse(JSON.parse(out));
        assert.deepEqual([result.errors, result.warnings], [2, 0]);
        assert.deepEqual(result.findings[0]?.where, {
            file: 'broken.lus',
            line: 3,
            column: 17,
            endLine: 3,
            endColumn: 21,
        });
    });

    for (const [command, request, answer] of [
        ['dap', { seq: 1, type: 'request', command: 'initialize', arguments: { adapterID: 'lus' } }, /"success":true/],
        [
            'lsp',
            {
                jsonrpc: '2.0',
                id: 1,
                method: 'initialize',
                params: { processId: null, rootUri: null, capabilities: {} },
            },
            /"capabilities"/,
        ],
    ] as const) {
        test(`${command} is the bundle beside the command, on its standard input and output, and ends with it`, async () => {
            const child = spawn(process.execPath, [LUS, command], {
                stdio: ['pipe', 'pipe', 'inherit'],
            });
            try {
                const text = JSON.stringify(request);
                child.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
                let out = '';
                for await (const chunk of child.stdout) {
                    out += String(chunk);
                    if (answer.test(out)) {
                        break;
                    }
                }
                assert.match(out, answer);
                const ended = once(child, 'exit');
                child.stdin.end();
                await ended;
            } finally {
                child.kill();
            }
        });
    }

    test('a reader that has seen enough is no error', () => {
        const command = `"${process.execPath}" "${LUS}" run mixed.lus mixed.lus --log | head -1; echo "\${PIPESTATUS[0]}"`;
        const { stdout, stderr } = spawnSync('bash', ['-c', command], { cwd: FIXTURES, encoding: 'utf8' });
        assert.equal(stderr, '');
        assert.match(stdout, /^mixed\.lus\n[01]\n$/);
    });
});
