/**
 * Runs test files (mocha, ui tdd) on all cores, those that are named each in a process of its own:
 *
 *     npm run unit                                                     the unit tests, test/unit
 *     npm run unit -- test/unit/kernel test/proofs/pci.test.ts         folders and files
 *     npm run unit -- test/unit/kernel/kho --grep 'a chunk holds'      tests whose full title (suites and test)
 * matches: mocha's
 *                                                                      --grep, a regular expression, or /one/i with
 * flags
 *
 * Of a single file it prints every test, of several those that failed. dist/ is built, too: some tests run the
 * command as it ships. A run in which nothing passed has failed.
 */
import { buildShipped } from '../../esbuild.config.mjs';
import { fileTasks, testFiles } from './files';
import { runAll, showFailures, totalOf } from './pool';

async function main(): Promise<number> {
    const args = process.argv.slice(2);
    const at = args.indexOf('--grep');
    const grep = at < 0 ? undefined : args.splice(at, 2)[1];
    const all = args.length === 0;
    const files = [...new Set((all ? ['test/unit'] : args).flatMap(testFiles))];
    if (files.length === 0) {
        throw new Error(`no tests in ${args.join(', ')}`);
    }
    const [tasks] = await Promise.all([fileTasks([{ part: '', files, byFolder: all }], grep), buildShipped()]);
    const total = totalOf(await runAll(tasks, grep === undefined));
    if (files.length > 1) {
        showFailures(total);
    }
    const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
    console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
    return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

main().then(
    (status) => {
        process.exitCode = status;
    },
    (e: unknown) => {
        console.error(e instanceof Error ? e.message : e);
        process.exitCode = 1;
    },
);
