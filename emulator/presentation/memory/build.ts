/** Makes the map of the physical memory of a running kernel, and that of a memory image. */
import type { HandoverView } from '../../handover/model';
import { walkTracker } from '../../kernel/kho/tracker';
import type { Kernel } from '../../kernel/kernel';
import { RunList } from '../../kernel/kho/runs';
import { FREED, pageEventOf, RESTORED } from '../../machine/history';
import type { Machine } from '../../machine/machine';
import type { MemoryView } from '../../machine/view';
import { guestOwners, kindOf } from './classify';
import { MemoryMap, type Kind, type NodeMemory } from './map';
import { PageSet } from './page-set';

/** What a map needs of a run. */
export interface Mapped {
    readonly machine: Machine;
    /** Null: none is running, and all memory is free. */
    readonly kernel: Kernel | null;
}

/**
 * The map of all memory. Runs through page metadata once, so the time depends on the number of rows of 512 pages, and
 * of pages only where a row has several owners.
 * @param before the map at the kexec that led to this kernel: names the owners of memory that is not claimed yet
 */
export function memoryMap({ machine, kernel }: Mapped, before?: MemoryMap): MemoryMap {
    const map = new MemoryMap(machine.page.size, nodesOf(machine));
    const painter = kernel && new Painter(machine, kernel, map, before);
    for (const { start, end } of map.nodes) {
        if (painter) {
            painter.paint(start, end);
        } else {
            map.add(start, end, 'free', '');
        }
    }
    return map;
}

/** The memory that the running kernel uses, in whole pages. */
function nodesOf({ map, page }: Machine): NodeMemory[] {
    return map
        .map((r) => ({
            node: r.node,
            start: Math.ceil(r.start / page.size),
            end: Math.floor((r.start + r.size) / page.size),
        }))
        .filter((r) => r.end > r.start);
}

class Painter {
    private readonly guests: ReadonlySet<string>;
    private readonly outgoing: PageSet;
    private readonly restored: PageSet;
    private readonly kinds = new Map<number, { readonly kind: Kind; readonly owner: string }>();
    private readonly scratch: Kernel['kho']['scratch'];
    /** Up to where memory is in the map. */
    private at = 0;

    constructor(
        private readonly machine: Machine,
        private readonly kernel: Kernel,
        private readonly map: MemoryMap,
        private readonly before: MemoryMap | undefined,
    ) {
        this.guests = guestOwners(kernel);
        this.outgoing = outgoingPages(machine, kernel);
        this.scratch = [...kernel.kho.scratch].sort((a, b) => a.addr - b.addr);
        this.restored = kernel.kho.incoming ? restoredPages(machine) : new PageSet();
    }

    paint(start: number, end: number): void {
        const { memmap } = this.kernel;
        const reserved = memmap.reserved.filter((r) => r.start < end && r.end > start);
        let next = 0;
        this.at = start;
        const reservedUpTo = (pfn: number): void => {
            for (; next < reserved.length && reserved[next]!.start < pfn; next++) {
                const r = reserved[next]!;
                // allocated pages can lie in a reservation
                this.owned(Math.max(r.start, this.at), Math.min(r.end, pfn, end), r.owner);
                if (r.end > pfn) {
                    return;
                }
            }
        };
        memmap.runsIn(start, end, (from, to, state, owner) => {
            reservedUpTo(from);
            this.free(from);
            if (state === 'preserved') {
                this.unclaimed(from, to, owner);
            } else {
                this.owned(from, to, owner);
            }
        });
        reservedUpTo(end);
        this.free(end);
    }

    /** Free memory up to `end`; that of scratch areas is apart. */
    private free(end: number): void {
        const { page } = this.map;
        for (const { addr, size } of this.scratch) {
            const [from, to] = [Math.floor(addr / page), Math.ceil((addr + size) / page)];
            if (to > this.at && from < end) {
                this.map.add(this.at, Math.max(this.at, from), 'free', '');
                this.map.add(Math.max(this.at, from), Math.min(to, end), 'scratch', 'free in scratch');
                this.at = Math.min(to, end);
            }
        }
        if (end > this.at) {
            this.map.add(this.at, end, 'free', '');
            this.at = end;
        }
    }

