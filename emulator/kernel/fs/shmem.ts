/** The memory of shared memory files: their inodes, page caches, and how folios come and go (mm/shmem.c). */
import { costId } from '../../machine/costs';
import type { KernelCore } from './core';
import { type Err, err } from '../release/errno';
import { F_SEAL_SEAL, S_IFREG } from './fcntl';
import { allocForCache, dropFromCache, folioOf, folioOrder, isUptodate, setFlags, splitFolio } from '../mm/file-folios';
import { Inode } from './inode';
import type { Memcg } from './memcg';
import { PG_DIRTY, PG_SWAPBACKED, PG_UPTODATE } from '../mm/memmap';
import { PageCache } from './pagecache';

const PAGE_CACHE = costId('page_cache');
const ZERO = costId('zero');

const EINVAL = err('EINVAL');
const ENOMEM = err('ENOMEM');
const EEXIST = err('EEXIST');

/**
 * Where shmem files differ from each other: files of the kernel's internal mount (memfds), and files of a tmpfs mount.
 */
export type ShmemMount = 'shm' | 'tmpfs';

/** The inode of a shared memory file (struct shmem_inode_info). */
export class ShmemInode extends Inode {
    /** F_SEAL_ bits. A file that does not allow sealing has F_SEAL_SEAL from the start. */
    readonly seals: number = F_SEAL_SEAL;
    /** SHMEM_F_MAPPING_FROZEN: neither pages nor size may change; reading and writing inside may. */
    readonly frozen: boolean = false;
    /** Writable shared mappings; −1 once a seal denies them (i_mmap_writable). */
    readonly writableMaps: number = 0;
    /** Kernel code has taken folios of it without pinning them; see {@link exposeFolio}. */
    readonly exposed: boolean = false;
    /** Pages that are in its cache and were not counted when they came (shmem_recalc_inode()). */
    readonly uncounted: number = 0;
    /** Whom its pages are charged to: the cgroup of the process that made or retrieved it, where that has a limit. */
    readonly memcg: Memcg | null = null;
    readonly cache: PageCache;

    constructor(
        { journal, page }: Pick<KernelCore, 'journal' | 'page'>,
        ino: number,
        mode: number,
        /** The name behind `memfd:`, or the path. */
        readonly name: string,
        readonly mount: ShmemMount,
        /** Allocated in huge folios (PMD_ORDER) where possible (transparent_hugepage_shmem=always). */
        readonly huge: boolean,
        /** Who owns its pages: an id of the kernel's owners. */
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
            undoRange(k, this, 0, Infinity);
            k.shmem.delete(this.ino);
        }
    }
}

/** Makes an inode with link count `nlink` (memfds and O_TMPFILE: 0). `mode`: permission bits. */
export function makeShmemInode(
    k: KernelCore,
    name: string,
    mount: ShmemMount,
    mode: number,
    nlink: number,
    huge = mount === 'shm' && k.config.thpShmem,
): ShmemInode {
    const what = mount === 'shm' ? (name === '' ? 'memfd' : `memfd ${name}`) : `tmpfs ${name}`;
    const inode = new ShmemInode(k, k.ids.nextInode(k.journal), mode, name, mount, huge, k.owners.id(what));
    k.journal.edit<Inode>(inode).nlink = nlink;
    k.shmem.set(inode.ino, inode);
    return inode;
}

/**
 * What a folio is wanted for (enum sgp_type): CACHE fills holes with zeroes, WRITE is about to overwrite it, FALLOC
 * only allocates.
 */
export type GetFolio = 'cache' | 'write' | 'falloc';

/**
 * The folio at page offset `index` (shmem_get_folio_gfp), by its first page frame; a hole is filled. A fallocated folio
 * that nothing was written to is zeroed for `cache` and `falloc`. EINVAL for `cache` beyond the size; ENOMEM.
 */
export function getFolio(k: KernelCore, inode: ShmemInode, index: number, why: GetFolio): number | Err {
    if (why === 'cache' && index * k.page.size >= inode.size) {
        return EINVAL;
    }
    const page = inode.cache.at(index);
    if (page < 0) {
        return addNewFolio(k, inode, index, why);
    }
    const pfn = folioOf(k, page);
    // A second fallocate() initializes what an earlier one left, lest it be undone should this one fail.
    if (why !== 'write' && !isUptodate(k, pfn)) {
        zeroFolio(k, pfn);
    }
    return pfn;
}

/**
 * The folio at page offset `index` with a reference for the caller (shmem_get_folio()). It is not pinned: once the
 * reference is gone, the folio can be moved, split and freed like any other. EINVAL beyond the size, and for what is no
 * shared memory file; ENOMEM.
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

function addNewFolio(k: KernelCore, inode: ShmemInode, index: number, why: GetFolio): number | Err {
    let order = 0;
    let first = index;
    let pfn = -1;
    const { memcg } = inode;
    if (inode.huge) {
        const { pmdOrder } = k.page;
        const pages = 2 ** pmdOrder;
        first = index - (index % pages);
        if (inode.cache.isVacant(first, pmdOrder) && (memcg?.charge(pages) ?? true)) {
            order = pmdOrder;
            pfn = allocForCache(k, order, inode.owner, first);
            if (pfn < 0) {
                memcg?.uncharge(pages);
            }
        }
    }
    if (pfn < 0) {
        if (memcg?.charge(1) === false) {
            return ENOMEM;
        }
        order = 0;
        first = index;
        pfn = allocForCache(k, 0, inode.owner, first);
    }
    if (pfn < 0) {
        memcg?.uncharge(1);
        return ENOMEM;
    }
    k.clock.charge(PAGE_CACHE);
    inode.cache.insert(first, pfn, order);
    if (why === 'cache') {
        zeroFolio(k, pfn);
    }
    return pfn;
}

/** Zeroes a folio that holds nothing yet and marks it up to date. */
export function zeroFolio(k: KernelCore, pfn: number): void {
    const size = k.page.size * 2 ** folioOrder(k, pfn);
    k.clock.chargeBytes(ZERO, size);
    k.memory.zero(pfn * k.page.size, size);
    setFlags(k.memmap, pfn, PG_UPTODATE);
}

