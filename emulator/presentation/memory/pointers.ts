/**
 * Pointers in the structures that are handed over: from the FDT and the sessions to the data of each file, and the
 * pointers in that data. A pointer to memory that is not preserved is wrong.
 */
import { Diagnoses } from '../../diagnosis/diagnoses';
import { isPreserved, PointerWalk } from '../../diagnosis/pointer-walk';
import type { HandoverView } from '../../handover/model';
import { fdtProperty } from '../../kernel/kho/fdt-read';
import { readFdtPage, readNativeU64 } from '../../kernel/kho/root-fdt';
import { walkRadix } from '../../kernel/kho/radix';
import { BitmapTracker } from '../../kernel/kho/bitmaps';
import type { BlockSet } from '../../kernel/kho/blocks';
import type { Kernel } from '../../kernel/kernel';
import type { Int } from '../../machine/int';
import type { Host } from '../../runtime/host/host';
import { hex } from '../../text/text';
import { printable } from '../../text/utf8';
import type { MemoryMap } from './map';

export interface Pointer {
    /** Where it lies and where it points to: physical addresses. */
    readonly at: number;
    readonly target: number;
    /** `sessions`, `NicState.ring_pa` */
    readonly path: string;
    /** What it belongs to: `session "vm-1"`. */
    readonly of: string;
    /** Why it is wrong, as a clause; undefined: it leads to preserved memory. */
    readonly wrong: string | undefined;
}

export interface Pointers {
    readonly list: readonly Pointer[];
    /** The number of pointers that are not in the list. */
    readonly more: number;
}

/** The most pointers of a list; wrong ones come first. */
const MOST = 1000;
/** What pointers between the nodes of the tree belong to, and the one to its root. The next kernel reads them once. */
const TREE = 'the tree of preserved memory';
const ROOT = 'preserved memory';
/** The most nodes of the tree of preserved memory that are shown. */
const MOST_NODES = 100;

class Collector {
    private readonly ok: Pointer[] = [];
    private readonly bad: Pointer[] = [];
    private count = 0;

    constructor(private readonly why: (target: number) => string | undefined) {}

    /** Adds a pointer, unless it is null or not an address. */
    add(at: number, target: Int, path: string, of: string, wrong?: string): void {
        if (typeof target !== 'number' || target === 0) {
            return;
        }
        this.count++;
        const because = wrong ?? this.why(target);
        const list = because === undefined ? this.ok : this.bad;
        if (list.length < MOST) {
            list.push({ at, target, path, of, wrong: because });
        }
    }

    get pointers(): Pointers {
        const list = [...this.bad, ...this.ok].slice(0, MOST);
        return { list, more: this.count - list.length };
    }
}

export const NO_POINTERS: Pointers = { list: [], more: 0 };

/** The pointers of what a kernel hands over to the next one. */
export function pointersOf(host: Host, kernel: Kernel): Pointers {
    const { kho, luo } = kernel;
    const { machine } = host;
    if (kho.fdt === 0 || !kho.tree) {
        return NO_POINTERS;
    }
    const stateText = (pa: number): string => {
        const pfn = Math.floor(pa / machine.page.size);
        return kernel.memmap.stateOf(pfn) === 'free'
            ? 'free memory'
            : `memory of ${machine.owners.name(kernel.memmap.ownerOf(pfn))}`;
    };
    const tree = new Set<number>();
    const all = new Collector((target) =>
        !machine.isRam(target)
            ? 'there is no memory at this address'
            : tree.has(target) || isPreserved(kho, target)
              ? undefined
              : `it points to ${stateText(target)}, which is not preserved`,
    );
    const known = Diagnoses.of(host)?.scene.typed;
    const walk = (data: Int, of: string): void => {
        if (known && typeof data === 'number' && data !== 0 && machine.isRam(data)) {
            new PointerWalk(
                kho,
                known,
                (d) => all.add(d.at, d.target, d.path, of),
                (d) => all.add(d.at, d.target, d.path, of),
            ).from(data, known.layoutAt(data)?.name ?? 'data');
        }
    };
    // the tree's own pages are never used by the next kernel before it has read them
    treePointers(kernel, tree, all);
    const { root } = readFdtPage(machine, kho.fdt);
    for (const child of root?.children ?? []) {
        const blob = readNativeU64(fdtProperty(child, kernel.desc.kho.dataProperty)?.value);
        if (blob !== undefined) {
            all.add(kho.fdt, blob, `subtree "${printable(child.name)}"`, 'the root FDT');
            walk(blob, `the subtree "${printable(child.name)}"`);
        }
    }
    chain(luo.outgoing.blocks, luo.ser, 'sessions', 'LUO', all);
    all.add(luo.ser, luo.outgoing.area, 'sessions', 'LUO');
    all.add(luo.ser, luo.flbPage, 'FLBs', 'LUO');
    for (const [i, s] of luo.outgoing.sessions.items.entries()) {
        const of = `session "${printable(s.name)}"`;
        const entry = luo.outgoing.blocks.entryAt(i) ?? (luo.outgoing.area || luo.ser);
        chain(s.fileBlocks, entry, 'files', of, all);
        all.add(entry, s.area, 'files', of);
        for (const [k, f] of s.files.items.entries()) {
            const what = `token ${hex(f.token)} of ${of} (${printable(f.handler.compatible)})`;
            const data = f.serializedData;
            if (typeof data === 'number' && isAddress(data, machine.page.size) && machine.isRam(data)) {
                all.add(s.fileBlocks.entryAt(k) ?? (s.area || s.fileBlocks.head), data, 'data', what);
                walk(data, what);
            }
        }
    }
    for (const flb of luo.flbs.items) {
        const { data, count } = flb.outgoing;
        if (count > 0 && typeof data === 'number' && isAddress(data, machine.page.size) && machine.isRam(data)) {
            all.add(luo.flbPage || luo.ser, data, 'data', `FLB "${printable(flb.compatible)}"`);
            walk(data, `FLB "${printable(flb.compatible)}"`);
        }
    }
    return all.pointers;
}

