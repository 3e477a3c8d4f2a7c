/** Files that are compressed with gzip. */
import { constants, gunzipSync } from 'node:zlib';
import { MOST_IMAGE } from './read';

/**
 * Unpacks gzip, also of several members; other bytes are returned as they are. What is left of a damaged file is what
 * could be unpacked.
 */
export function unpacked(bytes: Uint8Array): Uint8Array {
    if (!isGzip(bytes)) {
        return bytes;
    }
    // Z_SYNC_FLUSH: a file that was cut off gives what comes before the cut.
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MOST_IMAGE });
}

export function isGzip(bytes: Uint8Array): boolean {
    return bytes[0] === 0x1f && bytes[1] === 0x8b;
}
