/** Folios as kernel code sees them. Called once a folio in loops over a million of them, so each native is one look at the page metadata. */
import { err, Err } from '../../kernel/release/errno';
import { FolioList, FolioRef } from '../../kernel/mm/file-folios';
import { PG_DIRTY, PG_LOCKED, PG_SWAPBACKED, PG_UPTODATE } from '../../kernel/mm/memmap';
import { PAGE_SIZE } from '../../kernel/fs/fcntl';
import { BOOL, INT, NONE, objectOf, PHYS, STRING, type Type, type Value } from '../../language/types';
import type { NativeField, ObjectType } from './native';
import { asNumber, asString, ProgramError } from '../../language/values';
import { folioArg, objectType, offsetArg, type FileNative, type VmCore } from './arguments';

const EINVAL = err('EINVAL');
const FOLIO = objectOf('folio');

const folioField = (name: string, type: Type, doc: string, get: (vm: VmCore, pfn: number) => Value): NativeField => ({
    name,
    type,
    doc,
    get: (vm: VmCore, object) => get(vm, folioArg(object)),
});

const flagField = (name: string, flag: number, doc: string): NativeField =>
    folioField(name, BOOL, doc, (vm, pfn) => (vm.running.memmap.flags(pfn) & flag) !== 0);

function folioMethod(name: string, doc: string, call: (vm: VmCore, pfn: number) => void): FileNative {
    return {
        name,
        doc,
        params: [],
        result: NONE,
        context: 'kernel',
        fails: false,
        call: (vm: VmCore, args) => {
            call(vm, folioArg(args[0]));
            return undefined;
        },
    };
}

const setFlag =
    (flag: number) =>
    (vm: VmCore, pfn: number): void => {
        const { memmap } = vm.running;
        const flags = memmap.flags(pfn);
        if (!(flags & flag)) {
            memmap.setFlags(pfn, flags | flag);
        }
    };

const clearFlag =
    (flag: number) =>
    (vm: VmCore, pfn: number): void => {
        const { memmap } = vm.running;
        memmap.setFlags(pfn, memmap.flags(pfn) & ~flag);
    };

export const folioType = objectType(
    'folio',
    'A folio: 2^order physically contiguous pages that are allocated and freed together.',
    [
        folioField('pfn', INT, 'The number of its first page frame.', (_vm, pfn) => pfn),
        folioField('phys', PHYS, 'Its physical address.', (_vm, pfn) => pfn * PAGE_SIZE),
        folioField('order', INT, 'It has 2^order pages.', (vm, pfn) => vm.running.memmap.orderOf(pfn)),
        folioField('size', INT, 'In bytes.', (vm, pfn) => PAGE_SIZE * 2 ** vm.running.memmap.orderOf(pfn)),
        folioField('index', INT, 'Its offset in its file, in pages.', (vm, pfn) => vm.running.memmap.index(pfn)),
        folioField('refs', INT, 'References; a page cache has one a page.', (vm, pfn) => vm.running.memmap.refs(pfn)),
        folioField('pins', INT, 'Pins: while there are any it is neither moved nor split.', (vm, pfn) =>
            vm.running.memmap.pins(pfn),
        ),
        flagField('dirty', PG_DIRTY, 'Whether it was written to.'),
        flagField(
            'uptodate',
            PG_UPTODATE,
            "Whether it holds the file's content; what was only fallocated does not yet.",
        ),
        flagField('locked', PG_LOCKED, 'Whether somebody holds its lock.'),
        flagField('swapbacked', PG_SWAPBACKED, 'Whether it belongs to anonymous or shared memory.'),
        folioField('owner', STRING, 'Who owns it.', (vm, pfn) =>
            vm.running.owners.name(vm.running.memmap.ownerOf(pfn)),
        ),
    ],
    [
        folioMethod('lock', '`folio_lock()`.', setFlag(PG_LOCKED)),
        folioMethod('unlock', '`folio_unlock()`.', clearFlag(PG_LOCKED)),
        folioMethod(
            'mark_dirty',
            '`folio_mark_dirty()`: clean pages may be dropped, this one may not.',
            setFlag(PG_DIRTY),
        ),
        folioMethod('mark_uptodate', '`folio_mark_uptodate()`.', setFlag(PG_UPTODATE)),
        folioMethod('mark_swapbacked', '`folio_set_swapbacked()`.', setFlag(PG_SWAPBACKED)),
        folioMethod('zero', '`folio_zero_range()` of all of it.', (vm, pfn) => {
            vm.running.memory.zero(pfn * PAGE_SIZE, PAGE_SIZE * 2 ** vm.running.memmap.orderOf(pfn));
        }),
        folioMethod('get', '`folio_get()`: another reference.', (vm, pfn) => vm.running.folios.get(pfn)),
        folioMethod('put', '`folio_put()`: drops a reference. The last one frees the folio.', (vm, pfn) => {
            vm.running.folios.put(pfn);
        }),
        {
            name: 'zero_range',
            params: [
                { name: 'offset', type: INT },
                { name: 'length', type: INT },
            ],
            result: NONE,
            context: 'kernel',
            fails: false,
            doc: '`folio_zero_range()`: zeroes `length` bytes from byte `offset` of the folio on.',
            call(vm: VmCore, [folio, offset, length]) {
                const pfn = folioArg(folio);
                const from = offsetArg(offset, 'the offset');
                const n = offsetArg(length, 'the length');
                if (from < 0 || n < 0 || from + n > PAGE_SIZE * 2 ** vm.running.memmap.orderOf(pfn)) {
                    throw new ProgramError(`bytes ${from} … ${from + n} are not inside of the folio`);
                }
                vm.running.memory.zero(pfn * PAGE_SIZE + from, n);
                return undefined;
            },
        },
    ],
);

export const foliosType: ObjectType = {
    ...objectType(
        'folios',
        'The folios that `memfd_pin_folios()` pinned, in the order of the file.',
        [
            {
                name: 'length',
                type: INT,
                doc: 'How many.',
                get: (_vm, object) => (object instanceof FolioList ? object.length : 0),
            },
        ],
        [],
    ),
    element: FOLIO,
};

export const folioFunctions: readonly FileNative[] = [
    {
        name: 'alloc_folio',
        context: 'kernel',
        fails: true,
        result: FOLIO,
        params: [
            { name: 'order', type: INT, default: 0 },
            { name: 'owner', type: STRING, default: 'kernel' },
        ],
        doc: 'Allocates 2^order pages, zeroed, with one reference. `owner` is what the page history calls its owner. `ENOMEM`.',
        call(vm: VmCore, [order, owner]) {
            const k = vm.running;
            const o = asNumber(order, 'the order');
            if (o < 0) {
                return EINVAL;
            }
            const pfn = k.folios.alloc(o, { owner: k.owners.id(asString(owner, 'the owner')), zero: true });
            return pfn instanceof Err ? pfn : new FolioRef(pfn);
        },
    },
    {
        name: 'put_folio',
        context: 'kernel',
        fails: false,
        result: NONE,
        params: [{ name: 'folio', type: FOLIO }],
        doc: 'Drops a reference to a folio. The last one frees it.',
        call(vm: VmCore, [folio]) {
            if (folio !== null && folio !== undefined) {
                vm.running.folios.put(folioArg(folio));
            }
            return undefined;
        },
    },
];
