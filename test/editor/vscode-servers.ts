/** The editors that the extension is tested in. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import * as path from 'node:path';
import { inRepository } from '../support/repository';

export interface Editor {
    /** For people: which VS Code it is. */
    readonly name: string;
    readonly codeServer: string;
    /** Version of the Node it runs on; `system` for the one that runs the tests. */
    readonly node: string;
}

export const NEWEST: Editor = { name: 'VS Code 1.139.1', codeServer: '4.139.1', node: '24.21.0' };
/** The oldest that `engines.vscode` promises. */
export const OLDEST: Editor = { name: 'VS Code 1.100.3', codeServer: '4.100.3', node: 'system' };

/** Where editors are kept between runs. */
function cacheFolder(): string {
    const base = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
    return process.env['LUS_TEST_CACHE'] ?? path.join(base, 'lus-debug-test');
}

/**
 * Installs an editor, if it is not there yet (10 to 20 s, 320 MB).
 * @returns its folder: `vscode/`, and `node/` where it brings its own
 */
export function install(editor: Editor): string {
    const folder = path.join(cacheFolder(), `vscode-${editor.codeServer}`);
    const script = inRepository('test', 'editor', 'install-vscode.sh');
    const { status, stderr } = spawnSync('bash', [script, folder, editor.codeServer, editor.node], { encoding: 'utf8' });
    if (status !== 0) {
        throw new Error(`${editor.name} could not be installed:\n${stderr}`);
    }
    return folder;
}

/** The machine's Chromium, or undefined where it has none. */
export function findChromium(): string | undefined {
    const given = process.env['CHROMIUM'];
    const candidates = ['/usr/lib/chromium/chromium', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
    return [...(given === undefined ? [] : [given]), ...candidates].find(c => existsSync(c));
}
