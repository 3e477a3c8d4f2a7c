/**
 * Preserved memory as tracked by kernels before 7.1 (struct kho_mem_track): by order and address a bitmap with a bit
 * per block. The bitmaps are found by xarrays, which no other kernel can read; finalizing lists them in chunk pages for
 * the next one.
 */
import { counted } from '../../text/text';
import { type Err, err } from '../release/errno';
import type { PageGeometry } from '../../machine/arch';
import { type Journal, JournaledRecord, JournaledList, JournaledMap } from '../../machine/journal';
import type { Machine } from '../../machine/machine';
import { LEAF_SIZE, PHYS_LIMIT, type PhysicalMemory } from '../../machine/memory';
import type { NodePages, RadixFinding, RadixVisitor } from './radix';

/**
 * struct khoser_mem_chunk: u64 next, u32 order, u32 num_elms, then {u64 phys_start, u64 bitmap} to the end of the page.
 */
const CHUNK_ORDER = 8;
const CHUNK_COUNT = 12;
const CHUNK_HEADER = 16;
const CHUNK_ENTRY = 16;

/** Number of bitmaps that a chunk lists. */
export function chunkElements(page: PageGeometry): number {
    return Math.floor((page.size - CHUNK_HEADER) / CHUNK_ENTRY);
}

/** Bitmaps of one order are numbered from here on in the table; 2^36 bitmaps are more than any memory needs. */
const ORDER_STRIDE = 2 ** 36;
const NO_BYTES = new Uint8Array(0);

/** The outgoing side. */
export class BitmapTracker extends JournaledRecord {
    /** The first chunk, once the handover is finalized; the value in the FDT. 0: not yet. */
    readonly root: number = 0;
    /** Physical addresses of bitmaps by order and number. */
    private readonly bitmaps: JournaledMap<number, number>;
    private readonly chunks: JournaledList<number>;
    /** Pages from which bitmaps smaller than a page are allocated, and the number of bytes of the last one in use. */
    private readonly slabs: JournaledList<number>;
    readonly slabUsed: number;
    /** Bitmaps that KFENCE has taken instead. */
    private readonly samples: JournaledList<number>;
    private readonly memory: PhysicalMemory;
    private readonly journal: Journal;
    private readonly page: PageGeometry;
    private readonly bits: number;
    /** Blocks of a bitmap that lie in one leaf of memory. */
    private readonly bitsAtOnce: number;
    // The part of a bitmap that the last block was in, for as long as it cannot have changed under us.
    private last = -1;
    private bytes: Uint8Array = NO_BYTES;
    private cachedAt = 0;
    private generation = 0;

    constructor(
        { memory, journal, page }: Pick<Machine, 'memory' | 'journal' | 'page'>,
        private readonly pages: NodePages,
        private readonly bitmapBytes: number,
    ) {
        super(journal);
        this.memory = memory;
        this.journal = journal;
        this.page = page;
        this.slabUsed = page.size;
        this.bitmaps = new JournaledMap(journal);
        this.chunks = new JournaledList(journal);
        this.slabs = new JournaledList(journal);
        this.samples = new JournaledList(journal);
        this.bits = bitmapBytes * 8;
        this.bitsAtOnce = Math.min(bitmapBytes, LEAF_SIZE) * 8;
    }

    /**
     * Sets the bit of a block; setting it twice is neither an error nor counted. @returns ENOMEM if a bitmap cannot be
     * allocated.
     */
    add(pfn: number, order: number): 0 | Err {
        const bit = this.locate(pfn, order, true);
        if (bit === undefined) {
            return err('ENOMEM');
        }
        this.bytes[bit >> 3] = (this.bytes[bit >> 3] ?? 0) | (1 << (bit & 7));
        return 0;
    }

    /** Clears the bit of a block. @returns false where its bitmap does not exist (the kernel warns). */
    remove(pfn: number, order: number): boolean {
        const bit = this.locate(pfn, order, false);
        if (bit === undefined) {
            return false;
        }
        this.bytes[bit >> 3] = (this.bytes[bit >> 3] ?? 0) & ~(1 << (bit & 7));
        return true;
    }