/**
 * Puts a folio that nothing owns yet into the page cache at `index` (shmem_add_to_page_cache and the accounting that
 * follows). The cache takes references of its own, one a page; the caller keeps and drops its own. EEXIST where any of
 * its pages is cached already; EINVAL where `index` is not aligned to the folio's size, which the kernel would BUG on;
 * ENOMEM where the cgroup that the file is charged to is full.
 * @param asOne the folio counts as one page, however large it is
 */
export function addFolio(k: KernelCore, inode: ShmemInode, pfn: number, index: number, asOne = false): 0 | Err {
    const order = folioOrder(k, pfn);
    const pages = 2 ** order;
    if (index % pages !== 0) {
        return EINVAL;
    }
    if (pages === 1 ? inode.cache.at(index) >= 0 : inode.cache.next(index, index + pages - 1) >= 0) {
        return EEXIST;
    }
    if (inode.memcg?.charge(pages) === false) {
        return ENOMEM;
    }
    k.clock.charge(PAGE_CACHE);
    const { memmap } = k;
    memmap.setIndex(pfn, index);
    memmap.setRefs(pfn, memmap.refs(pfn) + pages);
    setFlags(memmap, pfn, PG_SWAPBACKED);
    memmap.setOwner(pfn, inode.owner);
    inode.cache.insert(index, pfn, order);
    if (asOne && pages > 1) {
        k.journal.edit<ShmemInode>(inode).uncounted = inode.uncounted + pages - 1;
    }
    return 0;
}

/**
 * Frees [start, end) in bytes (shmem_undo_range): whole folios go, the rest of partial pages is zeroed. A large folio
 * that sticks out is zeroed where it is inside and then split around the ends of the range, so that its pages inside
 * can go (truncate_inode_partial_folio); one that is in use by others (pinned) cannot be split and stays whole.
 * @param end Infinity: to the end of everything
 */
export function undoRange(k: KernelCore, inode: ShmemInode, start: number, end: number): void {
    const { cache } = inode;
    const { size } = k.page;
    if (start % size !== 0) {
        zeroPart(k, inode, start, Math.min(end, start - (start % size) + size));
    }
    if (end !== Infinity && end % size !== 0 && (start % size === 0 || pageOf(k, start) !== pageOf(k, end))) {
        zeroPart(k, inode, Math.max(start, end - (end % size)), end);
    }
    const first = Math.ceil(start / size);
    const last = end === Infinity ? Infinity : pageOf(k, end) - 1;
    for (let index = cache.next(first, last); index >= 0; ) {
        const page = cache.at(index);
        const pfn = folioOf(k, page);
        const head = index - (page - pfn);
        const order = folioOrder(k, pfn);
        const next = head + 2 ** order;
        if (head >= first && next - 1 <= last) {
            cache.remove(head, order);
            inode.memcg?.uncharge(2 ** order);
            if (inode.exposed) {
                k.folios.onChange?.('freed', pfn, order, -1);
            }
            dropFromCache(k, pfn);
        } else {
            setFlags(k.memmap, pfn, PG_DIRTY);
            k.memory.zero(page * size, (Math.min(next - 1, last) - index + 1) * size);
            const at = Math.max(pageOf(k, start), head);
            if (splitFolio(k, pfn, pfn + at - head)) {
                cache.split(at);
                const behind = pfn + last + 1 - head;
                if (last + 1 < next && folioOrder(k, behind) > 0) {
                    splitFolio(k, folioOf(k, behind), behind);
                    cache.split(last + 1);
                }
                continue;
            }
        }
        index = next <= last ? cache.next(next, last) : -1;
    }
}

/**
 * Takes back what fallocate added between two page offsets, `last` included: every folio that nothing was written to
 * (shmem_undo_range with unfalloc).
 */
export function undoFallocate(k: KernelCore, inode: ShmemInode, first: number, last: number): void {
    const { cache } = inode;
    for (let index = cache.next(first, last); index >= 0; ) {
        const page = cache.at(index);
        const pfn = folioOf(k, page);
        const head = index - (page - pfn);
        const order = folioOrder(k, pfn);
        if (!isUptodate(k, pfn)) {
            cache.remove(head, order);
            inode.memcg?.uncharge(2 ** order);
            dropFromCache(k, pfn);
        }
        const next = head + 2 ** order;
        index = next <= last ? cache.next(next, last) : -1;
    }
}

/** Zeroes [start, end), which lies in one page, if that page is there. */
function zeroPart(k: KernelCore, inode: ShmemInode, start: number, end: number): void {
    const page = inode.cache.at(pageOf(k, start));
    if (page < 0) {
        return;
    }
    setFlags(k.memmap, folioOf(k, page), PG_DIRTY);
    k.memory.zero(page * k.page.size + (start % k.page.size), end - start);
}

/** The page offset of a byte. */
export function pageOf({ page }: Pick<KernelCore, 'page'>, offset: number): number {
    return Math.floor(offset / page.size);
}
