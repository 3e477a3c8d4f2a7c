/** Physical memory: bytes by address. */
import { type Bytes, BytesBuilder, type Extent } from './bytes';
import { Hasher } from './hash';
import { type Int, halvesOf, intOfHalves } from './int';
import type { Journal, Saveable } from './journal';
import { BLOCK_PAGES, Block, FANOUT, PAGE_SIZE, Page, SPAN_PAGES, Span } from './memory-trie';
import { advanceCode, byteOfCode, patternCode, renderCode } from './pattern';

export { PAGE_SIZE } from './memory-trie';

/** One more than the highest physical address (52 bits, as on x86-64). */
export const PHYS_LIMIT = 2 ** 52;

/** What lies in memory is no address, nor a size of anything: somebody has written over it. */
export class WildNumber extends RangeError {}

/**
 * The contents of physical memory, which survive every kernel. A page is zero, pattern or bytes, and uniform stretches of 2 MiB
 * and 1 GiB are one entry, so memory costs what differs. Addresses are in bytes; reading what was never written gives zeroes.
 * What is RAM and what is not the machine's map says, not this class.
 */
export class PhysicalMemory {
    /** Grows whenever the bytes of some page are given up: arrays from {@link pageForWrite} are valid for one generation and epoch. */
    generation = 0;
    private readonly top: Top;
    private cachedPfn = -1;
    private cachedBytes: Uint8Array = NO_BYTES;
    private cachedEpoch = 0;
    private cachedGeneration = 0;
    /** Fingerprints of contents by code: a memo of a pure function, at three sizes. */
    private readonly memo = [new Map<number, number>(), new Map<number, number>(), new Map<number, number>()];

    constructor(private readonly journal: Journal) {
        this.top = new Top(journal);
    }

    // Single values, little-endian, at any alignment.

    readU8(pa: number): number {
        const found = this.find(pageOf(pa));
        return typeof found === 'number' ? byteOfCode(found, inPage(pa)) : found[inPage(pa)]!;
    }

    readU16(pa: number): number {
        return this.readU8(pa) | (this.readU8(pa + 1) << 8);
    }

    readU32(pa: number): number {
        const at = inPage(pa);
        if (at <= PAGE_SIZE - 4) {
            const found = this.find(pageOf(pa));
            if (typeof found !== 'number') {
                return (found[at]! | (found[at + 1]! << 8) | (found[at + 2]! << 16) | (found[at + 3]! << 24)) >>> 0;
            }
            if (found === 0) {
                return 0;
            }
        }
        return (this.readU16(pa) | (this.readU16(pa + 2) << 16)) >>> 0;
    }

    readU64(pa: number): Int {
        return intOfHalves(this.readU32(pa), this.readU32(pa + 4));
    }

    /**
     * A u64 as a number: an address, mostly.
     * @throws WildNumber where it is 2^53 or more.
     */
    readNum(pa: number): number {
        const value = this.readU64(pa);
        if (typeof value === 'bigint') {
            throw new WildNumber(`the u64 at 0x${pa.toString(16)} is 0x${value.toString(16)}`);
        }
        return value;
    }

    writeU8(pa: number, value: number): void {
        this.pageForWrite(pageOf(pa))[inPage(pa)] = value;
    }

    writeU16(pa: number, value: number): void {
        this.writeU8(pa, value);
        this.writeU8(pa + 1, value >>> 8);
    }

    writeU32(pa: number, value: number): void {
        const at = inPage(pa);
        if (at > PAGE_SIZE - 4) {
            this.writeU16(pa, value);
            this.writeU16(pa + 2, value >>> 16);
            return;
        }
        const page = this.pageForWrite(pageOf(pa));
        page[at] = value;
        page[at + 1] = value >>> 8;
        page[at + 2] = value >>> 16;
        page[at + 3] = value >>> 24;
    }

    /** Writes the low 64 bits of an integer, negative ones in two's complement. */
    writeU64(pa: number, value: Int): void {
        const { low, high } = halvesOf(value);
        this.writeU32(pa, low);
        this.writeU32(pa + 4, high);
    }

    // Runs of bytes.

    /** A copy of `length` bytes. */
    read(pa: number, length: number): Uint8Array {
        const out = new Uint8Array(length);
        for (let done = 0; done < length; ) {
            const at = inPage(pa + done);
            const n = Math.min(PAGE_SIZE - at, length - done);
            const found = this.find(pageOf(pa + done));
            if (typeof found === 'number') {
                renderCode(found, at, out, done, n);
            } else {
                out.set(found.subarray(at, at + n), done);
            }
            done += n;
        }
        return out;
    }

