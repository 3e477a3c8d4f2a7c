/**
 * The tree of preserved memory (kernel/liveupdate/kexec_handover.c, include/linux/kho/abi): six levels of real pages, five of
 * tables with 512 addresses and one of bitmaps with 32768 bits, keyed by order and page frame number together.
 */
import { type Err, err } from '../release/errno';
import type { Journal } from '../../machine/journal';
import { PAGE_SIZE, PHYS_LIMIT, type PhysicalMemory } from '../../machine/memory';

const ORDER_0_BIT = 52;
const BITMAP_BITS = 15;
const BITMAP_KEYS = 2 ** BITMAP_BITS;
const TABLE_BITS = 9;
const TABLE_ENTRIES = 512;
/** The level of the root; 0 is that of the bitmaps. */
const ROOT_LEVEL = 5;

/** 2^0 … 2^52. */
const POWERS = Float64Array.from({ length: ORDER_0_BIT + 1 }, (_, i) => 2 ** i);

/** The key of a block of 2^order pages that starts at page frame `pfn`. */
export function radixKey(pfn: number, order: number): number {
    return POWERS[ORDER_0_BIT - order]! + Math.floor(pfn / POWERS[order]!);
}

/** What a key stands for. The order bit itself falls off. */
export function radixDecode(key: number): { pfn: number; order: number } {
    const top = Math.floor(Math.log2(key));
    // log2 of a key just below a power of two may round up.
    const bit = 2 ** top > key ? top - 1 : top;
    const order = ORDER_0_BIT - bit;
    return { pfn: (key - 2 ** bit) * 2 ** order, order };
}

/** The index of a key's entry at a level: of a table (5 … 1), or the bit in a bitmap (0). */
export function radixIndex(key: number, level: number): number {
    return level === 0
        ? key % BITMAP_KEYS
        : Math.floor(key / 2 ** (BITMAP_BITS + TABLE_BITS * (level - 1))) % TABLE_ENTRIES;
}

/** What the tree needs of its kernel: zeroed pages that are not in scratch. */
export interface NodePages {
    /** The physical address of a zeroed page, or undefined (ENOMEM). */
    allocNode(): number | undefined;
    freeNode(pa: number): void;
}

const NO_BYTES = new Uint8Array(0);

/** The outgoing tree. */
export class RadixTree {
    // The bitmap of the last key, for as long as it cannot have changed under us.
    private leaf = -1;
    private bitmap: Uint8Array = NO_BYTES;
    private epoch = 0;
    private generation = 0;

    constructor(
        private readonly memory: PhysicalMemory,
        private readonly journal: Journal,
        private readonly pages: NodePages,
        readonly root: number,
    ) {}

    /**
     * Sets the bit of a block. Setting it twice is no error and no count.
     * @returns ENOMEM with nothing changed where a node could not be allocated.
     */
    add(pfn: number, order: number): 0 | Err {
        const key = order === 0 ? 4503599627370496 + pfn : radixKey(pfn, order);
        const leaf = Math.floor(key / BITMAP_KEYS);
        if (leaf !== this.leaf || this.epoch !== this.journal.epoch || this.generation !== this.memory.generation) {
            const pa = this.descend(key, true);
            if (pa === undefined) {
                return err('ENOMEM');
            }
            this.remember(leaf, pa);
        }
        const bit = key - leaf * BITMAP_KEYS;
        const at = bit >> 3;
        this.bitmap[at] = this.bitmap[at]! | (1 << (bit & 7));
        return 0;
    }

    /** Clears the bit of a block. @returns false where the path to it does not exist (the kernel warns). */
    remove(pfn: number, order: number): boolean {
        const key = radixKey(pfn, order);
        const leaf = Math.floor(key / BITMAP_KEYS);
        if (leaf !== this.leaf || this.epoch !== this.journal.epoch || this.generation !== this.memory.generation) {
            const pa = this.descend(key, false);
            if (pa === undefined) {
                return false;
            }
            this.remember(leaf, pa);
        }
        const bit = key - leaf * BITMAP_KEYS;
        this.bitmap[bit >> 3] = this.bitmap[bit >> 3]! & ~(1 << (bit & 7));
        return true;
    }

