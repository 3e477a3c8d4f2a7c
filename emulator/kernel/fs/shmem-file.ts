/** Reading, writing, seeking, allocating and truncating shared memory files (mm/shmem.c, mm/filemap.c). */
import { type Bytes, BytesBuilder } from '../../machine/bytes';
import { costId } from '../../machine/costs';
import type { KernelCore } from './core';
import { Err, err } from '../release/errno';
import {
    F_SEAL_FUTURE_WRITE,
    F_SEAL_GROW,
    F_SEAL_SHRINK,
    F_SEAL_WRITE,
    FALLOC_FL_KEEP_SIZE,
    FALLOC_FL_PUNCH_HOLE,
    MAX_OFFSET,
    SEEK_DATA,
    SEEK_HOLE,
} from './fcntl';
import type { FileOps, OpenFile } from './file';
import { DIRTY_AND_UPTODATE, folioOf, folioOrder, isUptodate, setFlags } from '../mm/file-folios';
import { genericLlseek, setPos } from './llseek';
import { PG_DIRTY } from '../mm/memmap';
import { getFolio, pageOf, ShmemInode, undoFallocate, undoRange } from './shmem';

const COPY = costId('copy');

const EPERM = err('EPERM');
const EFAULT = err('EFAULT');
const EFBIG = err('EFBIG');
const ENXIO = err('ENXIO');
const EOPNOTSUPP = err('EOPNOTSUPP');

/** The inode of a file whose operations these are. */
export function shmemInodeOf(file: OpenFile): ShmemInode {
    if (!(file.inode instanceof ShmemInode)) {
        throw new TypeError(`file ${file.id} (${file.kind}) is not a shared memory file`);
    }
    return file.inode;
}

/**
 * Up to `length` bytes at `pos`; holes, and fallocated pages that were not written, read as zeroes
 * (shmem_file_read_iter).
 */
export function readShmem(k: KernelCore, inode: ShmemInode, pos: number, length: number): Bytes {
    const end = Math.min(pos + length, inode.size);
    const out = new BytesBuilder();
    let run = 0;
    let runLength = 0;
    const flush = (): void => {
        if (runLength > 0) {
            out.append(k.memory.readBytes(run, runLength));
            runLength = 0;
        }
    };
    for (let at = pos; at < end; ) {
        const index = pageOf(k, at);
        const page = inode.cache.at(index);
        if (page < 0) {
            flush();
            const next = inode.cache.next(index, pageOf(k, end - 1));
            const to = next < 0 ? end : Math.min(next * k.page.size, end);
            out.code(0, to - at);
            at = to;
            continue;
        }
        const pfn = folioOf(k, page);
        const pages = 2 ** folioOrder(k, pfn) - (page - pfn);
        const n = Math.min((index + pages) * k.page.size, end) - at;
        if (isUptodate(k, pfn)) {
            const pa = (page - index) * k.page.size + at;
            if (run + runLength !== pa) {
                flush();
                run = pa;
            }
            runLength += n;
        } else {
            flush();
            out.code(0, n);
        }
        at += n;
    }
    flush();
    const data = out.build();
    k.clock.chargeBytes(COPY, data.length);
    return data;
}

/**
 * The maximum number of bytes that generic_perform_write() passes to write_begin, up to the next multiple of it: the
 * largest folio that the mapping could have (mapping_max_folio_size). On the recorded 7.2 that is more than a page,
 * although its shmem has 4 KiB folios: a write of 9000 bytes to a frozen file of 6000 fails as a whole.
 */
function writeChunk({ page }: KernelCore): number {
    return page.size * 2 ** page.pmdOrder;
}

/**
 * Writes at `pos`, growing the file (shmem_file_write_iter, generic_perform_write), a folio at a time. The remaining
 * write, up to the end of its {@link writeChunk}, is checked as a whole against seals, and against the size of a frozen
 * file: EPERM. If a part was written before, its length is returned and the error is not seen.
 */
export function writeShmem(k: KernelCore, inode: ShmemInode, pos: number, data: Bytes): number | Err {
    const total = data.length;
    let done = 0;
    let failed: Err | undefined;
    const chunk = writeChunk(k);
    /** Physically contiguous content is written in one go. */
    let run = 0;
    let runFrom = 0;
    let runLength = 0;
    const flush = (): void => {
        if (runLength > 0) {
            k.memory.writeBytes(run, runLength === total ? data : data.slice(runFrom, runFrom + runLength));
            runLength = 0;
        }
    };
    while (done < total) {
        const at = pos + done;
        let n = Math.min(chunk - (at % chunk), total - done);
        if (deniesWrite(inode, at + n)) {
            failed = EPERM;
            break;
        }
        const pfn = getFolio(k, inode, pageOf(k, at), 'write');
        if (pfn instanceof Err) {
            failed = pfn;
            break;
        }
        const size = k.page.size * 2 ** folioOrder(k, pfn);
        const offset = at % size;
        n = Math.min(n, size - offset);
        const pa = pfn * k.page.size;
        if (n < size && !isUptodate(k, pfn)) {
            k.memory.zero(pa, offset);
            k.memory.zero(pa + offset + n, size - offset - n);
        }
        setFlags(k.memmap, pfn, DIRTY_AND_UPTODATE);
        if (run + runLength !== pa + offset) {
            flush();
            run = pa + offset;
            runFrom = done;
        }
        runLength += n;
        done += n;
    }
    flush();
    k.clock.chargeBytes(COPY, done);
    if (pos + done > inode.size && done > 0) {
        k.journal.edit(inode).size = pos + done;
    }
    return done > 0 || failed === undefined ? done : failed;
}