/** The data of a file or FLB need not be an address. That of KHO's allocations is aligned to a page. */
function isAddress(data: Int, pageSize: number): boolean {
    return typeof data === 'number' && data % pageSize === 0;
}

/** The first block of a set, and from each block the next one. */
function chain({ blocks }: BlockSet, from: number, path: string, of: string, all: Collector): void {
    let at = from;
    for (const block of blocks.items) {
        all.add(at, block, path, of);
        at = block;
    }
}

/** The pointers between the nodes of the tree of preserved memory, the upper levels first. */
function treePointers({ kho, machine }: Kernel, tree: Set<number>, all: Collector): void {
    if (!kho.tree) {
        return;
    }
    tree.add(kho.tree.root);
    if (kho.tree instanceof BitmapTracker) {
        all.add(kho.fdt, kho.tree.root, ROOT, 'the root FDT');
        return;
    }
    const above = new Map<number, number>();
    const links: { readonly at: number; readonly target: number; readonly level: number }[] = [];
    walkRadix(
        machine.memory,
        kho.tree.layout,
        kho.tree.root,
        (pa, n) => machine.isRam(pa, n),
        () => undefined,
        (pa, level) => {
            above.set(level, pa);
            tree.add(pa);
            links.push({ at: above.get(level + 1) ?? kho.fdt, target: pa, level });
        },
    );
    links.sort((a, b) => b.level - a.level);
    for (const { at, target, level } of links.slice(0, MOST_NODES)) {
        all.add(at, target, `level ${level}`, TREE);
    }
}

/** The pointers of the handover in a memory image. */
export function imagePointers(h: HandoverView): Pointers {
    const known = new Set<number>(h.radixNodes);
    const all = new Collector((target) =>
        known.has(target) || h.preserved.covers(target) ? undefined : 'it points to memory that is not preserved',
    );
    const { fdtAddr: fdt, luo } = h;
    if (fdt === undefined) {
        return NO_POINTERS;
    }
    all.add(fdt, h.radixRoot ?? 0, ROOT, 'the root FDT');
    all.add(fdt, h.metadata?.addr ?? 0, 'metadata', 'the root FDT');
    const addData = (at: number, data: Int, of: string): void => {
        if (isAddress(data, h.page.size)) {
            all.add(at, data, 'data', of);
        }
    };
    if (luo) {
        all.add(fdt, luo.addr, 'subtree "LUO"', 'the root FDT');
        links(luo.addr, luo.sessionsPa, luo.blocks, 'sessions', 'LUO', all);
        all.add(luo.addr, luo.flbsPa, 'FLBs', 'LUO');
        for (const s of luo.sessions) {
            const of = `session "${printable(s.name)}"`;
            links(s.addr, s.filesPa, s.blocks, 'files', of, all);
            for (const f of s.files) {
                const what = `token ${hex(f.token)} of ${of} (${printable(f.compatible)})`;
                addData(f.addr, f.data, what);
                if (f.memfd) {
                    links(f.memfd.addr, f.memfd.vmalloc.first, f.memfd.vmalloc.chunks, 'folios.first', what, all);
                }
            }
        }
        for (const flb of luo.flbs) {
            addData(flb.addr, flb.data, `FLB "${printable(flb.name)}"`);
        }
    }
    return all.pointers;
}

/** The first block of a list, which the reader may not have reached, and the others. */
function links(at: number, first: Int, blocks: readonly number[], path: string, of: string, all: Collector): void {
    all.add(at, first, path, of);
    for (const [i, block] of blocks.slice(1).entries()) {
        all.add(blocks[i] ?? at, block, path, of);
    }
}

/**
 * What the pointers of the previous kernel lead to now: memory that this kernel has given to another owner makes them
 * wrong, and memory that it has restored and freed since does not.
 * @param now the map of the running kernel
 */
export function pointersNow({ machine }: Host, { list, more }: Pointers, now: MemoryMap): Pointers {
    return {
        list: list.map((p) => {
            const pfn = Math.floor(p.target / now.page);
            const run = now.find(pfn);
            if (
                !run ||
                p.of === TREE ||
                run.kind === 'claimed' ||
                run.kind === 'unclaimed' ||
                run.kind === 'preserved'
            ) {
                return p;
            }
            const restored = machine.history.of(pfn).some((e) => e.kernel === machine.boots && e.kind === 'restored');
            // the next kernel takes over what it needs no restoring for, such as the tree
            if (
                restored ||
                (p.wrong === undefined && run.kind !== 'free' && machine.history.of(pfn).at(-1)?.kind === 'inherited')
            ) {
                return p;
            }
            const what = run.owner === '' ? 'free memory' : `memory of ${run.owner}`;
            return { ...p, wrong: `${p.wrong === undefined ? '' : `${p.wrong}; `}in this kernel it is ${what}` };
        }),
        more,
    };
}
