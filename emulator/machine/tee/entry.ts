/**
 * Entries of the tables that say who owns a page of memory: the RMP of SEV-SNP (arch/x86/virt/svm/sev.c) and the PAMT
 * of TDX. Both have 16 bytes for each page of 4 KiB.
 *
 * | SNP: bits | what | | TDX: byte | what |
 * |---|---|---|---|---|
 * | 0 | assigned | | 0 | page type: 3 memory, 4 TDR, 6 TDVPR, 8 EPT |
 * | 2 | immutable: the firmware's | | 2 | KeyID |
 * | 12 to 50 | guest page number | | 8 | guest page number, or the address of the TDR |
 * | 51 to 60 | ASID | | | |
 * | 61, 62 | VMSA, validated | | | |
 *
 * The layout of a PAMT entry is the module's own; this one is the emulator's.
 */
import type { PhysicalMemory } from '../memory';

export type TeeKind = 'snp' | 'tdx';

export const ENTRY_SIZE = 16;

/** What a page is used for: guest memory, a vCPU's state, the guest's context, a table of guest addresses. */
export type PageUse = 'memory' | 'vcpu' | 'context' | 'table';

export interface TeeEntry {
    /** The ASID or KeyID. */
    readonly slot: number;
    /** The guest page number; 0 for pages that are not guest memory. */
    readonly gfn: number;
    readonly use: PageUse;
}

const ASSIGNED = 1;
const IMMUTABLE = 1 << 2;
const VMSA = 1 << 29;
const VALIDATED = 1 << 30;
const ASID_SHIFT = 19;
const ASID_MASK = 0x3ff;
const GFN_SHIFT = 12;
const GFN_LOW_BITS = 20;

const TDX_TYPES: Readonly<Record<PageUse, number>> = { memory: 3, context: 4, vcpu: 6, table: 8 };

/** @returns undefined if the page belongs to the host */
export function readEntry(memory: PhysicalMemory, kind: TeeKind, at: number): TeeEntry | undefined {
    const low = memory.readU32(at);
    if (low === 0) {
        return undefined;
    }
    const high = memory.readU32(at + 4);
    if (kind === 'tdx') {
        const found = (['memory', 'context', 'vcpu', 'table'] as const).find((u) => TDX_TYPES[u] === (low & 0xff));
        return { slot: low >>> 16, gfn: memory.readNum(at + 8), use: found ?? 'memory' };
    }
    const slot = (high >>> ASID_SHIFT) & ASID_MASK;
    const gfn = (low >>> GFN_SHIFT) + (high & ((1 << ASID_SHIFT) - 1)) * 2 ** GFN_LOW_BITS;
    return { slot, gfn, use: (low & IMMUTABLE) !== 0 ? 'context' : (high & VMSA) !== 0 ? 'vcpu' : 'memory' };
}

export function writeEntry(memory: PhysicalMemory, kind: TeeKind, at: number, { slot, gfn, use }: TeeEntry): void {
    if (kind === 'tdx') {
        memory.writeU32(at, TDX_TYPES[use] + slot * 2 ** 16);
        memory.writeU64(at + 8, gfn);
        return;
    }
    const low = gfn % 2 ** GFN_LOW_BITS;
    memory.writeU32(at, low * 2 ** GFN_SHIFT + ASSIGNED + (use === 'context' ? IMMUTABLE : 0));
    memory.writeU32(
        at + 4,
        Math.floor(gfn / 2 ** GFN_LOW_BITS) + slot * 2 ** ASID_SHIFT + (use === 'vcpu' ? VMSA : 0) + VALIDATED,
    );
}
