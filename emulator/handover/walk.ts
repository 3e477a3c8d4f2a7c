/** The state of an inspection: the memory, the findings, and the pages that structures have claimed. */
import { type Int, intOfHalves } from '../machine/int';
import { LEAF_SIZE, PHYS_LIMIT } from '../machine/memory';
import type { MemoryView } from '../machine/view';
import { hex } from '../text/text';
import { Findings } from './findings';
import type { PreservedMemory } from '../kernel/kho/preserved';
import { decodeName } from '../text/utf8';

/** The result of claiming a preserved block, like the kernel's kho_restore_folio. */
export type Claim = 'restored' | 'outside' | 'not preserved' | 'restored before';

const CHUNK_PAGES = 32768;

/** A set of page frames. */
class PfnSet {
    private readonly chunks = new Map<number, Uint8Array>();

    /** @returns false if it was there already. */
    add(pfn: number): boolean {
        const key = Math.floor(pfn / CHUNK_PAGES);
        let chunk = this.chunks.get(key);
        if (!chunk) {
            chunk = new Uint8Array(CHUNK_PAGES / 8);
            this.chunks.set(key, chunk);
        }
        const bit = pfn - key * CHUNK_PAGES;
        const mask = 1 << (bit & 7);
        const byte = chunk[bit >> 3] ?? 0;
        chunk[bit >> 3] = byte | mask;
        return (byte & mask) === 0;
    }
}

export class Walk {
    readonly findings = new Findings();
    /** Pages of the preserved blocks that were claimed. */
    claimedPages = 0;
    private readonly claimed = new PfnSet();
    // The leaf of memory that was read last.
    private pieceAt = -1;
    private piece: DataView = new DataView(new ArrayBuffer(LEAF_SIZE));

    constructor(
        readonly view: MemoryView,
        readonly preserved: PreservedMemory,
        readonly contents = true,
    ) {}

    u16(pa: number): number {
        return this.u8(pa) | (this.u8(pa + 1) << 8);
    }

    u32(pa: number): number {
        const at = pa % LEAF_SIZE;
        return at <= LEAF_SIZE - 4
            ? this.pieceFrom(pa - at).getUint32(at, true)
            : this.u16(pa) + this.u16(pa + 2) * 0x1_0000;
    }

    u64(pa: number): Int {
        return intOfHalves(this.u32(pa), this.u32(pa + 4));
    }

    /** A string in a field of fixed size: up to its NUL, or all of it. */
    text(pa: number, size: number): string {
        return decodeName(this.view.read(pa, size));
    }

    /** An address of existing memory, or undefined. */
    address(pa: Int, length: number): number | undefined {
        return typeof pa === 'number' && pa + length <= PHYS_LIMIT && this.view.has(pa, length) ? pa : undefined;
    }

    /** Claims the preserved block that begins at the page of an address. Like restoring, this works only once. */
    claim(pa: Int): Claim {
        const { size } = this.view.page;
        if (typeof pa !== 'number' || pa >= PHYS_LIMIT || !this.view.has(Math.floor(pa / size) * size, size)) {
            return 'outside';
        }
        const pfn = Math.floor(pa / size);
        const order = this.preserved.orderAt(pfn);
        if (order === undefined) {
            return 'not preserved';
        }
        if (!this.claimed.add(pfn)) {
            return 'restored before';
        }
        this.claimedPages += 2 ** order;
        return 'restored';
    }

    private u8(pa: number): number {
        const at = pa % LEAF_SIZE;
        return this.pieceFrom(pa - at).getUint8(at);
    }

    /** LEAF_SIZE bytes at `pa`; the last result is cached because structures are read word by word. */
    private pieceFrom(pa: number): DataView {
        if (pa !== this.pieceAt) {
            const bytes = this.view.read(pa, LEAF_SIZE);
            this.piece = new DataView(bytes.buffer, bytes.byteOffset, LEAF_SIZE);
            this.pieceAt = pa;
        }
        return this.piece;
    }
}

/**
 * Follows a chain of blocks (struct kho_block_header) as BlockSet.restore does: every block must exist, occur once and
 * have entries. For a broken chain, returns the readable part with `broken`.
 */
export function readBlocks(
    walk: Walk,
    what: string,
    code: string,
    head: Int,
    perBlock: number,
    consequence: 'panic' | 'fails',
    effect: string,
): { blocks: { addr: number; count: number }[]; broken: boolean } {
    const blocks: { addr: number; count: number }[] = [];
    const seen = new Set<number>();
    const { findings } = walk;
    for (let pa = head; pa !== 0; ) {
        const addr = walk.address(pa, walk.view.page.size);
        if (addr === undefined) {
            findings.add(
                `${code}-outside`,
                pa,
                `the address of the next block of ${what}, ${hex(pa)}, is not memory`,
                consequence,
                effect,
            );
            return { blocks, broken: true };
        }
        if (seen.has(addr)) {
            findings.add(`${code}-loop`, addr, `${what} returns to the block at ${hex(addr)}`, consequence, effect);
            return { blocks, broken: true };
        }
        if (blocks.length >= MAX_BLOCKS) {
            findings.add(`${code}-many`, addr, `${what} has more than ${MAX_BLOCKS} blocks`, consequence, effect);
            return { blocks, broken: true };
        }
        seen.add(addr);
        const count = walk.u64(addr + 8);
        if (count < 1 || count > perBlock) {
            findings.add(
                `${code}-count`,
                addr + 8,
                `the entry count of the block at ${hex(addr)} of ${what} is ${count}, not 1 to ${perBlock}`,
                consequence,
                effect,
            );
            return { blocks, broken: true };
        }
        const claim = walk.claim(addr);
        if (claim !== 'restored') {
            findings.add(
                `${code}-not-preserved`,
                addr,
                `the block at ${hex(addr)} of ${what} ${claim === 'not preserved' ? 'is not preserved' : 'also belongs to another object'}`,
                'corrupt',
                'other data may have overwritten it before it is read',
            );
        }
        blocks.push({ addr, count: Number(count) });
        pa = walk.u64(addr);
    }
    return { blocks, broken: false };
}

const MAX_BLOCKS = 10000;
