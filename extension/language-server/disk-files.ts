/** The files of this machine for the language server. */
import { readdirSync } from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { filesOnDisk, pathOf } from '../../emulator/disk/source-files';
import type { SourceHost } from '../../emulator/language/load';
import { canonicalUri } from '../../emulator/language/paths';
import type { Files } from './source-files';

/** The most levels of folders that are searched. */
const MAX_DEPTH = 8;
/** The most files that are searched for names. */
const MOST_FILES = 2000;

export class DiskFiles implements Files {
    private within: readonly string[] | undefined;
    private readonly disk: Required<SourceHost> = filesOnDisk(() => this.within);

    /** @param docs the folder of the documentation's pages */
    constructor(private readonly docs: string) {}

    /** From now on, only files in these folders are read; undefined: all files. */
    stayIn(folders: readonly string[] | undefined): void {
        this.within = folders?.flatMap((uri) => pathOf(uri) ?? []);
    }

    read(uri: string): string | undefined {
        return this.disk.read(uri);
    }

    exists(uri: string): boolean {
        return this.disk.exists(uri);
    }

    pageUri(page: string): string {
        return pathToFileURL(path.join(this.docs, page)).href;
    }

    page(page: string): string {
        return filesOnDisk().read(this.pageUri(page)) ?? '';
    }

    below(folders: readonly string[]): string[] {
        const found: string[] = [];
        for (const folder of folders) {
            const full = pathOf(folder);
            if (full !== undefined) {
                listBelow(full, 0, found, /\.lus$/);
            }
        }
        return found.map((file) => canonicalUri(pathToFileURL(file).href));
    }

    beside(uri: string): string[] {
        const file = pathOf(uri);
        if (file === undefined) {
            return [];
        }
        const folder = path.dirname(file);
        const found: string[] = [];
        listBelow(folder, MAX_DEPTH - 2, found, /\.(?:lus|elf|gz)$/);
        return found
            .filter((other) => other !== file)
            .map((other) => path.relative(folder, other).replaceAll(path.sep, '/'));
    }
}

function listBelow(folder: string, depth: number, found: string[], named: RegExp): void {
    for (const entry of entriesOf(folder)) {
        const full = path.join(folder, entry.name);
        if (entry.isDirectory()) {
            if (depth < MAX_DEPTH && entry.name !== 'node_modules' && !entry.name.startsWith('.')) {
                listBelow(full, depth + 1, found, named);
            }
        } else if (named.test(entry.name) && found.length < MOST_FILES) {
            found.push(full);
        }
    }
}

function entriesOf(folder: string): { readonly name: string; isDirectory(): boolean }[] {
    try {
        return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch {
        // the folder cannot be read or no longer exists
        return [];
    }
}
