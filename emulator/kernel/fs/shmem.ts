/** The memory of shared memory files: inodes, page caches, and allocation and freeing of folios (mm/shmem.c). */
import { costId } from '../../machine/costs';
import { lesser, minus, type Int } from '../../machine/int';
import type { KernelCore } from './core';
import { type Err, err } from '../release/errno';
import { F_SEAL_SEAL, S_IFREG } from './fcntl';
import {
    allocForCache,
    allocManyForCache,
    dropFromCache,
    folioOf,
    folioOrder,
    isUptodate,
    setFlags,
    splitFolio,
} from '../mm/file-folios';
import { Inode } from './inode';
import { offsetOf, pageOf, pagesOf } from './offset';
import type { Memcg } from './memcg';
import { PG_DIRTY, PG_SWAPBACKED, PG_UPTODATE } from '../mm/memmap';
import { PageCache } from './pagecache';
import type { TmpfsLimits } from './tmpfs-limits';
import { sizeText } from '../../text/text';

const PAGE_CACHE = costId('page_cache');
const ZERO = costId('zero');

const EINVAL = err('EINVAL');
const EPERM = err('EPERM');
const ENOMEM = err('ENOMEM');
const EEXIST = err('EEXIST');
const ENOSPC = err('ENOSPC');

/** A name in a directory of a tmpfs. */
export interface Name {
    readonly name: string;
    /** From the root of the tmpfs, without a slash at the start. */
    readonly path: string;
}

/** The inode of a shared memory file (struct shmem_inode_info). */
export class ShmemInode extends Inode {
    /** F_SEAL_ bits. A file that does not allow sealing has F_SEAL_SEAL from the start. */
    readonly seals: number = F_SEAL_SEAL;
    /** SHMEM_F_MAPPING_FROZEN: pages and size are fixed; reading and writing inside is allowed. */
    readonly frozen: boolean = false;
    /** Frozen with its holes: none is filled any more (the layer `sparse_memfd`). */
    readonly keepsHoles: boolean = false;
    /** Writable shared mappings; −1 once a seal denies them (i_mmap_writable). */
    readonly writableMaps: number = 0;
    /** Kernel code holds folios of it without pinning them; see {@link exposeFolio}. */
    readonly exposed: boolean = false;

    /**
     * The end of the furthest fallocate() as a page offset (info->fallocend): a folio that is split keeps its pages up
     * to this offset, even beyond the size.
     */
    readonly fallocEnd: number = 0;
    /** Pages in its cache that were not counted when they were added (shmem_recalc_inode()). */
    readonly uncounted: number = 0;
    /** The cgroup that its pages are charged to: that of the process that created or retrieved it; null: no limit. */
    readonly memcg: Memcg | null = null;
    /** Its name on a tmpfs. Unlinked it keeps the name, as a dentry does; null: it has never had one. */
    readonly dentry: Name | null = null;
    readonly cache: PageCache;

    constructor(
        { journal, page }: Pick<KernelCore, 'journal' | 'page'>,
        ino: number,
        mode: number,
        /** The name after `memfd:`, or the path. */
        readonly name: string,
        /** Null: a file of the kernel's internal mount (a memfd). */
        readonly sb: TmpfsLimits | null,
        /** Allocated in huge folios (PMD_ORDER) where possible (transparent_hugepage_shmem=always). */
        readonly huge: boolean,
        /** Owner of its pages: an id of the kernel's owners. */
        readonly owner: number,
    ) {
        super(journal, ino, 'shmem', S_IFREG + mode);
        this.cache = new PageCache(journal, page);
    }

    override get blocks(): number {
        return this.cache.blocksOf(this.cache.pages - this.uncounted);
    }

    override evict(k: KernelCore): void {
        if (this.opens === 0 && this.nlink === 0) {
            undoRange(k, this, 0, undefined);
            k.shmem.delete(this.ino);
            this.sb?.freeInode();
        }
    }
}

/**
 * Creates an inode with link count `nlink` (memfds and O_TMPFILE: 0). `mode`: permission bits. The tmpfs has accounted
 * for the inode.
 */
export function makeShmemInode(
    k: KernelCore,
    name: string,
    sb: TmpfsLimits | null,
    mode: number,
    nlink: number,
    huge = sb === null && k.config.thpShmem,
): ShmemInode {
    const what = sb === null ? (name === '' ? 'memfd' : `memfd ${name}`) : `tmpfs ${name}`;
    const inode = new ShmemInode(k, k.ids.nextInode(k.journal), mode, name, sb, huge, k.owners.id(what));
    k.journal.edit<Inode>(inode).nlink = nlink;
    k.shmem.set(inode.ino, inode);
    return inode;
}

