/** Kernel memory for `.lus` code: structs at physical addresses, folios, vmalloc areas, and what KHO does with them. */
import { Err, err } from '../../kernel/release/errno';
import { FolioRef } from '../../kernel/mm/file-folios';
import { preserveVmalloc, restoreVmalloc, unpreserveVmalloc } from '../../kernel/kho/vmalloc';
import { abortFinalize, finalize } from '../../kernel/kho/finalize';
import { Kho } from '../../kernel/kho/kho';
import { VmArea } from '../../kernel/mm/vmalloc';
import type { Int } from '../../machine/int';
import { PAGE_SIZE } from '../../machine/memory';
import type { StructLayout } from '../../language/layout';
import { STD_SCHEME } from '../../std/texts';
import { ANY, BOOL, INT, listOf, objectOf, PHYS, STRING, type Value } from '../../language/types';
import type { NativeFunction } from './native';
import { ArrayView, View } from '../view';
import { asInt, asNumber, asString, format, KernelFault, ProgramError } from '../../language/values';
import type { Vm } from '../interpreter';
import { fn, Members, param } from './define';
import { hex } from '../../text/text';

/** A struct passed as a value. */
export function layoutOf(v: Value): StructLayout {
    if (isLayout(v)) {
        return v;
    }
    throw new ProgramError(`this must be the name of a struct, not ${format(v)}`);
}

function isLayout(v: Value): v is StructLayout {
    return typeof v === 'object' && v !== null && 'byName' in v && 'fields' in v;
}

/** The physical address of what has one: a struct, a folio, an address. */
export function physOf(v: Value, what: string): number {
    if (v instanceof View || v instanceof ArrayView) {
        return v.pa;
    }
    if (v instanceof FolioRef) {
        return v.pfn * PAGE_SIZE;
    }
    return asNumber(v, what);
}

function folio(v: Value): number {
    if (v instanceof FolioRef) {
        return v.pfn;
    }
    throw new ProgramError(`this must be a folio, not ${format(v)}`);
}

function areaOf(v: Value): VmArea {
    if (v instanceof ArrayView && v.area instanceof VmArea) {
        return v.area;
    }
    throw new ProgramError(`this must be an array of vcalloc() or kho.restore_vmalloc(), not ${format(v)}`);
}

/** Who a folio belongs to, for its history: the code that allocates it. */
function ownerHere(vm: Vm): number {
    const frame = vm.frame;
    const code = frame?.code;
    return vm.machine.owners.id(code ? code.name : 'kernel');
}

/** Structs that programs have from the default kernel's code are those of the kernel that runs, where it has one of this name. */
function inThisKernel(vm: Vm, layout: StructLayout): StructLayout {
    return vm.executable.stdProgram.structs.get(layout.name) === layout
        ? (vm.library.structs.get(layout.name) ?? layout)
        : layout;
}

/** Restoring what begins at an address has failed. `pages`: that were restored before, and are nobody's now. */
function restoreFailed(vm: Vm, address: Int, pages: number): void {
    vm.tell((l) => (pages > 0 ? l.halfRestored?.(address, pages) : l.notRestored?.(address)));
}

function structAt(vm: Vm, named: StructLayout, pa: Value): View {
    const layout = inThisKernel(vm, named);
    const address = asInt(pa, 'the address');
    const at = Number(address);
    if (typeof address !== 'number' || !vm.machine.isRam(at, layout.size)) {
        const text = `there is no memory at ${hex(address)}, where a ${layout.name} of ${layout.size} bytes should be`;
        // The kernel's own code does not ask first.
        throw vm.frame?.mode === 'kernel' && vm.frame.code.uri.startsWith(STD_SCHEME)
            ? new KernelFault(text)
            : new ProgramError(text);
    }
    if (vm.frame?.mode === 'kernel') {
        vm.tell((l) => l.viewed?.(layout, at));
    }
    return new View(layout, vm.machine.memory, at);
}

