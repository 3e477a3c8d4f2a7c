/** Files of this machine, for the engine that knows none. */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Host } from './source';

/** The file system. */
export const diskHost: Host = {
    read(uri) {
        try {
            return readFileSync(fileURLToPath(uri), 'utf8');
        } catch {
            return undefined;
        }
    },
    resolve: (from, file) => new URL(file.split('/').map(encodeURIComponent).join('/'), from).toString(),
    toUri: (file) => pathToFileURL(path.resolve(file)).toString(),
    toPath: (uri) => (uri.startsWith('file:') ? fileURLToPath(uri) : undefined),
};
