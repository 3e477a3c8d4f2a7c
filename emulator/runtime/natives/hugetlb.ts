/** Huge pages for `.lus` code: their pools, and files of them. */
import { err } from '../../kernel/release/errno';
import { addHugePage, HugetlbInode } from '../../kernel/hugetlb/inode';
import { HugePool } from '../../kernel/hugetlb/pool';
import { hugetlbAllocFile } from '../../kernel/fs/memfd';
import { MFD_ALLOW_SEALING } from '../../kernel/fs/fcntl';
import { INT, NONE, objectOf, STRING } from '../../language/types';
import type { NativeFunction } from './native';
import { asNumber, asString, ProgramError } from '../../language/values';
import { folioArg, inodeArg, lengthArg, offsetArg } from './arguments';
import { expect, fn, Members, param } from './define';

const EINVAL = err('EINVAL');
const ENODEV = err('ENODEV');

export const hugePoolObject = new Members(
    HugePool,
    'huge_pages',
    'The pool of huge pages of one size (`/sys/kernel/mm/hugepages`).',
)
    .field('size', INT, 'Bytes of a page.', (p) => p.size)
    .field('nr', INT, '`nr_hugepages`: how many there are, in use or free, surplus ones included.', (p) => p.nr)
    .field('free', INT, '`free_hugepages`', (p) => p.free)
    .field('reserved', INT, '`resv_hugepages`: free ones that are promised to mappings.', (p) => p.reserved)
    .field(
        'surplus',
        INT,
        '`surplus_hugepages`: from the page allocator, and back to it when they are given up.',
        (p) => p.surplus,
    )
    .field(
        'overcommit',
        INT,
        '`nr_overcommit_hugepages`: how many surplus pages there may be. Can be assigned.',
        (p) => p.overcommit,
        (p, v) => p.setOvercommit(asNumber(v, 'overcommit')),
    )
    .field(
        'incoming',
        INT,
        'Pages that the previous kernel preserved and that are not back in the pool. Only with the layer `hugetlb`.',
        (p) => p.incoming,
    )
    .method(
        'resize',
        [param('count', INT), param('node', INT, null)],
        { context: 'scenario', result: INT },
        'Writes `nr_hugepages`, of one node where it is given. The pool gets as many as can be had: the result is how many there are. 1 GiB pages have movable memory make room.',
        (p, [count, node], vm) => {
            const on = node === null || node === undefined ? undefined : asNumber(node, 'the node');
            const n = asNumber(count, 'the count');
            if (n < 0 || (on !== undefined && !vm.machine.nodes.includes(on))) {
                throw new ProgramError(n < 0 ? 'there cannot be less than no pages' : `the machine has no node ${on}`);
            }
            p.resize(n, on);
            return p.nr;
        },
    );

export const hugetlbFunctions: readonly NativeFunction[] = [
    fn(
        'hugepages',
        [param('size', INT)],
        { context: 'any', result: objectOf('huge_pages') },
        'The pool of huge pages of `2MiB` or `1GiB`.',
        (vm, [size]) => {
            const pool = vm.running.hugetlb.sized(asNumber(size, 'the size'));
            if (!pool) {
                throw new ProgramError('there are huge pages of 2MiB and of 1GiB');
            }
            return pool;
        },
    ),
    fn(
        'hugetlb_alloc_file',
        [param('name', STRING), param('page_size', INT)],
        { fails: true, result: objectOf('file') },
        'A new memfd of huge pages, without a descriptor. ENODEV where there are none of this size.',
        (vm, [name, size]) => {
            const pool = vm.running.hugetlb.sized(lengthArg(size, 'the size'));
            return pool ? hugetlbAllocFile(vm.running, asString(name, 'the name'), MFD_ALLOW_SEALING, pool) : ENODEV;
        },
    ),
    fn(
        'hugetlb_adopt_folio',
        [param('folio', objectOf('folio'))],
        { fails: true, result: NONE },
        'A restored folio belongs to the pool of its size again, in use: when its last reference goes, it is free there. EINVAL where there is no such pool.',
        (vm, [folio]) => {
            const head = folioArg(folio);
            const pool = vm.running.hugetlb.poolOf(vm.running.memmap.orderOf(head));
            if (!pool) {
                return EINVAL;
            }
            pool.adopt(head);
            return undefined;
        },
    ),
    fn(
        'hugetlb_add_folio',
        [param('inode', objectOf('inode')), param('folio', objectOf('folio')), param('index', INT)],
        { fails: true, result: NONE },
        'Puts a huge page into a file at page offset `index` (`hugetlb_add_to_page_cache()`), which takes a reference of its own. EINVAL, EEXIST.',
        (vm, [inode, folio, index]) => {
            const result = addHugePage(
                vm.running,
                expect(HugetlbInode, inodeArg(inode), 'an inode of huge pages'),
                folioArg(folio),
                offsetArg(index, 'the index'),
            );
            return result === 0 ? undefined : result;
        },
    ),
];
