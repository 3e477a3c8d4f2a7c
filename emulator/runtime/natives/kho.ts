/**
 * Kexec HandOver for `.lus` code: what a kernel preserves, what it was given, and the tree that says so
 * (include/linux/kexec_handover.h).
 */
import { abortFinalize, finalize } from '../../kernel/kho/finalize';
import { Kho } from '../../kernel/kho/kho';
import { preserveVmalloc, restoreVmalloc, unpreserveVmalloc } from '../../kernel/kho/vmalloc';
import { FolioRef } from '../../kernel/mm/file-folios';
import { Err, err } from '../../kernel/release/errno';
import { ANY, BOOL, INT, listOf, objectOf, PHYS, STRING } from '../../language/types';
import { asInt, asNumber, asString } from '../../language/values';
import type { Int } from '../../machine/int';
import type { Host } from '../host/host';
import { ArrayView, View } from '../view';
import { folioArg } from './arguments';
import { done, global, Members, nothing, param } from './define';
import { areaOf, arrayOver, layoutOf, ownerHere, physOf } from './memory';
import type { NativeContext, NativeGlobal } from './native';

/** What the scenario sees of one direction of a handover. */
export class KhoSide {
    constructor(
        readonly kho: Kho,
        readonly direction: 'incoming' | 'outgoing',
    ) {}

    display(): string {
        return `KHO, ${this.direction}`;
    }

    sameAs(other: object): boolean {
        return other instanceof KhoSide && other.kho === this.kho && other.direction === this.direction;
    }
}

export const khoSide = new Members(KhoSide, 'kho_side', 'What this kernel got, or hands over.')
    .field(
        'unclaimed',
        INT,
        'Incoming pages that nobody has restored, without those that a kernel keeps by design.',
        ({ direction, kho }) => (direction === 'incoming' ? kho.unclaimed : 0),
    )
    .field('pages', INT, 'Preserved pages.', ({ direction, kho }) =>
        direction === 'incoming' ? kho.incomingPages : kho.outgoingPages,
    )
    .field('present', BOOL, 'There is a handover.', ({ direction, kho }) =>
        direction === 'incoming' ? kho.isKhoBoot : kho.fdt !== 0,
    );

/** A subtree of the root FDT. */
class Subtree {
    constructor(
        readonly phys: Int,
        readonly size: Int,
    ) {}
}

export const subtree = new Members(Subtree, 'kho_subtree', 'A blob that the previous kernel handed over.')
    .field('phys', PHYS, 'Where it is.', (blob) => blob.phys)
    .field('size', INT, 'How long it is, in bytes.', (blob) => blob.size);

/** Preserving was refused: where scratch is why, listeners are told. */
function refused(host: Host, kho: Kho, pfn: number, pages: number): void {
    const { size } = host.machine.page;
    if (kho.touchesScratch(pfn * size, pages * size)) {
        host.tell((l) => l.inScratch?.(pfn * size, pages * size));
    }
}

/** Restoring what begins at an address has failed. `pages`: that were restored before, and are nobody's now. */
function restoreFailed(host: Host, address: Int, pages: number): void {
    host.tell((l) => (pages > 0 ? l.halfRestored?.(address, pages) : l.notRestored?.(address)));
}

const FOLIO = param('folio', objectOf('folio'));
const ADDRESS = param('address', PHYS);
const COUNT = param('count', INT);
const NAME = param('name', STRING);
const DESCRIPTOR = param('descriptor', ANY);

