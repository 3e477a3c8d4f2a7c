/** The editors that the extension is tested in. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
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
    const { status, stderr } = spawnSync('bash', [script, folder, editor.codeServer, editor.node], {
        encoding: 'utf8',
    });
    if (status !== 0) {
        throw new Error(`${editor.name} could not be installed:\n${stderr}`);
    }
    return folder;
}

const CHROMIUM_NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function isProgram(file: string): boolean {
    try {
        accessSync(file, constants.X_OK);
        return statSync(file).isFile();
    } catch {
        return false;
    }
}

/** The Chromium that CHROMIUM names, or else the machine's; undefined where it has none. */
export function findChromium(): string | undefined {
    const given = process.env['CHROMIUM'];
    const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
    const candidates = CHROMIUM_NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name)));
    // Debian's own program, without the script around it that reads the machine's flags.
    return [...(given === undefined ? [] : [given]), '/usr/lib/chromium/chromium', ...candidates].find(isProgram);
}
