/** Huge pages for `.lus` code: their pools, and files of them. */
import { MFD_ALLOW_SEALING } from '../../kernel/fs/fcntl';
import { chargeTo, hugetlbFileOfSize } from '../../kernel/fs/memfd';
import { addHugePage, HugetlbInode } from '../../kernel/hugetlb/inode';
import { HugePool } from '../../kernel/hugetlb/pool';
import { Err } from '../../kernel/release/errno';
import { INT, listOf, objectOf, STRING, SIZE } from '../../language/types';
import { asNumber, asString, ProgramError } from '../../language/values';
import { expect, folioArg, indexArg, inodeArg, lengthArg, numberOr } from './arguments';
import { done, fn, Members, param } from './define';
import type { NativeContext, NativeFunction } from './native';

export const hugePoolObject = new Members(
    HugePool,
    'huge_pages',
    'The pool of huge pages of one size (`/sys/kernel/mm/hugepages`).',
)
    .field('size', SIZE, 'The page size in bytes.', (pool) => pool.size)
    .field(
        'nr',
        INT,
        '`nr_hugepages`: the number of huge pages, used or free, including surplus pages.',
        (pool) => pool.nr,
    )
    .field('free', INT, '`free_hugepages`', (pool) => pool.free)
    .field(
        'reserved',
        INT,
        '`resv_hugepages`: free huge pages that are reserved for mappings.',
        (pool) => pool.reserved,
    )
    .field(
        'surplus',
        INT,
        '`surplus_hugepages`: huge pages that were taken from the page allocator and return to it when freed.',
        (pool) => pool.surplus,
    )
    .field(
        'overcommit',
        INT,
        '`nr_overcommit_hugepages`: the limit of surplus pages. Can be assigned.',
        (pool) => pool.overcommit,
        (pool, count) => pool.setOvercommit(asNumber(count, 'overcommit')),
    )
    .field(
        'incoming',
        INT,
        'Huge pages that the previous kernel preserved and that are not yet back in the pool. Only with the layer `hugetlb`.',
        (pool) => pool.incoming,
    )
    .method(
        'resize',
        [param('count', INT), param('node', INT, null)],
        { context: 'scenario', result: INT },
        'Writes `nr_hugepages`, of one node if `node` is given. The pool allocates as many as possible and returns their number. For 1 GiB pages, movable memory is migrated away.',
        (pool, [count, node], { machine }) => {
            const on = numberOr(node, 'the node', undefined);
            const pages = asNumber(count, 'the count');
            if (pages < 0) {
                throw new ProgramError('the number of pages cannot be negative');
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
                throw new ProgramError(`the sizes of huge pages are ${running.hugetlb.sizes.join(' and ')}`);
            }
            return pool;
        },
    ),
    fn('hugepage_sizes', [], { result: listOf(INT) }, 'The page sizes of the pools.', (context) =>
        context.list(context.running.hugetlb.pools.map((pool) => pool.size)),
    ),
    fn(
        'hugetlb_alloc_file',
        [param('name', STRING), param('page_size', INT)],
        { fails: true, result: objectOf('file') },
        'Creates a memfd of huge pages, without a descriptor. ENODEV if there are no huge pages of this size.',
        ({ running, process }, [name, size]) => {
            const bytes = lengthArg(size, 'the size');
            const file = hugetlbFileOfSize(running, asString(name, 'the name'), MFD_ALLOW_SEALING, bytes);
            if (!(file instanceof Err)) {
                chargeTo(running, file, process);
            }
            return file;
        },
    ),
    fn(
        'hugetlb_adopt_folio',
        [param('folio', objectOf('folio'))],
        { fails: true },
        'Returns a restored folio to the pool of its size, as used: after its last reference is dropped it is free in the pool. EINVAL if there is no such pool.',
        ({ running }, [folio]) => running.hugetlb.adopt(folioArg(folio)),
    ),
    fn(
        'hugetlb_add_folio',
        [param('inode', objectOf('inode')), param('folio', objectOf('folio')), param('index', INT)],
        { fails: true },
        'Adds a huge page to a file at page offset `index` (`hugetlb_add_to_page_cache()`), which takes its own reference. EINVAL, EEXIST.',
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
