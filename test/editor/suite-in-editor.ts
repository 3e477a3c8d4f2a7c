/**
 * Runs the suite in the extension host of one editor, in a process of its own:
 *
 *     node test/run.mjs test/editor/suite-in-editor.ts newest|oldest
 *
 * MOCHA_GREP in the environment picks tests.
 */
import { rmSync } from 'node:fs';
import { handOn, type Results } from '../runner/results';
import { ROOT } from '../support/repository';
import { runSuite } from './run-suite';
import { startServer } from './server';
import { NEWEST, OLDEST, type Editor } from './vscode-servers';
import { buildSuite, makeWorkspace } from './workspace-folder';

const SUITE_LIMIT_SECONDS = 600;

async function suiteIn(editor: Editor): Promise<Results> {
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

suiteIn(process.argv[2] === 'oldest' ? OLDEST : NEWEST).then(
    (results) => {
        handOn(results);
        process.exitCode = results.failed > 0 ? 1 : 0;
    },
    (e: unknown) => {
        console.error(e instanceof Error ? e.message : e);
        process.exitCode = 1;
    },
);
