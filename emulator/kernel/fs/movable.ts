/**
 * Folio migration of files: out of CMA pageblocks for a long-term pin, to another node, and by compaction
 * (mm/migrate.c, mm/compaction.c).
 */
import type { KernelCore } from './core';
import { Err, err } from '../release/errno';
import { folioOf, folioOrder } from '../mm/file-folios';
import type { AllocOptions } from '../mm/buddy';
import type { ShmemInode } from './shmem';

const ENOMEM = err('ENOMEM');

/** What migration needs from a kernel. */
type Movers = Pick<KernelCore, 'pages' | 'memmap' | 'folios' | 'shmem'>;

/** Moves the folio at page offset `index` to pages from `allocate`. @returns its new head; ENOMEM, EAGAIN */
function move(
    k: Movers,
    inode: ShmemInode,
    index: number,
    allocate: (order: number, owner: number) => number,
): number | Err {
    const { cache } = inode;
    const page = cache.at(index);
    const head = folioOf(k, page);
    const order = folioOrder(k, head);
    const to = allocate(order, k.memmap.ownerOf(head));
    if (to < 0) {
        return ENOMEM;
    }
    const first = index - (page - head);
    // The page cache holds a reference per page; there must be no others.
    const failed = k.folios.migrate(head, to, 2 ** order);
    if (failed !== 0) {
        return failed;
    }
    cache.remove(first, order);
    cache.insert(first, to, order);
    return to;
}

function allocator(k: Movers, options: Omit<AllocOptions, 'owner'>): (order: number, owner: number) => number {
    return (order, owner) => k.pages.alloc(order, { ...options, owner });
}

/**
 * Moves the folio at page offset `index` out of CMA pageblocks, where a long-term pin may not leave it.
 * @returns its new head; ENOMEM, EAGAIN
 */
export function moveToOrdinary(k: Movers, inode: ShmemInode, index: number): number | Err {
    return move(k, inode, index, allocator(k, {}));
}

/** Moves the folio at page offset `index` to any free memory. False if it stays. */
export function makeWay(k: Movers, inode: ShmemInode, index: number): boolean {
    return !(move(k, inode, index, allocator(k, { movable: true })) instanceof Err);
}

/** The location of a folio of a file: its page offset and first page frame. */
interface Located {
    readonly inode: ShmemInode;
    readonly index: number;
    readonly head: number;
}

/** The folios of a file, in file order. */
export function* foliosOf(k: Movers, inode: ShmemInode): Generator<Located> {
    const { cache } = inode;
    for (let index = cache.next(0, Infinity); index >= 0; ) {
        const page = cache.at(index);
        const head = folioOf(k, page);
        const first = index - (page - head);
        yield { inode, index: first, head };
        index = cache.next(first + 2 ** folioOrder(k, head), Infinity);
    }
}

/**
 * move_pages(2) of all pages of a file to a node.
 * @returns the number of moved folios; those that are already there, are in use or find no memory stay
 */
export function moveToNode(k: Movers, inode: ShmemInode, node: number): number {
    let moved = 0;
    for (const { index, head } of [...foliosOf(k, inode)]) {
        if (
            k.pages.nodeOf(head) !== node &&
            !(move(k, inode, index, allocator(k, { node, strict: true, movable: true })) instanceof Err)
        ) {
            moved++;
        }
    }
    return moved;
}

/**
 * Compaction of all memory (/proc/sys/vm/compact_memory): on each node, the migration scanner takes movable folios from
 * the bottom, and the free scanner takes free pages from the top, until they meet. Both treat pageblocks of CMA as what
 * they are for movable memory: free space.
 * @returns the number of moved folios
 */
export function compactMemory(k: Movers): number {
    const found = [...k.shmem.values()].flatMap((inode) => [...foliosOf(k, inode)]).sort((a, b) => a.head - b.head);
    let moved = 0;
    for (const { inode, index, head } of found) {
        const node = k.pages.nodeOf(head);
        if (!(move(k, inode, index, (order, owner) => k.pages.allocHighest(order, node, head, owner)) instanceof Err)) {
            moved++;
        }
    }
    return moved;
}

/** Pages of a file that lie in CMA pageblocks: in scratch, for a kernel with KHO. */
export function pagesInCma(k: Movers, inode: ShmemInode): number {
    let pages = 0;
    for (const { head } of foliosOf(k, inode)) {
        pages += k.memmap.isCma(head) ? 2 ** folioOrder(k, head) : 0;
    }
    return pages;
}
