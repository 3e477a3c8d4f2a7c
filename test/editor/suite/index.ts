/** Entry point of the suite in the extension host: `extensionTestsPath` of every runner. */
import { readdirSync } from 'node:fs';
import * as path from 'node:path';
import Mocha from 'mocha';

/**
 * The workbench loses a command or an event now and then when the machine is busy; what is wrong in the extension
 * fails every time.
 */
const RETRIES = 2;

export function run(): Promise<void> {
    const grep = process.env['MOCHA_GREP'];
    const mocha = new Mocha({
        ui: 'tdd',
        reporter: Mocha.reporters.Base,
        timeout: 90_000,
        retries: RETRIES,
        ...(grep === undefined ? {} : { grep }),
    });
    for (const file of readdirSync(__dirname)
        .filter((f) => f.endsWith('.test.js'))
        .sort()) {
        mocha.addFile(path.join(__dirname, file));
    }
    return new Promise((resolve, reject) => {
        const runner = mocha.run((failures) => {
            console.log(`@@RESULT ${JSON.stringify(runner.stats)}`);
            if (failures > 0) {
                reject(new Error(`${failures} tests failed`));
            } else {
                resolve();
            }
        });
        runner.on('pass', (test) => console.log(`  ok   ${test.fullTitle()} (${test.duration} ms)`));
        runner.on('retry', (test, error: unknown) => console.log(`  again ${test.fullTitle()}: ${String(error)}`));
        runner.on('fail', (test, error: unknown) => {
            console.log(`  FAIL ${test.fullTitle()}\n${error instanceof Error ? error.stack : String(error)}`);
        });
    });
}
