/** The least of a kernel that files and processes run in, for unit tests. */
import { makeAnonInode } from '../../emulator/kernel/fs/anon';
import type { MemfdEnv } from '../../emulator/kernel/fs/memfd';
import type { OpenFile } from '../../emulator/kernel/fs/file';
import { releaseFile } from '../../emulator/kernel/fs/file';
import type { FileConfig } from '../../emulator/kernel/fs/parameters';
import { Hugetlb } from '../../emulator/kernel/hugetlb/pool';
import { Ids } from '../../emulator/kernel/ids';
import { Folios } from '../../emulator/kernel/mm/folio';
import { PageAllocator } from '../../emulator/kernel/mm/buddy';
import { Memmap } from '../../emulator/kernel/mm/memmap';
import { Mounts } from '../../emulator/kernel/fs/mounts';
import type { Process, ProcessEnv } from '../../emulator/kernel/fs/process';
import type { ShmemInode } from '../../emulator/kernel/fs/shmem';
import { Sysctls } from '../../emulator/kernel/fs/sysctl';
import type { PageGeometry } from '../../emulator/machine/arch';
import { JournaledList, JournaledMap } from '../../emulator/machine/journal';
import { Machine } from '../../emulator/machine/machine';

export interface TestKernel extends ProcessEnv, MemfdEnv {
    readonly machine: Machine;
    /** Releases what waits for it, as a return to user mode does. */
    taskWork(): void;
}

export interface TestKernelOptions {
    /** Bytes of memory, from 16 MiB on. */
    readonly memory?: number;
    /** Bytes of it, at the start, whose pageblocks are CMA. */
    readonly cma?: number;
    /** That of the architecture where it is left out. */
    readonly page?: PageGeometry;
    readonly thpShmem?: boolean;
    readonly memfdNoexec?: FileConfig['memfdNoexec'];
}

const BASE = 0x1000000;

export function testKernel(options: TestKernelOptions = {}): TestKernel {
    const size = options.memory ?? 0x4000000;
    const machine = new Machine({
        ranges: [{ start: BASE, size, node: 0 }],
        ...(options.page ? { page: options.page } : {}),
    });
    const { journal, memory, owners, page } = machine;
    const memmap = new Memmap(journal);
    const start = BASE / page.size;
    const end = (BASE + size) / page.size;
    if (options.cma) {
        memmap.markCma(start, start + options.cma / page.size);
    }
    const pages = new PageAllocator(machine, memmap, [{ node: 0, start, end }]);
    pages.release(start, end);
    const ids = new Ids(journal);
    const folios = new Folios(memory, memmap, pages);
    const shmem = new JournaledMap<number, ShmemInode>(journal);
    const kernel: TestKernel = {
        machine,
        journal,
        clock: machine.clock,
        memory,
        page,
        memmap,
        pages,
        owners,
        ids,
        folios,
        hugetlb: new Hugetlb({ journal, page, pages, memmap, folios, owners, shmem, memory }),
        processes: new JournaledList<Process>(journal),
        delayedFput: new JournaledList<OpenFile>(journal),
        anonInode: makeAnonInode(journal, ids.nextInode(journal)),
        shmem,
        mounts: new Mounts(journal),
        sysctls: new Sysctls(journal, options.memfdNoexec ?? 0),
        config: { thpShmem: options.thpShmem ?? false, memfdNoexec: options.memfdNoexec ?? 0 },
        taskWork() {
            for (let file = kernel.delayedFput.shift(); file; file = kernel.delayedFput.shift()) {
                releaseFile(kernel, file);
            }
        },
    };
    return kernel;
}
