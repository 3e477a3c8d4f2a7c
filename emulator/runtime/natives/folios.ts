/**
 * Folios for kernel code. Called for each folio in loops over a million of them, so each native is one access to the
 * page metadata.
 */
import { FolioList, FolioRef } from '../../kernel/mm/file-folios';
import { PG_DIRTY, PG_LOCKED, PG_SWAPBACKED, PG_UPTODATE } from '../../kernel/mm/memmap';
import { Err } from '../../kernel/release/errno';
import { BOOL, INT, objectOf, PHYS, STRING, SIZE } from '../../language/types';
import { asNumber, asString, ProgramError } from '../../language/values';
import { folioArg, indexArg, isLeftOut } from './arguments';
import { fn, Members, nothing, param } from './define';
import type { NativeContext, NativeFunction } from './native';

const FOLIO = objectOf('folio');

/** Whether a flag of the page metadata is set. */
const flag =
    (bit: number) =>
    ({ pfn }: FolioRef, { running }: NativeContext): boolean =>
        running.folios.hasFlag(pfn, bit);

const setFlag =
    (bit: number) =>
    ({ pfn }: FolioRef, _args: unknown, { running }: NativeContext): undefined =>
        nothing(running.folios.setFlag(pfn, bit));

const clearFlag =
    (bit: number) =>
    ({ pfn }: FolioRef, _args: unknown, { running }: NativeContext): undefined =>
        nothing(running.folios.clearFlag(pfn, bit));

export const folioObject = new Members(
    FolioRef,
    'folio',
    'A folio: 2^order physically contiguous pages that are allocated and freed together.',
)
    .field('pfn', INT, 'The number of its first page frame.', ({ pfn }) => pfn)
    .field('phys', PHYS, 'Its physical address.', (folio) => folio.pa)
    .field('order', INT, 'It has 2^order pages.', ({ pfn }, { running }) => running.memmap.orderOf(pfn))
    .field('size', SIZE, 'The size in bytes.', ({ pfn }, { running }) => running.folios.sizeOf(pfn))
    .field('index', INT, 'Its offset in its file, in pages.', ({ pfn }, { running }) => running.memmap.index(pfn))
    .field('refs', INT, 'The number of references; a page cache has one per page.', ({ pfn }, { running }) =>
        running.memmap.refs(pfn),
    )
    .field('pins', INT, 'The number of pins. A pinned folio is not moved or split.', ({ pfn }, { running }) =>
        running.memmap.pins(pfn),
    )
    .field('dirty', BOOL, 'Whether it was written to.', flag(PG_DIRTY))
    .field(
        'uptodate',
        BOOL,
        "Whether it holds the file's content; a folio that was only fallocated does not yet.",
        flag(PG_UPTODATE),
    )
    .field('locked', BOOL, 'Whether it is locked.', flag(PG_LOCKED))
    .field('swapbacked', BOOL, 'Whether it belongs to anonymous or shared memory.', flag(PG_SWAPBACKED))
    .field('owner', STRING, 'Its owner.', ({ pfn }, { running }) => running.owners.name(running.memmap.ownerOf(pfn)))
    .method('lock', [], {}, '`folio_lock()`.', setFlag(PG_LOCKED))
    .method('unlock', [], {}, '`folio_unlock()`.', clearFlag(PG_LOCKED))
    .method(
        'mark_dirty',
        [],
        {},
        '`folio_mark_dirty()`: protects it from being dropped, as clean pages may be.',
        setFlag(PG_DIRTY),
    )
    .method('mark_uptodate', [], {}, '`folio_mark_uptodate()`.', setFlag(PG_UPTODATE))
    .method('mark_swapbacked', [], {}, '`folio_set_swapbacked()`.', setFlag(PG_SWAPBACKED))
    .method('zero', [], {}, '`folio_zero_range()` of the whole folio.', ({ pfn }, _args, { running }) =>
        nothing(running.folios.zero(pfn)),
    )
    .method('get', [], {}, '`folio_get()`: takes another reference.', ({ pfn }, _args, { running }) =>
        nothing(running.folios.get(pfn)),
    )
    .method(
        'put',
        [],
        {},
        '`folio_put()`: drops a reference. The last one frees the folio.',
        ({ pfn }, _args, { running }) => nothing(running.folios.put(pfn)),
    )
    .method(
        'zero_range',
        [param('offset', INT), param('length', INT)],
        {},
        '`folio_zero_range()`: zeroes `length` bytes, beginning at byte `offset` of the folio.',
        ({ pfn, pa }, [offset, length], { running }) => {
            const from = indexArg(offset, 'the offset');
            const bytes = indexArg(length, 'the length');
            if (from < 0 || bytes < 0 || from + bytes > running.folios.sizeOf(pfn)) {
                throw new ProgramError(`bytes ${from} to ${from + bytes} are not inside the folio`);
            }
            return nothing(running.memory.zero(pa + from, bytes));
        },
    );

export const foliosObject = new Members(
    FolioList,
    'folios',
    'The folios that `memfd_pin_folios()` pinned, in the order of the file.',
    true,
    FOLIO,
).field('length', INT, 'The number of folios.', (list) => list.length);

export const folioFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'alloc_folio',
        [param('order', INT, 0), param('owner', STRING, 'kernel')],
        { result: FOLIO, fails: true },
        'Allocates 2^order zeroed pages with one reference. `owner` is the owner shown in the page history. `ENOMEM`.',
        ({ running }, [order, owner]) => {
            const pfn = running.folios.alloc(asNumber(order, 'the order'), {
                owner: running.owners.id(asString(owner, 'the owner')),
                zero: true,
            });
            return pfn instanceof Err ? pfn : new FolioRef(pfn, running.page);
        },
    ),
    fn(
        'put_folio',
        [param('folio', FOLIO)],
        {},
        'Drops a reference to a folio. The last one frees it.',
        ({ running }, [folio]) => (isLeftOut(folio) ? undefined : nothing(running.folios.put(folioArg(folio)))),
    ),
];