    /** Memory with an owner: it can be preserved for the next kernel, or come from the previous one. */
    private owned(start: number, end: number, id: number): void {
        if (start >= end) {
            return;
        }
        this.free(start);
        const { kind, owner } = this.kindOf(id);
        this.outgoing.split(start, end, (a, b, goes) => {
            if (goes) {
                this.map.add(a, b, 'preserved', owner);
            } else {
                this.restored.split(a, b, (c, d, came) => this.map.add(c, d, came ? 'claimed' : kind, owner));
            }
        });
        this.at = end;
    }

    /** Memory of the previous kernel that this kernel holds and has not restored. */
    private unclaimed(start: number, end: number, id: number): void {
        let at = start;
        for (const run of this.before?.within(start, end) ?? []) {
            this.map.add(at, run.start, 'unclaimed', this.machine.owners.name(id));
            this.map.add(run.start, run.end, 'unclaimed', run.owner);
            at = run.end;
        }
        this.map.add(at, end, 'unclaimed', this.machine.owners.name(id));
        this.at = end;
    }

    private kindOf(id: number): { readonly kind: Kind; readonly owner: string } {
        let known = this.kinds.get(id);
        if (!known) {
            const owner = this.machine.owners.name(id);
            known = { kind: kindOf(owner, this.guests), owner };
            this.kinds.set(id, known);
        }
        return known;
    }
}

/** The pages that a kernel has preserved for the next one, as its tree says. */
function outgoingPages(machine: Machine, { kho }: Kernel): PageSet {
    const runs = new RunList();
    if (kho.tree) {
        walkTracker(
            kho.tree,
            machine.memory,
            (pa, n) => machine.isRam(pa, n),
            (pfn, order) => runs.add(pfn, order),
        );
    }
    const pages = new PageSet();
    for (const { start, end } of runs.union()) {
        pages.add(start, end);
    }
    return pages;
}

/** The pages that the running kernel has restored and not freed since. */
function restoredPages({ history, boots }: Machine): PageSet {
    const pages = new PageSet();
    let first = history.length;
    while (first > 0 && history.at(first - 1).kernel === boots) {
        first--;
    }
    for (let i = first; i < history.length; i++) {
        const { kind, pfn, count } = history.at(i);
        if (kind === pageEventOf(RESTORED)) {
            pages.add(pfn, pfn + count);
        } else if (kind === pageEventOf(FREED)) {
            pages.remove(pfn, pfn + count);
        }
    }
    return pages;
}

/** The map of a memory image: what is preserved, scratch, and the tables of the handover. The rest is not known. */
export function imageMap(memory: MemoryView, h: HandoverView): MemoryMap {
    const { size } = h.page;
    const nodes: NodeMemory[] = [...memory.runs()].map((r) => ({
        node: 0,
        start: Math.floor(r.pa / size),
        end: Math.ceil((r.pa + r.size) / size),
    }));
    const map = new MemoryMap(size, joined([...nodes, ...preservedNodes(h)]));
    const tables = new PageSet();
    for (const pa of h.radixNodes) {
        tables.add(pa / size, pa / size + 1);
    }
    const scratch = new PageSet();
    for (const { addr, size: bytes } of h.scratch) {
        scratch.add(Math.floor(addr / size), Math.ceil((addr + bytes) / size));
    }
    const preserved = new PageSet();
    for (const r of h.preserved.ranges()) {
        preserved.add(r.start, r.end);
    }
    for (const { start, end } of map.nodes) {
        preserved.split(start, end, (a, b, goes) => {
            tables.split(a, b, (c, d, isTable) => {
                if (isTable) {
                    map.add(c, d, 'tables', 'KHO radix tree');
                } else if (goes) {
                    map.add(c, d, 'unclaimed', '');
                } else {
                    scratch.split(c, d, (e, f, isScratch) => map.add(e, f, isScratch ? 'scratch' : 'unknown', ''));
                }
            });
        });
    }
    return map;
}

/** Preserved memory that the image does not have is shown nevertheless. */
function preservedNodes(h: HandoverView): NodeMemory[] {
    return h.preserved.ranges().map((r) => ({ node: 0, start: r.start, end: r.end }));
}

function joined(nodes: readonly NodeMemory[]): NodeMemory[] {
    const all: { node: number; start: number; end: number }[] = [];
    for (const n of [...nodes].sort((a, b) => a.start - b.start)) {
        const last = all.at(-1);
        if (last && n.start <= last.end) {
            last.end = Math.max(last.end, n.end);
        } else {
            all.push({ ...n });
        }
    }
    return all;
}
