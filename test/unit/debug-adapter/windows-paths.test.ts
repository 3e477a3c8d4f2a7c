/** Breakpoints in files with Windows paths, on any system: only the host's paths are those of Windows. */
import assert from 'node:assert/strict';
import * as path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { Host } from '../../../debug-adapter/host';
import { LusDebugSession } from '../../../debug-adapter/session';
import { canonicalUri } from '../../../emulator/language/paths';

const toUri = (file: string): string =>
    canonicalUri(pathToFileURL(path.win32.resolve('D:\\', file), { windows: true }).href);

/** The file system of a Windows machine: the letters' case does not matter. */
function hostWith(files: Readonly<Record<string, string>>): Host {
    const byUri = new Map(Object.entries(files).map(([file, text]) => [toUri(file).toLowerCase(), text]));
    return {
        read: (uri) => byUri.get(uri.toLowerCase()),
        toUri,
        toPath: (uri) => fileURLToPath(uri, { windows: true }),
        now: () => 0,
        later: (work) => {
            setTimeout(work);
        },
    };
}

const RESPONSE = z.object({
    type: z.literal('response'),
    command: z.string(),
    success: z.boolean(),
    body: z.unknown(),
});
const BREAKPOINTS = z.object({
    breakpoints: z.array(z.object({ verified: z.boolean(), source: z.object({ path: z.string() }).optional() })),
});

const LIBRARY = 'fn f() {\n    return 1\n}\n';

suite('debug adapter: Windows paths', () => {
    /**
     * @param program as the launch configuration has it
     * @param clicked as the client names the files in which breakpoints are set
     * @returns for each of these the path that the adapter gives back; undefined where the breakpoint does not bind
     */
    async function bound(
        files: Readonly<Record<string, string>>,
        program: string,
        clicked: readonly string[],
    ): Promise<(string | undefined)[]> {
        const session = new LusDebugSession(hostWith(files));
        const found: (string | undefined)[] = [];
        const all = new Promise<void>((resolve) => {
            session.onDidSendMessage((message) => {
                const response = RESPONSE.safeParse(message);
                if (response.data?.command === 'setBreakpoints') {
                    const [breakpoint] = BREAKPOINTS.parse(response.data.body).breakpoints;
                    found.push(breakpoint?.verified === true ? (breakpoint.source?.path ?? '') : undefined);
                }
                if (found.length === clicked.length) {
                    resolve();
                }
            });
        });
        let seq = 1;
        const ask = (command: string, args: object): void =>
            session.handleMessage({ type: 'request', seq: seq++, command, arguments: args });
        ask('initialize', { adapterID: 'lus', pathFormat: 'path' });
        ask('launch', { program });
        for (const file of clicked) {
            ask('setBreakpoints', { source: { path: file }, breakpoints: [{ line: 2 }] });
        }
        await all;
        return found;
    }

    const mainOf = (...imports: readonly string[]): string =>
        `${imports.map((name) => `import "${name}"\n`).join('')}scenario "s" {\n    log(f())\n}\n`;

    test('a drive in both cases: the extension and the editor write it differently', async () => {
        const files = { 'C:\\live update\\main.lus': mainOf('nic.lus'), 'C:\\live update\\nic.lus': LIBRARY };
        for (const drive of ['c', 'C']) {
            const clicked = ['c:\\live update\\nic.lus', 'C:\\live update\\nic.lus', 'C:/live update/nic.lus'];
            assert.deepEqual(await bound(files, `${drive}:\\live update\\main.lus`, clicked), [
                'C:\\live update\\nic.lus',
                'C:\\live update\\nic.lus',
                'C:\\live update\\nic.lus',
            ]);
        }
    });

    test('names with characters that URIs encode, or do not', async () => {
        for (const name of ['lib+x@1.lus', "a&=,;$ (2)!'~.lus", '#%.lus', 'ä.lus'.normalize('NFC'), '日本.lus']) {
            const file = `C:\\x\\${name}`;
            assert.deepEqual(
                await bound({ 'C:\\x\\main.lus': mainOf(name), [file]: LIBRARY }, 'c:\\x\\main.lus', [file]),
                [file],
            );
        }
    });

    test('an umlaut that the import composes and the client does not', async () => {
        const [composed, apart] = ['C:\\x\\ä.lus'.normalize('NFC'), 'C:\\x\\ä.lus'.normalize('NFD')];
        const files = { 'C:\\x\\main.lus': mainOf('ä.lus'.normalize('NFC')), [composed]: LIBRARY };
        assert.deepEqual(await bound(files, 'C:\\x\\main.lus', [apart]), [apart]);
    });

    test('a share: the name of the server in both cases', async () => {
        const files = { '\\\\server\\share\\main.lus': mainOf('nic.lus'), '\\\\server\\share\\nic.lus': LIBRARY };
        const clicked = ['\\\\server\\share\\nic.lus', '\\\\SERVER\\share\\nic.lus'];
        assert.deepEqual(await bound(files, '\\\\Server\\share\\main.lus', clicked), [
            '\\\\server\\share\\nic.lus',
            '\\\\server\\share\\nic.lus',
        ]);
    });
});
