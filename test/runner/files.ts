/** Test files as tasks: which there are, and the bundles that are run. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import * as path from 'node:path';
import { buildTestFiles } from '../../esbuild.config.mjs';
import { inRepository, ROOT } from '../support/repository';
import type { Task } from './pool';

/** Runs a bundle: {@link fileTasks} bundles it along with the tests. */
const CHILD = 'test/runner/child.ts';

/**
 * The test files under a folder, or the file itself, as paths from the root.
 * @throws Error where there is no such file or folder
 */
export function testFiles(fileOrFolder: string): string[] {
    const whole = path.resolve(ROOT, fileOrFolder);
    if (statSync(whole).isFile()) {
        return [path.relative(ROOT, whole)];
    }
    return readdirSync(whole, { recursive: true, encoding: 'utf8' })
        .filter((f) => f.endsWith('.test.ts'))
        .sort()
        .map((f) => path.relative(ROOT, path.join(whole, f)));
}

export interface Files {
    readonly part: string;
    readonly files: readonly string[];
    readonly oneAtATime?: string;
}

/**
 * Bundles test files. The bundles are there until this process ends: another run in the same folder has its own.
 * @param grep only tests whose full title matches, as with mocha's option of that name
 * @returns a task for each, in their order
 */
export async function fileTasks(groups: readonly Files[], grep?: string): Promise<Task[]> {
    const files = groups.flatMap((g) => g.files);
    const folder = inRepository('.build', `run-${process.pid}`);
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    const [child = '', ...bundles] = await buildTestFiles([CHILD, ...files], folder);
    const shows = files.length === 1 ? 'spec' : 'failures';
    return groups
        .flatMap((g) => g.files.map((name) => ({ ...g, name })))
        .map(({ name, part, oneAtATime }, i) => ({
            name,
            part,
            command: process.execPath,
            args: ['--enable-source-maps', child, bundles[i] ?? '', shows, ...(grep === undefined ? [] : [grep])],
            counts: true,
            ...(oneAtATime === undefined ? {} : { oneAtATime }),
        }));
}
