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
    /** Whether the files of a folder run in one process: for short tests, which share what they load. */
    readonly byFolder?: boolean;
}

/** Files that run in one process, with the name of their task. */
interface Batch {
    readonly name: string;
    readonly files: readonly string[];
}

function batchesOf({ files, byFolder = false }: Files): Batch[] {
    const batches = new Map<string, string[]>();
    for (const file of files) {
        const name = byFolder ? path.dirname(file) : file;
        batches.set(name, [...(batches.get(name) ?? []), file]);
    }
    return [...batches].map(([name, of]) => ({ name, files: of }));
}

/**
 * Bundles test files. The bundles are there until this process ends: another run in the same folder has its own.
 * @param grep only tests whose full title matches, as with mocha's option of that name
 * @returns a task for each file, or for each folder of files, in their order
 */
export async function fileTasks(groups: readonly Files[], grep?: string): Promise<Task[]> {
    const files = groups.flatMap((g) => g.files);
    const folder = inRepository('.build', `run-${process.pid}`);
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    const [child = '', ...bundles] = await buildTestFiles([CHILD, ...files], folder);
    const bundleOf = new Map(files.map((file, i) => [file, bundles[i] ?? '']));
    const shows = files.length === 1 ? 'spec' : 'failures';
    return groups.flatMap((group) =>
        batchesOf(group).map(({ name, files: together }) => ({
            name,
            part: group.part,
            command: process.execPath,
            args: [
                '--enable-source-maps',
                child,
                shows,
                grep ?? '',
                ...together.map((file) => bundleOf.get(file) ?? ''),
            ],
            counts: true,
            ...(group.oneAtATime === undefined ? {} : { oneAtATime: group.oneAtATime }),
        })),
    );
}
