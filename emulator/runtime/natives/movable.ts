/** Memory that moves: what a host does with movable pages, and where the pages of a file lie. */
import { Err, err } from '../../kernel/release/errno';
import { PAGE_SIZE } from '../../kernel/fs/fcntl';
import { folioOf, FolioRef } from '../../kernel/mm/file-folios';
import { HugetlbInode } from '../../kernel/hugetlb/inode';
import { compactMemory, moveToNode, pagesInCma } from '../../kernel/fs/movable';
import { fget } from '../../kernel/fs/process';
import { exposeFolio, ShmemInode } from '../../kernel/fs/shmem';
import { INT, objectOf, type Value } from '../../language/types';
import type { NativeField, NativeFunction } from './native';
import { asNumber } from '../../language/values';
import type { Vm } from '../interpreter';
import { fdArg, inodeArg, lengthArg, offsetArg } from './arguments';
import { fn, param } from './define';

const EINVAL = err('EINVAL');
const ENODEV = err('ENODEV');

/** The file's pages, huge ones or not. */
function memoryOf(vm: Vm, fd: Value): ShmemInode | HugetlbInode | Err {
    const file = fget(vm.process, fdArg(fd));
    return file instanceof Err ? file : file.inode instanceof HugetlbInode ? file.inode : shmemOf(vm, fd);
}

function shmemOf(vm: Vm, fd: Value): ShmemInode | Err {
    const file = fget(vm.process, fdArg(fd));
    return file instanceof Err ? file : file.inode instanceof ShmemInode ? file.inode : EINVAL;
}

function nodeArg(vm: Vm, v: Value): number | Err {
    const node = asNumber(v, 'the node');
    return vm.machine.nodes.includes(node) ? node : ENODEV;
}

export const movableFields: readonly NativeField[] = [
    {
        name: 'in_scratch',
        type: INT,
        doc: 'How many bytes of a memfd lie in scratch memory now: pageblocks of CMA, which movable memory may have until it is pinned.',
        get(vm, fd) {
            const inode = shmemOf(vm, fd as Value);
            return inode instanceof Err ? inode : pagesInCma(vm.running, inode) * PAGE_SIZE;
        },
    },
];

export const movableMethods: readonly NativeFunction[] = [
    fn(
        'folio_at',
        [param('offset', INT)],
        { context: 'user', result: objectOf('folio'), fails: true },
        'The folio that holds a byte of a memfd, as `/proc/pid/pagemap` tells it: where it lies (`phys`), and whether it is pinned (`pins`). `EINVAL` for other files, `ENOENT` for a hole.',
        (vm, [fd, offset]) => {
            const inode = memoryOf(vm, fd);
            if (inode instanceof Err) {
                return inode;
            }
            const page = inode.cache.at(Math.floor(lengthArg(offset, 'the offset') / PAGE_SIZE));
            return page < 0 ? err('ENOENT') : new FolioRef(folioOf(vm.running, page));
        },
    ),
    fn(
        'move_pages',
        [param('node', INT)],
        { context: 'user', result: INT, fails: true, syscall: true },
        '`move_pages(2)` of all memory of a memfd: how many folios have moved to the node. What is pinned stays where it is. `EBADF`, `EINVAL`, `ENODEV`.',
        (vm, [fd, node]) => {
            const inode = shmemOf(vm, fd);
            const to = nodeArg(vm, node);
            return inode instanceof Err ? inode : to instanceof Err ? to : moveToNode(vm.running, inode, to);
        },
    ),
];

export const movableFunctions: readonly NativeFunction[] = [
    fn(
        'compact_memory',
        [],
        { context: 'scenario', result: INT },
        'Compaction (`/proc/sys/vm/compact_memory`): movable folios that nobody uses move from the bottom of each node to its top, scratch memory included. How many have moved.',
        (vm) => compactMemory(vm.running),
    ),
    fn(
        'fill_memory',
        [param('leave', INT, 0), param('node', INT, null)],
        { context: 'scenario', fails: true },
        'Other programs of the host take ordinary memory until at most `leave` bytes of it are free, on one node or on all. What files get from then on lies in scratch memory. `ENODEV`, `ENOMEM`.',
        (vm, [leave, node]) => {
            const on = node === null || node === undefined ? undefined : nodeArg(vm, node);
            const k = vm.running;
            return on instanceof Err
                ? on
                : k.backgroundMemory.fill(
                      k.pages,
                      k.owners.id('other programs'),
                      Math.floor(lengthArg(leave, 'what is left') / PAGE_SIZE),
                      on,
                  );
        },
    ),
    fn('empty_memory', [], { context: 'scenario' }, 'Gives back what `fill_memory()` took.', (vm) => {
        vm.running.backgroundMemory.leave(vm.running.pages);
        return undefined;
    }),
    fn(
        'shmem_get_folio',
        [param('inode', objectOf('inode')), param('index', INT)],
        { fails: true, result: objectOf('folio') },
        'The folio of a shared memory file at page offset `index`, with a reference; a hole is filled. It is not pinned: when the reference is gone the kernel may move, split and free it. `EINVAL`, `ENOMEM`.',
        (vm, [inode, index]) => {
            const of = inodeArg(inode);
            const pfn = of instanceof ShmemInode ? exposeFolio(vm.running, of, offsetArg(index, 'the index')) : EINVAL;
            return pfn instanceof Err ? pfn : new FolioRef(pfn);
        },
    ),
];
