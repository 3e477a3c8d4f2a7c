/** The placement of the pages of a memfd, and moving them to a node (mm/migrate.c; /proc/pid/pagemap). */
import type { Int } from '../../../machine/int';
import type { Machine } from '../../../machine/machine';
import { HugetlbInode } from '../../hugetlb/inode';
import { folioOf } from '../../mm/file-folios';
import { Err, err } from '../../release/errno';
import type { KernelCore } from '../core';
import { moveToNode, pagesInCma } from '../movable';
import { fget, type Process } from '../process';
import { pageOf } from '../offset';
import { ShmemInode } from '../shmem';

const EINVAL = err('EINVAL');

/** Kernels of a machine, which has nodes. */
interface OnMachine extends KernelCore {
    readonly machine: Machine;
}

/** A node of the machine by its number. @returns ENODEV if there is none */
export function nodeOf({ machine }: OnMachine, node: number): number | Err {
    return machine.nodes.includes(node) ? node : err('ENODEV');
}

/** The shared memory file behind a descriptor. @returns EBADF, EINVAL for other files */
function shmemOf(p: Process, fd: number): ShmemInode | Err {
    const file = fget(p, fd);
    if (file instanceof Err) {
        return file;
    }
    return file.inode instanceof ShmemInode ? file.inode : EINVAL;
}

/**
 * The folio that contains a byte of a memfd, of huge pages or not, by its first page frame.
 * @returns EBADF, EINVAL for other files and negative offsets, ENOENT for a hole
 */
export function folioAt(kernel: KernelCore, p: Process, fd: number, offset: Int): number | Err {
    const file = fget(p, fd);
    if (file instanceof Err) {
        return file;
    }
    const { inode } = file;
    if (offset < 0 || !(inode instanceof ShmemInode || inode instanceof HugetlbInode)) {
        return EINVAL;
    }
    const page = inode.cache.at(pageOf(kernel, offset));
    return page < 0 ? err('ENOENT') : folioOf(kernel, page);
}

/**
 * move_pages(2) of all memory of a memfd.
 * @returns the number of moved folios; EBADF, EINVAL for other files, ENODEV
 */
export function sysMovePages(kernel: OnMachine, p: Process, fd: number, node: number): number | Err {
    const inode = shmemOf(p, fd);
    if (inode instanceof Err) {
        return inode;
    }
    const to = nodeOf(kernel, node);
    return to instanceof Err ? to : moveToNode(kernel, inode, to);
}

/** Bytes of a memfd that lie in pageblocks of CMA, which are scratch memory. @returns EBADF, EINVAL for other files */
export function bytesInScratch(kernel: KernelCore, p: Process, fd: number): number | Err {
    const inode = shmemOf(p, fd);
    return inode instanceof Err ? inode : pagesInCma(kernel, inode) * kernel.page.size;
}
