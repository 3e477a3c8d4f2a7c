/** What processes, files and system calls need of the kernel they run in, so that none of them imports the kernel itself. */
import type { Clock } from '../../machine/clock';
import type { Journal, Seq, Table } from '../../machine/journal';
import { Rec } from '../../machine/journal';
import type { PhysicalMemory } from '../../machine/memory';
import type { Owners } from '../../machine/owners';
import type { OpenFile } from './file';
import type { Hugetlb } from '../hugetlb/pool';
import type { Inode } from './inode';
import type { PageAllocator } from '../mm/buddy';
import type { Folios } from '../mm/folio';
import type { Memmap } from '../mm/memmap';
import type { Process } from './process';
import type { ShmemInode } from './shmem';

/** Numbers that a kernel gives out once each. */
export class Ids extends Rec {
    readonly inode: number = 1;
    readonly file: number = 1;
    readonly pid: number = 100;

    /** The next inode number. */
    nextInode(journal: Journal): number {
        return journal.edit<Ids>(this).inode++;
    }

    /** The next number of an open file (our own, for display). */
    nextFile(journal: Journal): number {
        return journal.edit<Ids>(this).file++;
    }

    /** The next process id; ids are not reused. */
    nextPid(journal: Journal): number {
        return journal.edit<Ids>(this).pid++;
    }
}

/** The part of a kernel's configuration that files depend on. */
export interface FileConfig {
    /** sysctl vm.memfd_noexec: 0 executable by default, 1 MFD_NOEXEC_SEAL by default, 2 MFD_EXEC refused. */
    readonly memfdNoexec: 0 | 1 | 2;
    /** `transparent_hugepage_shmem=always`: shmem is allocated in folios of 2 MiB where it can be. */
    readonly thpShmem: boolean;
}

export interface KernelCore {
    readonly journal: Journal;
    readonly clock: Clock;
    readonly memory: PhysicalMemory;
    readonly memmap: Memmap;
    readonly pages: PageAllocator;
    readonly folios: Folios;
    readonly owners: Owners;
    readonly ids: Ids;
    readonly hugetlb: Hugetlb;
    /** Running processes and zombies, in order of their start. */
    readonly processes: Seq<Process>;
    /** Files whose last reference is gone; released at the next return to user mode (fs/file_table.c). */
    readonly delayedFput: Seq<OpenFile>;
    /** The one inode behind all anonymous files (fs/anon_inodes.c). */
    readonly anonInode: Inode;
    /** The shared memory files there are, by inode number: who has a folio is found through them (rmap). */
    readonly shmem: Table<number, ShmemInode>;
    /** The linked files of tmpfs by path. */
    readonly tmpfs: Table<string, ShmemInode>;
    readonly config: FileConfig;
}
