/** What README and the how-to pages say can be done: their commands run, in their order, in a folder of their own. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { blocksOf } from '../support/documentation';
import { lus } from '../support/lus';
import { inRepository } from '../support/repository';

const PAGES = readdirSync(inRepository('extension', 'docs')).filter((f) => f.startsWith('how-to-'));

/** `lus …` in code, in the order of the page. */
function commandsOf(text: string): string[] {
    return [...text.matchAll(/(?:`|^)(lus [^`\n]+)(?:`|$)/gm)].map((m) => m[1] ?? '');
}

/** What a command works on where the page only names it: `lus run --strict`. */
const FILES: Readonly<Record<string, readonly string[]>> = {
    inspect: ['vmcore'],
    run: ['update.lus'],
    fmt: ['update.lus'],
    '--trace': ['trace.json', 'update.lus'],
};

function completed(command: string): string[] {
    const [, ...args] = command.split(' ');
    const last = args.at(-1) ?? '';
    const isWhole = args.slice(1).some((a) => !a.startsWith('-'));
    return isWhole ? args : [...args, ...(FILES[last] ?? FILES[args[0] ?? ''] ?? [])];
}

suite('how-to pages', function () {
    this.timeout(300_000);
    let folder: string;

    setup(() => {
        folder = mkdtempSync(path.join(tmpdir(), 'lus-how-to-'));
    });

    teardown(() => {
        rmSync(folder, { recursive: true, force: true });
    });

    test('there are nine of them, and most have commands', () => {
        assert.equal(PAGES.length, 9);
        const commands = PAGES.flatMap((p) => commandsOf(readFileSync(inRepository('extension', 'docs', p), 'utf8')));
        assert.ok(commands.length >= 20, String(commands.length));
    });

    for (const page of PAGES) {
        const file = `extension/docs/${page}`;
        const commands = commandsOf(readFileSync(inRepository(file), 'utf8'));
        if (commands.length === 0) {
            continue;
        }
        test(`${page}: ${commands.length} commands`, () => {
            // the page's own scenario, else the first example, whose handover is the vmcore
            const example = inRepository('extension', 'examples', 'first-session.lus');
            const [block] = blocksOf(file).filter((b) => b.kind === 'run');
            writeFileSync(path.join(folder, 'update.lus'), block?.text ?? readFileSync(example, 'utf8'));
            assert.equal(lus(folder, ['run', '--save-handover', 'vmcore', example]).code, 0);
            copyFileSync(
                inRepository('test', 'conformance', 'recordings', 'arm64-case-frozen.jsonl'),
                path.join(folder, 'report.jsonl'),
            );
            for (const command of commands) {
                const { code, err, out } = lus(folder, completed(command));
                assert.equal(code, 0, `${command}: ${err}${out.slice(0, 500)}`);
            }
        });
    }

    test('README: a page is lost, and the first finding is the cause', () => {
        const readme = readFileSync(inRepository('README.md'), 'utf8');
        const shown = /```\n\$ lus run nic\.lus\n(.*?)```/s.exec(readme)?.[1]?.trim().split('\n') ?? [];
        assert.equal(shown.length, 5);
        lus(folder, ['new', 'handler', 'nic']);
        const file = path.join(folder, 'nic.lus');
        const text = readFileSync(file, 'utf8');
        const line = '        kho.preserve_folio(args.file.buffer)\n';
        assert.ok(readme.includes(line.trim()) && text.split(line).length === 2);
        writeFileSync(file, text.replace(line, ''));
        const { code, out } = lus(folder, ['run', 'nic.lus']);
        assert.equal(code, 1);
        let from = 0;
        for (const part of shown) {
            const at = out.indexOf(part.trim(), from);
            assert.ok(at >= 0, `${part}\n\n${out}`);
            from = at;
        }
    });
});