/**
 * The purpose for which a folio is requested (enum sgp_type): CACHE fills holes with zeroes, WRITE is about to
 * overwrite it, FALLOC only allocates.
 */
export type GetFolio = 'cache' | 'write' | 'falloc';

/**
 * The folio at page offset `index` (shmem_get_folio_gfp), by its first page frame; a hole is filled. A fallocated folio
 * that was not written is zeroed for `cache` and `falloc`. EINVAL for `cache` beyond the size; EPERM for a hole that is
 * kept; ENOMEM; ENOSPC if the tmpfs is full.
 */
export function getFolio(k: KernelCore, inode: ShmemInode, index: number, why: GetFolio): number | Err {
    if (why === 'cache' && offsetOf(k, index) >= inode.size) {
        return EINVAL;
    }
    const page = inode.cache.at(index);
    if (page < 0) {
        return inode.keepsHoles ? EPERM : addNewFolio(k, inode, index, why);
    }
    const pfn = folioOf(k, page);
    // A second fallocate() initializes the pages of an earlier one, so that they are not freed if it fails.
    if (why !== 'write' && !isUptodate(k, pfn)) {
        zeroFolio(k, pfn);
    }
    return pfn;
}

/**
 * The folio at page offset `index` with a reference for the caller (shmem_get_folio()). It is not pinned: once the
 * reference is dropped, the folio can be moved, split and freed like any other. EINVAL beyond the size, and for files
 * that are not shared memory; ENOMEM.
 */
export function exposeFolio(k: KernelCore, inode: Inode, index: number): number | Err {
    if (!(inode instanceof ShmemInode)) {
        return EINVAL;
    }
    const pfn = getFolio(k, inode, index, 'cache');
    if (typeof pfn === 'number') {
        k.folios.get(pfn);
        k.journal.edit<ShmemInode>(inode).exposed = true;
    }
    return pfn;
}

/**
 * The largest order of a folio in the page cache (MAX_PAGECACHE_ORDER): that of a PMD, or the largest one that two
 * nodes of an xarray can hold.
 */
export function maxCacheOrder({ page }: Pick<KernelCore, 'page'>): number {
    return Math.min(page.pmdOrder, XARRAY_ORDER);
}

/** XA_CHUNK_SHIFT * 2 - 1 */
const XARRAY_ORDER = 11;

/**
 * Allocates a folio for a hole at `index` (shmem_alloc_and_add_folio). A file of huge folios gets the largest aligned
 * one that fits between the cached folios and for which there is memory; a single page if a larger folio cannot be
 * charged.
 */
function addNewFolio(k: KernelCore, inode: ShmemInode, index: number, why: GetFolio): number | Err {
    const { memcg, cache } = inode;
    let order = inode.huge ? suitableOrder(k, inode, index) : 0;
    let pfn = allocForCache(k, order, inode.owner, index - (index % 2 ** order));
    while (pfn < 0 && order > 0) {
        order--;
        pfn = allocForCache(k, order, inode.owner, index - (index % 2 ** order));
    }
    if (pfn >= 0 && memcg?.charge(2 ** order) === false) {
        k.pages.free(pfn, order);
        pfn = order > 0 && memcg.charge(1) ? allocForCache(k, 0, inode.owner, index) : -1;
        order = 0;
        if (pfn < 0) {
            refused(k, memcg);
        }
    }
    if (pfn < 0) {
        return ENOMEM;
    }
    if (inode.sb?.charge(2 ** order) === false) {
        memcg?.uncharge(2 ** order);
        k.pages.free(pfn, order);
        return ENOSPC;
    }
    k.clock.charge(PAGE_CACHE);
    cache.insert(index - (index % 2 ** order), pfn, order);
    if (why === 'cache') {
        zeroFolio(k, pfn);
    }
    return pfn;
}

/**
 * Fills at most `most` holes from `index` on with new folios, which the caller overwrites as a whole. Only for files
 * without limits on their pages.
 * @returns the first page frame and their number; undefined if the caller must call {@link getFolio} for each page
 */
export function addNewFolios(
    k: KernelCore,
    inode: ShmemInode,
    index: number,
    most: number,
): { readonly pfn: number; readonly count: number } | undefined {
    const { cache, huge, keepsHoles, memcg, sb } = inode;
    if (huge || keepsHoles || memcg || sb) {
        return undefined;
    }
    const next = cache.next(index, index + most - 1);
    const holes = next < 0 ? most : next - index;
    const run = holes > 1 ? allocManyForCache(k, holes, inode.owner, index, PAGE_CACHE) : undefined;
    if (run) {
        cache.insertMany(index, run.pfn, run.count);
    }
    return run;
}

