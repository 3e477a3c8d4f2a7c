/** Memory images on the host: uncompressed images are read in pieces, compressed ones are decompressed into memory. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type ByteSource, sourceOf } from '../machine/core-file';
import { unreadable } from './files';
import { isGzip, unpacked } from '../disk/gzip';
import { MOST_IMAGE, readOpen, Unreadable } from '../disk/read';
import { BadArguments } from './options';
import { noteInput } from './output-file';

/** @throws BadArguments if the file cannot be read or decompressed */
export function openImage(name: string): ByteSource {
    let fd: number;
    try {
        fd = openSync(name, 'r');
    } catch (e) {
        throw new BadArguments(unreadable(name, e));
    }
    noteInput(name);
    const stat = fstatSync(fd);
    if (stat.isFile() && !isGzip(readAt(fd, 0, 2))) {
        // Stays open until the process exits: images may be larger than memory.
        return { length: stat.size, read: (offset, length) => readAt(fd, offset, length) };
    }
    try {
        return sourceOf(unpacked(readOpen(fd, stat, MOST_IMAGE)));
    } catch (e) {
        throw new BadArguments(
            e instanceof Unreadable
                ? unreadable(name, e)
                : `${name} cannot be decompressed: ${e instanceof Error ? e.message : String(e)}.`,
        );
    } finally {
        closeSync(fd);
    }
}

function readAt(fd: number, offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
        const n = readSync(fd, bytes, done, length - done, offset + done);
        if (n === 0) {
            break;
        }
        done += n;
    }
    return bytes.subarray(0, done);
}