/** shmem_write_begin: whether a chunk that ends at `end` may not be written. */
function deniesWrite(inode: ShmemInode, end: number): boolean {
    if (inode.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) {
        return true;
    }
    return end > inode.size && (inode.frozen || (inode.seals & F_SEAL_GROW) !== 0);
}

/**
 * Stores through a shared mapping (shmem_fault()): only inside of the size, but regardless of the other restrictions of
 * the file. EFAULT stands for SIGBUS.
 */
function storeShmem(k: KernelCore, inode: ShmemInode, pos: number, data: Bytes): 0 | Err {
    const { size } = k.page;
    if (pos + data.length > Math.ceil(inode.size / size) * size) {
        return EFAULT;
    }
    for (let done = 0; done < data.length; ) {
        const at = pos + done;
        const head = getFolio(k, inode, pageOf(k, at), 'cache');
        if (head instanceof Err) {
            return EFAULT;
        }
        const page = inode.cache.at(pageOf(k, at));
        const n = Math.min((2 ** folioOrder(k, head) - (page - head)) * size - (at % size), data.length - done);
        k.memory.writeBytes(page * size + (at % size), data.slice(done, done + n));
        setFlags(k.memmap, head, DIRTY_AND_UPTODATE);
        done += n;
    }
    k.clock.chargeBytes(COPY, data.length);
    return 0;
}

/**
 * Sets the size (shmem_setattr). EPERM by seals and, if the size would change, on a frozen file. Pages beyond the size
 * are freed, even if the size does not change.
 */
export function truncateShmem(k: KernelCore, inode: ShmemInode, size: number): 0 | Err {
    const old = inode.size;
    if (size > MAX_OFFSET) {
        return EFBIG;
    }
    if ((size < old && inode.seals & F_SEAL_SHRINK) || (size > old && inode.seals & F_SEAL_GROW)) {
        return EPERM;
    }
    if (size !== old) {
        if (inode.frozen) {
            return EPERM;
        }
        k.journal.edit(inode).size = size;
    }
    if (size <= old && inode.cache.pages > 0) {
        undoRange(k, inode, size, Infinity);
    }
    return 0;
}

/**
 * Allocates, or punches a hole (shmem_fallocate). EPERM on a frozen file and by seals; ENOMEM, which frees what this
 * call has allocated. Allocated pages are neither zeroed nor up to date until they are written, or another call covers
 * them.
 */
export function fallocateShmem(
    k: KernelCore,
    inode: ShmemInode,
    mode: number,
    offset: number,
    length: number,
): 0 | Err {
    if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) {
        return EOPNOTSUPP;
    }
    if (inode.frozen) {
        return EPERM;
    }
    const end = offset + length;
    if (mode & FALLOC_FL_PUNCH_HOLE) {
        if (inode.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) {
            return EPERM;
        }
        undoRange(k, inode, offset, end);
        return 0;
    }
    if (inode.seals & F_SEAL_GROW && end > inode.size) {
        return EPERM;
    }
    const start = pageOf(k, offset);
    for (let index = start, last = pageOf(k, end - 1); index <= last; ) {
        const pfn = getFolio(k, inode, index, 'falloc');
        if (pfn instanceof Err) {
            undoFallocate(k, inode, start, index - 1);
            return pfn;
        }
        setFlags(k.memmap, pfn, PG_DIRTY);
        index += pfn - inode.cache.at(index) + 2 ** folioOrder(k, pfn);
    }
    if (!(mode & FALLOC_FL_KEEP_SIZE) && end > inode.size) {
        k.journal.edit(inode).size = end;
    }
    return 0;
}

/**
 * The next data or hole at or after `start` (mapping_seek_hole_data); fallocated pages that were not written count as a
 * hole. ENXIO at the end of the file, and if there is no more data.
 */
export function seekHoleData(k: KernelCore, inode: ShmemInode, start: number, whence: number): number | Err {
    const end = inode.size;
    if (start >= end) {
        return ENXIO;
    }
    const last = pageOf(k, end - 1);
    for (let at = start; at < end; ) {
        const index = pageOf(k, at);
        const next = inode.cache.next(index, last);
        if (next !== index && whence === SEEK_HOLE) {
            return at;
        }
        if (next < 0) {
            return ENXIO;
        }
        at = Math.max(at, next * k.page.size);
        const page = inode.cache.at(next);
        const pfn = folioOf(k, page);
        if (isUptodate(k, pfn) === (whence === SEEK_DATA)) {
            return at;
        }
        at = (next + 2 ** folioOrder(k, pfn) - (page - pfn)) * k.page.size;
    }
    return whence === SEEK_DATA ? ENXIO : end;
}

/** The operations of shared memory files: memfds and tmpfs files. */
export const shmemOps: FileOps = {
    positioned: true,
    read: (k, file, pos, length) => readShmem(k, shmemInodeOf(file), pos, length),
    write: (k, file, pos, data) => writeShmem(k, shmemInodeOf(file), pos, data),
    llseek(k, file, offset, whence) {
        if (whence !== SEEK_DATA && whence !== SEEK_HOLE) {
            return genericLlseek(k, file, offset, whence, file.inode.size);
        }
        if (offset < 0) {
            return ENXIO;
        }
        const at = seekHoleData(k, shmemInodeOf(file), offset, whence);
        return at instanceof Err ? at : setPos(k, file, at);
    },
    fallocate: (k, file, mode, offset, length) => fallocateShmem(k, shmemInodeOf(file), mode, offset, length),
    truncate: (k, file, size) => truncateShmem(k, shmemInodeOf(file), size),
    // Seals are checked by mmap itself (memfd_check_seals_mmap), before the file's own operation.
    mmap: () => 0,
    store: (k, file, pos, data) => storeShmem(k, shmemInodeOf(file), pos, data),
};