function refused({ pages, page }: KernelCore, { limit, usage }: Memcg): void {
    pages.refuse(
        `The memory cgroup is full: its limit is ${sizeText(limit * page.size)}, and ${sizeText(usage * page.size)} are charged to it.`,
    );
}

/** The largest order whose pages around `index` are all holes (shmem_suitable_orders). */
function suitableOrder(k: KernelCore, { cache }: ShmemInode, index: number): number {
    let order = maxCacheOrder(k);
    while (order > 0 && !cache.isVacant(index - (index % 2 ** order), order)) {
        order--;
    }
    return order;
}
/** Zeroes a folio without contents and marks it up to date. */

export function zeroFolio(k: KernelCore, pfn: number): void {
    const size = k.page.size * 2 ** folioOrder(k, pfn);
    k.clock.chargeBytes(ZERO, size);
    k.memory.zero(pfn * k.page.size, size);
    setFlags(k.memmap, pfn, PG_UPTODATE);
}

/**
 * Adds a folio without an owner to the page cache at `index` (shmem_add_to_page_cache and the accounting after it). The
 * cache takes its own references, one per page; the caller keeps and drops its own. EEXIST if any of its pages is
 * cached already; EINVAL if `index` is not aligned to the folio's size, where the kernel has a BUG_ON; ENOMEM if the
 * cgroup of the file is full, ENOSPC if its tmpfs is.
 * @param asOne the folio is counted as one page, whatever its size
 */
export function addFolio(k: KernelCore, inode: ShmemInode, pfn: number, index: number, asOne = false): 0 | Err {
    const order = folioOrder(k, pfn);
    const pages = 2 ** order;
    if (index % pages !== 0) {
        return EINVAL;
    }
    if (!inode.cache.isVacant(index, order)) {
        return EEXIST;
    }
    if (inode.memcg?.charge(pages) === false) {
        refused(k, inode.memcg);
        return ENOMEM;
    }
    if (inode.sb?.charge(pages) === false) {
        inode.memcg?.uncharge(pages);
        return ENOSPC;
    }
    k.clock.charge(PAGE_CACHE);
    k.memmap.addToCache(pfn, index, pages, PG_SWAPBACKED, inode.owner);
    inode.cache.insert(index, pfn, order);
    if (asOne && pages > 1) {
        k.journal.edit<ShmemInode>(inode).uncounted = inode.uncounted + pages - 1;
    }
    return 0;
}

/** A folio in the cache: its first page frame, and its page offsets [head, next). */
interface Cached {
    readonly pfn: number;
    readonly head: number;
    readonly next: number;
}

function cachedAt(k: KernelCore, { cache }: ShmemInode, index: number): Cached | undefined {
    const page = cache.at(index);
    if (page < 0) {
        return undefined;
    }
    const pfn = folioOf(k, page);
    const head = index - (page - pfn);
    return { pfn, head, next: head + 2 ** folioOrder(k, pfn) };
}

/**
 * Frees [start, end) in bytes (shmem_undo_range): frees whole folios and zeroes the rest of partial pages. A large
 * folio that lies only partly in the range is zeroed inside and then split at the ends of the range, so that its pages
 * inside can be freed (truncate_inode_partial_folio); a folio with other users (pinned) cannot be split.
 * @param end omitted: up to the end
 */
export function undoRange(k: KernelCore, inode: ShmemInode, start: Int, end: Int | undefined): void {
    const first = pagesOf(k, start);
    const to = end === undefined ? Infinity : pageOf(k, end);
    if (inode.fallocEnd > first && inode.fallocEnd <= to) {
        k.journal.edit<ShmemInode>(inode).fallocEnd = first;
    }
    removeWhole(k, inode, first, to, first, to);
    let from = first;
    let until = to;
    const last = end === undefined ? Infinity : pageOf(k, minus(end, 1));
    const begins = cachedAt(k, inode, pageOf(k, start));
    if (begins && !trim(k, inode, begins, start, end)) {
        from = begins.next;
        until = last < begins.next ? begins.head : until;
    }
    if (last !== Infinity && last >= (begins?.next ?? pageOf(k, start) + 1)) {
        const ends = cachedAt(k, inode, last);
        if (ends && !trim(k, inode, ends, start, end)) {
            until = ends.head;
        }
    }
    removeWhole(k, inode, from, until, first, to);
}

