/** The handover of a memfd ("memfd-v2", mm/memfd_luo.c): its structure, the array of its folios, their contents. */
import { Bytes, type Extent, extentLength, hashExtent } from '../machine/bytes';
import { Fnv1a64 } from '../machine/fnv';
import type { Int } from '../machine/int';
import type { MemoryView } from '../machine/view';
import { chunkEntries } from '../kernel/kho/vmalloc';
import { FolioList, type FolioEntry } from './folio-list';
import type { ContentView, MemfdView, VmallocView } from './model';
import type { Walk } from './walk';
import { counted, hex } from '../text/text';

/** Where the fields of struct memfd_luo_ser begin in the data, by the string: behind words of features, if any. */
const OFFSETS: ReadonlyMap<string, number> = new Map([
    ['memfd-v2', 0],
    ['memfd-v2;vmalloc-v1', 0],
    ['memfd', 128],
]);
/** struct memfd_luo_ser: u64 pos, u64 size, u32 seals, u32 flags, u64 nr_folios, struct kho_vmalloc. */
const SER_SIZE = 48;
const SIZE = 8;
const SEALS = 16;
const FLAGS = 20;
const NR_FOLIOS = 24;
const VMALLOC = 32;
/** struct memfd_luo_folio_ser: u64 pfn:52 flags:12, u64 index. */
const FOLIO_SER_SIZE = 16;
const ALL_SEALS = 0x3f;
const DIRTY = 1;
const UPTODATE = 2;
const HEAD = 16;
/** The number of entries checked after the last valid one: after that, the memory is not an array. */
const BAD_FOLIOS = 1000;
/** The most pages of an array: a million pages describe a file of 1 TiB in 4 KiB folios. */
const ARRAY_LIMIT = 1 << 20;

const RETRIEVE = (errno: string): string => `RETRIEVE_FD fails with ${errno}`;

/** @returns undefined if it cannot be read, or another handler's `compatible` says that it is not a memfd */
export function readMemfd(walk: Walk, data: Int, title: string, compatible: string): MemfdView | undefined {
    const { findings } = walk;
    const offset = OFFSETS.get(compatible);
    if (offset === undefined) {
        return undefined;
    }
    if (data === 0) {
        findings.add('memfd-no-data', undefined, `${title} has no data`, 'fails', RETRIEVE('EINVAL'));
        return undefined;
    }
    const addr = walk.address(data, offset + SER_SIZE);
    if (addr === undefined) {
        findings.add(
            'memfd-outside',
            data,
            `the address of the structure of ${title}, ${hex(data)}, is not memory`,
            'panic',
            'retrieving or finishing it faults',
        );
        return undefined;
    }
    const claim = walk.claim(addr);
    if (claim === 'restored before') {
        findings.add(
            'memfd-shared',
            addr,
            `the structure of ${title} at ${hex(addr)} also belongs to another object`,
            'corrupt',
            'the object that is retrieved second reads a free page',
        );
    } else if (claim !== 'restored') {
        findings.add(
            'memfd-not-preserved',
            addr,
            `the structure of ${title} at ${hex(addr)} is not preserved`,
            'corrupt',
            'other data may have overwritten it before it is read',
        );
    }
    const ser = addr + offset;
    const seals = walk.u32(ser + SEALS);
    if ((seals & ~ALL_SEALS) !== 0) {
        findings.add(
            'memfd-seals',
            ser + SEALS,
            `${title} has unknown seals (${hex(seals)})`,
            'fails',
            RETRIEVE('EOPNOTSUPP'),
        );
    }
    const size = walk.u64(ser + SIZE);
    const nrFolios = walk.u64(ser + NR_FOLIOS);
    const vmalloc = readVmalloc(walk, ser + VMALLOC, title, nrFolios !== 0);
    const { list, exact } = readFolios(walk, ser, title, vmalloc, nrFolios);
    checkExtent(walk, ser, title, size, list);
    const content =
        walk.contents && exact && claim === 'restored' && list.length === Number(nrFolios)
            ? readContent(walk.view, list, size)
            : undefined;
    return {
        addr,
        pos: walk.u64(ser),
        size,
        seals,
        flags: walk.u32(ser + FLAGS),
        nrFolios,
        vmalloc,
        folios: list,
        content,
    };
}

