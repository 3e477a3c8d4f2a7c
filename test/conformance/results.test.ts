/**
 * Scenarios of the catalogue and of the examples, recordings, images and what fails give the results on file: the same
 * exit codes, codes and causes at the same places, in the same order, with the same numbers (virtual time, blackouts,
 * counts). The words of messages are free.
 */
import assert from 'node:assert/strict';
import { RESULTS, resultsOnFile, textOf } from './golden-results';

suite('results', () => {
    for (const [name, lines] of Object.entries(RESULTS)) {
        test(`${name}: they are those on file (npm run golden writes them anew)`, async () => {
            assert.equal(textOf(await lines()), resultsOnFile(name));
        }).timeout(300_000);
    }
});
