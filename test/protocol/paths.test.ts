/** Breakpoints in files whose names and paths clients write in other ways than the program does. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { z } from 'zod';
import { LIBRARY_TEXTS } from '../../emulator/std/texts';
import { Client } from '../support/dap-client';

const VERIFIED = z.object({ breakpoints: z.array(z.object({ verified: z.boolean() })) });

/** The line, from 1, of a shipped file that has a text. */
function lineOf(name: string, text: string): number {
    const lines = (LIBRARY_TEXTS[name] ?? '').split('\n');
    return lines.findIndex((line) => line.includes(text)) + 1;
}

suite('debug adapter: paths', () => {
    let folder = '';
    let client: Client;

    setup(() => {
        folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'lus-paths-')));
        client = Client.process();
    });
    teardown(() => {
        client.close();
        rmSync(folder, { recursive: true });
    });

    async function verified(file: string): Promise<boolean | undefined> {
        const body = await client.ok('setBreakpoints', { source: { path: file }, breakpoints: [{ line: 2 }] });
        return VERIFIED.parse(body).breakpoints[0]?.verified;
    }

    test('names with characters that URIs encode, or do not', async () => {
        const names = [
            'lib+x.lus',
            'lib@1.lus',
            'a&=,;$.lus',
            '(2) c.lus',
            'ä.lus'.normalize('NFC'),
            'ä.lus'.normalize('NFD'),
            '#%.lus',
            '日本.lus',
        ];
        names.forEach((name, i) => {
            writeFileSync(path.join(folder, name), `fn f${i}() {\n    return ${i}\n}\n`);
        });
        const main = path.join(folder, 'main.lus');
        const imports = names.map((name) => `import "${name}"\n`).join('');
        const calls = names.map((_, i) => `    log(f${i}())\n`).join('');
        writeFileSync(main, `${imports}scenario "s" {\n${calls}}\n`);
        await client.initialize();
        await client.launch({ program: main });
        for (const name of names) {
            assert.equal(await verified(path.join(folder, name)), true, name);
        }
        await client.ok('configurationDone');
    });

    test('a file that the client knows by another path: through a link, or in another normal form', async () => {
        mkdirSync(path.join(folder, 'real'));
        symlinkSync(path.join(folder, 'real'), path.join(folder, 'link'));
        writeFileSync(path.join(folder, 'real', 'ä.lus'), 'fn f() {\n    return 1\n}\n');
        writeFileSync(path.join(folder, 'real', 'main.lus'), 'import "ä.lus"\nscenario "s" {\n    log(f())\n}\n');
        await client.initialize();
        await client.launch({ program: path.join(folder, 'link', 'main.lus') });
        assert.equal(await verified(path.join(folder, 'real', 'ä.lus')), true);
        assert.equal(await verified(path.join(folder, 'link', 'ä.lus'.normalize('NFD'))), true);
        await client.ok('configurationDone');
    });

    test('shipped sources, by the names that clients give them', async () => {
        const main = path.join(folder, 'main.lus');
        writeFileSync(main, 'scenario "s" {\n    boot "7.2"\n}\n');
        await client.initialize();
        await client.launch({ program: main });
        const body = await client.ok('setBreakpoints', {
            source: { path: 'dap-src://1/1/lus-std:/kernel.lus' },
            breakpoints: [{ line: lineOf('kernel', 'kexec.load_segments(') }],
        });
        assert.equal(VERIFIED.parse(body).breakpoints[0]?.verified, true);
        await client.ok('configurationDone');
    });
});
