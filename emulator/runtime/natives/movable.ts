/** Memory that moves: what a host does with movable pages, and where the pages of a file lie. */
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
        'How many bytes of a memfd lie in scratch memory now: pageblocks of CMA, which movable memory may have until it is pinned.',
        ({ running, process }, fd) => bytesInScratch(running, process, fd),
    ),
];

export const movableMethods: readonly NativeFunction<NativeContext>[] = [
    fdMethod(
        'folio_at',
        [param('offset', INT)],
        { context: 'user', result: objectOf('folio'), fails: true },
        'The folio that holds a byte of a memfd, as `/proc/pid/pagemap` tells it: where it lies (`phys`), and whether it is pinned (`pins`). `EINVAL` for other files, `ENOENT` for a hole.',
        ({ running, process }, fd, [offset]) => {
            const pfn = folioAt(running, process, fd, offsetArg(offset, 'the offset'));
            return pfn instanceof Err ? pfn : new FolioRef(pfn, running.page);
        },
    ),
    fdMethod(
        'move_pages',
        [param('node', INT)],
        { ...SYSCALL, result: INT },
        '`move_pages(2)` of all memory of a memfd: how many folios have moved to the node. What is pinned stays where it is. `EBADF`, `EINVAL`, `ENODEV`.',
        ({ running, process }, fd, [node]) => sysMovePages(running, process, fd, asNumber(node, 'the node')),
    ),
];

export const movableFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'compact_memory',
        [],
        { context: 'scenario', result: INT },
        'Compaction (`/proc/sys/vm/compact_memory`): movable folios that nobody uses move from the bottom of each node to its top, scratch memory included. How many have moved.',
        ({ running }) => compactMemory(running),
    ),
    fn(
        'fill_memory',
        [param('leave', INT, 0), param('node', INT, null)],
        { context: 'scenario', fails: true },
        'Other programs of the host take ordinary memory until at most `leave` bytes of it are free, on one node or on all. What files get from then on lies in scratch memory. `ENODEV`, `ENOMEM`.',
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
    fn('empty_memory', [], { context: 'scenario' }, 'Gives back what `fill_memory()` took.', ({ running }) =>
        nothing(running.backgroundMemory.leave(running.pages)),
    ),
    fn(
        'shmem_get_folio',
        [param('inode', objectOf('inode')), param('index', INT)],
        { fails: true, result: objectOf('folio') },
        'The folio of a shared memory file at page offset `index`, with a reference; a hole is filled. It is not pinned: when the reference is gone the kernel may move, split and free it. `EINVAL`, `ENOMEM`.',
        ({ running }, [inode, index]) => {
            const pfn = exposeFolio(running, inodeArg(inode), indexArg(index, 'the index'));
            return pfn instanceof Err ? pfn : new FolioRef(pfn, running.page);
        },
    ),
];