export const memoryFunctions: readonly NativeFunction[] = [
    fn(
        'at',
        [param('type', ANY), param('address', PHYS)],
        { context: 'any', resultOfArg: 0 },
        'A struct at a physical address: `at(NicState, args.serialized_data)`. Every access reads or writes the bytes then. It is an error where the machine has no memory there.',
        (vm, [layout, pa]) => structAt(vm, layoutOf(layout), pa),
    ),
    fn(
        'phys',
        [param('object', ANY)],
        { context: 'any', result: PHYS },
        'The physical address of a struct in memory or of a folio.',
        (_vm, [o]) => physOf(o, 'the object'),
    ),
    fn(
        'sizeof',
        [param('type', ANY)],
        { context: 'any', result: INT },
        'The size of a struct in bytes.',
        (_vm, [t]) => layoutOf(t).size,
    ),
    fn(
        'vcalloc',
        [param('type', ANY), param('count', INT)],
        { result: listOf(ANY), resultOfArg: 0, fails: true },
        'A zeroed array of structs whose pages need not lie together: ENOMEM.',
        (vm, [type, count]) => {
            const layout = layoutOf(type);
            const n = asNumber(count, 'the count');
            const area = vm.running.vmalloc.alloc(n * layout.size, ownerHere(vm), true);
            return area instanceof Err ? area : arrayOver(vm, layout, area, n);
        },
    ),
    fn('vfree', [param('array', ANY)], {}, 'Frees an array of vcalloc().', (vm, [a]) => {
        const area = areaOf(a);
        if (vm.running.vmalloc.isLive(area)) {
            vm.running.vmalloc.free(area);
        }
        return undefined;
    }),
];

function arrayOver(vm: Vm, layout: StructLayout, area: VmArea, count: number): ArrayView {
    return new ArrayView({ k: 'struct', layout }, count, layout.size, vm.machine.memory, 0, area);
}

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
        (s) => (s.direction === 'incoming' ? s.kho.unclaimed : 0),
    )
    .field('pages', INT, 'Preserved pages.', (s) =>
        s.direction === 'incoming'
            ? s.kho.incomingPages
            : s.kho.outgoingRuns().reduce((sum, r) => sum + r.blocks * 2 ** r.order, 0),
    )
    .field('present', BOOL, 'There is a handover.', (s) =>
        s.direction === 'incoming' ? s.kho.isKhoBoot : s.kho.fdt !== 0,
    );

/** A subtree of the root FDT. */
class Subtree {
    constructor(
        readonly phys: number | bigint,
        readonly size: number | bigint,
    ) {}
}

export const subtree = new Members(Subtree, 'kho_subtree', 'A blob that the previous kernel handed over.')
    .field('phys', PHYS, 'Where it is.', (s) => s.phys)
    .field('size', INT, 'How long it is, in bytes.', (s) => s.size);

const KERNEL = 'kernel' as const;

