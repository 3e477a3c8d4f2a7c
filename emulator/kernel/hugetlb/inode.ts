/** Files of huge pages: memfds created with MFD_HUGETLB (fs/hugetlbfs/inode.c). */
import { type Bytes, BytesBuilder } from '../../machine/bytes';
import { costId } from '../../machine/costs';
import { plus, quotient, rest, type Int } from '../../machine/int';
import type { KernelCore } from '../fs/core';
import { type Err, err } from '../release/errno';
import {
    F_SEAL_FUTURE_WRITE,
    F_SEAL_GROW,
    F_SEAL_SEAL,
    F_SEAL_SHRINK,
    F_SEAL_WRITE,
    FALLOC_FL_KEEP_SIZE,
    FALLOC_FL_PUNCH_HOLE,
    S_IFREG,
} from '../fs/fcntl';
import type { FileOps, MappedRange, OpenFile } from '../fs/file';
import { Inode } from '../fs/inode';
import { genericLlseek } from '../fs/llseek';
import type { Memcg } from '../fs/memcg';
import { orderPages } from '../mm/memmap';
import { PageCache } from '../fs/pagecache';
import { bytesBefore } from '../fs/offset';
import { sizeText } from '../../text/text';
import type { HugePool } from './pool';

const ZERO = costId('zero');
const COPY = costId('copy');
const PAGE_CACHE = costId('page_cache');

const EINVAL = err('EINVAL');
const ENOMEM = err('ENOMEM');
const ENOSPC = err('ENOSPC');
const EPERM = err('EPERM');
const EEXIST = err('EEXIST');
const EFAULT = err('EFAULT');

/** Huge pages [start, end) of a file. */
interface Region {
    readonly start: number;
    readonly end: number;
}

export class HugetlbInode extends Inode {
    /** F_SEAL_ bits. */
    readonly seals: number = F_SEAL_SEAL;
    /** Pages and size are fixed; only with the layer `hugetlb`. */
    readonly frozen: boolean = false;
    /** What its pages are charged to: that of the process that created or retrieved it; null: no limit. */
    readonly memcg: Memcg | null = null;
    /** Writable shared mappings; −1 once a seal denies them (i_mmap_writable). */
    readonly writableMaps: number = 0;
    /** Pages that are reserved or allocated for the file (resv_map). Sorted, disjoint. */
    readonly regions: readonly Region[] = [];
    readonly cache: PageCache;

    constructor(
        { journal, page }: Pick<KernelCore, 'journal' | 'page'>,
        ino: number,
        mode: number,
        readonly name: string,
        readonly pool: HugePool,
        readonly owner: number,
    ) {
        super(journal, ino, 'hugetlb', S_IFREG + mode);
        this.cache = new PageCache(journal, page);
    }

    override get blocks(): number {
        return this.cache.blocks;
    }

    /** Huge pages that are reserved for the file but not allocated yet. */
    get promised(): number {
        return (
            this.regions.reduce((sum, r) => sum + r.end - r.start, 0) - this.cache.pages / orderPages(this.pool.order)
        );
    }

    override evict(k: KernelCore): void {
        if (this.opens === 0 && this.nlink === 0) {
            removeHugePages(k, this, 0, Infinity);
        }
    }
}

/** The inode of a file whose operations these are. */
function hugetlbInodeOf(file: OpenFile): HugetlbInode {
    if (!(file.inode instanceof HugetlbInode)) {
        throw new TypeError(`file ${file.id} (${file.kind}) is not a file of huge pages`);
    }
    return file.inode;
}

/** Number of huge pages in [start, end) that are neither reserved nor allocated for the file. */
function missing(inode: HugetlbInode, start: number, end: number): number {
    return inode.regions.reduce(
        (sum, r) => sum - Math.max(0, Math.min(end, r.end) - Math.max(start, r.start)),
        end - start,
    );
}

