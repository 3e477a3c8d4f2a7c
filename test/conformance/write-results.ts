/**
 * Writes the results on file anew, where a change of them is meant; the diff says what it changes:
 *
 *     npm run golden
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { RESULTS, resultsFile, textOf } from './golden-results';

async function main(): Promise<void> {
    for (const [name, lines] of Object.entries(RESULTS)) {
        const file = resultsFile(name);
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(file, textOf(await lines()));
        console.log(`${path.relative('.', file)} is written`);
    }
}

main().catch((e: unknown) => {
    console.error(e);
    process.exitCode = 1;
});
