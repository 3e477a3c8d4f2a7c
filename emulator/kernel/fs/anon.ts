/** Files on the single inode of anonymous files (fs/anon_inodes.c). */
import type { Journal } from '../../machine/journal';
import type { KernelCore } from './core';
import { O_ACCMODE, O_NONBLOCK, S_IFCHR } from './fcntl';
import { allocFile, type FileOps, type OpenFile } from './file';
import { Inode } from './inode';

/** Creates the inode of anonymous files: stat shows 0600 without a file type (fs/anon_inodes.c, anon_inode_getattr). */
export function makeAnonInode(journal: Journal, ino: number): Inode {
    return new Inode(journal, ino, 'anon', 0o600);
}

/**
 * The operations of files that have only ioctl, created from an anonymous inode: `[luo_session]`, and the files that
 * `new nic(…)` creates.
 */
export const anonOps: FileOps = { positioned: false };

/**
 * The operations of a character device that has only open, ioctl and release: /dev/liveupdate, a declared file kind.
 */
export const deviceOps: FileOps = { positioned: true };

/**
 * A file on the anonymous inode (anon_inode_getfile), with one reference.
 * @param name its class, in brackets, as in `anon_inode:[eventfd]`
 */
export function anonFile(k: KernelCore, kind: string, name: string, flags: number, ops: FileOps = anonOps): OpenFile {
    return allocFile(k, kind, ops, k.anonInode, flags & (O_ACCMODE | O_NONBLOCK), `anon_inode:${name}`);
}

/** A file on a character device node with mode bits `mode`, with one reference. */
export function deviceFile(
    k: KernelCore,
    kind: string,
    path: string,
    flags: number,
    mode = 0o600,
    ops = deviceOps,
): OpenFile {
    const inode = new Inode(k.journal, k.ids.nextInode(k.journal), 'chardev', S_IFCHR + mode);
    return allocFile(k, kind, ops, inode, flags, path);
}
