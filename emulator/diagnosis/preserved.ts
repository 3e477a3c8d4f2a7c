/** What a kernel has preserved, by the history of pages: the tree has bits, but does not say who set them. */
import type { Kernel } from '../kernel/kernel';
import type { Area } from '../kernel/kho/env';
import type { PageEvent, PageHistory } from '../machine/history';

/** Number of overlaps that are reported at most; a program has few. */
const LIMIT = 64;

export interface Pages {
    readonly pfn: number;
    readonly count: number;
}

/** A log entry and its place in the log. */
interface Entry extends Pages {
    readonly at: number;
    readonly by: number;
}

/** The entries of a kind since the running kernel booted. */
function entriesOf(kernel: Kernel, history: PageHistory, kind: PageEvent['kind']): Entry[] {
    const out: Entry[] = [];
    for (let i = history.length - 1; i >= 0; i--) {
        const e = history.at(i);
        if (e.kernel - 1 !== kernel.boot) {
            break;
        }
        if (e.kind === kind) {
            out.push({ pfn: e.pfn, count: e.count, at: i, by: e.owner });
        }
    }
    return out.reverse();
}

/** Preserved pages in scratch areas. */
export function scratchOverlaps(kernel: Kernel, history: PageHistory): (Pages & { readonly area: Area })[] {
    const out: (Pages & { area: Area })[] = [];
    const { size } = kernel.page;
    for (const { pfn, count } of entriesOf(kernel, history, 'preserved')) {
        for (const area of kernel.kho.scratch) {
            const start = Math.max(pfn, Math.floor(area.addr / size));
            const end = Math.min(pfn + count, Math.ceil((area.addr + area.size) / size));
            if (start < end && out.length < LIMIT) {
                out.push({ pfn: start, count: end - start, area });
            }
        }
    }
    return out;
}

/** Pages that were preserved while they were preserved already. The caller checks whether this was undone later. */
export function overlapping(kernel: Kernel, history: PageHistory): (Pages & { readonly by: number })[] {
    const preserved = entriesOf(kernel, history, 'preserved').sort((a, b) => a.pfn - b.pfn || a.at - b.at);
    const undone = entriesOf(kernel, history, 'unpreserved');
    const out: (Pages & { by: number })[] = [];
    let before: Entry | undefined;
    for (const e of preserved) {
        if (before && e.pfn < before.pfn + before.count) {
            const [first, second] = before.at < e.at ? [before, e] : [e, before];
            const pages = { pfn: e.pfn, count: Math.min(before.pfn + before.count, e.pfn + e.count) - e.pfn };
            if (out.length < LIMIT && !undoneBetween(undone, pages, first.at, second.at)) {
                out.push({ ...pages, by: second.by });
            }
        }
        if (!before || e.pfn + e.count > before.pfn + before.count || e.at > before.at) {
            before = e;
        }
    }
    return out;
}

/**
 * Pages that were freed while they were preserved, without being unpreserved. The caller checks whether they still are
 * preserved.
 */
export function freedWhilePreserved(kernel: Kernel, history: PageHistory): (Pages & { readonly by: number })[] {
    const preserved = entriesOf(kernel, history, 'preserved').sort((a, b) => a.pfn - b.pfn || a.at - b.at);
    const undone = entriesOf(kernel, history, 'unpreserved');
    const out: (Pages & { by: number })[] = [];
    for (const freed of preserved.length > 0 ? entriesOf(kernel, history, 'freed') : []) {
        for (let i = firstAt(preserved, (p) => p.pfn + p.count > freed.pfn); out.length < LIMIT; i++) {
            const p = preserved[i];
            if (!p || p.pfn >= freed.pfn + freed.count) {
                break;
            }
            const start = Math.max(p.pfn, freed.pfn);
            const pages = { pfn: start, count: Math.min(p.pfn + p.count, freed.pfn + freed.count) - start };
            if (p.at < freed.at && pages.count > 0 && !undoneBetween(undone, pages, p.at, freed.at)) {
                out.push({ ...pages, by: p.by });
            }
        }
    }
    return out;
}

/**
 * How many times a page was preserved in the running kernel and not unpreserved: a count that the kernel does not keep.
 */
export function preservers(kernel: Kernel, history: PageHistory, pfn: number): number {
    let n = 0;
    for (const e of history.of(pfn)) {
        if (e.kernel - 1 !== kernel.boot) {
            continue;
        }
        if (e.kind === 'preserved') {
            n++;
        } else if (e.kind === 'unpreserved') {
            n = Math.max(0, n - 1);
        } else if (e.kind === 'freed' || e.kind === 'allocated') {
            n = 0;
        }
    }
    return n;
}

/** Whether any of the pages was unpreserved between two places of the log. */
function undoneBetween(undone: readonly Entry[], pages: Pages, from: number, to: number): boolean {
    for (let i = firstAt(undone, (u) => u.at > from); ; i++) {
        const u = undone[i];
        if (!u || u.at >= to) {
            return false;
        }
        if (u.pfn < pages.pfn + pages.count && u.pfn + u.count > pages.pfn) {
            return true;
        }
    }
}

/** The index of the first item for which `is` holds, in a list in which it holds for all later items. */
function firstAt<T>(list: readonly T[], is: (item: T) => boolean): number {
    let low = 0;
    let high = list.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        const item = list[middle];
        if (item !== undefined && is(item)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/** For each page frame given, the step at which it was last allocated or freed since the running kernel booted. */
export function lastChanges(kernel: Kernel, history: PageHistory, pfns: Iterable<number>): Map<number, number> {
    const wanted = Float64Array.from(new Set(pfns)).sort();
    const out = new Map<number, number>();
    for (let i = history.length - 1; i >= 0; i--) {
        const e = history.at(i);
        if (e.kernel - 1 !== kernel.boot) {
            break;
        }
        if (e.kind !== 'allocated' && e.kind !== 'freed') {
            continue;
        }
        for (let k = lowerBound(wanted, e.pfn); k < wanted.length; k++) {
            const pfn = wanted[k] ?? Infinity;
            if (pfn >= e.pfn + e.count) {
                break;
            }
            out.set(pfn, Math.max(out.get(pfn) ?? 0, e.firstStep));
        }
    }
    return out;
}

function lowerBound(sorted: Float64Array, value: number): number {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if ((sorted[middle] ?? Infinity) < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
