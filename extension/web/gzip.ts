/** Files that are compressed with gzip, without Node. See emulator/disk/gzip.ts. */

/** Decompresses gzip; other bytes stay as they are. For a damaged file, the part that could be decompressed. */
export async function unpacked(bytes: Uint8Array): Promise<Uint8Array> {
    if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) {
        return bytes;
    }
    const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
    const pieces: Uint8Array[] = [];
    let size = 0;
    try {
        for (let next = await reader.read(); !next.done; next = await reader.read()) {
            pieces.push(next.value);
            size += next.value.length;
        }
    } catch {
        // the rest is damaged
    }
    const whole = new Uint8Array(size);
    let at = 0;
    for (const piece of pieces) {
        whole.set(piece, at);
        at += piece.length;
    }
    return whole;
}
