/** Movable memory: the host's operations on movable pages, and the addresses of a file's pages. */
import { compactMemory } from '../../kernel/fs/movable';
import { exposeFolio } from '../../kernel/fs/shmem';
import { bytesInScratch, folioAt, nodeOf, sysMovePages } from '../../kernel/fs/syscalls/placement';
import { FolioRef } from '../../kernel/mm/file-folios';
import { Err } from '../../kernel/release/errno';
import { INT, objectOf } from '../../language/types';
import { asNumber } from '../../language/values';
import { indexArg, inodeArg, lengthArg, numberOr, offsetArg } from './arguments';
import { fdField, fdMethod, fn, nothing, param, SYSCALL } from './define';
import type { NativeContext, NativeField, NativeFunction } from './native';

export const movableFields: readonly NativeField<NativeContext>[] = [
    fdField(
        'in_scratch',
        INT,
        'The number of bytes of a memfd that are in scratch memory, i.e. in CMA pageblocks, which movable memory may use until it is pinned.',
        ({ running, process }, fd) => bytesInScratch(running, process, fd),
    ),
];

export const movableMethods: readonly NativeFunction<NativeContext>[] = [
    fdMethod(
        'folio_at',
        [param('offset', INT)],
        { context: 'user', result: objectOf('folio'), fails: true },
        'The folio that contains this byte of a memfd, as in `/proc/pid/pagemap`: its address (`phys`) and its pins (`pins`). `EINVAL` for other files, `ENOENT` for a hole.',
        ({ running, process }, fd, [offset]) => {
            const pfn = folioAt(running, process, fd, offsetArg(offset, 'the offset'));
            return pfn instanceof Err ? pfn : new FolioRef(pfn, running.page);
        },
    ),
    fdMethod(
        'move_pages',
        [param('node', INT)],
        { ...SYSCALL, result: INT },
        '`move_pages(2)` for all memory of a memfd: moves its folios to a node and returns the number of moved folios. Pinned folios are not moved. `EBADF`, `EINVAL`, `ENODEV`.',
        ({ running, process }, fd, [node]) => sysMovePages(running, process, fd, asNumber(node, 'the node')),
    ),
];

export const movableFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'compact_memory',
        [],
        { context: 'scenario', result: INT },
        'Compaction (`/proc/sys/vm/compact_memory`): moves movable, unused folios from the bottom of each node to its top, including scratch memory. Returns the number of moved folios.',
        ({ running }) => compactMemory(running),
    ),
    fn(
        'fill_memory',
        [param('leave', INT, 0), param('node', INT, null)],
        { context: 'scenario', fails: true },
        'Other programs of the host allocate ordinary memory until at most `leave` bytes of it are free, on one node or on all nodes. From then on, files are allocated in scratch memory. `ENODEV`, `ENOMEM`.',
        ({ running }, [leave, node]) => {
            const wanted = numberOr(node, 'the node', undefined);
            const on = wanted === undefined ? undefined : nodeOf(running, wanted);
            return on instanceof Err
                ? on
                : running.backgroundMemory.fill(
                      running.pages,
                      running.owners.id('other programs'),
                      Math.floor(lengthArg(leave, 'what is left') / running.page.size),
                      on,
                  );
        },
    ),
    fn('empty_memory', [], { context: 'scenario' }, 'Frees the memory that `fill_memory()` allocated.', ({ running }) =>
        nothing(running.backgroundMemory.leave(running.pages)),
    ),
    fn(
        'shmem_get_folio',
        [param('inode', objectOf('inode')), param('index', INT)],
        { fails: true, result: objectOf('folio') },
        'The folio of a shared memory file at page offset `index`, with a reference; a hole is filled. The folio is not pinned: after the reference is dropped, the kernel may move, split and free it. `EINVAL`, `ENOMEM`.',
        ({ running }, [inode, index]) => {
            const pfn = exposeFolio(running, inodeArg(inode), indexArg(index, 'the index'));
            return pfn instanceof Err ? pfn : new FolioRef(pfn, running.page);
        },
    ),
];
