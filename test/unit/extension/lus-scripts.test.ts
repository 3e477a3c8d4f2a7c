/** The scripts that make `lus` a command of the terminal, run by the shell of this system. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { posixScript, scriptsFor, windowsScript } from '../../../extension/lus-scripts';
import { inRepository } from '../../support/repository';

suite('lus in the terminal', () => {
    let folder: string;

    setup(() => {
        folder = mkdtempSync(path.join(tmpdir(), 'lus-bin-'));
    });

    teardown(() => rmSync(folder, { recursive: true }));

    /** Runs `lus` from the PATH, where nothing else is. */
    function run(runtime: string, bundle: string, args: readonly string[]): ReturnType<typeof spawnSync> {
        const bin = path.join(folder, 'bin');
        mkdirSync(bin);
        for (const [name, text] of scriptsFor('linux', runtime, bundle)) {
            writeFileSync(path.join(bin, name), text);
            chmodSync(path.join(bin, name), 0o755);
        }
        return spawnSync('/bin/sh', ['-c', `lus ${args.join(' ')}`], { env: { PATH: bin }, encoding: 'utf8' });
    }

    test('the script runs the command without a node in the PATH, wherever it is installed', () => {
        const odd = path.join(folder, "Max's $HOME folder");
        mkdirSync(odd);
        symlinkSync(process.execPath, path.join(odd, 'code'));
        const { status, stdout } = run(path.join(odd, 'code'), inRepository('dist', 'lus.js'), ['--version']);
        assert.equal(status, 0);
        assert.match(String(stdout), /^\d+\.\d+\.\d+\n$/);
    });

    test('the script passes arguments and the exit code, and tells the runtime to be Node', () => {
        const bundle = path.join(folder, 'bundle.js');
        writeFileSync(
            bundle,
            'console.log(JSON.stringify([process.env.ELECTRON_RUN_AS_NODE, ...process.argv.slice(2)])); process.exit(7);',
        );
        const { status, stdout } = run(process.execPath, bundle, ["'a b'", "'$x'", '--kernel', '7.2']);
        assert.equal(status, 7);
        assert.deepEqual(JSON.parse(String(stdout)), ['1', 'a b', '$x', '--kernel', '7.2']);
    });

    test('Windows has one for cmd and PowerShell, and one for Git Bash', () => {
        const scripts = scriptsFor('win32', 'C:\\VS 100%\\Code.exe', 'C:\\x\\lus.js');
        assert.deepEqual([...scripts.keys()], ['lus.cmd', 'lus']);
        assert.equal(scripts.get('lus'), posixScript('C:\\VS 100%\\Code.exe', 'C:\\x\\lus.js'));
        assert.deepEqual(windowsScript('C:\\VS 100%\\Code.exe', 'C:\\x\\lus.js').split('\r\n'), [
            '@echo off',
            'setlocal',
            'set ELECTRON_RUN_AS_NODE=1',
            '"C:\\VS 100%%\\Code.exe" "C:\\x\\lus.js" %*',
            '',
        ]);
    });
});
