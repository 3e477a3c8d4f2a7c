/** Reading, writing, seeking, allocating and truncating shared memory files (mm/shmem.c, mm/filemap.c). */
import { type Bytes, BytesBuilder } from '../../machine/bytes';
import { costId } from '../../machine/costs';
import { plus, rest, type Int } from '../../machine/int';
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
import { PG_DIRTY, PG_UPTODATE } from '../mm/memmap';
import { bytesBefore, inPage, offsetOf, pageOf, pagesOf } from './offset';
import { addNewFolios, getFolio, maxCacheOrder, ShmemInode, undoFallocate, undoRange } from './shmem';

const COPY = costId('copy');

const EPERM = err('EPERM');
const EFAULT = err('EFAULT');
const EFBIG = err('EFBIG');
const ENOSPC = err('ENOSPC');
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
export function readShmem(k: KernelCore, inode: ShmemInode, pos: Int, length: number): Bytes {
    const { size } = k.page;
    const total = bytesBefore(inode.size, pos, length);
    const out = new BytesBuilder();
    let run = 0;
    let runLength = 0;
    const flush = (): void => {
        if (runLength > 0) {
            out.append(k.memory.readBytes(run, runLength));
            runLength = 0;
        }
    };
    // pages and bytes in pages, because an offset may not fit into a number
    let index = pageOf(k, pos);
    let offset = inPage(k, pos);
    const last = index + Math.floor((offset + total - 1) / size);
    for (let done = 0; done < total; ) {
        const page = inode.cache.at(index);
        let n = total - done;
        if (page < 0) {
            flush();
            const next = inode.cache.next(index, last);
            n = next < 0 ? n : (next - index) * size - offset;
            out.code(0, n);
        } else {
            const pfn = folioOf(k, page);
            const order = folioOrder(k, pfn);
            const pages = order > 0 ? 2 ** order - (page - pfn) : pagesFrom(k, inode, index, page, last);
            n = Math.min(pages * size - offset, n);
            if (isUptodate(k, pfn)) {
                const pa = page * size + offset;
                if (run + runLength !== pa) {
                    flush();
                    run = pa;
                }
                runLength += n;
            } else {
                flush();
                out.code(0, n);
            }
        }
        done += n;
        index += Math.floor((offset + n) / size);
        offset = (offset + n) % size;
    }
    flush();
    const data = out.build();
    k.clock.chargeBytes(COPY, data.length);
    return data;
}

/** How many pages of a file from `index` to `last` are folios of one page, up to date and with page frames in a row. */
function pagesFrom(k: KernelCore, { cache }: ShmemInode, index: number, pfn: number, last: number): number {
    const cached = cache.runFrom(index, pfn, last - index + 1);
    return Math.max(1, k.memmap.flaggedFrom(pfn, cached, PG_UPTODATE));
}

/**
 * The maximum number of bytes that generic_perform_write() passes to write_begin, up to the next multiple of it: the
 * largest folio that the mapping could have (mapping_max_folio_size). On the recorded 7.2 that is more than a page,
 * although its shmem has 4 KiB folios: a write of 9000 bytes to a frozen file of 6000 fails as a whole.
 */
function writeChunk(k: KernelCore): number {
    return k.page.size * 2 ** maxCacheOrder(k);
}

/**
 * Writes at `pos`, growing the file (shmem_file_write_iter, generic_perform_write), a folio at a time. The remaining
 * write, up to the end of its {@link writeChunk}, is checked as a whole against seals, and against the size of a frozen
 * file: EPERM. If a part was written before, its length is returned and the error is not seen. EFBIG at the end of the
 * largest possible file (generic_write_check_limits).
 */
