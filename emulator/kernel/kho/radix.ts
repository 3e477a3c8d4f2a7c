/**
 * The tree of preserved memory (kernel/liveupdate/kexec_handover.c, include/linux/kho/abi): levels of real pages, the
 * lowest of bitmaps and those above of tables with 64-bit addresses, keyed by order and page frame number together.
 * With pages of 4 KiB, there are five levels of tables with 512 addresses, and bitmaps with 32768 bits.
 */
import { type Err, err } from '../release/errno';
import type { PageGeometry } from '../../machine/arch';
import type { Journal } from '../../machine/journal';
import type { Machine } from '../../machine/machine';
import { LEAF_SIZE, PHYS_LIMIT, type PhysicalMemory } from '../../machine/memory';

/** 2^0 … 2^52: there are no larger keys. */
const POWERS = Float64Array.from({ length: 53 }, (_, i) => 2 ** i);

/** The composition of keys, and their division among the levels. */
export class RadixLayout {
    /** The bit for order 0; that of order n is n bits lower. Page frame numbers of that order lie below it. */
    readonly orderBit: number;
    /** Number of bits of a bitmap, and of the bits of a key that select one of them. */
    readonly bitmapKeys: number;
    readonly bitmapBits: number;
    /** Number of entries of a table, and of the bits of a key that select one of them. */
    readonly tableEntries: number;
    readonly tableBits: number;
    /** The level of the root; 0 is that of the bitmaps. */
    readonly rootLevel: number;
    /** The root has no entries for keys of order 0: their order bit is lost. */
    readonly losesOrderBit: boolean;

    /**
     * @param page the size of nodes, and the unit of page frame numbers
     * @param oneShort whether it has levels for all bits of a key but the highest (7.1-rc1 to 7.1-rc5)
     */
    constructor(
        readonly page: PageGeometry,
        oneShort = false,
    ) {
        const { size, shift } = page;
        this.orderBit = 64 - shift;
        this.bitmapKeys = size * 8;
        this.bitmapBits = shift + 3;
        this.tableEntries = size / 8;
        this.tableBits = shift - 3;
        const bits = oneShort ? this.orderBit : this.orderBit + 1;
        this.rootLevel = Math.ceil((bits - this.bitmapBits) / this.tableBits);
        this.losesOrderBit = this.keysBelow(this.rootLevel + 1) <= 2 ** this.orderBit;
    }

    /** The key of a block of 2^order pages that starts at page frame `pfn`. */
    key(pfn: number, order: number): number {
        return POWERS[this.orderBit - order]! + Math.floor(pfn / POWERS[order]!);
    }

    /** The block of a key. The order bit itself is removed. */
    decode(key: number): { pfn: number; order: number } {
        const top = Math.floor(Math.log2(key));
        // log2 of a key just below a power of two may round up.
        const bit = 2 ** top > key ? top - 1 : top;
        const order = this.orderBit - bit;
        return { pfn: (key - 2 ** bit) * 2 ** order, order };
    }

    /** Number of keys below an entry of a table of this level. */
    keysBelow(level: number): number {
        return 2 ** (this.bitmapBits + this.tableBits * (level - 1));
    }

    /** The index of a key's entry at a level: of a table, or the bit in a bitmap (0). */
    index(key: number, level: number): number {
        return level === 0 ? key % this.bitmapKeys : Math.floor(key / this.keysBelow(level)) % this.tableEntries;
    }
}

/** What the tree needs from its kernel: zeroed pages that are not in scratch. */
export interface NodePages {
    /** The physical address of a zeroed page, or undefined (ENOMEM). */
    allocNode(): number | undefined;
    freeNode(pa: number): void;
    /** The address of a zeroed object, if KFENCE takes this allocation of the slab allocator; freed as a node is. */
    sampled?(): number | undefined;
}

const NO_BYTES = new Uint8Array(0);

/** Keys whose bits lie in one leaf of memory; a bitmap is one leaf or several. */
const LEAF_KEYS = LEAF_SIZE * 8;