    write(pa: number, bytes: Uint8Array): void {
        if (inPage(pa) + bytes.length <= PAGE_SIZE) {
            this.pageForWrite(pageOf(pa)).set(bytes, inPage(pa));
            return;
        }
        for (let done = 0; done < bytes.length; ) {
            const at = inPage(pa + done);
            const n = Math.min(PAGE_SIZE - at, bytes.length - done);
            this.pageForWrite(pageOf(pa + done)).set(bytes.subarray(done, done + n), at);
            done += n;
        }
    }

    zero(pa: number, length: number): void {
        this.fill(pa, length, 0);
    }

    /** Fills memory with the pattern of `seed`, from its file offset `fileOffset` on. */
    fillPattern(pa: number, length: number, seed: number, fileOffset: number): void {
        this.fill(pa, length, patternCode(seed, fileOffset));
    }

    /** What lies at [pa, pa+length), without building it. */
    readBytes(pa: number, length: number): Bytes {
        const builder = new BytesBuilder();
        for (let done = 0; done < length; ) {
            const pfn = pageOf(pa + done);
            const at = inPage(pa + done);
            const found = this.find(pfn);
            if (typeof found !== 'number') {
                const n = Math.min(PAGE_SIZE - at, length - done);
                builder.bytes(found.slice(at, at + n));
                done += n;
                continue;
            }
            const n = Math.min(this.uniformPages(pfn) * PAGE_SIZE - at, length - done);
            builder.code(advanceCode(found, at), n);
            done += n;
        }
        return builder.build();
    }

    writeBytes(pa: number, content: Bytes): void {
        let at = pa;
        for (const e of content.extents) {
            if (e.kind === 'bytes') {
                this.write(at, e.bytes);
                at += e.bytes.length;
            } else {
                this.fill(at, e.length, e.kind === 'zero' ? 0 : patternCode(e.seed, e.offset));
                at += e.length;
            }
        }
    }

    extents(pa: number, length: number): readonly Extent[] {
        return this.readBytes(pa, length).extents;
    }

    /** Copies `length` bytes; the two may overlap. */
    copy(to: number, from: number, length: number): void {
        this.writeBytes(to, this.readBytes(from, length));
    }

    // Pages.

    /** The bytes of a page, to be changed in place; see {@link generation} for how long. */
    pageForWrite(pfn: number): Uint8Array {
        if (
            pfn === this.cachedPfn &&
            this.cachedEpoch === this.journal.epoch &&
            this.cachedGeneration === this.generation
        ) {
            return this.cachedBytes;
        }
        const block = this.blockForWrite(pfn);
        const index = slotOf(pfn);
        let page = block.child(index);
        if (page) {
            this.journal.touch(page);
        } else {
            this.journal.touch(block);
            const bytes = new Uint8Array(PAGE_SIZE);
            const code = block.codes[index]!;
            if (code !== 0) {
                renderCode(code, 0, bytes, 0, PAGE_SIZE);
            }
            page = new Page(this.journal, bytes);
            block.put(index, page);
        }
        this.cachedPfn = pfn;
        this.cachedBytes = page.bytes;
        this.cachedEpoch = this.journal.epoch;
        this.cachedGeneration = this.generation;
        return page.bytes;
    }

    /** The bytes of a page, not to be changed; undefined where they do not exist (see {@link extents}). */
    pageForRead(pfn: number): Uint8Array | undefined {
        const found = this.find(pfn);
        return typeof found === 'number' ? undefined : found;
    }

    /** True where a page is all zeroes without looking at its bytes. */
    isKnownZero(pfn: number): boolean {
        return this.find(pfn) === 0;
    }

    // The whole.

    /** Every stretch of memory that is not known to be zero, in ascending order. */
    *contents(): Generator<{ pa: number; bytes: Bytes }> {
        for (const span of this.top.sorted()) {
            const entry = this.top.get(span);
            const first = span * SPAN_PAGES * PAGE_SIZE;
            if (typeof entry === 'number') {
                yield { pa: first, bytes: new BytesBuilder().code(entry, SPAN_PAGES * PAGE_SIZE).build() };
                continue;
            }
            for (let i = 0; i < FANOUT; i++) {
                if (entry?.codes[i] !== 0) {
                    const pa = first + i * BLOCK_PAGES * PAGE_SIZE;
                    yield* nonZeroRuns(pa, this.readBytes(pa, BLOCK_PAGES * PAGE_SIZE));
                }
            }
        }
    }

