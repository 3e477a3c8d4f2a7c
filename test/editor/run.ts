/**
 * Runs the editor tests: the suite in the extension host of the newest and of the oldest editor, the journeys, and
 * pages of a browser without an editor.
 *
 *     npm run editor                   all of it
 *     npm run editor -- suite          parts: suite, suite-oldest, journeys, pages
 *
 * Needs `npm run build` before, and a Chromium. MOCHA_GREP in the environment picks tests.
 */
import { runAll, showFailures, totalOf } from '../runner/pool';
import { editorTasks, PARTS, type Part } from './tasks';

function partNamed(name: string): Part {
    const part = PARTS.find((p) => p === name);
    if (part === undefined) {
        throw new Error(`there is no part ${name}; there are ${PARTS.join(', ')}`);
    }
    return part;
}

async function main(): Promise<void> {
    const names = process.argv.slice(2);
    const total = totalOf(await runAll(await editorTasks(names.length > 0 ? names.map(partNamed) : PARTS)));
    showFailures(total);
    console.log(`\n${total.passed} passed, ${total.failed} failed`);
    process.exitCode = total.failed > 0 ? 1 : 0;
}

main().catch((e: unknown) => {
    console.error(e instanceof Error ? e.message : e);
    process.exitCode = 1;
});
