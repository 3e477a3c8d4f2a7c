/** Physical memory: bytes by address. */
import { type Bytes, BytesBuilder, type Extent } from './bytes';
import type { Hasher } from './hash';
import { type Int, halvesOf, intOfHalves } from './int';
import type { Journal } from './journal';
import {
    BLOCK_LEAVES,
    Block,
    combined,
    FANOUT,
    hashCode,
    hashLeaf,
    LEAF_SIZE,
    Leaf,
    SPAN_LEAVES,
    Span,
    Top,
} from './memory-trie';
import { advanceCode, byteOfCode, patternCode, renderCode } from './pattern';
import type { MemoryGuard, MemoryWatcher, Writer } from './watching';

export { LEAF_SIZE } from './memory-trie';

/** One more than the highest physical address (52 bits, as on x86-64). */
export const PHYS_LIMIT = 2 ** 52;

/** A value in memory that is no address or size, because the memory was overwritten. */
export class WildNumber extends RangeError {}

/**
 * The contents of physical memory, which survive every kernel. A leaf of 4 KiB is zero, pattern or bytes, and uniform
 * stretches of 2 MiB and 1 GiB are one entry, so the cost depends on how varied the contents are. Addresses are in
 * bytes; memory that was never written reads as zeroes. The machine's map says what is RAM, not this class.
 */
export class PhysicalMemory {
    /**
     * Increases whenever the bytes of some leaf are dropped: arrays from {@link leafForWrite} are valid for one
     * generation and epoch.
     */
    generation = 0;
    /** Told of each write, before it happens; null: nobody watches. Not part of the state. */
    watcher: MemoryWatcher | null = null;
    /** Decides on each write before it happens; null: the host may write everywhere. */
    guard: MemoryGuard | null = null;
    /** Who writes now; null: the code that runs. Kept only while somebody watches. */
    writer: Writer | null = null;
    private readonly top: Top;
    private cachedLeaf = -1;
    private cachedBytes: Uint8Array = NO_BYTES;
    private cachedEpoch = 0;
    private cachedGeneration = 0;
    /** The last leaf with bytes that was read. */
    private readLeaf = -1;
    private readBytesOf: Uint8Array = NO_BYTES;
    private readEpoch = 0;
    private readGeneration = 0;

    constructor(private readonly journal: Journal) {
        this.top = new Top(journal);
    }

    // Single values, little-endian, at any alignment.

    readU8(pa: number): number {
        const found = this.find(leafOf(pa));
        return typeof found === 'number' ? byteOfCode(found, inLeaf(pa)) : found[inLeaf(pa)]!;
    }

    readU16(pa: number): number {
        return this.readU8(pa) | (this.readU8(pa + 1) << 8);
    }

    readU32(pa: number): number {
        const at = inLeaf(pa);
        if (at <= LEAF_SIZE - 4) {
            const found = this.find(leafOf(pa));
            if (typeof found !== 'number') {
                return wordIn(found, at) >>> 0;
            }
            if (found === 0) {
                return 0;
            }
        }
        return (this.readU16(pa) | (this.readU16(pa + 2) << 16)) >>> 0;
    }

    readU64(pa: number): Int {
        const at = inLeaf(pa);
        if (at <= LEAF_SIZE - 8) {
            const found = this.find(leafOf(pa));
            if (typeof found !== 'number') {
                return intOfHalves(wordIn(found, at) >>> 0, wordIn(found, at + 4) >>> 0);
            }
            if (found === 0) {
                return 0;
            }
        }
        return intOfHalves(this.readU32(pa), this.readU32(pa + 4));
    }

    /**
     * Reads a u64 and keeps the bits that are set in the masks of its lower and upper half (int32). The masks select at
     * most 53 adjacent bits, which fit into a number.
     */
    readMasked(pa: number, low: number, high: number): number {
        const at = inLeaf(pa);
        const found = at <= LEAF_SIZE - 8 ? this.find(leafOf(pa)) : -1;
        if (typeof found !== 'number') {
            return ((wordIn(found, at) & low) >>> 0) + ((wordIn(found, at + 4) & high) >>> 0) * WORD;
        }
        return ((this.readU32(pa) & low) >>> 0) + ((this.readU32(pa + 4) & high) >>> 0) * WORD;
    }