    /** Adds the contents to a fingerprint: equal contents, equal fingerprints, however they are represented. */
    hash(hasher: Hasher): void {
        for (const span of this.top.sorted()) {
            const entry = this.top.get(span) ?? 0;
            const value = typeof entry === 'number' ? this.hashCode(entry, 2) : this.hashSpan(entry);
            if (value !== 0) {
                hasher.num(span).num(value);
            }
        }
    }

    private hashSpan(span: Span): number {
        return combined((i) => {
            const block = span.child(i);
            return block ? this.hashBlock(block) : this.hashCode(span.codes[i]!, 1);
        });
    }

    private hashBlock(block: Block): number {
        return combined((i) => {
            const page = block.child(i);
            return page ? hashPage(page.bytes) : this.hashCode(block.codes[i]!, 0);
        });
    }

    /** The fingerprint of a page (level 0), block (1) or span (2) full of content with this code. */
    private hashCode(code: number, level: number): number {
        if (code === 0) {
            return 0;
        }
        const memo = this.memo[level]!;
        let value = memo.get(code);
        if (value === undefined) {
            if (level === 0) {
                const bytes = new Uint8Array(PAGE_SIZE);
                renderCode(code, 0, bytes, 0, PAGE_SIZE);
                value = hashPage(bytes);
            } else {
                const step = level === 1 ? PAGE_SIZE : PAGE_SIZE * BLOCK_PAGES;
                value = combined((i) => this.hashCode(advanceCode(code, i * step), level - 1));
            }
            memo.set(code, value);
        }
        return value;
    }

    /** A page's bytes, or the code it is full of. */
    private find(pfn: number): Uint8Array | number {
        if (
            pfn === this.cachedPfn &&
            this.cachedEpoch === this.journal.epoch &&
            this.cachedGeneration === this.generation
        ) {
            return this.cachedBytes;
        }
        const span = this.top.get(Math.floor(pfn / SPAN_PAGES));
        if (span === undefined) {
            checkPfn(pfn);
            return 0;
        }
        if (typeof span === 'number') {
            return advanceCode(span, (pfn % SPAN_PAGES) * PAGE_SIZE);
        }
        const blockIndex = slotOf(pfn / FANOUT);
        const block = span.child(blockIndex);
        if (!block) {
            return advanceCode(span.codes[blockIndex]!, slotOf(pfn) * PAGE_SIZE);
        }
        return block.child(slotOf(pfn))?.bytes ?? block.codes[slotOf(pfn)]!;
    }

    /** How many pages from this one (which has no bytes) on are known to continue its content, within its node. */
    private uniformPages(pfn: number): number {
        const span = this.top.get(Math.floor(pfn / SPAN_PAGES));
        if (span === undefined || typeof span === 'number') {
            return SPAN_PAGES - (pfn % SPAN_PAGES);
        }
        return span.child(slotOf(pfn / FANOUT)) ? 1 : BLOCK_PAGES - (pfn % BLOCK_PAGES);
    }

    private spanForWrite(pfn: number): Span {
        const index = Math.floor(pfn / SPAN_PAGES);
        let span = this.top.get(index);
        if (typeof span !== 'object') {
            checkPfn(pfn);
            span = new Span(this.journal, span ?? 0);
            this.journal.touch(this.top);
            this.top.set(index, span);
        }
        return span;
    }

    private blockForWrite(pfn: number): Block {
        const span = this.spanForWrite(pfn);
        const index = slotOf(pfn / FANOUT);
        let block = span.child(index);
        if (!block) {
            this.journal.touch(span);
            block = new Block(this.journal, span.codes[index]!);
            span.put(index, block);
        }
        return block;
    }

    private fill(pa: number, length: number, code: number): void {
        for (let done = 0; done < length; ) {
            const pfn = pageOf(pa + done);
            const at = inPage(pa + done);
            if (at === 0 && length - done >= PAGE_SIZE) {
                const pages = Math.floor((length - done) / PAGE_SIZE);
                done += this.fillPages(pfn, pages, advanceCode(code, done)) * PAGE_SIZE;
                continue;
            }
            const n = Math.min(PAGE_SIZE - at, length - done);
            const found = this.find(pfn);
            const wanted = advanceCode(code, done);
            if (typeof found !== 'number' || advanceCode(found, at) !== wanted) {
                renderCode(wanted, 0, this.pageForWrite(pfn), at, n);
            }
            done += n;
        }
    }

