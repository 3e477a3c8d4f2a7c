/** The early allocator (mm/memblock.c): existing and reserved memory, until the buddy allocator gets the rest. */
import type { PageGeometry } from '../../machine/arch';
import { type Journal, JournaledRecord } from '../../machine/journal';

/** MEMBLOCK_KHO_SCRATCH, a flag of memory. */
const MEMBLOCK_SCRATCH = 1;
/** MEMBLOCK_RSRV_KERN, memory that the kernel reserved for itself. */
export const MEMBLOCK_KERN = 2;
/** MEMBLOCK_RSRV_NOINIT: struct pages are not initialized; preserved memory. */
export const MEMBLOCK_NOINIT = 4;

const NO_NODE = -1;

/** [base, base+size), in bytes. */
export interface Region {
    readonly base: number;
    readonly size: number;
    readonly node: number;
    readonly flags: number;
    /** The owner of reserved memory. */
    readonly owner: string;
}

export interface MemblockAlloc {
    readonly owner: string;
    /** Only below this address. */
    readonly limit?: number;
    /** Only from this node. */
    readonly node?: number;
    /** Falls back to any node, as memblock does if a node is only preferred. */
    readonly fallback?: boolean;
    /**
     * Counts for the node that it lies on, as allocations before the kernel knows its nodes do. Otherwise it counts for
     * `node`, or for none.
     */
    readonly located?: boolean;
    /** Not for the kernel itself: it does not count for the size of scratch. */
    readonly uncounted?: boolean;
    /** Not in these areas. */
    readonly outside?: readonly { readonly addr: number; readonly size: number }[];
}

export class Memblock extends JournaledRecord {
    /** Sorted, disjoint. */
    readonly memory: readonly Region[] = [];
    /** Sorted, disjoint. */
    readonly reserved: readonly Region[] = [];
    /** Allocations use only memory marked as scratch. */
    readonly scratchOnly: boolean = false;

    constructor(
        private readonly journal: Journal,
        private readonly page: PageGeometry,
    ) {
        super(journal);
    }

    addMemory(base: number, size: number, node: number): void {
        const known = this.memory.filter((r) => r.base < base + size && base < r.base + r.size);
        let at = base;
        const added: Region[] = [];
        for (const r of known) {
            if (r.base > at) {
                added.push({ base: at, size: r.base - at, node, flags: 0, owner: '' });
            }
            at = r.base + r.size;
        }
        if (at < base + size) {
            added.push({ base: at, size: base + size - at, node, flags: 0, owner: '' });
        }
        this.journal.edit(this).memory = [...this.memory, ...added].sort((a, b) => a.base - b.base);
    }

    /** memblock_mark_kho_scratch, or its opposite. */
    markScratch(base: number, size: number, on = true): void {
        this.journal.edit(this).memory = merged(
            this.memory.flatMap((r) => {
                const from = Math.max(r.base, base);
                const to = Math.min(r.base + r.size, base + size);
                if (from >= to) {
                    return [r];
                }
                const flags = on ? r.flags | MEMBLOCK_SCRATCH : r.flags & ~MEMBLOCK_SCRATCH;
                return [
                    { ...r, size: from - r.base },
                    { ...r, base: from, size: to - from, flags },
                    { ...r, base: to, size: r.base + r.size - to },
                ].filter((part) => part.size > 0);
            }),
        );
    }

    setScratchOnly(on: boolean): void {
        this.journal.edit(this).scratchOnly = on;
    }

    /** Reserves the part of [base, base+size) that is not reserved yet. */
    reserve(base: number, size: number, owner: string, flags = 0, node = NO_NODE): void {
        this.reserveMany([{ start: base, end: base + size }], owner, flags, node);
    }

    /** The same for many ranges, sorted and disjoint, in one pass. */
    reserveMany(
        ranges: readonly { readonly start: number; readonly end: number }[],
        owner: string,
        flags: number,
        node = NO_NODE,
    ): void {
        const result: Region[] = [];
        const old = this.reserved;
        let i = 0;
        for (const { start, end } of ranges) {
            // An old region that begins in one range can extend into the next.
            let at = Math.max(start, i > 0 ? old[i - 1]!.base + old[i - 1]!.size : 0);
            while (i < old.length && old[i]!.base < end) {
                const r = old[i++]!;
                if (r.base > at) {
                    result.push({ base: at, size: r.base - at, node, flags, owner });
                }
                result.push(r);
                at = Math.max(at, r.base + r.size);
            }
            if (at < end) {
                result.push({ base: at, size: end - at, node, flags, owner });
            }
        }
        this.journal.edit(this).reserved = result.concat(old.slice(i));
    }

    /** Frees reserved memory. */
    free(base: number, size: number): void {
        this.freeMany([{ start: base, end: base + size }]);
    }

    /** The same for many ranges, sorted and disjoint, in one pass. */
    freeMany(ranges: readonly { readonly start: number; readonly end: number }[]): void {
        const result: Region[] = [];
        let i = 0;
        for (const r of this.reserved) {
            const end = r.base + r.size;
            while (i < ranges.length && ranges[i]!.end <= r.base) {
                i++;
            }
            let at = r.base;
            for (let k = i; k < ranges.length && ranges[k]!.start < end; k++) {
                const range = ranges[k]!;
                if (range.start > at) {
                    result.push({ ...r, base: at, size: range.start - at });
                }
                at = Math.max(at, Math.min(range.end, end));
            }
            if (at < end) {
                result.push({ ...r, base: at, size: end - at });
            }
        }
        this.journal.edit(this).reserved = result;
    }

