/**
 * Block sets: entries of fixed size in a chain of preserved pages (kernel/liveupdate/kho_block.c). A block is a header
 * `{u64 next; u64 count}` followed by packed entries.
 */
import { Err, err } from '../release/errno';
import type { Hasher } from '../../machine/hash';
import type { PageGeometry } from '../../machine/arch';
import { type Int, halvesOf } from '../../machine/int';
import { type Journal, JournaledRecord, JournaledList } from '../../machine/journal';
import type { Kho } from './kho';

export const BLOCK_HEADER = 16;
export const MAX_BLOCKS = 10000;

/** Number of entries of this many bytes in a block, which is a page. */
export function entriesPerBlock(page: PageGeometry, entrySize: number): number {
    return Math.floor((page.size - BLOCK_HEADER) / entrySize);
}

export class BlockSet extends JournaledRecord {
    /** Entries that a block holds. */
    readonly perBlock: number;
    /** The blocks' physical addresses, in order. */
    readonly blocks: JournaledList<number>;
    /** Created by {@link restore}: cannot grow, and its pages are restored ones. */
    readonly incoming: boolean = false;
    private readonly journal: Journal;

    constructor(
        private readonly kho: Kho,
        readonly entrySize: number,
        private readonly owner: string,
    ) {
        super(kho.env.machine.journal);
        this.journal = kho.env.machine.journal;
        this.perBlock = entriesPerBlock(kho.env.machine.page, entrySize);
        this.blocks = new JournaledList(this.journal);
    }

    /** Physical address of the first block; 0 if there is none. This is handed over. */
    get head(): number {
        return this.blocks.at(0) ?? 0;
    }

    /** Number of entries for which the blocks have room. */
    get capacity(): number {
        return this.blocks.length * this.perBlock;
    }

    /**
     * Makes room for `count` entries.
     * @returns EINVAL (incoming), ENOSPC (10000 blocks), ENOMEM; on failure the set is unchanged.
     */
    grow(count: number): 0 | Err {
        if (this.incoming) {
            this.kho.env.log.warning('kho_block_grow', 'WARNING: an incoming block set cannot grow');
            return err('EINVAL');
        }
        const before = this.blocks.length;
        const { size } = this.kho.env.machine.page;
        while (count > this.capacity) {
            const block = this.blocks.length >= MAX_BLOCKS ? err('ENOSPC') : this.kho.allocPreserve(size, this.owner);
            if (block instanceof Err) {
                while (this.blocks.length > before) {
                    this.dropLast();
                }
                return block.name === 'ENOSPC' ? block : err('ENOMEM');
            }
            const last = this.blocks.at(-1);
            if (last !== undefined) {
                this.kho.env.machine.memory.writeU64(last, block);
            }
            this.blocks.push(block);
        }
        return 0;
    }

    /** Frees last blocks that `count` entries do not need. */
    shrink(count: number): void {
        while (this.blocks.length > 0 && count <= (this.blocks.length - 1) * this.perBlock) {
            this.dropLast();
        }
    }

    /**
     * Takes over a chain of the previous kernel. 0 is an empty set.
     * @returns EINVAL: a chain that loops or is longer than 10000 blocks; a block whose count is not 1 … perBlock, in
     * which case every block of the chain is freed.
     */
    restore(head: Int): 0 | Err {
        const { log, machine } = this.kho.env;
        this.journal.edit(this).incoming = true;
        const chain = this.chain(head);
        if (!chain) {
            log.log('err', `${this.owner}: block list is corrupted`);
            return err('EINVAL');
        }
        for (const pa of chain) {
            this.blocks.push(pa);
        }
        for (const pa of chain) {
            const count = machine.memory.readU64(pa + 8);
            if (count < 1 || count > this.perBlock) {
                log.log('warn', `${this.owner}: block at 0x${pa.toString(16)} has ${count} entries`);
                this.destroy();
                return err('EINVAL');
            }
        }
        return 0;
    }

