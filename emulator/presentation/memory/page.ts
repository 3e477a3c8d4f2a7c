/** What is known of a page of physical memory: its owner, its history over all kernels, and who can reach it. */
import { Diagnoses } from '../../diagnosis/diagnoses';
import type { Place } from '../../findings/place';
import { orderPages } from '../../kernel/mm/memmap';
import type { Host } from '../../runtime/host/host';
import { counted, hex, sizeText } from '../../text/text';
import { KIND_TEXT, type Kind, type MemoryMap } from './map';
import type { Standing } from './standing';
import { pathsTo, type PathToPage } from './reach';
import type { Pointer, Pointers } from './pointers';

/** The owner of a page at a moment. */
export interface Owned {
    /** The number of the kernel, from 1. */
    readonly kernel: number;
    readonly kind: Kind;
    readonly owner: string;
}

export interface PageHistoryLine {
    /** The number of the kernel, from 1. */
    readonly kernel: number;
    /** `preserved: memfd guest-ram in memfd.preserve` */
    readonly text: string;
    readonly place: Place | undefined;
}

export interface PageInfo {
    /** Of its first byte. */
    readonly address: number;
    /** Bytes. */
    readonly size: number;
    /** Undefined: there is no memory at this address. */
    readonly node: number | undefined;
    /** `guest: memfd guest-ram, in a folio of 2 MiB, 1 reference` */
    readonly text: string;
    readonly now: Owned | undefined;
    /** At the kexec that led to the running kernel. */
    readonly before: Owned | undefined;
    /** Oldest first. */
    readonly history: readonly PageHistoryLine[];
    readonly paths: readonly PathToPage[];
    /** Pointers that lie in the page or lead to it. */
    readonly pointers: readonly Pointer[];
}

/** `preserved and claimed: memfd guest-ram` */
function ownedText({ kind, owner }: Pick<Owned, 'kind' | 'owner'>): string {
    return owner === '' ? KIND_TEXT[kind] : `${KIND_TEXT[kind]}: ${owner}`;
}

/** The owner of a page frame in a map. */
function ownedIn(map: MemoryMap, kernel: number, pfn: number): Owned | undefined {
    const run = map.find(pfn);
    return run && { kernel, kind: run.kind, owner: run.owner };
}

/** Pointers that lie in the page at an address, or lead to it. */
function pointersAt({ list }: Pointers, address: number, size: number): Pointer[] {
    const inside = (pa: number): boolean => pa >= address && pa < address + size;
    return list.filter((p) => inside(p.at) || inside(p.target));
}

/** @param pa a byte of the page */
export function pageInfo(host: Host, { now, before, pointers, reach }: Standing, pa: number): PageInfo {
    const { machine } = host;
    const { size } = machine.page;
    const pfn = Math.floor(pa / size);
    const address = pfn * size;
    const owned = ownedIn(now.map, now.kernel, pfn);
    const history = Diagnoses.of(host)?.scene.chronicle.ofPage(pfn) ?? [];
    return {
        address,
        size,
        node: machine.nodeOf(address),
        text: owned ? [ownedText(owned), ...folioTexts(host, pfn)].join(', ') : `no memory at ${hex(address)}`,
        now: owned,
        before: before && ownedIn(before.map, before.kernel, pfn),
        history: history.map(({ boot, text, place }) => ({ kernel: boot + 1, text, place })),
        paths: pathsTo(machine, address, reach),
        pointers: pointersAt(pointers, address, size),
    };
}

/** What a memory image says of a page. */
export function imagePage(
    map: MemoryMap,
    pointers: Pointers,
    pa: number,
): PageInfo & { readonly memoryReference: string } {
    const { page: size } = map;
    const address = Math.floor(pa / size) * size;
    const now = ownedIn(map, 0, address / size);
    return {
        address,
        size,
        node: undefined,
        text: now ? ownedText(now) : `no memory at ${hex(address)}`,
        now,
        before: undefined,
        history: [],
        paths: [],
        pointers: pointersAt(pointers, address, size),
        memoryReference: hex(address),
    };
}

function folioTexts({ kernel, machine }: Host, pfn: number): string[] {
    if (!kernel?.memmap.isAllocated(pfn)) {
        return [];
    }
    const { memmap } = kernel;
    const head = memmap.headOf(pfn);
    const order = memmap.orderOf(pfn);
    const pins = memmap.pins(head);
    return [
        ...(order > 0
            ? [`in a folio of ${sizeText(orderPages(order) * machine.page.size)} at ${hex(head * machine.page.size)}`]
            : []),
        counted(memmap.refs(head), 'reference'),
        ...(pins > 0 ? [counted(pins, 'pin')] : []),
    ];
}