    has(pfn: number, order: number): boolean {
        const block = pfn / 2 ** order;
        const pa = this.bitmaps.get(order * ORDER_STRIDE + Math.floor(block / this.bits));
        const bit = block % this.bits;
        return pa !== undefined && (this.memory.readU8(pa + (bit >> 3)) & (1 << (bit & 7))) !== 0;
    }

    /** Every preserved block, by order, then ascending. */
    forEach(visit: RadixVisitor): void {
        for (const [key, pa] of this.sorted()) {
            const order = Math.floor(key / ORDER_STRIDE);
            walkBits(
                this.memory.read(pa, this.bitmapBytes),
                (key % ORDER_STRIDE) * this.bits * 2 ** order,
                order,
                visit,
            );
        }
    }

    /** Lists the bitmaps in chunks; earlier chunks are freed. @returns ENOMEM, with no list. */
    serialize(): 0 | Err {
        this.unlist();
        let chunk = 0;
        let order = -1;
        let count = 0;
        const most = chunkElements(this.page);
        for (const [key, pa] of this.sorted()) {
            const own = Math.floor(key / ORDER_STRIDE);
            if (own !== order || count === most) {
                const next = this.pages.sampled?.() ?? this.pages.allocNode();
                if (next === undefined) {
                    this.unlist();
                    return err('ENOMEM');
                }
                if (chunk !== 0) {
                    this.memory.writeU64(chunk, next);
                }
                this.chunks.push(next);
                [chunk, order, count] = [next, own, 0];
                this.memory.writeU32(chunk + CHUNK_ORDER, order);
            }
            const at = chunk + CHUNK_HEADER + count * CHUNK_ENTRY;
            this.memory.writeU64(at, (key % ORDER_STRIDE) * this.bits * 2 ** order * this.page.size);
            this.memory.writeU64(at + 8, pa);
            this.memory.writeU32(chunk + CHUNK_COUNT, ++count);
        }
        this.journal.edit<BitmapTracker>(this).root = this.chunks.at(0) ?? 0;
        return 0;
    }

    /** Clears everything that is preserved, as aborting does. */
    clear(): void {
        this.unlist();
        const pages = this.bitmapBytes === this.page.size ? [...this.bitmaps.values()] : this.slabs.items;
        for (const pa of [...pages, ...this.samples.items]) {
            this.pages.freeNode(pa);
        }
        this.samples.clear();
        this.bitmaps.clear();
        this.slabs.clear();
        this.journal.edit<BitmapTracker>(this).slabUsed = this.page.size;
        this.last = -1;
    }

    /** Frees the chunks: the list is empty. */
    unlist(): void {
        for (const pa of this.chunks) {
            this.pages.freeNode(pa);
        }
        this.chunks.clear();
        this.journal.edit<BitmapTracker>(this).root = 0;
    }

    private sorted(): [number, number][] {
        return [...this.bitmaps.entries()].sort((a, b) => a[0] - b[0]);
    }

    /** The bit of a block in {@link bytes}; undefined if its bitmap does not exist, or (`make`) cannot be allocated. */
    private locate(pfn: number, order: number, make: boolean): number | undefined {
        const block = Math.floor(pfn / 2 ** order);
        const part = Math.floor(block / this.bitsAtOnce);
        const place = order * ORDER_STRIDE + part;
        if (place !== this.last || this.cachedAt !== this.journal.epoch || this.generation !== this.memory.generation) {
            const index = Math.floor(block / this.bits);
            const key = order * ORDER_STRIDE + index;
            let pa = this.bitmaps.get(key);
            if (pa === undefined) {
                pa = make ? this.allocBitmap() : undefined;
                if (pa === undefined) {
                    return undefined;
                }
                this.bitmaps.set(key, pa);
            }
            const at = pa + (part * this.bitsAtOnce - index * this.bits) / 8;
            const leaf = this.memory.leafForWrite(at);
            this.bytes = leaf.subarray(at % LEAF_SIZE, (at % LEAF_SIZE) + this.bitsAtOnce / 8);
            this.last = place;
            this.cachedAt = this.journal.epoch;
            this.generation = this.memory.generation;
        }
        return block - part * this.bitsAtOnce;
    }