    has(pfn: number, order: number): boolean {
        const key = radixKey(pfn, order);
        const pa = this.descend(key, false);
        const bit = radixIndex(key, 0);
        return pa !== undefined && (this.memory.readU8(pa + (bit >> 3)) & (1 << (bit & 7))) !== 0;
    }

    private remember(leaf: number, pa: number): void {
        this.bitmap = this.memory.pageForWrite(pa / PAGE_SIZE);
        this.leaf = leaf;
        this.epoch = this.journal.epoch;
        this.generation = this.memory.generation;
    }

    /** The address of a key's bitmap. Where nodes are missing: made, or undefined. */
    private descend(key: number, make: boolean): number | undefined {
        const { memory } = this;
        let node = this.root;
        const made: number[] = [];
        let link = 0;
        for (let level = ROOT_LEVEL; level >= 1; level--) {
            const entry = node + 8 * radixIndex(key, level);
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

/** Something wrong with a tree, and where. */
export interface RadixFinding {
    readonly pa: number;
    readonly text: string;
    /** A kernel that walks this tree faults or never ends. */
    readonly fatal: boolean;
}

export type RadixVisitor = (pfn: number, order: number) => void;

/**
 * Calls back for every bit of a tree in ascending order of keys: the largest orders first, then ascending addresses. Survives any
 * garbage: a node outside of memory ends the walk (the kernel would fault there), one that was walked already is not walked again.
 * @param isRam tells whether a page of memory lies at this address.
 * @param onNode is told every node (of levels 5 to 0) before what is in it.
 * @returns what was found wrong.
 */
export function walkRadix(
    memory: Pick<PhysicalMemory, 'read'>,
    root: number,
    isRam: (pa: number, length: number) => boolean,
    onBlock: RadixVisitor,
    onNode?: (pa: number, level: number) => void,
): RadixFinding[] {
    const findings: RadixFinding[] = [];
    const seen = new Set<number>();

    const visit = (node: number, level: number, prefix: number): boolean => {
        if (!isRam(node, PAGE_SIZE)) {
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
            walkBitmap(memory.read(node, PAGE_SIZE), prefix, onBlock);
            return true;
        }
        const table = memory.read(node, PAGE_SIZE);
        const view = new DataView(table.buffer);
        for (let i = 0; i < TABLE_ENTRIES; i++) {
            const low = view.getUint32(i * 8, true);
            const high = view.getUint32(i * 8 + 4, true);
            if (low === 0 && high === 0) {
                continue;
            }
            const next = high * 0x100000000 + low;
            const key = prefix + i * 2 ** (BITMAP_BITS + TABLE_BITS * (level - 1));
            if (next >= PHYS_LIMIT || next % PAGE_SIZE !== 0) {
                findings.push({
                    pa: node + i * 8,
                    text: `entry ${i} of a node of level ${level} is no page address: 0x${next.toString(16)}`,
                    fatal: true,
                });
                return false;
            }
            if (key >= 2 ** 53) {
                findings.push({
                    pa: node + i * 8,
                    text: `entry ${i} of a node of level ${level} stands for keys beyond order 0`,
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
    visit(root, ROOT_LEVEL, 0);
    return findings;
}

function walkBitmap(bytes: Uint8Array, prefix: number, onBlock: RadixVisitor): void {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, PAGE_SIZE / 4);
    if (prefix === 0) {
        // Orders 38 to 52 share the first bitmap; bit 0 stands for nothing.
        for (let bit = 1; bit < BITMAP_KEYS; bit++) {
            if ((bytes[bit >> 3]! & (1 << (bit & 7))) !== 0) {
                const { pfn, order } = radixDecode(bit);
                onBlock(pfn, order);
            }
        }
        return;
    }
    const { pfn, order } = radixDecode(prefix);
    const step = 2 ** order;
    if (pfn + BITMAP_KEYS * step < 2 ** 31) {
        walkSmall(words, pfn | 0, step | 0, order, onBlock);
        return;
    }
    for (let w = 0; w < words.length; w++) {
        for (let word = words[w]!; word !== 0; word &= word - 1) {
            onBlock(pfn + (w * 32 + 31 - Math.clz32(word & -word)) * step, order);
        }
    }
}

/** The same where every page frame number is a small integer to the JavaScript engine, which need not box it for the call then. */
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
