/**
 * close, dup, open of plain paths, ftruncate, fallocate, fcntl, fstat, and mapping a file (fs/open.c, fs/file.c,
 * fs/fcntl.c, fs/stat.c, mm/mmap.c).
 */
import type { Bytes } from '../../../machine/bytes';
import { plus, type Int } from '../../../machine/int';
import type { KernelCore } from '../core';
import { Err, err } from '../../release/errno';
import {
    F_SEAL_FUTURE_WRITE,
    F_SEAL_WRITE,
    FALLOC_FL_KEEP_SIZE,
    FALLOC_FL_PUNCH_HOLE,
    FD_CLOEXEC,
    MAX_OFFSET,
    O_APPEND,
    O_DIRECT,
    O_LARGEFILE,
    O_NOATIME,
    O_NONBLOCK,
} from '../fcntl';
import { fput, getFile, type OpenFile } from '../file';
import { HugetlbInode } from '../../hugetlb/inode';
import { addSeals, getSeals } from '../memfd';
import { fget, type Process } from '../process';

const EBADF = err('EBADF');
const EINVAL = err('EINVAL');
const EFBIG = err('EFBIG');
const ESPIPE = err('ESPIPE');
const ENODEV = err('ENODEV');
const EACCES = err('EACCES');
const EPERM = err('EPERM');
const EOPNOTSUPP = err('EOPNOTSUPP');
const EOVERFLOW = err('EOVERFLOW');

/** The largest file of a descriptor without O_LARGEFILE (MAX_NON_LFS). */
const MAX_NON_LFS = 0x7fffffff;

/** close(2). The file is released at the return to user mode, if this was its last reference. */
export function sysClose(k: KernelCore, p: Process, fd: number): 0 | Err {
    const file = p.fds.remove(fd);
    if (!file) {
        return EBADF;
    }
    fput(k, file);
    return 0;
}

/** dup(2): another descriptor, without FD_CLOEXEC, for the same open file. EBADF, EMFILE. */
export function sysDup(k: KernelCore, p: Process, fd: number): number | Err {
    const file = fget(p, fd);
    if (file instanceof Err) {
        return file;
    }
    const copy = p.fds.unused(p.nofile);
    if (typeof copy === 'number') {
        p.fds.install(copy, getFile(k, file), false);
    }
    return copy;
}

/**
 * ftruncate(2). EINVAL for a negative length, EBADF, EINVAL if it is not a regular file or not open for writing, then
 * the errors of the file.
 */
export function sysFtruncate(k: KernelCore, p: Process, fd: number, length: Int): 0 | Err {
    if (length < 0) {
        return EINVAL;
    }
    const file = fget(p, fd);
    if (file instanceof Err) {
        return file;
    }
    if (!file.inode.isRegular || !file.writable || (!(file.flags & O_LARGEFILE) && length > MAX_NON_LFS)) {
        return EINVAL;
    }
    return file.ops.truncate ? file.ops.truncate(k, file, length) : EOPNOTSUPP;
}

/**
 * fallocate(2) (vfs_fallocate). EBADF, EINVAL for the range, EOPNOTSUPP for the mode, EBADF if not open for writing,
 * ESPIPE, ENODEV by type, EFBIG, then the errors of the file.
 */
export function sysFallocate(k: KernelCore, p: Process, fd: number, mode: number, offset: Int, length: Int): 0 | Err {
    const file = fget(p, fd);
    if (file instanceof Err) {
        return file;
    }
    if (offset < 0 || length <= 0) {
        return EINVAL;
    }
    if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE) || mode === FALLOC_FL_PUNCH_HOLE) {
        return EOPNOTSUPP;
    }
    if (!file.writable) {
        return EBADF;
    }
    if (file.inode.type === 'pipe') {
        return ESPIPE;
    }
    if (!file.inode.isRegular) {
        return ENODEV;
    }
    if (plus(offset, length) > MAX_OFFSET) {
        return EFBIG;
    }
    return file.ops.fallocate ? file.ops.fallocate(k, file, mode, offset, length) : EOPNOTSUPP;
}

/** fcntl(F_GETFL): access mode and status flags. */
export function sysGetfl(_k: KernelCore, p: Process, fd: number): number | Err {
    const file = fget(p, fd);
    return file instanceof Err ? file : file.flags;
}

const SETFL_MASK = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME;

/**
 * fcntl(F_SETFL): replaces O_APPEND, O_NONBLOCK, O_NOATIME and O_DIRECT; other bits are ignored. EINVAL for O_DIRECT,
 * which no file here supports.
 */