    /** Fills whole pages, as many as one node entry takes; returns how many. */
    private fillPages(pfn: number, pages: number, code: number): number {
        const spanIndex = Math.floor(pfn / SPAN_PAGES);
        const entry = this.top.get(spanIndex);
        if (pfn % SPAN_PAGES === 0 && pages >= SPAN_PAGES) {
            if ((entry ?? 0) !== code) {
                checkPfn(pfn);
                this.journal.touch(this.top);
                this.top.set(spanIndex, code);
                this.generation++;
            }
            return SPAN_PAGES;
        }
        const blockIndex = slotOf(pfn / FANOUT);
        if (pfn % BLOCK_PAGES === 0 && pages >= BLOCK_PAGES) {
            const known =
                typeof entry === 'object'
                    ? entry.codes[blockIndex]
                    : advanceCode(entry ?? 0, (pfn % SPAN_PAGES) * PAGE_SIZE);
            if (known !== code) {
                const span = this.spanForWrite(pfn);
                this.journal.touch(span);
                if (span.putCode(blockIndex, code)) {
                    this.generation++;
                }
            }
            return BLOCK_PAGES;
        }
        const n = Math.min(pages, BLOCK_PAGES - (pfn % BLOCK_PAGES));
        for (let i = 0; i < n; i++) {
            const wanted = advanceCode(code, i * PAGE_SIZE);
            if (this.find(pfn + i) !== wanted) {
                const block = this.blockForWrite(pfn + i);
                this.journal.touch(block);
                if (block.putCode((pfn + i) % FANOUT, wanted)) {
                    this.generation++;
                }
            }
        }
        return n;
    }
}

const NO_BYTES = new Uint8Array(0);

/** The highest level: a span of 1 GiB, or the code it is full of. Absent: zeroes. */
class Top implements Saveable {
    epoch: number;
    private map = new Map<number, Span | number>();

    constructor(journal: Journal) {
        this.epoch = journal.epoch;
    }

    get(index: number): Span | number | undefined {
        return this.map.get(index);
    }

    set(index: number, value: Span | number): void {
        if (value === 0) {
            this.map.delete(index);
        } else {
            this.map.set(index, value);
        }
    }

    sorted(): number[] {
        return [...this.map.keys()].sort((a, b) => a - b);
    }

    save(): unknown {
        return new Map(this.map);
    }

    load(saved: unknown): void {
        if (saved instanceof Map) {
            this.map = saved;
        }
    }
}

/** pa % PAGE_SIZE. The operator is slow on numbers of more than 31 bits; this takes their low bits, whatever lies above. */
function inPage(pa: number): number {
    return pa & (PAGE_SIZE - 1);
}

/** Math.floor(n) % FANOUT, likewise. */
function slotOf(n: number): number {
    return n & (FANOUT - 1);
}

function pageOf(pa: number): number {
    return Math.floor(pa / PAGE_SIZE);
}

function checkPfn(pfn: number): void {
    if (!(pfn >= 0 && pfn < PHYS_LIMIT / PAGE_SIZE)) {
        throw new RangeError(`page frame 0x${pfn.toString(16)} is beyond physical memory`);
    }
}

/** The fingerprint of a node from those of its children; 0 where all of them are zeroes. */
function combined(childValue: (index: number) => number): number {
    const hasher = new Hasher();
    let any = false;
    for (let i = 0; i < FANOUT; i++) {
        const value = childValue(i);
        if (value !== 0) {
            any = true;
            hasher.u32(i).num(value);
        }
    }
    return any ? hasher.value() || 1 : 0;
}

function hashPage(bytes: Uint8Array): number {
    return bytes.every((b) => b === 0) ? 0 : new Hasher().bytes(bytes).value() || 1;
}

function* nonZeroRuns(pa: number, content: Bytes): Generator<{ pa: number; bytes: Bytes }> {
    let at = 0;
    for (const e of content.extents) {
        const length = e.kind === 'bytes' ? e.bytes.length : e.length;
        if (e.kind !== 'zero') {
            yield { pa: pa + at, bytes: content.slice(at, at + length) };
        }
        at += length;
    }
}
