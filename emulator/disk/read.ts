/**
 * Reads files of the machine that the product runs on, for the command and the servers. A file that a scenario names is
 * read only if it is a regular file within a limit; a file on the command line may also be a pipe.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';

/** The most bytes of a source file or a recording. */
export const MOST_TEXT = 64 * 1024 * 1024;
/** The most bytes of a compressed image, compressed and decompressed: it is kept in memory. */
export const MOST_IMAGE = 2 ** 31 - 1;

const MIB = 1024 * 1024;
/** The bytes that are read from a pipe at a time. */
const PIECE = 64 * 1024;

/** Why a file cannot be read, as the end of a sentence that begins with its name. */
export class Unreadable extends Error {}

/**
 * The bytes of a regular file.
 * @param most bytes
 * @throws Unreadable if it is not a regular file or is larger; also the errors of node:fs
 */
export function readRegular(file: string, most: number): Uint8Array {
    return withOpen(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0), (fd, stats) => {
        if (!stats.isFile()) {
            throw new Unreadable(stats.isDirectory() ? 'is a folder' : 'is not a regular file');
        }
        return readWhole(fd, stats.size, most);
    });
}

/** The same for a file that the user has named: a pipe or a terminal is read to its end. */
export function readNamed(file: string, most: number): Uint8Array {
    return withOpen(file, constants.O_RDONLY, (fd, stats) => readOpen(fd, stats, most));
}

/** The same for an open file at its beginning. */
export function readOpen(fd: number, stats: Stats, most: number): Uint8Array {
    if (stats.isDirectory()) {
        throw new Unreadable('is a folder');
    }
    return stats.isFile() ? readWhole(fd, stats.size, most) : readToEnd(fd, most);
}

function withOpen<T>(file: string, flags: number, read: (fd: number, stats: Stats) => T): T {
    const fd = openSync(file, flags);
    try {
        return read(fd, fstatSync(fd));
    } finally {
        closeSync(fd);
    }
}

function readWhole(fd: number, size: number, most: number): Uint8Array {
    if (size > most) {
        throw new Unreadable(tooLarge(most));
    }
    const bytes = new Uint8Array(size);
    let done = 0;
    while (done < size) {
        const n = readSync(fd, bytes, done, size - done, done);
        if (n === 0) {
            break;
        }
        done += n;
    }
    return bytes.subarray(0, done);
}

function readToEnd(fd: number, most: number): Uint8Array {
    const pieces: Uint8Array[] = [];
    let total = 0;
    for (;;) {
        const piece = new Uint8Array(PIECE);
        const n = readSync(fd, piece, 0, PIECE, null);
        if (n === 0) {
            return Buffer.concat(pieces);
        }
        total += n;
        if (total > most) {
            throw new Unreadable(tooLarge(most));
        }
        pieces.push(piece.subarray(0, n));
    }
}

function tooLarge(most: number): string {
    return `is larger than ${Math.ceil(most / MIB)} MiB`;
}
