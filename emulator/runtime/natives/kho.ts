/**
 * Kexec HandOver for `.lus` code: outgoing and incoming memory, and the KHO FDT (include/linux/kexec_handover.h).
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

/** One direction of a handover, for scenarios. */
class KhoSide {
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

export const khoSide = new Members(
    KhoSide,
    'kho_side',
    'One direction of the handover: what this kernel received, or what it hands over.',
)
    .field(
        'unclaimed',
        INT,
        'The number of incoming pages that are not restored yet, without those that a kernel keeps by design.',
        ({ direction, kho }) => (direction === 'incoming' ? kho.unclaimed : 0),
    )
    .field('pages', INT, 'The number of preserved pages.', ({ direction, kho }) =>
        direction === 'incoming' ? kho.incomingPages : kho.outgoingPages,
    )
    .field('present', BOOL, 'Whether there is a handover.', ({ direction, kho }) =>
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
    .field('phys', PHYS, 'Its address.', (blob) => blob.phys)
    .field('size', INT, 'Its length in bytes.', (blob) => blob.size);

/** Preserving was refused: if the reason is scratch memory, listeners are told. */
function refused(host: Host, kho: Kho, pfn: number, pages: number): void {
    const { size } = host.machine.page;
    if (kho.touchesScratch(pfn * size, pages * size)) {
        host.tell((l) => l.inScratch?.(pfn * size, pages * size));
    }
}

/** Restoring at an address has failed. `pages`: the number of pages restored before, which now have no owner. */
function restoreFailed(host: Host, address: Int, pages: number): void {
    host.tell((l) => (pages > 0 ? l.halfRestored?.(address, pages) : l.notRestored?.(address)));
}

const FOLIO = param('folio', objectOf('folio'));
const ADDRESS = param('address', PHYS);
const COUNT = param('count', INT);
const NAME = param('name', STRING);
const DESCRIPTOR = param('descriptor', ANY);

export const khoObject = new Members(Kho, 'kho', 'Kexec HandOver of the running kernel.')
    .field(
        'enabled',
        BOOL,
        'Whether KHO is enabled: `kho=on`, and the scratch areas could be allocated.',
        (kho) => kho.enabled,
    )
    .field(
        'incoming',
        objectOf('kho_side'),
        'The handover from the previous kernel.',
        (kho) => new KhoSide(kho, 'incoming'),
    )
    .field('outgoing', objectOf('kho_side'), 'The handover to the next kernel.', (kho) => new KhoSide(kho, 'outgoing'))
    .field(
        'finalized_by_reboot',
        BOOL,
        'Whether the reboot has to call `finalize()`, as in 6.19 and 7.0.',
        (kho) => kho.env.options.format.finalize === 'reboot',
    )
    .field(
        'kexec_count',
        INT,
        'The number of consecutive kexecs with a handover before this kernel.',
        (kho) => kho.kexecCount,
    )
    .field('scratch_size', INT, 'The total size of all scratch areas in bytes.', (kho) => kho.scratchSize)
    .method(
        'alloc_preserve',
        [param('type', ANY)],
        { resultOfArg: 0, fails: true },
        'Allocates zeroed, preserved memory for a struct. ENOMEM, E2BIG.',
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
    .method('unpreserve_free', [param('object', ANY)], {}, 'Undoes alloc_preserve().', (kho, [object]) =>
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
        'Marks a page of the previous kernel as kept by design. It does not count as unclaimed.',
        (kho, [address, what]) => nothing(kho.keep(physOf(address, 'the address'), asString(what, 'what it is'))),
    )
    .method(
        'finalize',
        [],
        { fails: true },
        'kho_finalize(), in kernels before 7.1: writes the current preserved memory into the handover. EOPNOTSUPP if KHO is off or the kernel has no finalization, EEXIST, ENOMEM.',
        (kho) => done(finalize(kho)),
    )
    .method(
        'abort_finalize',
        [],
        { fails: true },
        'kho_abort(), in kernels before 6.19: undoes finalize(), and unpreserves everything. ENOENT.',
        (kho) => done(abortFinalize(kho)),
    )
    .method(
        'preserve_folio',
        [FOLIO],
        { fails: true },
        'Preserves a whole folio. EINVAL, ENOMEM.',
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
        "Undoes preserve_folio(), using the folio's current order.",
        (kho, [folio]) => nothing(kho.unpreserveFolio(folioArg(folio))),
    )
    .method(
        'restore_folio',
        [ADDRESS],
        { result: objectOf('folio'), fails: true },
        'The folio that the previous kernel preserved at this address, with one reference. If there is none, the kernel warns, and the call fails with EIO.',
        (kho, [pa], host: Host) => {
            const address = asInt(pa, 'the address');
            if (kho.takesFromOwner(address)) {
                host.tell((l) => l.notRestored?.(address, true));
            }
            const pfn = kho.restoreFolio(address, ownerHere(host));
            if (pfn === undefined) {
                host.tell((l) => l.notRestored?.(address));
                // the kernel returns NULL, which its callers turn into EIO (mm/memfd_luo.c)
                return err('EIO');
            }
            return new FolioRef(pfn, host.machine.page);
        },
    )
    .method(
        'preserve_pages',
        [FOLIO, COUNT],
        { fails: true },
        'Preserves `count` pages individually, beginning with `first`.',
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
    .method('unpreserve_pages', [FOLIO, COUNT], {}, 'Undoes preserve_pages().', (kho, [folio, count]) =>
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
        'Preserves an array of vcalloc() and writes its description to a field of type `vmalloc`. EINVAL, EOPNOTSUPP, ENOMEM.',
        (kho, [array, field], host: Host) => {
            const descriptor = physOf(field, 'the descriptor');
            const result = preserveVmalloc(kho, host.running.vmalloc, areaOf(array), descriptor);
            if (result === 0 && array instanceof ArrayView) {
                host.tell((l) => l.described?.(array, descriptor));
            }
            return done(result);
        },
    )
    .method('unpreserve_vmalloc', [DESCRIPTOR], {}, 'Undoes preserve_vmalloc().', (kho, [field]) =>
        nothing(unpreserveVmalloc(kho, physOf(field, 'the descriptor'))),
    )
    .method(
        'restore_vmalloc',
        [param('type', ANY), DESCRIPTOR, COUNT],
        { result: listOf(ANY), resultOfArg: 0, fails: true },
        'The array of `count` structs that the previous kernel preserved. EINVAL.',
        (kho, [type, field, count], host: Host) => {
            const layout = layoutOf(type);
            // The kernel does not compare it with the size of the array: reading past its end faults.
            const length = Number(asInt(count, 'the count'));
            const before = kho.restoredPages;
            const descriptor = physOf(field, 'the descriptor');
            const area = restoreVmalloc(kho, host.running.vmalloc, descriptor, ownerHere(host));
            if (area === undefined) {
                const first = host.machine.memory.readU64(descriptor);
                restoreFailed(host, first, kho.restoredPages - before);
                // NULL again, which its callers turn into EINVAL
                return err('EINVAL');
            }
            const array = arrayOver(host, layout, area, length);
            host.tell((l) => l.redescribed?.(array, descriptor));
            return array;
        },
    )
    .method(
        'add_subtree',
        [NAME, ADDRESS, param('size', INT)],
        { fails: true },
        'Adds a blob to the root FDT under this name. The caller must preserve the blob. EEXIST, ENOMEM.',
        (kho, [name, address, size]) =>
            done(
                kho.addSubtree(asString(name, 'the name'), physOf(address, 'the address'), asNumber(size, 'the size')),
            ),
    )
    .method('remove_subtree', [ADDRESS], {}, 'Removes the blob at this address from the root FDT.', (kho, [address]) =>
        nothing(kho.removeSubtree(physOf(address, 'the address'))),
    )
    .method(
        'has_subtree',
        [NAME],
        { result: BOOL },
        'Whether the previous kernel handed over a blob of this name.',
        (kho, [name]) => kho.hasSubtree(asString(name, 'the name')),
    )
    .method(
        'retrieve_subtree',
        [NAME],
        { result: objectOf('kho_subtree'), fails: true },
        'A blob that the previous kernel handed over. ENOENT, EINVAL.',
        (kho, [name]) => {
            const found = kho.retrieveSubtree(asString(name, 'the name'));
            return found instanceof Err ? found : new Subtree(found.phys, found.size);
        },
    );

export const khoGlobals: readonly NativeGlobal<NativeContext>[] = [
    global('kho', objectOf('kho'), 'any', 'Kexec HandOver of the running kernel.', ({ running }) => running.kho),
];