    /**
     * A u64 as a number, usually an address.
     * @throws WildNumber if it is 2^53 or more.
     */
    readNum(pa: number): number {
        const value = this.readU64(pa);
        if (typeof value === 'bigint') {
            throw new WildNumber(`the u64 at 0x${pa.toString(16)} is 0x${value.toString(16)}`);
        }
        return value;
    }

    writeU8(pa: number, value: number): void {
        if (this.guard !== null) {
            this.guard.writes(pa, 1);
        }
        if (this.watcher !== null) {
            this.watcher.writes(pa, 1, true);
        }
        this.bytesForWrite(leafOf(pa))[inLeaf(pa)] = value;
    }

    writeU16(pa: number, value: number): void {
        this.writeU8(pa, value);
        this.writeU8(pa + 1, value >>> 8);
    }

    writeU32(pa: number, value: number): void {
        const at = inLeaf(pa);
        if (at > LEAF_SIZE - 4) {
            this.writeU16(pa, value);
            this.writeU16(pa + 2, value >>> 16);
            return;
        }
        if (this.guard !== null) {
            this.guard.writes(pa, 4);
        }
        if (this.watcher !== null) {
            this.watcher.writes(pa, 4, true);
        }
        putWord(this.bytesForWrite(leafOf(pa)), at, value);
    }

    /** Writes the low 64 bits of an integer, negative ones in two's complement. */
    writeU64(pa: number, value: Int): void {
        const at = inLeaf(pa);
        if (typeof value === 'number' && value >= 0 && at <= LEAF_SIZE - 8 && this.isUnwatched) {
            const bytes = this.bytesForWrite(leafOf(pa));
            putWord(bytes, at, value | 0);
            putWord(bytes, at + 4, (value / WORD) | 0);
            return;
        }
        const { low, high } = halvesOf(value);
        this.writeU32(pa, low);
        this.writeU32(pa + 4, high);
    }

    /** Replaces the bits of a u64 that are set in the masks of its lower and upper half with those of `value`. */
    writeMasked(pa: number, low: number, high: number, value: number): void {
        const at = inLeaf(pa);
        const [lower, upper] = [value | 0, (value / WORD) | 0];
        if (at <= LEAF_SIZE - 8 && this.isUnwatched) {
            const bytes = this.bytesForWrite(leafOf(pa));
            if (low !== 0) {
                putWord(bytes, at, (wordIn(bytes, at) & ~low) | (lower & low));
            }
            if (high !== 0) {
                putWord(bytes, at + 4, (wordIn(bytes, at + 4) & ~high) | (upper & high));
            }
            return;
        }
        if (low !== 0) {
            this.writeU32(pa, (this.readU32(pa) & ~low) | (lower & low));
        }
        if (high !== 0) {
            this.writeU32(pa + 4, (this.readU32(pa + 4) & ~high) | (upper & high));
        }
    }

    /** Whether writes need not be reported to a guard or a watcher. */
    private get isUnwatched(): boolean {
        return this.guard === null && this.watcher === null;
    }

    // Runs of bytes.