/** The outgoing tree. */
export class RadixTree {
    private readonly memory: PhysicalMemory;
    private readonly journal: Journal;
    /** The key of page frame 0 as a block of order 0. */
    private readonly firstPage: number;
    // The part of a bitmap that the last key was in, as long as it cannot have changed otherwise.
    private leaf = -1;
    private bits: Uint8Array = NO_BYTES;
    private epoch = 0;
    private generation = 0;

    constructor(
        { memory, journal }: Pick<Machine, 'memory' | 'journal'>,
        readonly layout: RadixLayout,
        private readonly pages: NodePages,
        readonly root: number,
    ) {
        this.memory = memory;
        this.journal = journal;
        this.firstPage = this.layout.key(0, 0);
    }

    /**
     * Sets the bit of a block. Setting it twice is neither an error nor counted.
     * @returns ENOMEM with nothing changed if a node could not be allocated.
     */
    add(pfn: number, order: number): 0 | Err {
        const key = order === 0 ? this.firstPage + pfn : this.layout.key(pfn, order);
        const leaf = Math.floor(key / LEAF_KEYS);
        if (leaf !== this.leaf || this.epoch !== this.journal.epoch || this.generation !== this.memory.generation) {
            const pa = this.descend(key, true);
            if (pa === undefined) {
                return err('ENOMEM');
            }
            this.remember(leaf, pa);
        }
        const bit = key - leaf * LEAF_KEYS;
        const at = bit >> 3;
        this.bits[at] = this.bits[at]! | (1 << (bit & 7));
        return 0;
    }

    /** Clears the bit of a block. @returns false if the path to it does not exist (the kernel warns). */
    remove(pfn: number, order: number): boolean {
        const key = this.layout.key(pfn, order);
        const leaf = Math.floor(key / LEAF_KEYS);
        if (leaf !== this.leaf || this.epoch !== this.journal.epoch || this.generation !== this.memory.generation) {
            const pa = this.descend(key, false);
            if (pa === undefined) {
                return false;
            }
            this.remember(leaf, pa);
        }
        const bit = key - leaf * LEAF_KEYS;
        this.bits[bit >> 3] = this.bits[bit >> 3]! & ~(1 << (bit & 7));
        return true;
    }

    has(pfn: number, order: number): boolean {
        const key = this.layout.key(pfn, order);
        const pa = this.descend(key, false);
        const bit = this.layout.index(key, 0);
        return pa !== undefined && (this.memory.readU8(pa + (bit >> 3)) & (1 << (bit & 7))) !== 0;
    }

    /** @param pa of the bitmap that the leaf is a part of */
    private remember(leaf: number, pa: number): void {
        const part = leaf % (this.layout.bitmapKeys / LEAF_KEYS);
        this.bits = this.memory.leafForWrite(pa + part * LEAF_SIZE);
        this.leaf = leaf;
        this.epoch = this.journal.epoch;
        this.generation = this.memory.generation;
    }

    /** The address of a key's bitmap. If nodes are missing: allocates them, or undefined. */
    private descend(key: number, make: boolean): number | undefined {
        const { memory, layout } = this;
        let node = this.root;
        const made: number[] = [];
        let link = 0;
        for (let level = layout.rootLevel; level >= 1; level--) {
            const entry = node + 8 * layout.index(key, level);
            let next = memory.readNum(entry);
            if (next === 0) {
                if (!make) {
                    return undefined;
                }
                const page = this.pages.allocNode();
                if (page === undefined) {
                    if (made.length > 0) {
                        memory.writeU64(link, 0);
                        for (const pa of made) {
                            this.pages.freeNode(pa);
                        }
                    }
                    return undefined;
                }
                if (made.length === 0) {
                    link = entry;
                }
                made.push(page);
                memory.writeU64(entry, page);
                next = page;
            }
            node = next;
        }
        return node;
    }
}

/** A defect of a tree, and its place. */
export interface RadixFinding {
    readonly pa: number;
    readonly text: string;
    /** A kernel that walks this tree faults or never ends. */
    readonly fatal: boolean;
}

export type RadixVisitor = (pfn: number, order: number) => void;