function addRegion(k: KernelCore, inode: HugetlbInode, start: number, end: number): void {
    const apart = inode.regions.filter((r) => r.end < start || r.start > end);
    const joined = inode.regions.filter((r) => r.end >= start && r.start <= end);
    const added = {
        start: Math.min(start, ...joined.map((r) => r.start)),
        end: Math.max(end, ...joined.map((r) => r.end)),
    };
    k.journal.edit<HugetlbInode>(inode).regions = [...apart, added].sort((a, b) => a.start - b.start);
}

function dropRegion(k: KernelCore, inode: HugetlbInode, start: number, end: number): void {
    k.journal.edit<HugetlbInode>(inode).regions = inode.regions.flatMap((r) =>
        [
            { start: r.start, end: Math.min(r.end, start) },
            { start: Math.max(r.start, end), end: r.end },
        ].filter((part) => part.start < part.end),
    );
}

/**
 * Reserves the pages of a shared mapping of [start, end) in bytes (hugetlb_reserve_pages()), so that faults cannot
 * fail. The reservation stays with the file. ENOMEM.
 */
function reserveHugePages(k: KernelCore, inode: HugetlbInode, start: Int, end: Int): 0 | Err {
    const { pool } = inode;
    const from = quotient(start, pool.size);
    const to = hugePagesOf(inode, end);
    const failed = pool.reserve(missing(inode, from, to));
    if (failed === 0) {
        addRegion(k, inode, from, to);
    }
    return failed;
}

/**
 * The huge page at page offset `index`, in small pages; a hole gets a zeroed page, a reserved one if there is a
 * reservation. −1: none is left, or the limit of its cgroup is reached.
 */
export function getHugePage(k: KernelCore, inode: HugetlbInode, index: number): number {
    const { cache, pool } = inode;
    const page = cache.at(index);
    if (page >= 0) {
        return k.memmap.headOf(page);
    }
    const number = Math.floor(index / orderPages(pool.order));
    const promised = missing(inode, number, number + 1) === 0;
    if (!charged(k, inode)) {
        return -1;
    }
    const pfn = pool.take(promised);
    if (pfn < 0) {
        inode.memcg?.uncharge(orderPages(pool.order));
    } else {
        addRegion(k, inode, number, number + 1);
        k.clock.chargeBytes(ZERO, pool.size);
        k.memory.zero(pfn * k.page.size, pool.size);
        enter(k, inode, pfn, number * orderPages(pool.order));
    }
    return pfn;
}

/** hugetlb_cgroup_charge_cgroup(): charges a huge page of a file. */
function charged({ pages, page }: KernelCore, { memcg, pool }: HugetlbInode): boolean {
    if (memcg === null || memcg.charge(orderPages(pool.order))) {
        return true;
    }
    pages.refuse(
        `The hugetlb cgroup is full: its limit for pages of ${pool.name} is ${sizeText(memcg.limit * page.size)}, and ${sizeText(memcg.usage * page.size)} are charged to it.`,
    );
    return false;
}

/** Whether a file has a huge page of this number. */
export function hugePageThere({ cache, pool }: HugetlbInode, number: number): boolean {
    return cache.at(number * orderPages(pool.order)) >= 0;
}

/** Adds a huge page without other references to a file. */
function enter(k: KernelCore, inode: HugetlbInode, pfn: number, index: number): void {
    k.clock.charge(PAGE_CACHE);
    k.memmap.setOwner(pfn, inode.owner);
    k.memmap.setIndex(pfn, index);
    inode.cache.insert(index, pfn, inode.pool.order);
}

/**
 * Adds a huge page of a pool to a file at page offset `index`. The file takes its own reference. EINVAL if it is not of
 * the file's page size or not aligned, EEXIST, ENOMEM if the limit of its cgroup is reached.
 */
export function addHugePage(k: KernelCore, inode: HugetlbInode, pfn: number, index: number): 0 | Err {
    const { order } = inode.pool;
    if (k.memmap.orderOf(pfn) !== order || index % orderPages(order) !== 0) {
        return EINVAL;
    }
    if (inode.cache.at(index) >= 0) {
        return EEXIST;
    }
    if (!charged(k, inode)) {
        return ENOMEM;
    }
    k.folios.get(pfn);
    const number = index / orderPages(order);
    addRegion(k, inode, number, number + 1);
    enter(k, inode, pfn, index);
    return 0;
}