export function writeShmem(k: KernelCore, inode: ShmemInode, pos: Int, data: Bytes): number | Err {
    if (data.length > 0 && pos >= MAX_OFFSET) {
        return EFBIG;
    }
    const page = k.page.size;
    const total = bytesBefore(MAX_OFFSET, pos, data.length);
    let done = 0;
    let failed: Err | undefined;
    const chunk = writeChunk(k);
    const begin = rest(pos, chunk);
    let index = pageOf(k, pos);
    let inside = inPage(k, pos);
    /** Physically contiguous content is written in one go. */
    let run = 0;
    let runFrom = 0;
    let runLength = 0;
    const flush = (): void => {
        if (runLength > 0) {
            k.memory.writeBytes(run, runLength === data.length ? data : data.slice(runFrom, runFrom + runLength));
            runLength = 0;
        }
    };
    const isWritten = (pa: number, n: number): void => {
        if (run + runLength !== pa) {
            flush();
            run = pa;
            runFrom = done;
        }
        runLength += n;
        done += n;
        index += Math.floor((inside + n) / page);
        inside = (inside + n) % page;
    };
    while (done < total) {
        // several whole pages at once, if the checks and allocations are the same for each
        const whole = inside === 0 ? Math.floor((total - done) / page) : 0;
        const added =
            whole > 1 && !deniesWrite(inode, plus(pos, total)) ? addNewFolios(k, inode, index, whole) : undefined;
        if (added) {
            isWritten(added.pfn * page, added.count * page);
            continue;
        }
        let n = Math.min(chunk - ((begin + done) % chunk), total - done);
        if (deniesWrite(inode, plus(pos, done + n))) {
            failed = EPERM;
            break;
        }
        const pfn = getFolio(k, inode, index, 'write');
        if (pfn instanceof Err) {
            failed = pfn;
            break;
        }
        const pages = 2 ** folioOrder(k, pfn);
        const size = page * pages;
        const offset = (index % pages) * page + inside;
        n = Math.min(n, size - offset);
        const pa = pfn * page;
        if (n < size && !isUptodate(k, pfn)) {
            k.memory.zero(pa, offset);
            k.memory.zero(pa + offset + n, size - offset - n);
        }
        setFlags(k.memmap, pfn, DIRTY_AND_UPTODATE);
        isWritten(pa + offset, n);
    }
    flush();
    k.clock.chargeBytes(COPY, done);
    const end = plus(pos, done);
    if (end > inode.size && done > 0) {
        k.journal.edit(inode).size = end;
    }
    return done > 0 || failed === undefined ? done : failed;
}

/** shmem_write_begin: whether a chunk that ends at `end` may not be written. */
function deniesWrite(inode: ShmemInode, end: Int): boolean {
    if (inode.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) {
        return true;
    }
    return end > inode.size && (inode.frozen || (inode.seals & F_SEAL_GROW) !== 0);
}

/**
 * Accesses memory through a mapping (shmem_fault()), a folio at a time: only inside of the size, but regardless of the
 * other restrictions of the file. A hole gets memory. EFAULT stands for SIGBUS.
 * @param access gets an address, the number of bytes there, those done before, and the folio
 */
function throughMapping(
    k: KernelCore,
    inode: ShmemInode,
    pos: Int,
    length: number,
    access: (address: number, bytes: number, done: number, head: number) => void,
): 0 | Err {
    const { size } = k.page;
    if (length > 0 && pageOf(k, plus(pos, length - 1)) >= pagesOf(k, inode.size)) {
        return EFAULT;
    }
    let index = pageOf(k, pos);
    let offset = inPage(k, pos);
    for (let done = 0; done < length; ) {
        const head = getFolio(k, inode, index, 'cache');
        if (head instanceof Err) {
            return EFAULT;
        }
        const page = inode.cache.at(index);
        const n = Math.min((2 ** folioOrder(k, head) - (page - head)) * size - offset, length - done);
        access(page * size + offset, n, done, head);
        done += n;
        index += Math.floor((offset + n) / size);
        offset = (offset + n) % size;
    }
    k.clock.chargeBytes(COPY, length);
    return 0;
}

function storeShmem(k: KernelCore, inode: ShmemInode, pos: Int, data: Bytes): 0 | Err {
    return throughMapping(k, inode, pos, data.length, (address, bytes, done, head) => {
        k.memory.writeBytes(address, data.slice(done, done + bytes));
        setFlags(k.memmap, head, DIRTY_AND_UPTODATE);
    });
}