    /** A copy of `length` bytes. */
    read(pa: number, length: number): Uint8Array {
        const out = new Uint8Array(length);
        for (let done = 0; done < length; ) {
            const at = inLeaf(pa + done);
            const n = Math.min(LEAF_SIZE - at, length - done);
            const found = this.find(leafOf(pa + done));
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
        if (this.guard !== null) {
            this.guard.writes(pa, bytes.length);
        }
        if (this.watcher !== null) {
            this.watcher.writes(pa, bytes.length, true);
        }
        if (inLeaf(pa) + bytes.length <= LEAF_SIZE) {
            this.bytesForWrite(leafOf(pa)).set(bytes, inLeaf(pa));
            return;
        }
        for (let done = 0; done < bytes.length; ) {
            const at = inLeaf(pa + done);
            const n = Math.min(LEAF_SIZE - at, bytes.length - done);
            this.bytesForWrite(leafOf(pa + done)).set(bytes.subarray(done, done + n), at);
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

    /** The runs of content of [pa, pa+length), without building the bytes. */
    readBytes(pa: number, length: number): Bytes {
        const builder = new BytesBuilder();
        for (let done = 0; done < length; ) {
            const leaf = leafOf(pa + done);
            const at = inLeaf(pa + done);
            const found = this.find(leaf);
            if (typeof found !== 'number') {
                const n = Math.min(LEAF_SIZE - at, length - done);
                builder.bytes(found.slice(at, at + n));
                done += n;
                continue;
            }
            const n = Math.min(this.uniformLeaves(leaf) * LEAF_SIZE - at, length - done);
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

    // Leaves: the pieces in which contents are kept, LEAF_SIZE bytes at a multiple of that.

    /**
     * The bytes of the leaf at an address, for changes in place; see {@link generation} for how long they are valid.
     */
    leafForWrite(pa: number): Uint8Array {
        if (this.guard !== null) {
            this.guard.writes(pa, 1);
        }
        if (this.watcher !== null) {
            this.watcher.writes(pa - inLeaf(pa), LEAF_SIZE, false);
        }
        return this.bytesForWrite(leafOf(pa));
    }

    /** The bytes of the leaf at an address, read-only; undefined if they do not exist (see {@link extents}). */
    leafForRead(pa: number): Uint8Array | undefined {
        const found = this.find(leafOf(pa));
        return typeof found === 'number' ? undefined : found;
    }

    /** True if all leaves of [pa, pa+length) are zeroes, without reading their bytes. */
    isKnownZero(pa: number, length: number): boolean {
        for (let leaf = leafOf(pa); leaf * LEAF_SIZE < pa + length; leaf++) {
            if (this.find(leaf) !== 0) {
                return false;
            }
        }
        return true;
    }

    /**
     * An epoch of the journal after which nothing has written to [pa, pa+length). It may be too late: other memory of
     * the same nodes counts, too.
     */
    writtenUpTo(pa: number, length: number): number {
        let last = this.top.epoch;
        for (let leaf = leafOf(pa); leaf * LEAF_SIZE < pa + length; leaf++) {
            const span = this.top.get(Math.floor(leaf / SPAN_LEAVES));
            if (typeof span !== 'object') {
                leaf += SPAN_LEAVES - (leaf % SPAN_LEAVES) - 1;
                continue;
            }
            const block = span.child(slotOf(leaf / FANOUT));
            last = Math.max(last, span.epoch, block?.epoch ?? 0, block?.child(slotOf(leaf))?.epoch ?? 0);
            if (!block) {
                leaf += BLOCK_LEAVES - (leaf % BLOCK_LEAVES) - 1;
            }
        }
        return last;
    }

    // All of memory.

    /** Every stretch of memory that is not known to be zero, in ascending order. */
    *contents(): Generator<{ pa: number; bytes: Bytes }> {
        for (const span of this.top.sorted()) {
            const entry = this.top.get(span);
            const first = span * SPAN_LEAVES * LEAF_SIZE;
            if (typeof entry === 'number') {
                yield { pa: first, bytes: new BytesBuilder().code(entry, SPAN_LEAVES * LEAF_SIZE).build() };
                continue;
            }
            for (let i = 0; i < FANOUT; i++) {
                if (entry?.codes[i] !== 0) {
                    const pa = first + i * BLOCK_LEAVES * LEAF_SIZE;
                    yield* nonZeroRuns(pa, this.readBytes(pa, BLOCK_LEAVES * LEAF_SIZE));
                }
            }
        }
    }

    /** Adds the contents to a fingerprint: equal contents give equal fingerprints, in any representation. */
    hash(hasher: Hasher): void {
        for (const span of this.top.sorted()) {
            const entry = this.top.get(span) ?? 0;
            const value = typeof entry === 'number' ? hashCode(entry, 2) : this.hashSpan(entry);
            if (value !== 0) {
                hasher.num(span).num(value);
            }
        }
    }

    private hashSpan(span: Span): number {
        return span.fingerprint(this.journal, () =>
            combined((i) => {
                const block = span.child(i);
                return block ? this.hashBlock(block) : hashCode(span.codes[i]!, 1);
            }),
        );
    }

    private hashBlock(block: Block): number {
        return block.fingerprint(this.journal, () =>
            combined((i) => {
                const leaf = block.child(i);
                return leaf ? leaf.fingerprint(this.journal, hashLeaf) : hashCode(block.codes[i]!, 0);
            }),
        );
    }

    /** The bytes of a leaf by its number, for changes in place. */
    private bytesForWrite(leaf: number): Uint8Array {
        if (
            leaf === this.cachedLeaf &&
            this.cachedEpoch === this.journal.epoch &&
            this.cachedGeneration === this.generation
        ) {
            return this.cachedBytes;
        }
        const block = this.blockForWrite(leaf);
        const index = slotOf(leaf);
        let kept = block.child(index);
        if (kept) {
            block.touchLeaf(kept);
        } else {
            block.touch();
            const bytes = new Uint8Array(LEAF_SIZE);
            const code = block.codes[index]!;
            if (code !== 0) {
                renderCode(code, 0, bytes, 0, LEAF_SIZE);
            }
            kept = new Leaf(this.journal, bytes);
            block.put(index, kept);
        }
        this.cachedLeaf = leaf;
        this.cachedBytes = kept.bytes;
        this.cachedEpoch = this.journal.epoch;
        this.cachedGeneration = this.generation;
        return kept.bytes;
    }

    /** A leaf's bytes, or the code that fills it. */
    private find(leaf: number): Uint8Array | number {
        if (
            leaf === this.cachedLeaf &&
            this.cachedEpoch === this.journal.epoch &&
            this.cachedGeneration === this.generation
        ) {
            return this.cachedBytes;
        }
        if (
            leaf === this.readLeaf &&
            this.readEpoch === this.journal.epoch &&
            this.readGeneration === this.generation
        ) {
            return this.readBytesOf;
        }
        const span = this.top.get(Math.floor(leaf / SPAN_LEAVES));
        if (span === undefined) {
            checkLeaf(leaf);
            return 0;
        }
        if (typeof span === 'number') {
            return advanceCode(span, (leaf % SPAN_LEAVES) * LEAF_SIZE);
        }
        const blockIndex = slotOf(leaf / FANOUT);
        const block = span.child(blockIndex);
        if (!block) {
            return advanceCode(span.codes[blockIndex]!, slotOf(leaf) * LEAF_SIZE);
        }
        const child = block.child(slotOf(leaf));
        if (!child) {
            return block.codes[slotOf(leaf)]!;
        }
        this.readLeaf = leaf;
        this.readBytesOf = child.bytes;
        this.readEpoch = this.journal.epoch;
        this.readGeneration = this.generation;
        return child.bytes;
    }

    /** Number of leaves, from this one (which has no bytes) on, that continue its content within its node. */
    private uniformLeaves(leaf: number): number {
        const span = this.top.get(Math.floor(leaf / SPAN_LEAVES));
        if (span === undefined || typeof span === 'number') {
            return SPAN_LEAVES - (leaf % SPAN_LEAVES);
        }
        return span.child(slotOf(leaf / FANOUT)) ? 1 : BLOCK_LEAVES - (leaf % BLOCK_LEAVES);
    }

    private spanForWrite(leaf: number): Span {
        const index = Math.floor(leaf / SPAN_LEAVES);
        let span = this.top.get(index);
        if (typeof span !== 'object') {
            checkLeaf(leaf);
            span = new Span(this.journal, span ?? 0);
            this.journal.touch(this.top);
            this.top.set(index, span);
        }
        return span;
    }

    private blockForWrite(leaf: number): Block {
        const span = this.spanForWrite(leaf);
        const index = slotOf(leaf / FANOUT);
        let block = span.child(index);
        if (!block) {
            this.journal.touch(span);
            block = new Block(this.journal, span.codes[index]!, span);
            span.put(index, block);
        }
        return block;
    }

    private fill(pa: number, length: number, code: number): void {
        if (this.guard !== null) {
            this.guard.writes(pa, length);
        }
        if (this.watcher !== null) {
            this.watcher.writes(pa, length, true);
        }
        for (let done = 0; done < length; ) {
            const leaf = leafOf(pa + done);
            const at = inLeaf(pa + done);
            if (at === 0 && length - done >= LEAF_SIZE) {
                const leaves = Math.floor((length - done) / LEAF_SIZE);
                done += this.fillLeaves(leaf, leaves, advanceCode(code, done)) * LEAF_SIZE;
                continue;
            }
            const n = Math.min(LEAF_SIZE - at, length - done);
            const found = this.find(leaf);
            const wanted = advanceCode(code, done);
            if (typeof found !== 'number' || advanceCode(found, at) !== wanted) {
                renderCode(wanted, 0, this.bytesForWrite(leaf), at, n);
            }
            done += n;
        }
    }

    /** Fills whole leaves, as many as one node entry covers; returns how many. */
    private fillLeaves(leaf: number, leaves: number, code: number): number {
        const spanIndex = Math.floor(leaf / SPAN_LEAVES);
        const entry = this.top.get(spanIndex);
        if (leaf % SPAN_LEAVES === 0 && leaves >= SPAN_LEAVES) {
            if ((entry ?? 0) !== code) {
                checkLeaf(leaf);
                this.journal.touch(this.top);
                this.top.set(spanIndex, code);
                this.generation++;
            }
            return SPAN_LEAVES;
        }
        const blockIndex = slotOf(leaf / FANOUT);
        if (leaf % BLOCK_LEAVES === 0 && leaves >= BLOCK_LEAVES) {
            const known =
                typeof entry === 'object'
                    ? entry.codes[blockIndex]
                    : advanceCode(entry ?? 0, (leaf % SPAN_LEAVES) * LEAF_SIZE);
            if (known !== code) {
                const span = this.spanForWrite(leaf);
                this.journal.touch(span);
                if (span.putCode(blockIndex, code)) {
                    this.generation++;
                }
            }
            return BLOCK_LEAVES;
        }
        const n = Math.min(leaves, BLOCK_LEAVES - (leaf % BLOCK_LEAVES));
        for (let i = 0; i < n; i++) {
            const wanted = advanceCode(code, i * LEAF_SIZE);
            if (this.find(leaf + i) !== wanted) {
                const block = this.blockForWrite(leaf + i);
                block.touch();
                if (block.putCode((leaf + i) % FANOUT, wanted)) {
                    this.generation++;
                }
            }
        }
        return n;
    }
}

const WORD = 2 ** 32;

/** The 32 bits at an offset of a leaf, as int32. */
function wordIn(bytes: Uint8Array, at: number): number {
    return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function putWord(bytes: Uint8Array, at: number, value: number): void {
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
}

const NO_BYTES = new Uint8Array(0);

/** pa % LEAF_SIZE. The operator is slow for numbers of more than 31 bits; this uses the low bits only. */
function inLeaf(pa: number): number {
    return pa & (LEAF_SIZE - 1);
}

/** Math.floor(n) % FANOUT, likewise. */
function slotOf(n: number): number {
    return n & (FANOUT - 1);
}

function leafOf(pa: number): number {
    return Math.floor(pa / LEAF_SIZE);
}

function checkLeaf(leaf: number): void {
    if (!(leaf >= 0 && leaf < PHYS_LIMIT / LEAF_SIZE)) {
        throw new RangeError(`address 0x${(leaf * LEAF_SIZE).toString(16)} is beyond physical memory`);
    }
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