/** Frees the huge pages [first, last) of a file and cancels reservations there. */
function removeHugePages(k: KernelCore, inode: HugetlbInode, first: number, last: number): void {
    const { cache, pool } = inode;
    const pages = orderPages(pool.order);
    const reach = last === Infinity ? Math.max(0, ...inode.regions.map((r) => r.end)) : last;
    const known = reach > first ? reach - first - missing(inode, first, reach) : 0;
    let freed = 0;
    for (
        let index = cache.next(first * pages, last * pages - 1);
        index >= 0;
        index = cache.next(index + pages, last * pages - 1)
    ) {
        const pfn = cache.at(index);
        cache.remove(index, pool.order);
        k.folios.put(pfn);
        freed++;
    }
    inode.memcg?.uncharge(freed * pages);
    if (known > 0) {
        dropRegion(k, inode, first, reach);
        pool.unreserve(known - freed);
    }
}

/** Zeroes the existing part of [start, end). */
function hugePagesOf({ pool }: HugetlbInode, size: Int): number {
    return quotient(plus(size, pool.size - 1), pool.size);
}
/** Zeroes the bytes [from, to) of a huge page, if it is allocated. */
function zeroPart(k: KernelCore, inode: HugetlbInode, number: number, from: number, to: number): void {
    const pa = addressOf(k, inode, number);
    if (pa >= 0 && from < to) {
        k.memory.zero(pa + from, to - from);
    }
}

/** The address of a byte of a file; −1 in a hole. */
function addressOf(k: KernelCore, { cache, pool }: HugetlbInode, number: number): number {
    const page = cache.at(number * orderPages(pool.order));
    return page < 0 ? -1 : page * k.page.size;
}

function read(k: KernelCore, file: OpenFile, pos: Int, length: number): Bytes {
    const inode = hugetlbInodeOf(file);
    const { size } = inode.pool;
    const total = bytesBefore(inode.size, pos, length);
    const out = new BytesBuilder();
    let offset = rest(pos, size);
    for (let number = quotient(pos, size), done = 0; done < total; number++) {
        const n = Math.min(size - offset, total - done);
        const pa = addressOf(k, inode, number);
        if (pa < 0) {
            out.code(0, n);
        } else {
            out.append(k.memory.readBytes(pa + offset, n));
        }
        done += n;
        offset = 0;
    }
    const data = out.build();
    k.clock.chargeBytes(COPY, data.length);
    return data;
}

/**
 * hugetlbfs_file_mmap(): EINVAL if the range does not begin at a huge page; ENOMEM if its pages cannot be reserved, for
 * the file or for a private mapping alone; EPERM if a writable one would extend a frozen file.
 */
function mmap(k: KernelCore, file: OpenFile, { offset, length, shared, write }: MappedRange): 0 | Err {
    const inode = hugetlbInodeOf(file);
    const { pool } = inode;
    if (rest(offset, pool.size) !== 0) {
        return EINVAL;
    }
    const end = plus(offset, length);
    const grows = write && end > inode.size;
    const failed = shared ? reserveHugePages(k, inode, offset, end) : pool.reserve(length / pool.size);
    if (failed !== 0) {
        return failed;
    }
    if (grows && inode.frozen) {
        if (!shared) {
            pool.unreserve(length / pool.size);
        }
        return EPERM;
    }
    if (grows) {
        k.journal.edit(inode).size = end;
    }
    return 0;
}

/** Reads through a mapping; a hole gets a page. EFAULT beyond the size, or if no page is available. */
function load(k: KernelCore, file: OpenFile, pos: Int, length: number): Bytes | Err {
    const inode = hugetlbInodeOf(file);
    const { size, order } = inode.pool;
    const end = plus(pos, length);
    if (end > inode.size) {
        return EFAULT;
    }
    for (let number = quotient(pos, size), last = hugePagesOf(inode, end); number < last; number++) {
        if (getHugePage(k, inode, number * orderPages(order)) < 0) {
            return EFAULT;
        }
    }
    return read(k, file, pos, length);
}

