/**
 * Runs tests with mocha (ui tdd), after bundling them:
 *
 *     node test/run.mjs test/mocha.ts [FILE-OR-FOLDER...] [--grep PATTERN]
 *
 * Without a name it runs test/unit. With TEST_RESULTS in the environment the counts also go to that file, as JSON.
 */
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import Mocha from 'mocha';
import { buildForTests } from '../esbuild.config.mjs';
import { ROOT } from './support/repository';
import type { Counts } from './support/results';

/** The test files under a folder, or the file itself, as paths from the root. */
function testFiles(fileOrFolder: string): string[] {
    const whole = path.resolve(ROOT, fileOrFolder);
    if (statSync(whole).isFile()) {
        return [path.relative(ROOT, whole)];
    }
    return readdirSync(whole, { recursive: true, encoding: 'utf8' })
        .filter((f) => f.endsWith('.test.ts'))
        .sort()
        .map((f) => path.relative(ROOT, path.join(whole, f)));
}

/** Against tests that hang: far more than any takes, on a busy machine too. */
const LIMIT_MS = 60_000;

function run(bundles: readonly string[], grep: string | undefined): Promise<Counts> {
    const mocha = new Mocha({ ui: 'tdd', timeout: LIMIT_MS, ...(grep === undefined ? {} : { grep }) });
    for (const file of bundles) {
        mocha.addFile(file);
    }
    return new Promise((resolve) => {
        const runner = mocha.run((failures) => {
            const { passes = 0, pending = 0 } = runner.stats ?? {};
            resolve({ passed: passes, failed: failures, skipped: pending });
        });
        runner.on('retry', (test, error: unknown) => console.log(`  again ${test.fullTitle()}: ${String(error)}`));
    });
}

async function main(): Promise<void> {
    const args = process.argv.slice(2);
    const at = args.indexOf('--grep');
    const grep = at < 0 ? undefined : args.splice(at, 2)[1];
    const places = args.length > 0 ? args : ['test/unit'];
    const files = places.flatMap(testFiles);
    if (files.length === 0) {
        throw new Error(`no tests in ${places.join(', ')}`);
    }
    const counts = await run(await buildForTests(files), grep);
    const results = process.env['TEST_RESULTS'];
    if (results !== undefined) {
        writeFileSync(results, JSON.stringify(counts));
    }
    // Not left to the event loop: a test that forgot a timer or a child must not hang the run.
    process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);
}

void main().catch((e: unknown) => {
    process.stderr.write(`${e instanceof Error ? e.message : String(e)}\n`);
    process.exit(1);
});
