/** `lus inspect` and `lus run --save-handover`, as processes. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { numbered } from '../../emulator/cli/save-handover';
import { lus as lusIn, type Ran } from '../support/lus';
import { inRepository } from '../support/repository';

const IMAGE = inRepository('test/conformance/images/image-1.elf.gz');
const jsonSchema = z.object({
    version: z.literal(1),
    fdt_addr: z.string(),
    findings: z.array(z.object({ code: z.string() })),
    luo: z.object({ sessions: z.array(z.object({ name: z.string() })) }),
});

const lus = (...args: string[]): Ran => lusIn(folder, args);

let folder = '';

suite('images on the command line', () => {
    setup(() => {
        folder = mkdtempSync(path.join(tmpdir(), 'lus-images-'));
    });
    teardown(() => rmSync(folder, { recursive: true, force: true }));

    test('an image for people', () => {
        const { code, out } = lus('inspect', IMAGE);
        assert.equal(code, 0);
        assert.match(
            out,
            /^image-1\.elf\.gz {2}x86-64 core file, 13 segments, 4\.8 MiB of memory\n\nHandover from 7\.2\.13, update 1\n {2}root FDT at 0x4c2000, 285 bytes\n/,
        );
        assert.match(out, /^ {2}node 0 {2}0x5400000–0xcbfffff \(120 MiB\)$/m);
        assert.match(
            out,
            /^ {2}session "vm-1" {2}5 files\n {4}token 0x1 {4}data 0x7fc000 {2}memfd-v2, 4 MiB\n {32}1024 folios of 4 KiB, the first at 0x17a1000\n {32}contents FNV-1a ca68925503040125$/m,
        );
        assert.match(out, /3000 bytes, at position 1234, sealed \(shrink, grow\)/);
        assert.match(out, /✓ no errors found\n$/);
    });

    test('an image for programs, plain or compressed, at an address', () => {
        const plain = path.join(folder, 'plain.elf');
        writeFileSync(plain, gunzipSync(readFileSync(IMAGE)));
        const { code, out } = lus('inspect', plain, '--format', 'json', '--fdt', '0x4c2000');
        assert.equal(code, 0);
        const json = jsonSchema.parse(JSON.parse(out));
        assert.equal(json.fdt_addr, '0x4c2000');
        assert.deepEqual(
            json.luo.sessions.map((s) => s.name),
            ['vm-1', 'in-memory-db', 'empty'],
        );
        assert.deepEqual(json.findings, []);
        assert.equal(lus('inspect', IMAGE, '--format', 'json').out, out);
    });

    test('findings make it exit with 1', () => {
        const { code, out } = lus('inspect', IMAGE, '--fdt', '0x4c3000');
        assert.equal(code, 1);
        assert.match(
            out,
            /✗ the root FDT: the magic is .*\n {6}everything is lost silently {2}\[fdt-invalid at 0x4c3000\]/,
        );
        const cut = path.join(folder, 'cut.elf.gz');
        writeFileSync(cut, readFileSync(IMAGE).subarray(0, 30_000));
        const damaged = lus('inspect', cut);
        assert.equal(damaged.code, 1);
        assert.match(damaged.out, /segment-cut/);
    });

    test('the contents of a memfd', () => {
        const file = path.join(folder, 'db');
        const { code, out } = lus('inspect', IMAGE, '--extract', 'in-memory-db/0xffffffffffffffff', '-o', file);
        assert.equal(code, 0);
        assert.match(out, /700000 bytes/);
        const bytes = readFileSync(file);
        assert.equal(bytes.length, 700_000);
        assert.equal(bytes.toString('latin1', 0, 15), 'cache-header-v3');
        assert.equal(bytes[100], (201 * 31 + 100 * 7) & 255);
        assert.equal(lus('inspect', IMAGE, '--extract', 'vm-1/3', '-o', file).code, 0);
        assert.equal(readFileSync(file).length, 0);
    });

    test('what cannot be done is one sentence, and exit code 2', () => {
        const cases: readonly (readonly [readonly string[], RegExp])[] = [
            [[], /^lus: Name one memory image\.\n/],
            [['nowhere.elf'], /^lus: There is no file nowhere\.elf\.\n/],
            [[folder], /is a folder\.\n/],
            [[inRepository('README.md')], /cannot be inspected: this is not an ELF file\.\n/],
            [[IMAGE, '--fdt', 'here'], /--fdt must be the physical address of a page/],
            [[IMAGE, '--format', 'xml'], /--format must be pretty or json, not "xml"/],
            [[IMAGE, '--extract', 'vm-1'], /--extract must be a session and a token/],
            [[IMAGE, '--extract', 'vm-1/1'], /needs -o FILE/],
            [[IMAGE, '-o', 'x'], /-o needs --extract/],
            [
                [IMAGE, '--extract', 'vm-2/1', '-o', path.join(folder, 'x')],
                /has no session "vm-2"\. It has "vm-1", "in-memory-db", "empty"\./,
            ],
            [
                [IMAGE, '--extract', 'vm-1/9', '-o', path.join(folder, 'x')],
                /has no file with token 0x9\. It has 0x1, 0x2, 0x3, 0x100, 0x101\./,
            ],
            [
                [IMAGE, '--extract', 'vm-1/0x100', '-o', path.join(folder, 'x')],
                /Only the contents of memfds can be extracted\. This file belongs to "luotest-a-v1"/,
            ],
            [[IMAGE, '--extract', 'vm-1/1', '-o', path.join(folder, 'no', 'x')], /cannot be written/],
        ];
        for (const [args, message] of cases) {
            const { code, err, out } = lus('inspect', ...args);
            assert.equal(code, 2, args.join(' '));
            assert.match(err, message);
            assert.equal(out, '');
        }
        assert.ok(!existsSync(path.join(folder, 'x')));
    });

    test('handovers are saved, numbered where there are several, and can be looked into', () => {
        const example = inRepository('extension/examples/second-update.lus');
        const { code, err } = lus('run', example, '--save-handover', path.join(folder, 'h.elf.gz'));
        assert.equal(code, 0);
        assert.match(err, /^Saved 2 handovers: .*h\.elf\.gz … .*h-2\.elf\.gz\n$/);
        assert.deepEqual(readdirSync(folder).sort(), ['h-2.elf.gz', 'h.elf.gz']);
        const second = lus('inspect', path.join(folder, 'h-2.elf.gz'));
        assert.equal(second.code, 0);
        assert.match(second.out, /^Handover from 7\.2\.13, update 2$/m);
        assert.match(second.out, /named by the image/);
    });

    test('nothing to save is said; where it cannot be written, too', () => {
        const quiet = path.join(folder, 'quiet.lus');
        writeFileSync(quiet, 'scenario "s" { boot "7.2" }\n');
        assert.match(lus('run', quiet, '--save-handover', path.join(folder, 'h.elf')).err, /There was no kexec/);
        assert.ok(!existsSync(path.join(folder, 'h.elf')));
        const broken = lus(
            'run',
            inRepository('extension/examples/first-session.lus'),
            '--save-handover',
            path.join(folder, 'no', 'h.elf'),
        );
        assert.equal(broken.code, 2);
        assert.match(broken.err, /cannot be written/);
        assert.match(lus('run', quiet, '--whole-memory').err, /--whole-memory needs --save-handover FILE/);
    });

    test('names', () => {
        assert.equal(numbered('a/h.elf.gz', 1), 'a/h.elf.gz');
        assert.equal(numbered('a/h.elf.gz', 3), 'a/h-3.elf.gz');
        assert.equal(numbered('h', 2), 'h-2');
    });
});