/** Stores through a mapping. EFAULT beyond the size, or if no page is available. */
function store(k: KernelCore, file: OpenFile, pos: Int, data: Bytes): 0 | Err {
    const inode = hugetlbInodeOf(file);
    const { size, order } = inode.pool;
    const end = plus(pos, data.length);
    if (end > inode.size) {
        return EFAULT;
    }
    let offset = rest(pos, size);
    for (let number = quotient(pos, size), done = 0; done < data.length; number++) {
        const n = Math.min(size - offset, data.length - done);
        if (getHugePage(k, inode, number * orderPages(order)) < 0) {
            return EFAULT;
        }
        k.memory.writeBytes(addressOf(k, inode, number) + offset, data.slice(done, done + n));
        done += n;
        offset = 0;
    }
    k.clock.chargeBytes(COPY, data.length);
    return 0;
}

/** hugetlbfs_setattr(): EINVAL if the size is no multiple of a huge page, EPERM by seals and on a frozen file. */
function truncate(k: KernelCore, file: OpenFile, size: Int): 0 | Err {
    const inode = hugetlbInodeOf(file);
    if (rest(size, inode.pool.size) !== 0) {
        return EINVAL;
    }
    if (size !== inode.size && (inode.frozen || inode.seals & (size < inode.size ? F_SEAL_SHRINK : F_SEAL_GROW))) {
        return EPERM;
    }
    if (size < inode.size) {
        removeHugePages(k, inode, quotient(size, inode.pool.size), Infinity);
    }
    k.journal.edit(inode).size = size;
    return 0;
}

/** hugetlbfs_fallocate(): ENOSPC if the pool has no page, EPERM by seals and on a frozen file. */
function fallocate(k: KernelCore, file: OpenFile, mode: number, offset: Int, length: Int): 0 | Err {
    const inode = hugetlbInodeOf(file);
    const { size, order } = inode.pool;
    const end = plus(offset, length);
    const punch = (mode & FALLOC_FL_PUNCH_HOLE) !== 0;
    if (
        inode.frozen ||
        inode.seals & (punch ? F_SEAL_WRITE | F_SEAL_FUTURE_WRITE : end > inode.size ? F_SEAL_GROW : 0)
    ) {
        return EPERM;
    }
    const from = quotient(offset, size);
    const to = quotient(end, size);
    if (punch) {
        const first = hugePagesOf(inode, offset);
        if (first > from) {
            zeroPart(k, inode, from, rest(offset, size), from === to ? rest(end, size) : size);
        }
        if (first === from || from !== to) {
            zeroPart(k, inode, to, 0, rest(end, size));
        }
        if (first < to) {
            removeHugePages(k, inode, first, to);
        }
        return 0;
    }
    for (let number = from, last = hugePagesOf(inode, end); number < last; number++) {
        if (getHugePage(k, inode, number * orderPages(order)) < 0) {
            return ENOSPC;
        }
    }
    // the size is not rounded up to huge pages
    if (!(mode & FALLOC_FL_KEEP_SIZE) && end > inode.size) {
        k.journal.edit(inode).size = end;
    }
    return 0;
}

export const hugetlbOps: FileOps = {
    positioned: true,
    moves: true,
    read,
    llseek: (k, file, offset, whence) => genericLlseek(k, file, offset, whence, file.inode.size),
    truncate,
    fallocate,
    mmap,
    load,
    store,
};

/**
 * Pins the huge pages that cover the bytes `start` up to and including `end`; holes are filled.
 * @returns their first page frames; ENOMEM, with nothing pinned
 */
export function pinHugePages(
    k: KernelCore,
    inode: HugetlbInode,
    start: Int,
    end: Int,
    pinned: (pfn: number) => void,
): 0 | Err {
    const { size, order } = inode.pool;
    for (let number = quotient(start, size), last = quotient(end, size); number <= last; number++) {
        const pfn = getHugePage(k, inode, number * orderPages(order));
        if (pfn < 0) {
            return ENOMEM;
        }
        k.folios.pin(pfn);
        pinned(pfn);
    }
    return 0;
}
