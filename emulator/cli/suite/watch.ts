/** `lus run --watch`: runs again whenever a file that was read changes. */
import { type FSWatcher, statSync, watch } from 'node:fs';
import * as path from 'node:path';
import { Files } from '../files';
import { BadArguments } from '../options';
import { complain } from '../print';

/** Changes within this time after the first one lead to one run. Milliseconds. */
const SETTLE = 100;

/**
 * Runs, and runs again after each change, until the process ends.
 * @param names the arguments: files may be added to the folders among them
 * @throws BadArguments by the first run
 */
export async function watchFiles(names: readonly string[], run: (files: Files) => Promise<number>): Promise<number> {
    for (let first = true; ; first = false) {
        const files = new Files();
        try {
            await run(files);
        } catch (e) {
            // a file that is half written is not the end
            if (first || !(e instanceof BadArguments)) {
                throw e;
            }
            complain(`lus: ${e.message}\n`);
        }
        const changed = changeOf(foldersOf(names, files.onDisk));
        complain('\nWaiting for changes. Press Ctrl+C to stop.\n');
        await changed;
    }
}

/** Folders are watched, not files: editors replace a file by another one. */
function foldersOf(names: readonly string[], read: readonly string[]): string[] {
    const folders = names.filter((name) => statSync(name, { throwIfNoEntry: false })?.isDirectory() === true);
    return [...new Set([...read.map((file) => path.dirname(file)), ...folders.map((f) => path.resolve(f))])];
}

function changeOf(folders: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => {
        const watchers: FSWatcher[] = [];
        let changed = false;
        const done = (): void => {
            for (const w of watchers) {
                w.close();
            }
            resolve();
        };
        for (const folder of folders) {
            watchers.push(
                watch(folder, (_event, name) => {
                    if (name === null || /\.(?:lus|jsonl|gz|elf)$/.test(name)) {
                        if (!changed) {
                            changed = true;
                            setTimeout(done, SETTLE);
                        }
                    }
                }).on('error', reject),
            );
        }
    });
}
