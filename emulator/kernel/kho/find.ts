/**
 * Finds a handover in unknown memory: the root FDT by its contents, the scratch areas by the setup data that contain
 * their address or by the form of their array.
 */
import type { Int } from '../../machine/int';
import type { PageGeometry } from '../../machine/arch';
import { PHYS_LIMIT } from '../../machine/memory';
import type { MemoryView } from '../../machine/view';
import { SETUP_KEXEC_KHO } from './boot-params';
import type { KhoSetupData } from './boot-info';
import type { Area } from './env';
import { fdtChild, fdtProperty, readFdt } from './fdt-read';
import { METADATA_SIZE, METADATA_SUBTREE } from './metadata';
import { PROP_DATA, readNativeU64 } from './root-fdt';
import type { PreservedMemory } from './preserved';
import { scratchAlign } from './fixed-bugs';
import { SCRATCH_ENTRY } from './scratch';
import { decodeName } from '../../text/utf8';

const FDT_MAGIC_LE = 0xedfe0dd0;
/** Memory is searched in pieces of this many bytes. */
const PIECE = 1024 * 1024;
/** Size of struct setup_data before its data. */
const SETUP_HEADER = 16;
const SETUP_LENGTH = 32;
/** Lowmem, global, and at least one node. */
const LEAST_AREAS = 3;
/** Number of candidates of each kind that are kept; real memory has a handful. */
const CANDIDATES = 1000;

/** Number of entries of an array of scratch areas that fills a page. */
function mostAreas(page: PageGeometry): number {
    return page.size / SCRATCH_ENTRY;
}

export interface FdtCandidate {
    readonly pa: number;
    readonly compatible: string;
    /**
     * `kexec_count` of its metadata: that of a kernel's own FDT is one more than that of its incoming one. −1: none.
     */
    readonly count: number;
}

export interface FoundHandover {
    /** Candidates for a KHO root FDT; the one to be handed over comes first. */
    readonly fdts: readonly FdtCandidate[];
    /** Setup data that contain the address of an FDT, by that address. */
    readonly setups: ReadonlyMap<number, KhoSetupData & { readonly pa: number }>;
    /** Possible addresses of arrays of scratch areas. */
    readonly arrays: readonly number[];
}

/** Searches all of a memory. */
export function findHandover(view: MemoryView): FoundHandover {
    const fdts: FdtCandidate[] = [];
    const setups = new Map<number, KhoSetupData & { pa: number }>();
    const arrays: number[] = [];
    const { size } = view.page;
    const pageWords = size / 4;
    for (const run of view.runs()) {
        const first = Math.ceil(run.pa / 16) * 16;
        for (let at = first; at < run.pa + run.size; at += PIECE) {
            // A node of setup data can extend beyond the end of the piece.
            const words = wordsOf(view.read(at, Math.min(PIECE + SETUP_HEADER + SETUP_LENGTH, run.pa + run.size - at)));
            const pageStart = ((size - (at % size)) % size) / 4;
            for (let i = 0, end = Math.min(words.length - 11, PIECE / 4); i < end; i += 4) {
                if (words[i + 2] === SETUP_KEXEC_KHO && words[i + 3] === SETUP_LENGTH && setups.size < CANDIDATES) {
                    const setup = setupIn(view.page, words, i);
                    if (setup) {
                        setups.set(setup.fdt, { ...setup, pa: at + i * 4 });
                    }
                }
                if (i % pageWords === pageStart) {
                    page(view, at + i * 4, words, i, fdts, arrays);
                }
            }
        }
    }
    // The newest first; of two equally new ones, the one in setup data.
    fdts.sort((a, b) => b.count - a.count || Number(setups.has(b.pa)) - Number(setups.has(a.pa)) || a.pa - b.pa);
    return { fdts, setups, arrays };
}

function wordsOf(bytes: Uint8Array): Uint32Array {
    return new Uint32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 4));
}

function page(
    view: MemoryView,
    pa: number,
    words: Uint32Array,
    i: number,
    fdts: FdtCandidate[],
    arrays: number[],
): void {
    const align = scratchAlign(view.page);
    if (words[i] === FDT_MAGIC_LE) {
        const fdt = candidateAt(view, pa);
        if (fdt && fdts.length < CANDIDATES) {
            fdts.push(fdt);
        }
    } else if ((words[i] ?? 0) % align === 0 && (words[i + 2] ?? 1) % align === 0 && arrays.length < CANDIDATES) {
        if (scratchIn(view, pa).length >= LEAST_AREAS) {
            arrays.push(pa);
        }
    }
}