/** struct kho_vmalloc, followed as kho_restore_vmalloc does. */
function readVmalloc(walk: Walk, addr: number, title: string, used: boolean): VmallocView {
    const { findings } = walk;
    const { page } = walk.view;
    const entries = chunkEntries(page);
    const first = walk.u64(addr);
    const totalPages = walk.u32(addr + 8);
    const flags = walk.u16(addr + 12);
    const order = walk.u16(addr + 14);
    const chunks: number[] = [];
    const pages: number[] = [];
    const view = { first, totalPages, flags, order, chunks, pages };
    if (!used) {
        return view;
    }
    const fail = (code: string, at: Int, text: string): VmallocView => {
        findings.add(code, at, text, 'fails', RETRIEVE('EINVAL'));
        return view;
    };
    if (order > page.maxOrder) {
        return fail('vmalloc-order', addr + 14, `the array of ${title} has pages of order ${order}`);
    }
    if (totalPages > ARRAY_LIMIT) {
        return fail(
            'vmalloc-count',
            addr + 8,
            `the page count of the array of ${title}, ${totalPages}, is larger than any file needs`,
        );
    }
    for (let pa = first; pa !== 0; ) {
        const chunk = walk.address(pa, page.size);
        if (chunk === undefined) {
            findings.add(
                'chunk-outside',
                pa,
                `the address of a chunk of the array of ${title}, ${hex(pa)}, is not memory`,
                'panic',
                'retrieving it faults',
            );
            return view;
        }
        // The chunk is restored after its entries: a chain that returns to it finds it restored.
        const claim = walk.claim(chunk);
        if (claim !== 'restored') {
            return fail(
                claim === 'restored before' ? 'chunk-loop' : 'chunk-not-preserved',
                chunk,
                `the chunk at ${hex(chunk)} of the array of ${title} ${claim === 'restored before' ? 'is in the list twice, or also belongs to another object' : 'is not preserved'}`,
            );
        }
        chunks.push(chunk);
        for (let slot = 0; slot < entries; slot++) {
            const entry = walk.u64(chunk + 8 + slot * 8);
            if (entry === 0) {
                break;
            }
            if (pages.length + 2 ** order > totalPages) {
                return fail(
                    'vmalloc-count',
                    addr + 8,
                    `the page count of the array of ${title} is ${totalPages}, but its chunks list more`,
                );
            }
            const got = walk.claim(entry);
            if (got !== 'restored' || typeof entry !== 'number') {
                return fail(
                    'array-page-not-preserved',
                    entry,
                    `page ${pages.length} of the array of ${title}, at ${hex(entry)}, ${got === 'restored before' ? 'also belongs to another object' : 'is not preserved'}`,
                );
            }
            for (let i = 0; i < 2 ** order; i++) {
                pages.push((Math.floor(entry / page.size) + i) * page.size);
            }
        }
        pa = walk.u64(chunk);
    }
    if (pages.length !== totalPages) {
        return fail(
            'vmalloc-count',
            addr + 8,
            `the page count of the array of ${title} is ${totalPages}, but its chunks list ${pages.length}`,
        );
    }
    return view;
}