/** Removes the folios that have a page in [from, until) and all of them in [first, to). */
function removeWhole(k: KernelCore, inode: ShmemInode, from: number, until: number, first: number, to: number): void {
    const { cache } = inode;
    for (let index = cache.next(from, until - 1); index >= 0; ) {
        const page = cache.at(index);
        const pfn = folioOf(k, page);
        const order = folioOrder(k, pfn);
        const head = index - (page - pfn);
        let next = head + 2 ** order;
        const many = order === 0 && head >= first ? removeMany(k, inode, head, pfn, Math.min(until, to) - head) : 0;
        if (many > 0) {
            next = head + many;
        } else if (head >= first && next <= to) {
            removeFolio(k, inode, head, pfn, order);
        }
        index = cache.next(next, until - 1);
    }
}

/**
 * Zeroes the part of a folio that lies in [start, end), and splits a large folio at both ends of that range
 * (truncate_inode_partial_folio() in mm/truncate.c).
 * @returns false if the folio has other users, so that it cannot be split
 */
function trim(k: KernelCore, inode: ShmemInode, folio: Cached, start: Int, end: Int | undefined): boolean {
    const { size } = k.page;
    const { pfn, head } = folio;
    const pages = folio.next - head;
    const begin = offsetOf(k, head);
    const from = start > begin ? Number(minus(start, begin)) : 0;
    const to = end === undefined ? pages * size : Number(lesser(minus(end, begin), pages * size));
    setFlags(k.memmap, pfn, PG_DIRTY);
    k.memory.zero(pfn * size + from, to - from);
    if (pages === 1) {
        return true;
    }
    if (!splitCached(k, inode, folio, head + Math.floor(from / size))) {
        return false;
    }
    const at = head + Math.floor(to / size);
    const behind = at < folio.next ? cachedAt(k, inode, at) : undefined;
    if (behind && behind.next - behind.head > 1) {
        splitCached(k, inode, behind, at);
    }
    return true;
}

/** The most folios of a page cache that are removed at once. */
const AT_ONCE = 1 << 15;

/**
 * Removes folios of one page without other references from `head` on, as {@link removeFolio} does one by one.
 * @returns their number; 0 if they must be removed one by one
 */
function removeMany(k: KernelCore, inode: ShmemInode, head: number, pfn: number, most: number): number {
    if (inode.memcg || inode.sb || inode.exposed) {
        return 0;
    }
    const cached = inode.cache.runFrom(head, pfn, Math.min(most, AT_ONCE));
    const count = k.memmap.singlesFrom(pfn, cached);
    if (count === 0 || !k.pages.freeRun(pfn, count)) {
        return 0;
    }
    inode.cache.removeMany(head, count);
    return count;
}

/** Removes a folio, whose first page is at page offset `head`, from the cache. */
function removeFolio(k: KernelCore, inode: ShmemInode, head: number, pfn: number, order: number): void {
    inode.cache.remove(head, order);
    inode.memcg?.uncharge(2 ** order);
    inode.sb?.uncharge(2 ** order);
    if (inode.exposed) {
        k.folios.onChange?.('freed', pfn, order, -1);
    }
    dropFromCache(k, pfn);
}

/**
 * Splits a folio around page offset `at`. Parts beyond the size of the file and beyond its fallocated end are then
 * dropped (__folio_freeze_and_split_unmapped() in mm/huge_memory.c).
 * @returns false if there are other references to the folio
 */
function splitCached(k: KernelCore, inode: ShmemInode, { pfn, head, next }: Cached, at: number): boolean {
    if (!splitFolio(k, pfn, pfn + at - head)) {
        return false;
    }
    inode.cache.split(at);
    const end = Math.max(pagesOf(k, inode.size), inode.fallocEnd);
    for (let index = head + 2 ** folioOrder(k, pfn); index < next; ) {
        const part = pfn + index - head;
        const order = folioOrder(k, part);
        if (index >= end) {
            removeFolio(k, inode, index, part, order);
        }
        index += 2 ** order;
    }
    return true;
}

/**
 * Frees the folios that fallocate() has added between two page offsets, including `last`, if they were not written
 * (shmem_undo_range with unfalloc).
 */
export function undoFallocate(k: KernelCore, inode: ShmemInode, first: number, last: number): void {
    const { cache } = inode;
    for (let index = cache.next(first, last); index >= 0; ) {
        const page = cache.at(index);
        const pfn = folioOf(k, page);
        const order = folioOrder(k, pfn);
        const head = index - (page - pfn);
        if (!isUptodate(k, pfn)) {
            removeFolio(k, inode, head, pfn, order);
        }
        index = cache.next(head + 2 ** order, last);
    }
}
