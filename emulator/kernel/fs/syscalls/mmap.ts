/** Mapping a file into a process (mm/mmap.c, mm/memfd.c). */
import type { Bytes } from '../../../machine/bytes';
import { minus, plus, rest, type Int } from '../../../machine/int';
import { HugetlbInode } from '../../hugetlb/inode';
import { Err, err } from '../../release/errno';
import type { KernelCore } from '../core';
import { F_SEAL_FUTURE_WRITE, F_SEAL_WRITE, MAP_PRIVATE, MAP_SHARED, MAX_OFFSET, PROT_WRITE } from '../fcntl';
import { getFile, type OpenFile } from '../file';
import { countWritable, Mapping } from '../mapping';
import { getSeals } from '../memfd';
import { fget, type Process } from '../process';

const EACCES = err('EACCES');
const EINVAL = err('EINVAL');
const ENODEV = err('ENODEV');
const ENOMEM = err('ENOMEM');
const EOVERFLOW = err('EOVERFLOW');
const EPERM = err('EPERM');

/** TASK_SIZE of 47 bits: no mapping is longer. */
const TASK_SIZE = 2 ** 47;

export interface MmapArguments {
    /** In bytes. */
    readonly length: Int;
    /** The OR of PROT_READ and PROT_WRITE. */
    readonly prot: number;
    /** MAP_SHARED or MAP_PRIVATE. */
    readonly flags: number;
    /** In the file, in bytes. */
    readonly offset: Int;
}

/**
 * mmap(2) of a file, at an address that the kernel chooses (do_mmap()). EINVAL for an offset that is not a multiple of
 * a page; EBADF; EINVAL for length 0, ENOMEM for one that no process has room for, EOVERFLOW beyond the largest
 * possible file; EINVAL if `flags` is neither MAP_SHARED nor MAP_PRIVATE; EACCES if the file is not open for that;
 * ENODEV if it cannot be mapped; EPERM if seals forbid to write it; then the errors of the file. A shared mapping that
 * is only read may become writable later, and counts as writable, unless a seal against writing is there already.
 */
export function sysMmap(
    k: KernelCore,
    p: Process,
    fd: number,
    { length, prot, flags, offset }: MmapArguments,
): Mapping | Err {
    if (rest(offset, k.page.size) !== 0) {
        return EINVAL;
    }
    const file = fget(p, fd);
    if (file instanceof Err) {
        return file;
    }
    if (length === 0) {
        return EINVAL;
    }
    if (length < 0 || length > TASK_SIZE) {
        return ENOMEM;
    }
    const unit = unitOf(k, file);
    const whole = Math.ceil(Number(length) / unit) * unit;
    if (offset < 0 || (file.inode.isRegular && plus(offset, whole) > MAX_OFFSET)) {
        return EOVERFLOW;
    }
    const write = (prot & PROT_WRITE) !== 0;
    if (flags !== MAP_SHARED && flags !== MAP_PRIVATE) {
        return EINVAL;
    }
    const shared = flags === MAP_SHARED;
    if ((shared && write && !file.writable) || !file.readable) {
        return EACCES;
    }
    if (!file.ops.mmap) {
        return ENODEV;
    }
    const sealed = shared && file.writable && isWriteSealed(file);
    if (sealed && write) {
        return EPERM;
    }
    const options = { offset, length: whole, prot, shared, mayWrite: !shared || (file.writable && !sealed) };
    const failed = file.ops.mmap(k, file, { offset, length: whole, shared, write });
    if (failed !== 0) {
        return failed;
    }
    const mapping = new Mapping(k.journal, p.mappings, getFile(k, file), options);
    if (mapping.counts) {
        countWritable(k, file, 1);
    }
    p.mappings.push(mapping);
    return mapping;
}

/** What the length of a mapping is rounded up to: the page size of the file. */
function unitOf({ page }: KernelCore, { inode }: OpenFile): number {
    return inode instanceof HugetlbInode ? inode.pool.size : page.size;
}

/** is_write_sealed() */
function isWriteSealed(file: OpenFile): boolean {
    const seals = getSeals(file);
    return typeof seals === 'number' && (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0;
}

/**
 * mmap(2) of the first page, shared and writable, and munmap at once: whether it can be mapped. EBADF, EACCES if not
 * open for reading and writing, EPERM by F_SEAL_WRITE and F_SEAL_FUTURE_WRITE, ENODEV if the file cannot be mapped.
 */
export function sysMmapWrite(k: KernelCore, p: Process, fd: number): 0 | Err {
    const file = writableMapping(p, fd);
    if (file instanceof Err) {
        return file;
    }
    const range = { offset: 0, length: unitOf(k, file), shared: true, write: true };
    return file.ops.mmap ? file.ops.mmap(k, file, range) : ENODEV;
}

/** The file behind a descriptor, if a shared and writable mapping of it is allowed. EBADF, EACCES, EPERM. */
function writableMapping(p: Process, fd: number): OpenFile | Err {
    const file = fget(p, fd);
    if (file instanceof Err) {
        return file;
    }
    if (!file.writable || !file.readable) {
        return EACCES;
    }
    return isWriteSealed(file) ? EPERM : file;
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
    if (!file.ops.mmap) {
        return ENODEV;
    }
    const unit = unitOf(k, file);
    const offset = minus(at, rest(at, unit));
    const length = Math.ceil(Number(minus(plus(at, data.length), offset)) / unit) * unit;
    const failed = file.ops.mmap(k, file, { offset, length, shared: true, write: true });
    return failed === 0 ? (file.ops.store?.(k, file, at, data) ?? 0) : failed;
}