export const khoObject = new Members(Kho, 'kho', 'Kexec HandOver of the running kernel.')
    .field('enabled', BOOL, '`kho=on`, and its scratch areas could be had.', (kho) => kho.enabled)
    .field(
        'incoming',
        objectOf('kho_side'),
        'What the previous kernel handed over.',
        (kho) => new KhoSide(kho, 'incoming'),
    )
    .field('outgoing', objectOf('kho_side'), 'What this kernel hands over.', (kho) => new KhoSide(kho, 'outgoing'))
    .field(
        'finalized_by_reboot',
        BOOL,
        'The reboot has to call `finalize()`, as in 6.19 and 7.0.',
        (kho) => kho.env.options.format.finalize === 'reboot',
    )
    .field('kexec_count', INT, 'How many kernels handed over in a row before this one.', (kho) => kho.kexecCount)
    .field('scratch_size', INT, 'Bytes of all scratch areas together.', (kho) => kho.scratchSize)
    .method(
        'alloc_preserve',
        [param('type', ANY)],
        { resultOfArg: 0, fails: true },
        'Zeroed, preserved memory for a struct: ENOMEM, E2BIG.',
        (kho, [type], host: Host) => {
            const layout = layoutOf(type);
            const address = kho.allocPreserve(
                layout.size,
                host.frame ? `${host.frame.code.name}: ${layout.name}` : layout.name,
            );
            if (address instanceof Err) {
                return address;
            }
            host.tell((l) => l.viewed?.(layout, address));
            return new View(layout, host.machine.memory, address);
        },
    )
    .method('unpreserve_free', [param('object', ANY)], {}, 'Takes alloc_preserve() back.', (kho, [object]) =>
        nothing(kho.unpreserveFree(physOf(object, 'the memory'))),
    )
    .method(
        'restore_free',
        [param('object', ANY)],
        {},
        'Frees memory that the previous kernel preserved with alloc_preserve().',
        (kho, [object], host: Host) => {
            const address = physOf(object, 'the memory');
            if (address !== 0 && !kho.isUnrestored(address)) {
                host.tell((l) => l.notRestored?.(address));
            }
            return nothing(kho.restoreFree(address));
        },
    )
    .method(
        'hold',
        [ADDRESS, param('what', STRING)],
        {},
        'Says that a page from the previous kernel is kept for good, by design. It does not count as unclaimed.',
        (kho, [address, what]) => nothing(kho.keep(physOf(address, 'the address'), asString(what, 'what it is'))),
    )
    .method(
        'finalize',
        [],
        { fails: true },
        'kho_finalize(), in kernels before 7.1: puts what is preserved now into the handover. EOPNOTSUPP where KHO is off or nothing is to be finalized, EEXIST, ENOMEM.',
        (kho) => done(finalize(kho)),
    )
    .method(
        'abort_finalize',
        [],
        { fails: true },
        'kho_abort(), in kernels before 6.19: takes finalize() back, and everything that is preserved with it. ENOENT.',
        (kho) => done(abortFinalize(kho)),
    )
    .method(
        'preserve_folio',
        [FOLIO],
        { fails: true },
        'Preserves a folio as a whole: EINVAL, ENOMEM.',
        (kho, [folio], host: Host) => {
            const pfn = folioArg(folio);
            const result = kho.preserveFolio(pfn);
            if (result !== 0) {
                refused(host, kho, pfn, 2 ** kho.env.memmap.orderOf(pfn));
            }
            return done(result);
        },
    )
    .method(
        'unpreserve_folio',
        [FOLIO],
        {},
        'Takes preserve_folio() back, by the order that the folio has now.',
        (kho, [folio]) => nothing(kho.unpreserveFolio(folioArg(folio))),
    )
    .method(
        'restore_folio',
        [ADDRESS],
        { result: objectOf('folio'), fails: true },
        'The folio that the previous kernel preserved there, with one reference. Where there is none the kernel warns, and this fails with EIO.',
        (kho, [pa], host: Host) => {
            const address = asInt(pa, 'the address');
            if (kho.takesFromOwner(address)) {
                host.tell((l) => l.notRestored?.(address, true));
            }
            const pfn = kho.restoreFolio(address, ownerHere(host));
            if (pfn === undefined) {
                host.tell((l) => l.notRestored?.(address));
                // the kernel gives NULL, and its callers make EIO of that (mm/memfd_luo.c)
                return err('EIO');
            }
            return new FolioRef(pfn, host.machine.page);
        },
    )
    .method(
        'preserve_pages',
        [FOLIO, COUNT],
        { fails: true },
        'Preserves pages one by one from a first one on.',
        (kho, [folio, count], host: Host) => {
            const pages = asNumber(count, 'the count');
            const pfn = folioArg(folio);
            const result = kho.preservePages(pfn, pages);
            if (result !== 0) {
                refused(host, kho, pfn, pages);
            }
            return done(result);
        },
    )
    .method('unpreserve_pages', [FOLIO, COUNT], {}, 'Takes preserve_pages() back.', (kho, [folio, count]) =>
        nothing(kho.unpreservePages(folioArg(folio), asNumber(count, 'the count'))),
    )
    .method(
        'restore_pages',
        [ADDRESS, COUNT],
        { result: objectOf('folio'), fails: true },
        'The pages that preserve_pages() preserved.',
        (kho, [pa, count], host: Host) => {
            const address = asInt(pa, 'the address');
            const before = kho.restoredPages;
            const pfn = kho.restorePages(address, asNumber(count, 'the count'), ownerHere(host));
            if (pfn === undefined) {
                restoreFailed(host, address, kho.restoredPages - before);
                return err('EIO');
            }
            return new FolioRef(pfn, host.machine.page);
        },
    )
    .method(
        'preserve_vmalloc',
        [param('array', ANY), DESCRIPTOR],
        { fails: true },
        'Preserves an array of vcalloc() and describes it in a field of type `vmalloc`: EINVAL, EOPNOTSUPP, ENOMEM.',
        (kho, [array, field], host: Host) => {
            const descriptor = physOf(field, 'the descriptor');
            const result = preserveVmalloc(kho, host.running.vmalloc, areaOf(array), descriptor);
            if (result === 0 && array instanceof ArrayView) {
                host.tell((l) => l.described?.(array, descriptor));
            }
            return done(result);
        },
    )
    .method('unpreserve_vmalloc', [DESCRIPTOR], {}, 'Takes preserve_vmalloc() back.', (kho, [field]) =>
        nothing(unpreserveVmalloc(kho, physOf(field, 'the descriptor'))),
    )
    .method(
        'restore_vmalloc',
        [param('type', ANY), DESCRIPTOR, COUNT],
        { result: listOf(ANY), resultOfArg: 0, fails: true },
        'The array of `count` structs that the previous kernel preserved: EINVAL.',
        (kho, [type, field, count], host: Host) => {
            const layout = layoutOf(type);
            // Nobody compares it with the size of the array: reading past its end faults.
            const length = Number(asInt(count, 'the count'));
            const before = kho.restoredPages;
            const descriptor = physOf(field, 'the descriptor');
            const area = restoreVmalloc(kho, host.running.vmalloc, descriptor, ownerHere(host));
            if (area === undefined) {
                const first = host.machine.memory.readU64(descriptor);
                restoreFailed(host, first, kho.restoredPages - before);
                // NULL again, of which its callers make EINVAL
                return err('EINVAL');
            }
            return arrayOver(host, layout, area, length);
        },
    )
    .method(
        'add_subtree',
        [NAME, ADDRESS, param('size', INT)],
        { fails: true },
        "Puts a blob into the root FDT under this name: EEXIST, ENOMEM. Preserving the blob is the caller's business.",
        (kho, [name, address, size]) =>
            done(
                kho.addSubtree(asString(name, 'the name'), physOf(address, 'the address'), asNumber(size, 'the size')),
            ),
    )
    .method('remove_subtree', [ADDRESS], {}, 'Takes the blob at this address out of the root FDT.', (kho, [address]) =>
        nothing(kho.removeSubtree(physOf(address, 'the address'))),
    )
    .method(
        'has_subtree',
        [NAME],
        { result: BOOL },
        'The previous kernel handed a blob of this name over.',
        (kho, [name]) => kho.hasSubtree(asString(name, 'the name')),
    )
    .method(
        'retrieve_subtree',
        [NAME],
        { result: objectOf('kho_subtree'), fails: true },
        'A blob that the previous kernel handed over: ENOENT, EINVAL.',
        (kho, [name]) => {
            const found = kho.retrieveSubtree(asString(name, 'the name'));
            return found instanceof Err ? found : new Subtree(found.phys, found.size);
        },
    );

export const khoGlobals: readonly NativeGlobal<NativeContext>[] = [
    global('kho', objectOf('kho'), 'any', 'Kexec HandOver of the running kernel.', ({ running }) => running.kho),
];
