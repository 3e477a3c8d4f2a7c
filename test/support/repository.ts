/** Where the repository is, seen from a test's bundle. */
import { existsSync } from 'node:fs';
import * as path from 'node:path';

function findRoot(from: string): string {
    for (let dir = from; ; dir = path.dirname(dir)) {
        if (existsSync(path.join(dir, 'package-lock.json'))) {
            return dir;
        }
        if (dir === path.dirname(dir)) {
            throw new Error(`no repository around ${from}`);
        }
    }
}

/** The repository's root folder. */
export const ROOT = findRoot(__dirname);

/** A path of the repository, given from its root. */
export function inRepository(...parts: string[]): string {
    return path.join(ROOT, ...parts);
}
