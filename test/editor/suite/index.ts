/** Entry point of the suite in the extension host: `extensionTestsPath` of every runner. */
import { readdirSync } from 'node:fs';
import * as path from 'node:path';
import Mocha from 'mocha';

export function run(): Promise<void> {
    const grep = process.env['MOCHA_GREP'];
    const mocha = new Mocha({ ui: 'tdd', reporter: Mocha.reporters.Base, timeout: 60_000, ...(grep === undefined ? {} : { grep }) });
    for (const file of readdirSync(__dirname).filter(f => f.endsWith('.test.js')).sort()) {
        mocha.addFile(path.join(__dirname, file));
    }
    return new Promise((resolve, reject) => {
        const runner = mocha.run(failures => {
            console.log(`@@RESULT ${JSON.stringify(runner.stats)}`);
            if (failures > 0) {
                reject(new Error(`${failures} tests failed`));
            } else {
                resolve();
            }
        });
        runner.on('pass', test => console.log(`  ok   ${test.fullTitle()} (${test.duration} ms)`));
        runner.on('fail', (test, error: unknown) => {
            console.log(`  FAIL ${test.fullTitle()}\n${error instanceof Error ? error.stack : String(error)}`);
        });
    });
}
