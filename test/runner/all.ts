/**
 * Everything that tells whether a change is good:
 *
 *     npm run quick      type check, lint, unit tests: what one runs while working
 *     npm test           all of it
 *
 * Type check, lint and build count as one test each. The last line is `N passed, N failed`; the exit code is 0 only
 * where nothing failed. A part in which nothing passed counts as a failure.
 */
import { buildShipped } from '../../esbuild.config.mjs';
import { editorTasks } from '../editor/tasks';
import { fileTasks, testFiles } from './files';
import { type Ended, runAll, showFailures, type Task, totalOf } from './pool';
import { add, failure, NOTHING, type Results } from './results';

const UNIT = 'unit';
/** In this order they are printed; what comes first begins first, where nobody knows yet how long it takes. */
const FOLDERS = ['proofs', 'conformance', 'documents', 'protocol', 'command', 'packages', UNIT];

/** A script of package.json that is one test by itself. */
function scriptTask(name: string, script: string): Task {
    return { name, part: name, command: 'npm', args: ['run', '--silent', script], counts: false };
}

interface Built {
    readonly seconds: number;
    readonly results: Results;
    /** None where it failed. */
    readonly tests: readonly Task[];
}

/** Builds what ships, and the tests. */
async function build(folders: readonly string[], editor: boolean): Promise<Built> {
    const begin = performance.now();
    const seconds = (): number => (performance.now() - begin) / 1000;
    try {
        await buildShipped();
        const groups = folders.map((part) => ({ part, files: testFiles(`test/${part}`), byFolder: part === UNIT }));
        const tests = [...(editor ? await editorTasks() : []), ...(await fileTasks(groups))];
        return { seconds: seconds(), results: { ...NOTHING, passed: 1 }, tests };
    } catch (e) {
        return { seconds: seconds(), results: failure(`build\n${String(e)}`), tests: [] };
    }
}

/** @returns the results of a part, a failure more where it is one that nothing of it passed */
function partResults(name: string, ended: readonly Ended[]): Results {
    const results = totalOf(ended);
    return results.passed === 0 && results.failed === 0
        ? add(results, failure(`${name}: nothing in it passed`))
        : results;
}

async function main(): Promise<number> {
    const quick = process.argv[2] === 'quick';
    const begin = performance.now();
    const { tests, ...built } = await build(quick ? [UNIT] : FOLDERS, !quick);
    const tasks = [scriptTask('type check', 'typecheck'), scriptTask('lint', 'lint'), ...tests];
    const ended = await runAll(tasks);
    const parts = [...new Set(tasks.map((t) => t.part))].map((name) => {
        const ofPart = ended.filter((e) => e.task.part === name);
        return {
            name,
            seconds: ofPart.reduce((n, e) => n + e.seconds, 0),
            results: partResults(name, ofPart),
        };
    });
    const all = [{ name: 'build', ...built }, ...parts];
    const total = all.map((p) => p.results).reduce(add, NOTHING);
    showFailures(total);
    console.log('\n== summary (seconds of processes)');
    for (const { name, seconds, results } of all) {
        const skipped = results.skipped > 0 ? `, ${results.skipped} skipped` : '';
        console.log(
            `${name.padEnd(12)} ${seconds.toFixed(1).padStart(7)} s  ${results.passed} passed, ${results.failed} failed${skipped}`,
        );
    }
    console.log(`in all       ${((performance.now() - begin) / 1000).toFixed(1).padStart(7)} s`);
    console.log(`${total.passed} passed, ${total.failed} failed`);
    return total.failed > 0 ? 1 : 0;
}

main().then(
    (status) => {
        process.exitCode = status;
    },
    (e: unknown) => {
        console.error(e);
        process.exitCode = 1;
    },
);
