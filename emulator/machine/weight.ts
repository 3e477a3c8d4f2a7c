/** Estimates of the memory that values take, for caches with a budget. */

const OBJECT_BYTES = 32;
const FIELD_BYTES = 8;
const MAP_ENTRY_BYTES = 40;

/** Estimated bytes of a copy: the copy itself and the arrays in its fields, without the objects that it refers to. */
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

/** The same for a value without fields, such as an array; undefined if it has fields. */
function flatBytes(value: object): number | undefined {
    if (ArrayBuffer.isView(value)) {
        return OBJECT_BYTES + value.byteLength;
    }
    if (Array.isArray(value)) {
        return OBJECT_BYTES + value.length * FIELD_BYTES;
    }
    return value instanceof Map || value instanceof Set ? OBJECT_BYTES + value.size * MAP_ENTRY_BYTES : undefined;
}
