/**
 * Runs the editor tests: the suite in the extension host of the newest and of the oldest editor, and the journeys.
 *
 *     npm run editor                   all of it
 *     npm run editor -- suite          one part: suite, suite-oldest, journeys
 *
 * Needs `npm run build` before, and a Chromium. MOCHA_GREP in the environment picks tests.
 * With TEST_RESULTS in the environment the counts go to that file, as JSON.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { inRepository, ROOT } from '../support/repository';
import { add, countsSchema, NOTHING, type Counts } from '../support/results';
import { runSuite } from './run-suite';
import { startServer } from './server';
import { findChromium, NEWEST, OLDEST, type Editor } from './vscode-servers';
import { buildSuite, makeWorkspace } from './workspace-folder';

const SUITE_LIMIT_SECONDS = 600;

async function suiteIn(editor: Editor): Promise<Counts> {
    console.log(`\nthe suite in the extension host of ${editor.name}`);
    const folder = makeWorkspace();
    const extensionTestsPath = await buildSuite();
    const server = await startServer({ editor });
    try {
        return await runSuite(server, {
            folder,
            extensionDevelopmentPath: ROOT,
            extensionTestsPath,
            limitSeconds: SUITE_LIMIT_SECONDS,
        });
    } catch (e) {
        console.log(server.logs().slice(-5000));
        throw e;
    } finally {
        await server.stop();
        rmSync(folder, { recursive: true, force: true });
    }
}

/** The journeys are mocha tests of this process's own kind: another process of the ordinary test runner. */
function journeys(): Counts {
    console.log('\nuser journeys in the workbench');
    const scratch = mkdtempSync(path.join(tmpdir(), 'lus-results-'));
    const results = path.join(scratch, 'counts.json');
    const grep = process.env['MOCHA_GREP'];
    const args = [
        'test/run.mjs',
        'test/mocha.ts',
        'test/editor/journeys',
        ...(grep === undefined ? [] : ['--grep', grep]),
    ];
    try {
        spawnSync(process.execPath, args, {
            cwd: inRepository(),
            stdio: 'inherit',
            env: { ...process.env, TEST_RESULTS: results },
        });
        return countsSchema.parse(JSON.parse(readFileSync(results, 'utf8')));
    } finally {
        rmSync(scratch, { recursive: true, force: true });
    }
}

const PARTS: Readonly<Record<string, () => Counts | Promise<Counts>>> = {
    suite: () => suiteIn(NEWEST),
    'suite-oldest': () => suiteIn(OLDEST),
    journeys,
};

/** A part that breaks off is one failure, and the others still run. */
async function attempt(name: string): Promise<Counts> {
    const part = PARTS[name];
    if (!part) {
        throw new Error(`there is no part ${name}; there are ${Object.keys(PARTS).join(', ')}`);
    }
    try {
        return await part();
    } catch (e) {
        console.error(`${name}: ${e instanceof Error ? e.message : String(e)}`);
        return { ...NOTHING, failed: 1 };
    }
}

async function main(): Promise<void> {
    let total = NOTHING;
    if (findChromium() === undefined && process.env['LUS_EDITOR_TESTS'] !== 'required') {
        console.log(
            'There is no Chromium on this machine, so the editor tests do not run. Install one, or say where it is in CHROMIUM.',
        );
    } else {
        const names = process.argv.slice(2);
        for (const name of names.length > 0 ? names : Object.keys(PARTS)) {
            total = add(total, await attempt(name));
        }
    }
    const results = process.env['TEST_RESULTS'];
    if (results !== undefined) {
        writeFileSync(results, JSON.stringify(total));
    }
    console.log(`\n${total.passed} passed, ${total.failed} failed`);
    process.exitCode = total.failed > 0 ? 1 : 0;
}

void main();