function setupIn({ size }: PageGeometry, words: Uint32Array, i: number): KhoSetupData | undefined {
    const value = (n: number): number => (words[i + 4 + n * 2] ?? 0) + (words[i + 5 + n * 2] ?? 0) * 0x1_0000_0000;
    const setup = { fdt: value(0), fdtSize: value(1), scratch: value(2), scratchSize: value(3) };
    const fits =
        setup.fdt > 0 &&
        setup.fdt % size === 0 &&
        setup.fdtSize === size &&
        setup.fdt < PHYS_LIMIT &&
        setup.scratchSize > 0 &&
        setup.scratchSize <= size &&
        setup.scratch < PHYS_LIMIT;
    return fits ? setup : undefined;
}

/** The contents of a page if it is a KHO root FDT of any version. */
export function candidateAt(view: MemoryView, pa: number): FdtCandidate | undefined {
    const { root } = readFdt(view.read(pa, view.page.size));
    const value = root && fdtProperty(root, 'compatible')?.value;
    const compatible = value ? decodeName(value) : '';
    if (!root || !compatible.startsWith('kho-')) {
        return undefined;
    }
    const child = fdtChild(root, METADATA_SUBTREE);
    const metadata = child && readNativeU64(fdtProperty(child, PROP_DATA)?.value);
    const known = typeof metadata === 'number' && view.has(metadata, METADATA_SIZE);
    const count = known ? new DataView(view.read(metadata + METADATA_SIZE - 4, 4).buffer).getUint32(0, true) : -1;
    return { pa, compatible, count };
}

/** The scratch areas in an array of at most a page, up to the first invalid entry. */
function scratchIn(view: MemoryView, pa: number): Area[] {
    const areas: Area[] = [];
    const align = scratchAlign(view.page);
    const bytes = view.read(pa, mostAreas(view.page) * SCRATCH_ENTRY);
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at + SCRATCH_ENTRY <= bytes.length; at += SCRATCH_ENTRY) {
        const addr = Number(words.getBigUint64(at, true));
        const size = Number(words.getBigUint64(at + 8, true));
        const overlaps = areas.some((a) => addr < a.addr + a.size && a.addr < addr + size);
        if (addr === 0 || addr % align !== 0 || size % align !== 0 || addr + size > PHYS_LIMIT || overlaps) {
            break;
        }
        areas.push({ addr, size });
    }
    return areas;
}

/** Every entry of an array of scratch areas, as read by the next kernel. */
export function scratchEntries(view: MemoryView, pa: number, size: number): { addr: Int; size: Int }[] {
    const bytes = view.read(pa, Math.min(Math.floor(size / SCRATCH_ENTRY), mostAreas(view.page) * 256) * SCRATCH_ENTRY);
    const entries: { addr: Int; size: Int }[] = [];
    for (let at = 0; at + SCRATCH_ENTRY <= bytes.length; at += SCRATCH_ENTRY) {
        entries.push({
            addr: readNativeU64(bytes.slice(at, at + 8)) ?? 0,
            size: readNativeU64(bytes.slice(at + 8, at + 16)) ?? 0,
        });
    }
    return entries;
}

/** The address of the array of scratch areas, in bytes, and the source of this information. */
export interface ScratchArray {
    readonly addr: number;
    readonly size: number;
    readonly from: 'note' | 'setup data' | 'search';
}

/** The array that belongs to the FDT at `fdt`; undefined if none is found. `given` comes from a note in the file. */
export function scratchArrayOf(
    view: MemoryView,
    found: FoundHandover,
    fdt: number,
    preserved: PreservedMemory,
    given: { readonly addr: number; readonly size: number } | undefined,
): ScratchArray | undefined {
    if (given) {
        return { ...given, from: 'note' };
    }
    const named = found.setups.get(fdt);
    if (named) {
        return { addr: named.scratch, size: named.scratchSize, from: 'setup data' };
    }
    // Neither the array nor the areas in it lie in preserved memory; contents of files that look like an array do.
    const candidates = found.arrays
        .filter((pa) => !preserved.covers(pa))
        .map((pa) => ({ pa, areas: scratchIn(view, pa) }));
    const free = candidates.filter(({ areas }) => !areas.some((a) => preserved.overlap(a.addr, a.size)));
    const best = (free.length > 0 ? free : candidates).sort((a, b) => b.areas.length - a.areas.length)[0];
    return best && { addr: best.pa, size: best.areas.length * SCRATCH_ENTRY, from: 'search' };
}
