/** Ranges larger than the page allocator's largest block, at run time (mm/page_alloc.c, alloc_contig_range()). */
import type { KernelCore } from '../fs/core';
import type { FreeBlock } from '../mm/buddy';
import { orderPages } from '../mm/memmap';
import { foliosOf, makeWay } from '../fs/movable';

type Env = Pick<KernelCore, 'journal' | 'pages' | 'memmap' | 'folios' | 'shmem' | 'memory'>;

/**
 * Allocates 2^order contiguous pages: the lowest free range, or else the lowest one that contains only free memory and
 * movable folios, which are then moved. Scratch memory is left out, because the allocation is not movable.
 * @returns the first page frame, or −1
 */
export function allocContiguous(env: Env, order: number, owner: number, node: number | undefined): number {
    const { pages } = env;
    const count = orderPages(order);
    const candidates = pages.ranges(count, node);
    for (const movable of [false, true]) {
        for (const start of candidates) {
            const taken = movable
                ? makeRoom(env, start, count)
                : pages.freeIn(start, count) === count
                  ? pages.isolate(start, count)
                  : undefined;
            if (taken) {
                pages.claim(start, order, owner);
                return start;
            }
        }
    }
    return -1;
}

/**
 * Isolates the free memory of a range and moves folios of files out of it.
 * @returns undefined if the range contains other memory: then everything is put back
 */
function makeRoom(env: Env, start: number, count: number): readonly FreeBlock[] | undefined {
    const { pages, memmap } = env;
    const inside = [...env.shmem.values()].flatMap((inode) =>
        [...foliosOf(env, inode)].filter((f) => f.head >= start && f.head < start + count),
    );
    const movable = inside.reduce((sum, f) => sum + orderPages(memmap.orderOf(f.head)), 0);
    if (movable + pages.freeIn(start, count) !== count) {
        return undefined;
    }
    const isolated = pages.isolate(start, count);
    for (const { inode, index, head } of inside) {
        const order = memmap.orderOf(head);
        if (!makeWay(env, inode, index)) {
            pages.putBack(isolated);
            return undefined;
        }
        // Before the next folio is moved into the pages that this one has left.
        isolated.push(pages.isolateBlock(head, order));
    }
    return isolated;
}
