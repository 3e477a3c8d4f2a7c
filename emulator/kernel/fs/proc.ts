/** The files of /proc that can be opened: `/proc/self/fd/N` and `/proc/sys/vm/memfd_noexec` (fs/proc). */
import type { KernelCore } from './core';
import { Err, err } from '../release/errno';
import { O_ACCMODE, O_CREAT, O_EXCL, O_PATH, O_RDONLY, O_TRUNC } from './fcntl';
import { allocFile, type OpenFile } from './file';
import { isMemDevice, openMemDevice } from './mem-devices';
import type { Process } from './process';
import { reopenPipe } from './pipe';
import { MEMFD_NOEXEC, openMemfdNoexec } from './proc-sys';
import { mountRefOf, reopen } from './tmpfs';

const EEXIST = err('EEXIST');
const EISDIR = err('EISDIR');
const ENOENT = err('ENOENT');
const ENXIO = err('ENXIO');

const DESCRIPTOR = /^\/proc\/self\/fd\/(\d+)$/;

export function isProc(path: string): boolean {
    return path === MEMFD_NOEXEC || DESCRIPTOR.test(path);
}

/** The path of the device node behind `/proc/self/fd/N`, which opens the device once more; other paths as they are. */
export function devicePath({ fds }: Process, path: string): string {
    const [, number] = DESCRIPTOR.exec(path) ?? [];
    const file = number === undefined ? undefined : fds.get(Number(number));
    return file?.inode.type === 'chardev' ? file.name : path;
}

/**
 * Opens a file of /proc. `/proc/self/fd/N` opens the inode behind a descriptor once more: another open file, with its
 * own position and access mode. The process is root, so that the mode of the file does not matter. EEXIST for O_CREAT
 * with O_EXCL, ENOENT for a descriptor that is not open, ENXIO for files without an open(), such as sockets and
 * anonymous files; the errors of O_TRUNC.
 * @param status access mode and status flags of the new file
 */
export function openProc(k: KernelCore, p: Process, path: string, flags: number, status: number): OpenFile | Err {
    if ((flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL)) {
        return EEXIST;
    }
    const [, number] = DESCRIPTOR.exec(path) ?? [];
    if (number === undefined) {
        return openMemfdNoexec(k, status);
    }
    const file = p.fds.get(Number(number));
    if (!file) {
        return ENOENT;
    }
    if (isMemDevice(file.name)) {
        return openMemDevice(k, file.name, status);
    }
    if (file.inode.type === 'proc') {
        return openMemfdNoexec(k, status);
    }
    if (file.inode.type === 'pipe') {
        return reopenPipe(k, file, status);
    }
    const ref = mountRefOf(file);
    if (ref && (flags & O_PATH || file.inode.type === 'directory')) {
        return !(flags & O_PATH) && (flags & O_ACCMODE) !== O_RDONLY ? EISDIR : reopen(k, file, ref, flags);
    }
    if (file.inode.type !== 'shmem' && file.inode.type !== 'hugetlb') {
        return ENXIO;
    }
    if (flags & O_TRUNC) {
        const failed = file.ops.truncate?.(k, file, 0);
        if (failed instanceof Err) {
            return failed;
        }
    }
    return ref ? reopen(k, file, ref, flags) : allocFile(k, file.kind, file.ops, file.inode, status, file.name);
}
