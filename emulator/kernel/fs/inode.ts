/** Inodes: what an open file is opened on (fs/inode.c). */
import type { Int } from '../../machine/int';
import { type Journal, JournaledRecord } from '../../machine/journal';
import type { KernelCore } from './core';
import { Lock } from '../lock';

/**
 * The type of an inode, as far as it matters for system calls. `anon` is the inode of anonymous files
 * (fs/anon_inodes.c).
 */
export type InodeType = 'shmem' | 'hugetlb' | 'gmem' | 'pipe' | 'socket' | 'chardev' | 'anon' | 'proc' | 'directory';

/** An inode. Shared memory files have a subclass with their page cache. */
export class Inode extends JournaledRecord {
    readonly nlink: number = 1;
    /** In bytes. */
    readonly size: Int = 0;
    /** Open files on it. An inode without any, and without a link, is freed. */

    readonly opens: number = 0;
    /**
     * The inode lock (i_rwsem). System calls that run to completion at once only check whether it is held, and need not
     * take it.
     */
    readonly lock: Lock;

    constructor(
        journal: Journal,
        readonly ino: number,
        readonly type: InodeType,
        /** File type and permission bits, as st_mode. */
        readonly mode: number,
    ) {
        super(journal);
        this.lock = new Lock(journal, `the lock of inode ${ino}`);
    }

    get locked(): boolean {
        return this.lock.holders.length > 0;
    }

    /** Allocated space in units of 512 bytes, as st_blocks. */
    get blocks(): number {
        return 0;
    }

    display(): string {
        return `inode ${this.ino} (${this.type})`;
    }

    /**
     * True for regular files. The inode of anonymous files has no type: ftruncate() of an eventfd fails with EINVAL, as
     * seen on 6.18.
     */
    get isRegular(): boolean {
        return ['shmem', 'hugetlb', 'gmem', 'proc'].includes(this.type);
    }

    /** Frees the contents of the inode if neither an open file nor a link refers to it (fs/inode.c, evict). */
    evict(_k: KernelCore): void {
        // The other types have no contents.
    }
}