    /** Empties all blocks but keeps them. */
    clear(): void {
        const { memory, page } = this.kho.env.machine;
        for (const pa of this.blocks) {
            memory.zero(pa + 8, page.size - 8);
        }
    }

    /** Frees all blocks. */
    destroy(): void {
        while (this.blocks.length > 0) {
            this.dropLast();
        }
    }

    /** The address of the entry with this number; undefined if it is not in use. */
    entryAt(index: number): number | undefined {
        const block = this.blocks.at(Math.floor(index / this.perBlock));
        const slot = index % this.perBlock;
        return block !== undefined && slot < this.count(block) ? this.slotAt(block, slot) : undefined;
    }

    /** Number of entries in use of a block, according to its header. */
    count(block: number): number {
        return halvesOf(this.kho.env.machine.memory.readU64(block + 8)).low;
    }

    /** The addresses of the entries in use of a block; an impossible count is limited to the capacity. */
    entriesOf(block: number): number[] {
        const count = Math.min(Number(this.kho.env.machine.memory.readU64(block + 8)), this.perBlock);
        return Array.from({ length: count }, (_, slot) => this.slotAt(block, slot));
    }

    slotAt(block: number, slot: number): number {
        return block + BLOCK_HEADER + slot * this.entrySize;
    }

    /** A cursor to write entries, from the first slot on. */
    iterator(): BlockIterator {
        return new BlockIterator(this.kho, this);
    }

    hash(hasher: Hasher): void {
        hasher.u32(this.entrySize).u32(this.incoming ? 1 : 0);
        for (const pa of this.blocks) {
            hasher.num(pa);
        }
    }

    private dropLast(): void {
        const pa = this.blocks.pop();
        if (pa === undefined) {
            return;
        }
        const last = this.blocks.at(-1);
        if (last !== undefined) {
            this.kho.env.machine.memory.writeU64(last, 0);
        }
        if (this.incoming) {
            this.kho.restoreFree(pa);
        } else {
            this.kho.unpreserveFree(pa);
        }
    }

    /** The blocks of a chain; undefined if it never ends or leaves memory. */
    private chain(head: Int): number[] | undefined {
        const { machine } = this.kho.env;
        const list: number[] = [];
        const seen = new Set<number>();
        for (let pa = head; pa !== 0; ) {
            if (
                typeof pa !== 'number' ||
                !machine.isRam(pa, BLOCK_HEADER) ||
                seen.has(pa) ||
                list.length >= MAX_BLOCKS
            ) {
                return undefined;
            }
            seen.add(pa);
            list.push(pa);
            pa = machine.memory.readU64(pa);
        }
        return list;
    }
}

/** A position in a block set. */
export class BlockIterator extends JournaledRecord {
    readonly block: number = 0;
    readonly slot: number = 0;

    constructor(
        private readonly kho: Kho,
        private readonly set: BlockSet,
    ) {
        super(kho.env.machine.journal);
    }

    /** The next slot to write to, counted in its block's header. @returns ENOSPC if the blocks are full */
    reserve(): number | Err {
        const { memory, journal } = this.kho.env.machine;
        const at = journal.edit(this);
        if (at.slot === this.set.perBlock) {
            at.block++;
            at.slot = 0;
        }
        const pa = this.set.blocks.at(at.block);
        if (pa === undefined) {
            return err('ENOSPC');
        }
        at.slot++;
        memory.writeU64(pa + 8, at.slot);
        return this.set.slotAt(pa, at.slot - 1);
    }

    /** The next entry to read; undefined after the last. */
    read(): number | undefined {
        const at = this.kho.env.machine.journal.edit(this);
        for (;;) {
            const pa = this.set.blocks.at(at.block);
            if (pa === undefined) {
                return undefined;
            }
            if (at.slot < this.set.count(pa)) {
                at.slot++;
                return this.set.slotAt(pa, at.slot - 1);
            }
            at.block++;
            at.slot = 0;
        }
    }
}