/**
 * Calls back for every bit of a tree in ascending order of keys: the largest orders first, then ascending addresses.
 * Accepts any input: a node outside of memory ends the walk (the kernel would fault there), a node that was walked
 * already is not walked again.
 * @param isRam whether there is a page of memory at this address.
 * @param onNode called for every node, from the root's level to 0, before its contents.
 * @returns the defects that were found.
 */
export function walkRadix(
    memory: Pick<PhysicalMemory, 'read'>,
    layout: RadixLayout,
    root: number,
    isRam: (pa: number, length: number) => boolean,
    onBlock: RadixVisitor,
    onNode?: (pa: number, level: number) => void,
): RadixFinding[] {
    const findings: RadixFinding[] = [];
    const seen = new Set<number>();
    const { size } = layout.page;

    const visit = (node: number, level: number, prefix: number): boolean => {
        if (!isRam(node, size)) {
            findings.push({ pa: node, text: `a node of level ${level} lies outside of memory`, fatal: true });
            return false;
        }
        if (seen.has(node)) {
            findings.push({ pa: node, text: `a node of level ${level} is in the tree twice`, fatal: false });
            return true;
        }
        seen.add(node);
        onNode?.(node, level);
        if (level === 0) {
            walkBitmap(layout, memory.read(node, size), prefix, onBlock);
            return true;
        }
        const table = memory.read(node, size);
        const view = new DataView(table.buffer);
        for (let i = 0; i < layout.tableEntries; i++) {
            const low = view.getUint32(i * 8, true);
            const high = view.getUint32(i * 8 + 4, true);
            if (low === 0 && high === 0) {
                continue;
            }
            const next = high * 0x100000000 + low;
            const key = prefix + i * layout.keysBelow(level);
            if (next >= PHYS_LIMIT || next % size !== 0) {
                findings.push({
                    pa: node + i * 8,
                    text: `entry ${i} of a node of level ${level} is not the address of a page: 0x${next.toString(16)}`,
                    fatal: true,
                });
                return false;
            }
            if (key >= 2 ** (layout.orderBit + 1)) {
                findings.push({
                    pa: node + i * 8,
                    text: `entry ${i} of a node of level ${level} is for keys beyond order 0`,
                    fatal: false,
                });
                continue;
            }
            if (!visit(next, level - 1, key)) {
                return false;
            }
        }
        return true;
    };
    visit(root, layout.rootLevel, 0);
    return findings;
}

function walkBitmap(layout: RadixLayout, bytes: Uint8Array, prefix: number, onBlock: RadixVisitor): void {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    if (prefix === 0) {
        // The highest orders, 38 to 52 with pages of 4 KiB, share the first bitmap; bit 0 has no meaning.
        for (let bit = 1; bit < layout.bitmapKeys; bit++) {
            if ((bytes[bit >> 3]! & (1 << (bit & 7))) !== 0) {
                const { pfn, order } = layout.decode(bit);
                onBlock(pfn, order);
            }
        }
        return;
    }
    const { pfn, order } = layout.decode(prefix);
    const step = 2 ** order;
    if (pfn + layout.bitmapKeys * step < 2 ** 31) {
        walkSmall(words, pfn | 0, step | 0, order, onBlock);
        return;
    }
    for (let w = 0; w < words.length; w++) {
        for (let word = words[w]!; word !== 0; word &= word - 1) {
            onBlock(pfn + (w * 32 + 31 - Math.clz32(word & -word)) * step, order);
        }
    }
}

/**
 * The same for page frame numbers that are small integers for the JavaScript engine, which then need not box them for
 * the call.
 */
function walkSmall(words: Int32Array, pfn: number, step: number, order: number, onBlock: RadixVisitor): void {
    for (let w = 0; w < words.length; w++) {
        const word = words[w]!;
        const first = pfn + Math.imul(w * 32, step);
        if (word === -1) {
            for (let i = 0, at = first; i < 32; i++, at += step) {
                onBlock(at, order);
            }
            continue;
        }
        for (let rest = word; rest !== 0; rest &= rest - 1) {
            onBlock(first + Math.imul(31 - Math.clz32(rest & -rest), step), order);
        }
    }
}
