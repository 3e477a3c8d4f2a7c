/** Why an allocation failed: what was requested, what was free, and who holds most of the memory. */
import { listed, sizeText } from '../../text/text';
import type { Kernel } from '../kernel';
import type { AllocationFailure, FreePages } from './buddy';

/** So many owners are named. */
const NAMED = 3;

/** A few sentences about the last failed allocation of the present system call; undefined: there was none. */
export function shortageText(k: Kernel): string | undefined {
    const { lastFailure } = k.pages;
    return lastFailure === null || typeof lastFailure === 'string'
        ? (lastFailure ?? undefined)
        : `${requested(k, lastFailure)} ${found(k, lastFailure)}`;
}

function requested({ page }: Kernel, { order, options: { node, strict, movable } }: AllocationFailure): string {
    const where =
        node === undefined ? 'on any node' : strict === true ? `on node ${node} only` : `on node ${node} or another`;
    const how = movable === true ? 'movable' : 'not movable, so not in scratch';
    return `The kernel requested ${sizeText(page.size * 2 ** order)} ${order === 0 ? '' : 'in one piece '}${where} (${how}).`;
}

function found(k: Kernel, { order, injected, free }: AllocationFailure): string {
    if (injected) {
        return 'This failure is injected.';
    }
    if (order > k.page.maxOrder) {
        return `The page allocator has no pieces above ${sizeText(k.page.size * 2 ** k.page.maxOrder)}.`;
    }
    return `Free: ${freeText(k, order, free)}. Most memory is held by ${holdersText(k)}.`;
}

/** `12 MiB on node 0 and 96 MiB in scratch of node 0`; a node may have several spans. */
function freeText({ page, kho, commandLine }: Kernel, order: number, free: readonly FreePages[]): string {
    const areas =
        kho.scratch.length === 0 ? 'areas of cma=' : commandLine.cma ? 'scratch and areas of cma=' : 'scratch';
    const sums = new Map<string, number>();
    for (const { node, cma, pages } of free) {
        const where = cma ? `in ${areas} of node ${node}` : `on node ${node}`;
        sums.set(where, (sums.get(where) ?? 0) + pages);
    }
    const ordinary = /^on/;
    return listed(
        [...sums].map(([where, pages]) => {
            const pieces = ordinary.test(where) && order > 0 && pages >= 2 ** order ? ' in smaller pieces' : '';
            return `${sizeText(pages * page.size)}${pieces} ${where}`;
        }),
    );
}

/** Visits every folio. */
function holdersText({ memmap, machine, page }: Kernel): string {
    const pages = new Map<number, number>();
    for (const { owner, count } of memmap.owned()) {
        pages.set(owner, (pages.get(owner) ?? 0) + count);
    }
    const most = [...pages].sort((a, b) => b[1] - a[1]).slice(0, NAMED);
    return listed(most.map(([owner, n]) => `${machine.owners.name(owner)} (${sizeText(n * page.size)})`));
}