function loadShmem(k: KernelCore, inode: ShmemInode, pos: Int, length: number): Bytes | Err {
    const out = new BytesBuilder();
    const failed = throughMapping(k, inode, pos, length, (address, bytes) => {
        out.append(k.memory.readBytes(address, bytes));
    });
    return failed === 0 ? out.build() : failed;
}

/**
 * Sets the size (shmem_setattr). EPERM by seals and, if the size would change, on a frozen file. Pages beyond the size
 * are freed, even if the size does not change.
 */
export function truncateShmem(k: KernelCore, inode: ShmemInode, size: Int): 0 | Err {
    const old = inode.size;
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
        undoRange(k, inode, size, undefined);
    }
    return 0;
}

/**
 * Allocates, or punches a hole (shmem_fallocate). EPERM on a frozen file and by seals; ENOMEM, or ENOSPC on a full
 * tmpfs: what this call has allocated is freed. Allocated pages are neither zeroed nor up to date until they are
 * written, or another call covers them.
 */
export function fallocateShmem(k: KernelCore, inode: ShmemInode, mode: number, offset: Int, length: Int): 0 | Err {
    if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) {
        return EOPNOTSUPP;
    }
    if (inode.frozen) {
        return EPERM;
    }
    const end = plus(offset, length);
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
    const { fallocEnd } = inode;
    const behind = pagesOf(k, end);
    const blocks = inode.sb?.options.maxBlocks ?? 0;
    if (blocks > 0 && behind - start > blocks) {
        return ENOSPC;
    }
    if (fallocEnd < behind) {
        k.journal.edit<ShmemInode>(inode).fallocEnd = behind;
    }
    for (let index = start; index < behind; ) {
        const pfn = getFolio(k, inode, index, 'falloc');
        if (pfn instanceof Err) {
            k.journal.edit<ShmemInode>(inode).fallocEnd = fallocEnd;
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
 * hole. ENXIO at the end of the file, and if there is no more data. If the last page of the largest possible file
 * contains data, the hole behind it is at -2^63, as on Linux.
 */
export function seekHoleData(k: KernelCore, inode: ShmemInode, start: Int, whence: number): Int | Err {
    const end = inode.size;
    if (start >= end) {
        return ENXIO;
    }
    const last = pagesOf(k, end) - 1;
    const lastPage = pageOf(k, MAX_OFFSET);
    let at = start;
    for (let index = pageOf(k, start); index <= last; ) {
        const next = inode.cache.next(index, last);
        if (next !== index && whence === SEEK_HOLE) {
            return at;
        }
        if (next < 0) {
            return ENXIO;
        }
        at = next > index ? offsetOf(k, next) : at;
        const page = inode.cache.at(next);
        const pfn = folioOf(k, page);
        const behind = next + 2 ** folioOrder(k, pfn) - (page - pfn);
        const data = isUptodate(k, pfn);
        if (behind > lastPage) {
            // the offset of its end overflows to a negative value
            return whence === SEEK_DATA ? ENXIO : data ? -MAX_OFFSET - 1n : at;
        }
        if (data === (whence === SEEK_DATA)) {
            return at;
        }
        index = behind;
        at = offsetOf(k, index);
    }
    return whence === SEEK_DATA ? ENXIO : end;
}

/** The operations of shared memory files: memfds and tmpfs files. */
export const shmemOps: FileOps = {
    positioned: true,
    moves: true,
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
        return at instanceof Err || at < 0 ? at : setPos(k, file, at);
    },
    fallocate: (k, file, mode, offset, length) => fallocateShmem(k, shmemInodeOf(file), mode, offset, length),
    truncate: (k, file, size) => truncateShmem(k, shmemInodeOf(file), size),
    // Seals are checked by mmap itself (memfd_check_seals_mmap), before the file's own operation.
    mmap: () => 0,
    load: (k, file, pos, length) => loadShmem(k, shmemInodeOf(file), pos, length),
    store: (k, file, pos, data) => storeShmem(k, shmemInodeOf(file), pos, data),
};
