/** Huge pages for `.lus` code: their pools, and files of them. */
import { MFD_ALLOW_SEALING } from '../../kernel/fs/fcntl';
import { hugetlbFileOfSize } from '../../kernel/fs/memfd';
import { addHugePage, HugetlbInode } from '../../kernel/hugetlb/inode';
import { HugePool } from '../../kernel/hugetlb/pool';
import { INT, objectOf, STRING } from '../../language/types';
import { asNumber, asString, ProgramError } from '../../language/values';
import { expect, folioArg, indexArg, inodeArg, lengthArg, numberOr } from './arguments';
import { done, fn, Members, param } from './define';
import type { NativeContext, NativeFunction } from './native';

export const hugePoolObject = new Members(
    HugePool,
    'huge_pages',
    'The pool of huge pages of one size (`/sys/kernel/mm/hugepages`).',
)
    .field('size', INT, 'Bytes of a page.', (pool) => pool.size)
    .field('nr', INT, '`nr_hugepages`: how many there are, in use or free, surplus ones included.', (pool) => pool.nr)
    .field('free', INT, '`free_hugepages`', (pool) => pool.free)
    .field('reserved', INT, '`resv_hugepages`: free ones that are promised to mappings.', (pool) => pool.reserved)
    .field(
        'surplus',
        INT,
        '`surplus_hugepages`: from the page allocator, and back to it when they are given up.',
        (pool) => pool.surplus,
    )
    .field(
        'overcommit',
        INT,
        '`nr_overcommit_hugepages`: how many surplus pages there may be. Can be assigned.',
        (pool) => pool.overcommit,
        (pool, count) => pool.setOvercommit(asNumber(count, 'overcommit')),
    )
    .field(
        'incoming',
        INT,
        'Pages that the previous kernel preserved and that are not back in the pool. Only with the layer `hugetlb`.',
        (pool) => pool.incoming,
    )
    .method(
        'resize',
        [param('count', INT), param('node', INT, null)],
        { context: 'scenario', result: INT },
        'Writes `nr_hugepages`, of one node where it is given. The pool gets as many as can be had: the result is how many there are. 1 GiB pages have movable memory make room.',
        (pool, [count, node], { machine }) => {
            const on = numberOr(node, 'the node', undefined);
            const pages = asNumber(count, 'the count');
            if (pages < 0) {
                throw new ProgramError('there cannot be less than no pages');
            }
            if (on !== undefined && !machine.nodes.includes(on)) {
                throw new ProgramError(`the machine has no node ${on}`);
            }
            pool.resize(pages, on);
            return pool.nr;
        },
    );

export const hugetlbFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'hugepages',
        [param('size', INT)],
        { context: 'any', result: objectOf('huge_pages') },
        'The pool of huge pages of `2MiB` or `1GiB`.',
        ({ running }, [size]) => {
            const pool = running.hugetlb.sized(asNumber(size, 'the size'));
            if (!pool) {
                throw new ProgramError(`there are huge pages of ${running.hugetlb.sizes.join(' and of ')}`);
            }
            return pool;
        },
    ),
    fn(
        'hugetlb_alloc_file',
        [param('name', STRING), param('page_size', INT)],
        { fails: true, result: objectOf('file') },
        'A new memfd of huge pages, without a descriptor. ENODEV where there are none of this size.',
        ({ running }, [name, size]) =>
            hugetlbFileOfSize(running, asString(name, 'the name'), MFD_ALLOW_SEALING, lengthArg(size, 'the size')),
    ),
    fn(
        'hugetlb_adopt_folio',
        [param('folio', objectOf('folio'))],
        { fails: true },
        'A restored folio belongs to the pool of its size again, in use: when its last reference goes, it is free there. EINVAL where there is no such pool.',
        ({ running }, [folio]) => running.hugetlb.adopt(folioArg(folio)),
    ),
    fn(
        'hugetlb_add_folio',
        [param('inode', objectOf('inode')), param('folio', objectOf('folio')), param('index', INT)],
        { fails: true },
        'Puts a huge page into a file at page offset `index` (`hugetlb_add_to_page_cache()`), which takes a reference of its own. EINVAL, EEXIST.',
        ({ running }, [inode, folio, index]) =>
            done(
                addHugePage(
                    running,
                    expect(HugetlbInode, inodeArg(inode), 'an inode of huge pages'),
                    folioArg(folio),
                    indexArg(index, 'the index'),
                ),
            ),
    ),
];
