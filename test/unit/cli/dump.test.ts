/** `lus dump`, as a user runs it: what the compiler makes of code, for people and for programs. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { z } from 'zod';
import { inRepository } from '../../support/repository';

const FIRST = inRepository('extension', 'examples', 'first-session.lus');

function dump(...args: readonly string[]): {
    readonly code: number | null;
    readonly out: string;
    readonly err: string;
} {
    const { status, stdout, stderr } = spawnSync(process.execPath, [inRepository('dist', 'lus.js'), 'dump', ...args], {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] },
    });
    return { code: status, out: stdout, err: stderr };
}

/** What stands in a shape however the versions of the form differ. */
const dumpSchema = z.object({
    version: z.literal(1),
    file: z.string(),
    code: z.array(
        z.object({
            name: z.string(),
            kind: z.enum(['fn', 'handler', 'flb', 'file', 'scenario', 'init']),
            uri: z.string(),
            line: z.number(),
            params: z.array(z.string()),
            slots: z.number(),
            locals: z.array(z.object({ name: z.string(), slot: z.number(), type: z.object({ k: z.string() }) })),
            statements: z.array(z.object({ pc: z.number(), line: z.number() })),
            operations: z.array(z.looseObject({ op: z.string() })),
        }),
    ),
});

suite('lus dump', () => {
    test('a function: header, values, statements with their lines, operations, labels', () => {
        const folder = mkdtempSync(path.join(tmpdir(), 'lus-dump-'));
        try {
            const file = path.join(folder, 'a.lus');
            writeFileSync(
                file,
                'fn first(list) label("the first of ", list.length) {\n    for x in list {\n        if x > 1 { return x }\n    }\n    return -ENOENT\n}\n\nscenario "s" { boot "7.2" }\n',
            );
            const { code, out } = dump(file, 'first');
            assert.equal(code, 0);
            assert.equal(
                out.replace(/^(fn first\(list\) {2}).*(?=a\.lus:1\n)/, '$1'),
                `fn first(list)  a.lus:1
  %0   list: any, parameter
  %1   x: any
  and 2 between operations
  shown as "the first of " list.length
     2 | for x in list
       0  each             %2 = -1, %3 = list; to L2
  L1:
     3 | if x > 1
       1  branch           x > 1; else to L2
     3 | return x
       2  return           x
  L2:
     2 | … for x in list
       3  next-element     x = %3[++%2] to L1; else to L3
  L3:
     5 | return -ENOENT
       4  return           -2
       5  end              0
`,
            );
        } finally {
            rmSync(folder, { recursive: true, force: true });
        }
    });

    test('a callback, a scenario by its name, and all of a file', () => {
        assert.match(dump(FIRST, 'memfd.freeze').out, /^handler memfd\.freeze\(args\) {2}std\/memfd\.lus:\d+\n/);
        const all = dump(FIRST).out;
        const [name] = /(?<=^scenario ").*(?=")/m.exec(all) ?? [];
        assert.ok(name);
        assert.equal(dump(FIRST, name).out, all);
    });

    test('the code of another kernel', () => {
        assert.match(dump(FIRST, 'luo_preserve_file', '--kernel', '6.19').out, /^fn luo_preserve_file\(/);
        assert.deepEqual(dump(FIRST, '--kernel', '5.4').code, 2);
    });

    test('JSON has the same, with the lines of statements', () => {
        const { out } = dump(FIRST, 'memfd_luo_preserve_folios', '--format', 'json');
        const { code } = dumpSchema.parse(JSON.parse(out));
        const [form, ...more] = code;
        assert.ok(form);
        assert.deepEqual(more, []);
        assert.equal(form.name, 'memfd_luo_preserve_folios');
        assert.ok(form.operations.some((o) => o.op === 'native' && o['native'] === 'memfd_pin_folios'));
        assert.ok(form.statements.every((s) => s.line > form.line));
    });

    test('what is not there, with a name that may be meant', () => {
        const { code, err } = dump(FIRST, 'luo_preserve_files');
        assert.equal(code, 2);
        assert.match(
            err,
            /^lus: There is no function, callback or scenario "luo_preserve_files".* Did you mean luo_preserve_file\?\n/,
        );
        assert.equal(dump().code, 2);
        assert.equal(dump('nosuch.lus').code, 2);
        assert.match(dump('a.jsonl').err, /^lus: A recording has no code\. /);
    });

    test('--help', () => {
        const { code, out } = dump('--help');
        assert.equal(code, 0);
        assert.match(out, /^Usage: lus dump FILE \[FUNCTION\]/);
    });
});