export const khoObject = new Members(Kho, 'kho', 'Kexec HandOver of the running kernel.')
    .field('enabled', BOOL, '`kho=on`, and its scratch areas could be had.', (k) => k.enabled)
    .field('incoming', objectOf('kho_side'), 'What the previous kernel handed over.', (k) => new KhoSide(k, 'incoming'))
    .field('outgoing', objectOf('kho_side'), 'What this kernel hands over.', (k) => new KhoSide(k, 'outgoing'))
    .field('kexec_count', INT, 'How many kernels handed over in a row before this one.', (k) => k.kexecCount)
    .field('scratch_size', INT, 'Bytes of all scratch areas together.', (k) =>
        k.scratch.reduce((sum, area) => sum + area.size, 0),
    )
    .method(
        'alloc_preserve',
        [param('type', ANY)],
        { context: KERNEL, resultOfArg: 0, fails: true },
        'Zeroed, preserved memory for a struct: ENOMEM, E2BIG.',
        (k, [type], vm) => {
            const layout = layoutOf(type);
            const pa = k.allocPreserve(layout.size, vm.frame ? `${vm.frame.code.name}: ${layout.name}` : layout.name);
            if (pa instanceof Err) {
                return pa;
            }
            vm.tell((l) => l.viewed?.(layout, pa));
            return new View(layout, vm.machine.memory, pa);
        },
    )
    .method(
        'unpreserve_free',
        [param('object', ANY)],
        { context: KERNEL },
        'Takes alloc_preserve() back.',
        (k, [o]) => {
            k.unpreserveFree(physOf(o, 'the memory'));
            return undefined;
        },
    )
    .method(
        'restore_free',
        [param('object', ANY)],
        { context: KERNEL },
        'Frees memory that the previous kernel preserved with alloc_preserve().',
        (k, [o], vm) => {
            const pa = physOf(o, 'the memory');
            if (pa !== 0 && !isPreserved(vm, k, pa)) {
                vm.tell((l) => l.notRestored?.(pa));
            }
            k.restoreFree(pa);
            return undefined;
        },
    )
    .method(
        'hold',
        [param('address', PHYS), param('what', STRING)],
        { context: KERNEL },
        'Says that a page from the previous kernel is kept for good, by design. It does not count as unclaimed.',
        (k, [pa, what]) => {
            k.keep(physOf(pa, 'the address'), asString(what, 'what it is'));
            return undefined;
        },
    )
    .method(
        'finalize',
        [],
        { context: KERNEL, fails: true },
        'kho_finalize(), in kernels before 7.1: puts what is preserved now into the handover. EOPNOTSUPP where KHO is off or nothing is to be finalized, EEXIST, ENOMEM.',
        (k) => zeroOr(finalize(k)),
    )
    .method(
        'abort_finalize',
        [],
        { context: KERNEL, fails: true },
        'kho_abort(), in kernels before 6.19: takes finalize() back, and everything that is preserved with it. ENOENT.',
        (k) => zeroOr(abortFinalize(k)),
    )
    .method(
        'preserve_folio',
        [param('folio', objectOf('folio'))],
        { context: KERNEL, fails: true },
        'Preserves a folio as a whole: EINVAL, ENOMEM.',
        (k, [f], vm) => {
            const pfn = folio(f);
            const result = k.preserveFolio(pfn);
            if (result !== 0) {
                refused(vm, k, pfn, 2 ** k.env.memmap.orderOf(pfn));
            }
            return zeroOr(result);
        },
    )
    .method(
        'unpreserve_folio',
        [param('folio', objectOf('folio'))],
        { context: KERNEL },
        'Takes preserve_folio() back, by the order that the folio has now.',
        (k, [f]) => {
            k.unpreserveFolio(folio(f));
            return undefined;
        },
    )
    .method(
        'restore_folio',
        [param('address', PHYS)],
        { context: KERNEL, result: objectOf('folio'), fails: true },
        'The folio that the previous kernel preserved there, with one reference. Where there is none the kernel warns, and this fails with EIO.',
        (k, [pa], vm) => {
            const address = asInt(pa, 'the address');
            if (k.takesFromOwner(address)) {
                vm.tell((l) => l.notRestored?.(address, true));
            }
            const pfn = k.restoreFolio(address, vm.frame?.code.name ?? 'kernel');
            if (pfn === undefined) {
                vm.tell((l) => l.notRestored?.(address));
            }
            return pfn === undefined ? err('EIO') : new FolioRef(pfn);
        },
    )
    .method(
        'preserve_pages',
        [param('folio', objectOf('folio')), param('count', INT)],
        { context: KERNEL, fails: true },
        'Preserves pages one by one from a first one on.',
        (k, [f, n], vm) => {
            const count = asNumber(n, 'the count');
            const result = k.preservePages(folio(f), count);
            if (result !== 0) {
                refused(vm, k, folio(f), count);
            }
            return zeroOr(result);
        },
    )
    .method(
        'unpreserve_pages',
        [param('folio', objectOf('folio')), param('count', INT)],
        { context: KERNEL },
        'Takes preserve_pages() back.',
        (k, [f, n]) => {
            k.unpreservePages(folio(f), asNumber(n, 'the count'));
            return undefined;
        },
    )
    .method(
        'restore_pages',
        [param('address', PHYS), param('count', INT)],
        { context: KERNEL, result: objectOf('folio'), fails: true },
        'The pages that preserve_pages() preserved.',
        (k, [pa, n], vm) => {
            const address = asInt(pa, 'the address');
            const before = k.restoredPages;
            const pfn = k.restorePages(address, asNumber(n, 'the count'), vm.frame?.code.name ?? 'kernel');
            if (pfn === undefined) {
                restoreFailed(vm, address, k.restoredPages - before);
            }
            return pfn === undefined ? err('EIO') : new FolioRef(pfn);
        },
    )
    .method(
        'preserve_vmalloc',
        [param('array', ANY), param('descriptor', ANY)],
        { context: KERNEL, fails: true },
        'Preserves an array of vcalloc() and describes it in a field of type `vmalloc`: EINVAL, EOPNOTSUPP, ENOMEM.',
        (k, [a, d], vm) => {
            const descriptor = physOf(d, 'the descriptor');
            const result = preserveVmalloc(k, vm.running.vmalloc, areaOf(a), descriptor);
            if (result === 0 && a instanceof ArrayView) {
                vm.tell((l) => l.described?.(a, descriptor));
            }
            return zeroOr(result);
        },
    )
    .method(
        'unpreserve_vmalloc',
        [param('descriptor', ANY)],
        { context: KERNEL },
        'Takes preserve_vmalloc() back.',
        (k, [d]) => {
            unpreserveVmalloc(k, physOf(d, 'the descriptor'));
            return undefined;
        },
    )
    .method(
        'restore_vmalloc',
        [param('type', ANY), param('descriptor', ANY), param('count', INT)],
        { context: KERNEL, result: listOf(ANY), resultOfArg: 0, fails: true },
        'The array of `count` structs that the previous kernel preserved: EINVAL.',
        (k, [type, d, n], vm) => {
            const layout = layoutOf(type);
            // Nobody compares it with the size of the array: reading past its end faults.
            const count = Number(asInt(n, 'the count'));
            const before = k.restoredPages;
            const area = restoreVmalloc(
                k,
                vm.running.vmalloc,
                physOf(d, 'the descriptor'),
                vm.frame?.code.name ?? 'kernel',
            );
            if (area === undefined) {
                const first = vm.machine.memory.readU64(physOf(d, 'the descriptor'));
                restoreFailed(vm, first, k.restoredPages - before);
            }
            return area === undefined ? err('EINVAL') : arrayOver(vm, layout, area, count);
        },
    )
    .method(
        'add_subtree',
        [param('name', STRING), param('address', PHYS), param('size', INT)],
        { context: KERNEL, fails: true },
        "Puts a blob into the root FDT under this name: EEXIST, ENOMEM. Preserving the blob is the caller's business.",
        (k, [name, pa, size]) =>
            zeroOr(k.addSubtree(asString(name, 'the name'), physOf(pa, 'the address'), asNumber(size, 'the size'))),
    )
    .method(
        'remove_subtree',
        [param('address', PHYS)],
        { context: KERNEL },
        'Takes the blob at this address out of the root FDT.',
        (k, [pa]) => {
            k.removeSubtree(physOf(pa, 'the address'));
            return undefined;
        },
    )
    .method(
        'has_subtree',
        [param('name', STRING)],
        { context: KERNEL, result: BOOL },
        'The previous kernel handed a blob of this name over.',
        (k, [name]) => {
            const found = k.retrieveSubtree(asString(name, 'the name'));
            return !(found instanceof Err && found.name === 'ENOENT');
        },
    )
    .method(
        'retrieve_subtree',
        [param('name', STRING)],
        { context: KERNEL, result: objectOf('kho_subtree'), fails: true },
        'A blob that the previous kernel handed over: ENOENT, EINVAL.',
        (k, [name]) => {
            const found = k.retrieveSubtree(asString(name, 'the name'));
            return found instanceof Err ? found : new Subtree(found.phys, found.size);
        },
    );

/** A preserved block begins at this address that nobody has restored. */
function isPreserved(vm: Vm, kho: Kho, pa: number): boolean {
    const pfn = Math.floor(pa / PAGE_SIZE);
    return vm.machine.isRam(pa) && kho.env.memmap.stateOf(pfn) === 'preserved' && kho.env.memmap.khoOrder(pfn) >= 0;
}

/** Preserving was refused: where scratch is why, listeners are told. */
function refused(vm: Vm, kho: Kho, pfn: number, pages: number): void {
    if (kho.touchesScratch(pfn * PAGE_SIZE, pages * PAGE_SIZE)) {
        vm.tell((l) => l.inScratch?.(pfn * PAGE_SIZE, pages * PAGE_SIZE));
    }
}

function zeroOr(r: 0 | Err): undefined | Err {
    return r === 0 ? undefined : r;
}
