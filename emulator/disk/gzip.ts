/** Files that are compressed with gzip. */
import { constants, gunzipSync } from 'node:zlib';
import { MOST_IMAGE } from './read';

/**
 * Decompresses gzip, also with several members; returns other bytes unchanged. For a damaged file, returns the part
 * that could be decompressed.
 */
export function unpacked(bytes: Uint8Array): Uint8Array {
    if (!isGzip(bytes)) {
        return bytes;
    }
    // Z_SYNC_FLUSH: a truncated file yields the data before the cut.
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MOST_IMAGE });
}

export function isGzip(bytes: Uint8Array): boolean {
    return bytes[0] === 0x1f && bytes[1] === 0x8b;
}
