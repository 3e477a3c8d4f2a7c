/** open(2) and openat(2) of paths without a driver of their own, and the names of a tmpfs (fs/open.c, fs/namei.c). */
import { Err, err } from '../../release/errno';
import {
    O_ACCMODE,
    O_CLOEXEC,
    O_CREAT,
    O_DIRECTORY,
    O_EXCL,
    O_LARGEFILE,
    O_PATH,
    O_RDONLY,
    O_TMPFILE,
    O_TRUNC,
} from '../fcntl';
import type { OpenFile } from '../file';
import { isMemDevice, openMemDevice } from '../mem-devices';
import { type Found, type MountEnv, walk } from '../mounts';
import { isProc, openProc } from '../proc';
import { fgetRaw, type Process } from '../process';
import { ShmemInode } from '../shmem';
import { truncateShmem } from '../shmem-file';
import { DirectoryInode } from '../superblock';
import { createNamed, createUnnamed, makeDirectory, mountRefOf, openFound, removeName, rename, STATUS } from '../tmpfs';

const EINVAL = err('EINVAL');
const ENOENT = err('ENOENT');
const EEXIST = err('EEXIST');
const ENOTDIR = err('ENOTDIR');
const EISDIR = err('EISDIR');
const EXDEV = err('EXDEV');
const EPERM = err('EPERM');

/** True for the paths that {@link sysOpen} handles: memory devices, everything on a tmpfs, and files of /proc. */
export function isPlainPath(k: MountEnv, path: string): boolean {
    return isMemDevice(path) || isProc(path) || k.mounts.covering(path) !== undefined;
}

/**
 * open(2) of a memory device, of a file or directory on a tmpfs (with O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY, O_PATH),
 * with O_TMPFILE of a directory, or of a file of /proc.
 * EMFILE comes first, because the number is reserved before the path is resolved.
 * @param mode permission bits of a new file
 */
export function sysOpen(k: MountEnv, p: Process, path: string, flags: number, mode = 0o600): number | Err {
    return installed(p, flags, () => openPath(k, p, path, flags, mode));
}

/** openat(2) of a path that begins at the directory of a descriptor. EBADF, ENOTDIR; the errors of open(2). */
export function sysOpenat(
    k: MountEnv,
    p: Process,
    fd: number,
    path: string,
    flags: number,
    mode = 0o600,
): number | Err {
    if (path.startsWith('/')) {
        return sysOpen(k, p, path, flags, mode);
    }
    return installed(p, flags, () => {
        const file = fgetRaw(p, fd);
        if (file instanceof Err) {
            return file;
        }
        const ref = mountRefOf(file);
        if (!ref || !(file.inode instanceof DirectoryInode)) {
            return ENOTDIR;
        }
        const found = path === '' ? ENOENT : walk(ref.mount, file.inode, path);
        return found instanceof Err ? found : openName(k, found, flags, mode);
    });
}

function installed(p: Process, flags: number, open: () => OpenFile | Err): number | Err {
    const fd = p.fds.unused(p.nofile);
    if (fd instanceof Err) {
        return fd;
    }
    const file = open();
    if (file instanceof Err) {
        return file;
    }
    p.fds.install(fd, file, (flags & O_CLOEXEC) !== 0);
    return fd;
}

function openPath(k: MountEnv, p: Process, path: string, flags: number, mode: number): OpenFile | Err {
    if (isProc(path)) {
        return openProc(k, p, path, flags, (flags & STATUS) | O_LARGEFILE);
    }
    if (isMemDevice(path)) {
        if (flags & O_DIRECTORY) {
            return ENOTDIR;
        }
        const exclusive = (flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL);
        return exclusive ? EEXIST : openMemDevice(k, path, (flags & STATUS) | O_LARGEFILE);
    }
    const found = k.mounts.lookup(path);
    if (found instanceof Err) {
        return found;
    }
    return found ? openName(k, found, flags, mode) : (flags & O_TMPFILE) === O_TMPFILE ? ENOTDIR : ENOENT;
}

/** Opens or creates what a name on a tmpfs stands for (do_open(), lookup_open()). */
function openName(k: MountEnv, found: Found, flags: number, mode: number): OpenFile | Err {
    const { mount, inode, name } = found;
    const writes = (flags & O_ACCMODE) !== O_RDONLY;
    if (!(flags & O_PATH) && (flags & O_TMPFILE) === O_TMPFILE) {
        if (!writes) {
            return EINVAL;
        }
        return inode instanceof DirectoryInode ? createUnnamed(k, mount, inode, flags, mode) : inode ? ENOTDIR : ENOENT;
    }
    const create = !(flags & O_PATH) && (flags & O_CREAT) !== 0;
    if (create && flags & O_DIRECTORY) {
        return EINVAL;
    }
    if (!inode) {
        return create && name ? createNamed(k, mount, name, flags, mode) : ENOENT;
    }
    if (create && flags & O_EXCL) {
        return EEXIST;
    }
    if (inode instanceof DirectoryInode) {
        return !(flags & O_PATH) && (create || writes) ? EISDIR : openFound(k, found, inode, flags);
    }
    if (flags & O_DIRECTORY) {
        return ENOTDIR;
    }
    if (!(flags & O_PATH) && flags & O_TRUNC && inode instanceof ShmemInode) {
        const failed = truncateShmem(k, inode, 0);
        if (failed !== 0) {
            return failed;
        }
    }
    return openFound(k, found, inode, flags);
}

/** What a path that is to be changed leads to. ENOENT; EPERM outside of the mounts of tmpfs. */
function changed(k: MountEnv, path: string): Found | Err {
    return k.mounts.lookup(path) ?? (isMemDevice(path) || isProc(path) ? EPERM : ENOENT);
}

/** unlink(2) of a file on a tmpfs. ENOENT, EISDIR. Open descriptors keep it; its link count is then 0. */
export function sysUnlink(k: MountEnv, path: string): 0 | Err {
    const found = changed(k, path);
    return found instanceof Err ? found : removeName(k, found);
}

/** mkdir(2) on a tmpfs. EEXIST, ENOENT, ENOTDIR, ENOSPC. Outside of tmpfs every directory exists: EEXIST. */
export function sysMkdir(k: MountEnv, path: string, mode: number): 0 | Err {
    const found = k.mounts.lookup(path);
    if (found === undefined) {
        return EEXIST;
    }
    return found instanceof Err ? found : makeDirectory(k, found, mode & 0o1777);
}

/** rename(2) on a tmpfs. ENOENT, EXDEV between mounts; see {@link rename}. */
export function sysRename(k: MountEnv, from: string, to: string): 0 | Err {
    const old = changed(k, from);
    if (old instanceof Err) {
        return old;
    }
    const found = k.mounts.lookup(to);
    if (found === undefined) {
        return EXDEV;
    }
    return found instanceof Err ? found : rename(k, old, found);
}
