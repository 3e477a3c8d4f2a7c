/** The tests in editors and in a browser as tasks: the suite in the extension hosts of two editors, journeys, pages. */
import { fileTasks, testFiles } from '../runner/files';
import type { Task } from '../runner/pool';
import { findChromium } from './vscode-servers';

/** A browser and an editor for each take a machine's memory; and two must not install an editor at the same time. */
const ONE_AT_A_TIME = 'editor';

/** What the parts are called on the command line. */
export const PARTS = ['suite', 'suite-oldest', 'journeys', 'pages'] as const;
export type Part = (typeof PARTS)[number];

function suiteTask(name: string, editor: string): Task {
    return {
        name,
        part: 'editor',
        command: process.execPath,
        args: ['test/run.mjs', 'test/editor/suite-in-editor.ts', editor],
        counts: true,
        oneAtATime: ONE_AT_A_TIME,
    };
}

/**
 * None, and a sentence that says so, on a machine without a Chromium, unless LUS_EDITOR_TESTS is `required`.
 * MOCHA_GREP in the environment picks tests.
 */
export async function editorTasks(parts: readonly Part[] = PARTS): Promise<Task[]> {
    if (findChromium() === undefined && process.env['LUS_EDITOR_TESTS'] !== 'required') {
        console.log(
            'There is no Chromium on this machine, so the editor tests do not run. Install one, or say where it is in CHROMIUM.',
        );
        return [];
    }
    const filesIn = (folder: string) => (): Promise<Task[]> =>
        fileTasks(
            [{ part: 'editor', files: testFiles(`test/editor/${folder}`), oneAtATime: ONE_AT_A_TIME }],
            process.env['MOCHA_GREP'],
        );
    const tasks: Readonly<Record<Part, () => Promise<Task[]>>> = {
        suite: async () => [suiteTask('the suite in the newest editor', 'newest')],
        'suite-oldest': async () => [suiteTask('the suite in the oldest editor', 'oldest')],
        journeys: filesIn('journeys'),
        pages: filesIn('pages'),
    };
    return (await Promise.all(parts.map((p) => tasks[p]()))).flat();
}
