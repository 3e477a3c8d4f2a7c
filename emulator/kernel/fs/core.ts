/** What files need from the kernel in which they are open. */
import type { JournaledList, JournaledMap } from '../../machine/journal';
import type { KernelEnv } from '../env';
import type { OpenFile } from './file';
import type { Inode } from './inode';
import type { FileConfig } from './parameters';
import type { ShmemInode } from './shmem';
import type { Sysctls } from './sysctl';

export interface KernelCore extends KernelEnv {
    /** Files without references; released at the next return to user mode (fs/file_table.c). */
    readonly delayedFput: JournaledList<OpenFile>;
    /** The single inode of all anonymous files (fs/anon_inodes.c). */
    readonly anonInode: Inode;
    /** The shared memory files by inode number: the owner of a folio is found through them (rmap). */
    readonly shmem: JournaledMap<number, ShmemInode>;
    readonly config: FileConfig;
    readonly sysctls: Sysctls;
}