    /** A page, an object of KFENCE, or the next object of a slab page. */
    private allocBitmap(): number | undefined {
        if (this.bitmapBytes === this.page.size) {
            return this.pages.allocNode();
        }
        const sample = this.pages.sampled?.();
        if (sample !== undefined) {
            this.samples.push(sample);
            return sample;
        }
        if (this.slabUsed >= this.page.size) {
            const page = this.pages.allocNode();
            if (page === undefined) {
                return undefined;
            }
            this.slabs.push(page);
            this.journal.edit<BitmapTracker>(this).slabUsed = 0;
        }
        const pa = (this.slabs.at(-1) ?? 0) + this.slabUsed;
        this.journal.edit<BitmapTracker>(this).slabUsed = this.slabUsed + this.bitmapBytes;
        return pa;
    }
}

/**
 * kho_mem_deserialize: calls back for every bit of a chunk list. Accepts any input: an address outside of memory ends
 * the walk (the kernel would fault there), and so does a cycle (the kernel would never end).
 * @param bitmapBytes size of a bitmap as assumed by the reading kernel; the writing kernel does not record it.
 */
export function walkChunks(
    memory: Pick<PhysicalMemory, 'read'>,
    page: PageGeometry,
    first: number,
    bitmapBytes: number,
    isRam: (pa: number, length: number) => boolean,
    onBlock: RadixVisitor,
): RadixFinding[] {
    const findings: RadixFinding[] = [];
    const seen = new Set<number>();
    const { size } = page;
    const most = chunkElements(page);
    const fatal = (pa: number, text: string): RadixFinding[] => [...findings, { pa, text, fatal: true }];
    for (let pa = first; pa !== 0; ) {
        if (pa % size !== 0 || pa >= PHYS_LIMIT || !isRam(pa, size)) {
            return fatal(pa, 'a chunk of the memory map lies outside of memory');
        }
        if (seen.has(pa)) {
            return fatal(pa, 'the chunks of the memory map form a cycle');
        }
        seen.add(pa);
        const bytes = memory.read(pa, size);
        const view = new DataView(bytes.buffer, bytes.byteOffset);
        const order = view.getUint32(CHUNK_ORDER, true);
        const count = view.getUint32(CHUNK_COUNT, true);
        if (order > 40 || count > most) {
            return fatal(pa, `a chunk of the memory map has order ${order} and ${counted(count, 'entry')}`);
        }
        for (let i = 0; i < count; i++) {
            const at = CHUNK_HEADER + i * CHUNK_ENTRY;
            const start = u64(view, at);
            const bitmap = u64(view, at + 8);
            if (start % size !== 0 || start >= PHYS_LIMIT || bitmap >= PHYS_LIMIT || !isRam(bitmap, bitmapBytes)) {
                return fatal(pa + at, `entry ${i} of a chunk of the memory map points outside of memory`);
            }
            walkBits(memory.read(bitmap, bitmapBytes), start / size, order, onBlock);
        }
        pa = u64(view, 0);
    }
    return findings;
}

/** A u64 that should be an address; a value that a number cannot hold exactly is beyond memory anyway. */
function u64(view: DataView, at: number): number {
    return view.getUint32(at + 4, true) * 0x100000000 + view.getUint32(at, true);
}

function walkBits(bytes: Uint8Array, pfn: number, order: number, visit: RadixVisitor): void {
    const step = 2 ** order;
    for (let i = 0; i < bytes.length; i++) {
        for (let byte = bytes[i] ?? 0; byte !== 0; byte &= byte - 1) {
            visit(pfn + (i * 8 + 31 - Math.clz32(byte & -byte)) * step, order);
        }
    }
}