export function sysSetfl(k: KernelCore, p: Process, fd: number, flags: number): 0 | Err {
    const file = fget(p, fd);
    if (file instanceof Err) {
        return file;
    }
    if (flags & O_DIRECT && file.inode.type !== 'pipe' && file.kind !== 'tmpfs') {
        return EINVAL;
    }
    k.journal.edit(file).flags = (file.flags & ~SETFL_MASK) | (flags & SETFL_MASK);
    return 0;
}

/** fcntl(F_GETFD): FD_CLOEXEC or 0. */
export function sysGetfd(_k: KernelCore, p: Process, fd: number): number | Err {
    return p.fds.get(fd) ? (p.fds.isCloexec(fd) ? FD_CLOEXEC : 0) : EBADF;
}

/** fcntl(F_SETFD). */
export function sysSetfd(_k: KernelCore, p: Process, fd: number, flags: number): 0 | Err {
    if (!p.fds.get(fd)) {
        return EBADF;
    }
    p.fds.setCloexec(fd, (flags & FD_CLOEXEC) !== 0);
    return 0;
}

/** fcntl(F_ADD_SEALS). */
export function sysAddSeals(k: KernelCore, p: Process, fd: number, seals: number): 0 | Err {
    const file = fget(p, fd);
    return file instanceof Err ? file : addSeals(k, file, seals);
}

/** fcntl(F_GET_SEALS). */
export function sysGetSeals(_k: KernelCore, p: Process, fd: number): number | Err {
    const file = fget(p, fd);
    return file instanceof Err ? file : getSeals(file);
}

/** The result of fstat(2). Sizes in bytes, `blocks` in units of 512. */
export class Stat {
    constructor(
        readonly ino: number,
        readonly mode: number,
        readonly nlink: number,
        readonly size: Int,
        readonly blocks: number,
        readonly blksize: number,
    ) {}

    display(): string {
        return `mode 0${this.mode.toString(8)} nlink ${this.nlink} size ${this.size} blocks ${this.blocks}`;
    }
}

/** fstat(2). */
export function sysFstat(k: KernelCore, p: Process, fd: number): Stat | Err {
    const file = fget(p, fd);
    if (file instanceof Err) {
        return file;
    }
    const { inode } = file;
    return new Stat(inode.ino, inode.mode, inode.nlink, inode.size, inode.blocks, blockSize(k, inode));
}

function blockSize({ page }: KernelCore, inode: object): number {
    if (inode instanceof HugetlbInode) {
        return inode.pool.size;
    }
    return 'huge' in inode && inode.huge === true ? page.size * 2 ** page.pmdOrder : page.size;
}

/**
 * mmap(2) of the first page, shared and writable, and munmap at once: whether it can be mapped. EBADF, EACCES if not
 * open for reading and writing, EPERM by F_SEAL_WRITE and F_SEAL_FUTURE_WRITE, ENODEV if the file cannot be mapped.
 */
export function sysMmapWrite(k: KernelCore, p: Process, fd: number): 0 | Err {
    const file = writableMapping(p, fd);
    return file instanceof Err ? file : file.ops.mmap ? file.ops.mmap(k, file) : ENODEV;
}

/** The file behind a descriptor, if a shared and writable mapping of it is allowed. EBADF, EACCES, EPERM. */
function writableMapping(p: Process, fd: number): OpenFile | Err {
    const file = fget(p, fd);
    if (file instanceof Err) {
        return file;
    }
    const seals = getSeals(file);
    if (!file.writable || !file.readable) {
        return EACCES;
    }
    if (typeof seals === 'number' && seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) {
        return EPERM;
    }
    return file;
}

/**
 * Maps a range shared and writable, stores bytes there and unmaps it again. EBADF; EINVAL for nothing to store,
 * EOVERFLOW for a range beyond the largest possible file (file_mmap_ok()), the errors of {@link sysMmapWrite}; ENOMEM
 * if huge pages cannot be reserved; EFAULT if the access faults (SIGBUS): beyond the size, or if there is no memory for
 * a hole.
 */
export function sysMmapStore(k: KernelCore, p: Process, fd: number, data: Bytes, at: Int): 0 | Err {
    const any = fget(p, fd);
    if (any instanceof Err) {
        return any;
    }
    if (data.length === 0) {
        return EINVAL;
    }
    if (any.inode.isRegular && (at < 0 || plus(at, data.length) > MAX_OFFSET)) {
        return EOVERFLOW;
    }
    const file = writableMapping(p, fd);
    if (file instanceof Err) {
        return file;
    }
    return file.ops.store ? file.ops.store(k, file, at, data) : ENODEV;
}