/** @returns the folios, and whether every one is preserved, restored once and in its place. */
function readFolios(
    walk: Walk,
    addr: number,
    title: string,
    vmalloc: VmallocView,
    nrFolios: Int,
): { list: FolioList; exact: boolean } {
    const { findings } = walk;
    const { size } = walk.view.page;
    const room = vmalloc.pages.length * (size / FOLIO_SER_SIZE);
    if (nrFolios > room && vmalloc.pages.length === vmalloc.totalPages) {
        findings.add(
            'folios-beyond-array',
            addr + NR_FOLIOS,
            `the folio count of ${title} is ${nrFolios}, but its array holds ${room}`,
            'panic',
            'retrieving it reads past the array and faults',
        );
    }
    const count = Math.min(Number(nrFolios), room);
    const list = new FolioList();
    let exact = true;
    let bad = 0;
    let end = 0;
    for (let i = 0; i < count && bad < BAD_FOLIOS; i++) {
        const page = vmalloc.pages[Math.floor((i * FOLIO_SER_SIZE) / size)] ?? 0;
        const at = page + ((i * FOLIO_SER_SIZE) % size);
        const low = walk.u32(at);
        const high = walk.u32(at + 4);
        const pfn = low + (high & 0xfffff) * 0x1_0000_0000;
        const flags = high >>> 20;
        const index = Number(walk.u64(at + 8));
        const order = walk.preserved.orderAt(pfn);
        list.push({ pfn, flags, index, order: order ?? -1 });
        if (pfn === 0) {
            findings.add(
                'folio-null',
                at,
                `entry ${i} of ${title} is not a folio`,
                'corrupt',
                'the file has a hole there',
            );
            exact = false;
            bad++;
            continue;
        }
        const claim = walk.claim(pfn * size);
        if (claim !== 'restored') {
            findings.add(
                claim === 'restored before' ? 'folio-twice' : 'folio-not-preserved',
                at,
                `folio ${i} of ${title}, page frame ${hex(pfn)}, ${claim === 'restored before' ? 'also belongs to another object' : claim === 'outside' ? 'is not memory' : 'is not preserved'}`,
                'fails',
                RETRIEVE('EIO'),
            );
            exact = false;
            bad++;
            continue;
        }
        bad = 0;
        if (index < end) {
            findings.add(
                'folio-overlap',
                at,
                `folio ${i} of ${title} is at page ${index} of the file, like another folio`,
                'fails',
                RETRIEVE('EEXIST'),
            );
            exact = false;
        }
        end = Math.max(end, index + 2 ** (order ?? 0));
        if (flags !== (DIRTY | UPTODATE)) {
            findings.add(
                'folio-flags',
                at,
                `folio ${i} of ${title} is not marked dirty and up to date`,
                'corrupt',
                'its contents may be dropped or read from disk',
            );
        }
        if (!walk.view.has(pfn * size, size * 2 ** (order ?? 0))) {
            findings.add(
                'contents-missing',
                pfn * size,
                `folio ${i} of ${title} is missing in the image, or a part of it is`,
                'none',
            );
            exact = false;
        }
    }
    return { list, exact };
}

/** Preserving a memfd fills its holes, so its folios cover the whole file. */
function checkExtent(walk: Walk, addr: number, title: string, size: Int, list: FolioList): void {
    let next = 0;
    let hole: number | undefined;
    for (const folio of list) {
        if (folio.index > next) {
            hole ??= next;
        }
        next = Math.max(next, folio.index + 2 ** Math.max(0, folio.order));
    }
    const pages = Math.ceil(Number(size) / walk.view.page.size);
    if (hole === undefined && next < pages) {
        hole = next;
    }
    if (hole !== undefined && hole < pages) {
        walk.findings.add(
            'memfd-hole',
            addr,
            `${title} has ${counted(size, 'byte')}, but no folio at page ${hole}`,
            'corrupt',
            'it reads as zeroes there',
        );
    }
}

/** A run of a file's contents. Ranges outside all runs are zero. */
export interface ContentPiece {
    /** In the file, in bytes. */
    readonly offset: number;
    readonly content: Extent;
}

/** The contents of a memfd, folio by folio; only for one whose folios ascend. */
export function* contentOf(view: MemoryView, folios: Iterable<FolioEntry>, size: Int): Generator<ContentPiece> {
    const end = Number(size);
    const { page } = view;
    for (const { pfn, index, order } of folios) {
        let offset = index * page.size;
        const length = Math.min(page.size * 2 ** Math.max(0, order), end - offset);
        for (const content of length > 0 ? view.extents(pfn * page.size, length) : []) {
            yield { offset, content };
            offset += extentLength(content);
        }
    }
}

function readContent(view: MemoryView, folios: FolioList, size: Int): ContentView {
    const hash = new Fnv1a64();
    const head = new Uint8Array(Math.min(HEAD, Number(size)));
    let at = 0;
    for (const { offset, content } of contentOf(view, folios, size)) {
        hashExtent(hash.zero(offset - at), content);
        if (offset < head.length) {
            const start = new Bytes([content], extentLength(content)).slice(0, head.length - offset);
            head.set(start.toUint8Array(), offset);
        }
        at = offset + extentLength(content);
    }
    return { fnv1a64: hash.zero(Number(size) - at).digest(), head };
}
