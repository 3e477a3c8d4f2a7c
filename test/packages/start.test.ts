/** The bundles that start fast: their programs run with V8's code on file, without it, and with other code. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { inRepository } from '../support/repository';

const DIST = inRepository('dist');
const FIRST = inRepository('extension', 'examples', 'first-session.lus');

/** Prints, for every script that a bundle makes, whether V8 has taken the code on file. */
const WATCH = `const vm = require('node:vm');
vm.Script = class extends vm.Script {
    constructor(program, options) {
        super(program, options);
        console.error(options.cachedData === undefined ? 'no code' : this.cachedDataRejected ? 'refused' : 'taken');
    }
};`;

/** The one file beside the bundle that has its code. */
function codeOf(bundle: string): string {
    const [name, ...others] = readdirSync(DIST).filter((n) => n.startsWith(`${bundle}.`) && n.endsWith('.code'));
    assert.ok(name !== undefined && others.length === 0, `${bundle} has one file of code`);
    return name;
}

suite('bundles that start fast', function () {
    this.timeout(60_000);
    let folder = '';
    setup(() => {
        folder = mkdtempSync(path.join(tmpdir(), 'lus-start-'));
        writeFileSync(path.join(folder, 'watch.cjs'), WATCH);
    });
    teardown(() => {
        rmSync(folder, { recursive: true });
    });

    /** Starts a copy of the bundle in a folder of its own; `code` is what lies beside it. */
    function start(bundle: string, code?: { readonly name: string; readonly bytes?: Uint8Array }): string {
        const copy = path.join(folder, `${bundle}.js`);
        copyFileSync(path.join(DIST, `${bundle}.js`), copy);
        if (code?.bytes) {
            writeFileSync(path.join(folder, code.name), code.bytes);
        } else if (code) {
            copyFileSync(path.join(DIST, code.name), path.join(folder, code.name));
        }
        const args = bundle === 'lus' ? ['run', FIRST] : [];
        const watch = path.join(folder, 'watch.cjs');
        const { status, stdout, stderr } = spawnSync(process.execPath, ['--require', watch, copy, ...args], {
            input: '',
            encoding: 'utf8',
        });
        assert.equal(status, 0, stderr);
        if (bundle === 'lus') {
            assert.match(stdout, /1 passed, 0 failed/);
        }
        return stderr.trim();
    }

    for (const bundle of ['lus', 'debug-adapter']) {
        test(`${bundle} runs with its code, without it, and beside code that V8 refuses`, () => {
            const name = codeOf(bundle);
            assert.equal(start(bundle), 'no code');
            assert.equal(start(bundle, { name }), 'taken');
            assert.equal(start(bundle, { name, bytes: new Uint8Array(4096) }), 'refused');
        });
    }
});
