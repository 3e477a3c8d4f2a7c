/**
 * Initial RAM disks: cpio archives in the format that the kernel reads (newc,
 * Documentation/driver-api/early-userspace/buffer-format.rst).
 */

export interface ArchiveEntry {
    readonly name: string;
    /** Absent for a folder. */
    readonly data?: Uint8Array;
    readonly executable?: boolean;
}

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;

export function cpio(entries: readonly ArchiveEntry[]): Buffer {
    return Buffer.concat([...entries, { name: 'TRAILER!!!' }].map((e, i) => entryOf(e, i + 1)));
}

function entryOf({ name, data, executable = false }: ArchiveEntry, inode: number): Buffer {
    const mode = name === 'TRAILER!!!' ? 0 : data ? S_IFREG | (executable ? 0o755 : 0o644) : S_IFDIR | 0o755;
    const path = Buffer.from(`${name}\0`);
    const fields = [inode, mode, 0, 0, 1, 0, data?.length ?? 0, 0, 0, 0, 0, path.length, 0];
    const header = Buffer.from(`070701${fields.map((f) => f.toString(16).toUpperCase().padStart(8, '0')).join('')}`);
    return Buffer.concat([padded(Buffer.concat([header, path])), padded(Buffer.from(data ?? []))]);
}

/** Header and contents are padded to multiples of four bytes. */
function padded(bytes: Buffer): Buffer {
    return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
