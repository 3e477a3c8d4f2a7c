/**
 * close, dup, open of plain paths, ftruncate, fallocate, fchmod, fcntl and fstat (fs/open.c, fs/file.c, fs/fcntl.c,
 * fs/stat.c).
 */
import { plus, type Int } from '../../../machine/int';
import type { KernelCore } from '../core';
import { Err, err } from '../../release/errno';
import {
    F_SEAL_EXEC,
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
import { fput, getFile } from '../file';
import type { Inode } from '../inode';
import { HugetlbInode } from '../../hugetlb/inode';
import { addSeals, getSeals } from '../memfd';
import { fget, fgetRaw, type Process } from '../process';

const EBADF = err('EBADF');
const EINVAL = err('EINVAL');
const EFBIG = err('EFBIG');
const ESPIPE = err('ESPIPE');
const ENODEV = err('ENODEV');
const EPERM = err('EPERM');
const EOPNOTSUPP = err('EOPNOTSUPP');

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
    const file = fgetRaw(p, fd);
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
 * dup2(2): the same open file under a given number, without FD_CLOEXEC; what had the number is closed. EBADF, also for
 * a number beyond the limit of the process.
 */
export function sysDup2(k: KernelCore, p: Process, fd: number, to: number): number | Err {
    const file = fgetRaw(p, fd);
    if (file instanceof Err) {
        return file;
    }
    if (to < 0 || to >= p.nofile) {
        return EBADF;
    }
    if (to !== fd) {
        getFile(k, file);
        const old = p.fds.remove(to);
        p.fds.install(to, file, false);
        if (old) {
            fput(k, old);
        }
    }
    return to;
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

/** The bits of the mode that fchmod() sets. */
const S_IALLUGO = 0o7777;

/**
 * fchmod(2), by root. EBADF; EOPNOTSUPP for anonymous files (anon_inode_setattr()), EINVAL for a guest_memfd
 * (kvm_gmem_setattr()), EPERM under /proc/sys (proc_sys_setattr()), and EPERM if F_SEAL_EXEC fixes the execute bits of
 * a shared memory file; files of huge pages ignore this seal (hugetlbfs_setattr()).
 */
export function sysFchmod(k: KernelCore, p: Process, fd: number, mode: number): 0 | Err {
    const file = fget(p, fd);
    if (file instanceof Err) {
        return file;
    }
    const { inode } = file;
    const changed = (inode.mode & ~S_IALLUGO) | (mode & S_IALLUGO);
    switch (inode.type) {
        case 'anon':
            return EOPNOTSUPP;
        case 'gmem':
            return EINVAL;
        case 'proc':
            return EPERM;
        case 'shmem': {
            const seals = getSeals(file);
            if (typeof seals === 'number' && seals & F_SEAL_EXEC && (changed ^ inode.mode) & EXECUTE) {
                return EPERM;
            }
        }
    }
    k.journal.edit<Inode>(inode).mode = changed;
    return 0;
}

/** S_IXUGO */
const EXECUTE = 0o111;

/** fcntl(F_GETFL): access mode and status flags. */
export function sysGetfl(_k: KernelCore, p: Process, fd: number): number | Err {
    const file = fgetRaw(p, fd);
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
    const file = fgetRaw(p, fd);
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
