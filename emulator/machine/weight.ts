/** What values take in memory: estimates, for what is kept within a budget. */

const OBJECT_BYTES = 32;
const FIELD_BYTES = 8;
const MAP_ENTRY_BYTES = 40;

/**
 * What a copy that somebody has made takes: the copy itself and the arrays in its fields, not the objects that it
 * refers to. Bytes.
 */
export function bytesOf(copy: unknown): number {
    if (typeof copy !== 'object' || copy === null) {
        return FIELD_BYTES;
    }
    const flat = flatBytes(copy);
    if (flat !== undefined) {
        return flat;
    }
    let bytes = OBJECT_BYTES;
    for (const value of Object.values(copy)) {
        bytes += FIELD_BYTES + (typeof value === 'object' && value !== null ? (flatBytes(value) ?? 0) : 0);
    }
    return bytes;
}

/** The same of what has no fields; undefined where it has. */
function flatBytes(value: object): number | undefined {
    if (ArrayBuffer.isView(value)) {
        return OBJECT_BYTES + value.byteLength;
    }
    if (Array.isArray(value)) {
        return OBJECT_BYTES + value.length * FIELD_BYTES;
    }
    return value instanceof Map || value instanceof Set ? OBJECT_BYTES + value.size * MAP_ENTRY_BYTES : undefined;
}