    /**
     * Allocates from the top down. A size of 0 also returns an address, and reserves nothing.
     * @returns the address, or undefined if there is no room.
     */
    alloc(size: number, align: number, options: MemblockAlloc): number | undefined {
        let base = this.find(size, align, options, options.node);
        if (base === undefined && options.fallback) {
            base = this.find(size, align, options, undefined);
        }
        if (base !== undefined && size > 0) {
            this.reserve(
                base,
                size,
                options.owner,
                options.uncounted ? 0 : MEMBLOCK_KERN,
                this.countedOn(base, options),
            );
        }
        return base;
    }

    /**
     * Allocates blocks that are aligned to their size, one after the other, each where {@link alloc} would put it.
     * @returns how many there was room for
     */
    allocBlocks(count: number, size: number, options: MemblockAlloc): number {
        const got = this.takeBlocks(count, size, options, options.node);
        return options.fallback ? got + this.takeBlocks(count - got, size, options, undefined) : got;
    }

    private takeBlocks(count: number, size: number, options: MemblockAlloc, node: number | undefined): number {
        const taken: { start: number; end: number }[] = [];
        let left = count;
        for (const range of this.freeFor(options, node)) {
            const end = Math.floor(range.end / size) * size;
            const start = Math.max(Math.ceil(range.base / size) * size, end - left * size);
            if (left > 0 && start < end) {
                taken.push({ start, end });
                left -= (end - start) / size;
            }
        }
        for (const { start, end } of taken) {
            const flags = options.uncounted ? 0 : MEMBLOCK_KERN;
            this.reserve(start, end - start, options.owner, flags, this.countedOn(start, options));
        }
        return count - left;
    }

    private countedOn(base: number, { located, node = NO_NODE }: MemblockAlloc): number {
        const memory = located ? this.memory.find((r) => base >= r.base && base < r.base + r.size) : undefined;
        return memory?.node ?? node;
    }

    /** memblock_reserved_kern_size: bytes the kernel reserved below `limit`, on one node or (undefined) on any. */
    reservedKernSize(limit: number, node: number | undefined): number {
        let sum = 0;
        for (const r of this.reserved) {
            if ((r.flags & MEMBLOCK_KERN) !== 0 && r.base <= limit && (node === undefined || r.node === node)) {
                sum += Math.min(r.base + r.size, limit) - r.base;
            }
        }
        return sum;
    }

    /** Memory that is not reserved, ascending. */
    freeRanges(): { base: number; end: number; node: number; flags: number }[] {
        const free: { base: number; end: number; node: number; flags: number }[] = [];
        let i = 0;
        for (const m of this.memory) {
            let at = m.base;
            const end = m.base + m.size;
            while (i < this.reserved.length && this.reserved[i]!.base + this.reserved[i]!.size <= at) {
                i++;
            }
            for (let k = i; k < this.reserved.length && this.reserved[k]!.base < end; k++) {
                const r = this.reserved[k]!;
                if (r.base > at) {
                    free.push({ base: at, end: r.base, node: m.node, flags: m.flags });
                }
                at = Math.max(at, r.base + r.size);
            }
            if (at < end) {
                free.push({ base: at, end, node: m.node, flags: m.flags });
            }
        }
        return free;
    }

    /** The free ranges that {@link alloc} takes memory from, ascending. */
    usable(): { base: number; end: number }[] {
        return this.freeRanges().filter((r) => !this.scratchOnly || (r.flags & MEMBLOCK_SCRATCH) !== 0);
    }

    /** What may be allocated from: free ranges, the topmost first. */
    private freeFor(
        { limit = Infinity }: MemblockAlloc,
        node: number | undefined,
    ): { readonly base: number; readonly end: number }[] {
        return this.freeRanges()
            .reverse()
            .filter(
                (r) =>
                    (node === undefined || r.node === node) &&
                    (!this.scratchOnly || (r.flags & MEMBLOCK_SCRATCH) !== 0),
            )
            .map((r) => ({
                // The page at address 0 is never given out.
                base: Math.max(r.base, this.page.size),
                end: Math.min(r.end, limit),
            }));
    }

    private find(size: number, align: number, options: MemblockAlloc, node: number | undefined): number | undefined {
        const { outside = [] } = options;
        for (const { base: start, end: top } of this.freeFor(options, node)) {
            for (let end = top; ; ) {
                const candidate = Math.floor((end - size) / align) * align;
                if (candidate < start) {
                    break;
                }
                const hit = outside.find((area) => area.addr < candidate + size && candidate < area.addr + area.size);
                if (!hit) {
                    return candidate;
                }
                end = hit.addr;
            }
        }
        return undefined;
    }
}

/** memblock_merge_regions(): merges neighbours of one kind. */
function merged(regions: readonly Region[]): Region[] {
    const out: Region[] = [];
    for (const r of regions) {
        const last = out.at(-1);
        if (last && last.base + last.size === r.base && last.node === r.node && last.flags === r.flags) {
            out[out.length - 1] = { ...last, size: last.size + r.size };
        } else {
            out.push(r);
        }
    }
    return out;
}
