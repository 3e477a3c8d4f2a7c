/** Files of this machine, for the engine that knows none. */
import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { constants, gunzipSync } from 'node:zlib';
import type { Host } from './host';

/** The file system. */
export const diskHost: Omit<Host, 'later' | 'now'> = {
    read(uri) {
        try {
            return readFileSync(fileURLToPath(uri), 'utf8');
        } catch {
            return undefined;
        }
    },
    readBytes(uri) {
        try {
            return unpacked(readFileSync(fileURLToPath(uri)));
        } catch {
            return undefined;
        }
    },
    exists: (uri) => existsSync(fileURLToPath(uri)),
    toUri: (file) => pathToFileURL(path.resolve(file)).toString(),
    toPath: (uri) => (uri.startsWith('file:') ? fileURLToPath(uri) : undefined),
};

/** What a compressed image may be unpacked to, in bytes: it is kept in memory. */
const UNPACKED_LIMIT = 2 ** 31;

/** Unpacks gzip; of a file that was cut off, what comes before the cut. */
function unpacked(bytes: Uint8Array): Uint8Array {
    return bytes[0] === 0x1f && bytes[1] === 0x8b
        ? gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: UNPACKED_LIMIT })
        : bytes;
}
