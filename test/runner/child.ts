/**
 * Runs test files with mocha, in the process that the runner starts for them:
 *
 *     node child.mjs spec|failures PATTERN BUNDLE...
 *
 * An empty pattern matches all tests. `spec` prints every test, `failures` only those that fail or are tried again. The
 * results go to TEST_RESULTS.
 */
import { format } from 'node:util';
import Mocha from 'mocha';
import { handOn, type Results } from './results';

/** Against tests that hang: far more than any takes, on a busy machine too. Longer ones say so themselves. */
const LIMIT_MS = 120_000;

const { Base } = Mocha.reporters;

/** What mocha says of a test that failed: its title, the error with what differs, the stack. */
function textOf(failed: Mocha.Test): string {
    const lines: string[] = [];
    const { consoleLog } = Base;
    Base.consoleLog = (...args: unknown[]) => lines.push(format(...args));
    Base.list([failed]);
    Base.consoleLog = consoleLog;
    return lines
        .join('\n')
        .replace(/^\s*1\) /, '')
        .trimEnd();
}

async function main(): Promise<void> {
    const [shows, grep = '', ...bundles] = process.argv.slice(2);
    const mocha = new Mocha({
        ui: 'tdd',
        timeout: LIMIT_MS,
        reporter: shows === 'spec' ? 'spec' : Base,
        ...(grep === '' ? {} : { grep }),
    });
    mocha.files = bundles;
    await mocha.loadFilesAsync();
    const failed: Mocha.Test[] = [];
    const runner = mocha.run(() => {
        const { passes = 0, failures = 0, pending = 0 } = runner.stats ?? {};
        const results: Results = { passed: passes, failed: failures, skipped: pending, failures: failed.map(textOf) };
        handOn(results);
        // Not left to the event loop: a test that forgot a timer or a child must not hang the run.
        process.exit(failures > 0 ? 1 : 0);
    });
    runner.on('retry', (test, error: unknown) => console.log(`  again ${test.fullTitle()}: ${String(error)}`));
    runner.on('fail', (test) => failed.push(test));
}

void main().catch((e: unknown) => {
    console.error(e);
    process.exit(1);
});
