/** The files that programs name, by URI, on this machine. */
import { realpathSync, statSync } from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourceHost } from '../language/load';
import { unpacked } from './gzip';
import { MOST_IMAGE, MOST_TEXT, readRegular } from './read';

/** The path of a URI; undefined if it has none. */
export function pathOf(uri: string): string | undefined {
    try {
        return uri.startsWith('file:') ? fileURLToPath(uri) : undefined;
    } catch {
        return undefined;
    }
}

/** Text of a file's bytes, which are UTF-8. */
export function textOf(bytes: Uint8Array): string {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/**
 * Files on disk.
 * @param within called for each file: the folders that files must be in, with links resolved; undefined allows all
 */
export function filesOnDisk(within: () => readonly string[] | undefined = () => undefined): Required<SourceHost> {
    const there = (uri: string): boolean => {
        try {
            return statSync(fileURLToPath(uri), { throwIfNoEntry: false }) !== undefined;
        } catch {
            return false;
        }
    };
    const attempt = <T>(uri: string, read: (file: string) => T): T | undefined => {
        try {
            const file = fileURLToPath(uri);
            const folders = within();
            return folders === undefined || isInside(file, folders) ? read(file) : undefined;
        } catch {
            return undefined;
        }
    };
    return {
        read: (uri) => attempt(uri, (file) => textOf(readRegular(file, MOST_TEXT))),
        readBytes: (uri) => attempt(uri, (file) => unpacked(readRegular(file, MOST_IMAGE))),
        exists: there,
    };
}

function isInside(file: string, folders: readonly string[]): boolean {
    const real = realpathSync(file);
    return folders.some((folder) => {
        const relative = path.relative(realpathSync(folder), real);
        return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
    });
}
