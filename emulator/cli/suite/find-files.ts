/** The files that a command's arguments name: files, folders, and patterns such as `tests/**\/*.lus`. */
import { type Dirent, readdirSync, statSync } from 'node:fs';
import * as path from 'node:path';
import { BadArguments } from '../options';

/** Standard input, as an argument. */
const STDIN = '-';

const MAGIC = /[*?[\]{}]/;

/** A file to run. */
export interface NamedFile {
    readonly name: string;
    /** Whether the argument names this file itself. Files that were found need no scenario: others may import them. */
    readonly byName: boolean;
}

/**
 * Expands folders and patterns. Folders are searched for `.lus` files; folders whose name begins with a dot, and
 * `node_modules`, are not searched. Symbolic links to folders are not followed. Sorted by path within each argument.
 * @throws BadArguments if a folder or a pattern has no file, or a folder cannot be read
 */
export async function filesNamed(names: readonly string[]): Promise<NamedFile[]> {
    const found = new Map<string, NamedFile>();
    for (const name of names) {
        for (const file of await expanded(name)) {
            const key = file.name === STDIN ? STDIN : path.resolve(file.name);
            if (!found.has(key)) {
                found.set(key, file);
            }
        }
    }
    return [...found.values()];
}

async function expanded(name: string): Promise<NamedFile[]> {
    const stats = name === STDIN ? undefined : statSync(name, { throwIfNoEntry: false });
    if (stats?.isDirectory() === true) {
        return needed(below(name), `The folder ${name} contains no .lus file.`);
    }
    if (name === STDIN || stats || !MAGIC.test(name)) {
        return [{ name, byName: true }];
    }
    const { Minimatch } = await import('minimatch');
    const pattern = new Minimatch(toSlashes(name));
    const root = fixedPart(toSlashes(name));
    const files = statSync(root, { throwIfNoEntry: false })?.isDirectory() === true ? below(root, '') : [];
    return needed(
        files.filter((file) => pattern.match(toSlashes(file))),
        `No file matches ${name}.`,
    );
}

function needed(files: readonly string[], message: string): NamedFile[] {
    if (files.length === 0) {
        throw new BadArguments(message);
    }
    return files.map((name) => ({ name, byName: false }));
}

/** The folder of a pattern that has no wildcard above it. */
function fixedPart(pattern: string): string {
    const parts = pattern.split('/');
    const fixed = parts.slice(
        0,
        parts.findIndex((part) => MAGIC.test(part)),
    );
    return fixed.length === 0 ? '.' : fixed.join('/') || '/';
}

/** The files in a folder and the folders below it, sorted. */
function below(folder: string, ending = '.lus'): string[] {
    const files: string[] = [];
    const search = (at: string): void => {
        for (const entry of entriesOf(at).sort((a, b) => (a.name < b.name ? -1 : 1))) {
            const file = at === '.' ? entry.name : path.join(at, entry.name);
            if (entry.isDirectory()) {
                if (!entry.name.startsWith('.') && entry.name !== 'node_modules') {
                    search(file);
                }
            } else if (entry.name.endsWith(ending)) {
                files.push(file);
            }
        }
    };
    search(folder);
    return files;
}

function entriesOf(folder: string): Dirent[] {
    try {
        return readdirSync(folder, { withFileTypes: true });
    } catch (e) {
        throw new BadArguments(`The folder ${folder} cannot be read: ${e instanceof Error ? e.message : String(e)}.`);
    }
}

function toSlashes(name: string): string {
    return path.sep === '\\' ? name.replaceAll('\\', '/') : name;
}
