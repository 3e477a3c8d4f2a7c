/**
 * Memory that does not stay what it was when it was preserved: folios of files that are moved, split, or truncated, and
 * what is freed.
 */
import type { Kernel } from '../kernel/kernel';
import { orderPages } from '../kernel/mm/memmap';
import { JournaledMap } from '../machine/journal';
import { ruleFile } from './rules';
import { freedWhilePreserved } from './preserved';
import { pagesText } from './wording';
import { hex } from '../text/text';

export const folioRules = ruleFile(['LU1050'], ({ host, chronicle, say }) => {
    const { history, owners, journal, page } = host.machine;
    /** Whose folios were said to change: what follows from that is not said as well. With the boot. */
    const told = new JournaledMap<string, true>(journal);

    /** LU1050 of memory that is no file's: kernel code has freed what it had preserved. */
    const freed = (kernel: Kernel): void => {
        for (const { pfn, count, by } of freedWhilePreserved(kernel, history)) {
            if (!isPreserved(kernel, pfn) || told.has(`${host.boot} ${owners.name(by)}`)) {
                continue;
            }
            const last = history.of(pfn).findLast((e) => e.kind === 'preserved');
            const callback = last && chronicle.preservingAt(last)?.callback;
            const owner = owners.name(by);
            const state = kernel.memmap.stateOf(pfn);
            say('LU1050', {
                about: `freed ${owner}`,
                message: `${pagesText(page, count)} at ${hex(pfn * page.size)}, which ${callback ?? 'kernel code'} has preserved, ${count === 1 ? 'was' : 'were'} freed without being unpreserved, and ${count === 1 ? 'is' : 'are'} handed over all the same: ${state === 'free' ? 'that is free memory' : `by now that is memory of ${owners.name(kernel.memmap.ownerOf(pfn))}`}.`,
                history: chronicle.ofPage(pfn),
                advice: 'Keep a reference to what is preserved until it is unpreserved: the next kernel frees it, this one does not.',
                data: {
                    address: hex(pfn * page.size),
                    pages: count,
                    owner,
                    how: 'freed',
                    to: null,
                    callback: callback ?? null,
                },
            });
        }
    };

    /** LU1050 */
    return {
        handingOver: freed,
        folioChanged(how, head, order, to): void {
            const { kernel } = host;
            if (!kernel || !isPreserved(kernel, head)) {
                return;
            }
            const owner = owners.name(kernel.memmap.ownerOf(head));
            const last = history.of(head).findLast((e) => e.kind === 'preserved');
            const by = last && chronicle.preservingAt(last);
            told.set(`${host.boot} ${owner}`, true);
            const what = `The folio of ${pagesText(page, orderPages(order))} at ${hex(head * page.size)}, page ${kernel.memmap.index(head)} of ${owner}, which ${by?.callback ?? 'kernel code'} has preserved`;
            const becomes = {
                moved: `, moves to ${hex(to * page.size)}: what is handed over is the place that it has left.`,
                split: ', is split: the next kernel is still told of one folio, and unpreserving it goes by the orders that the parts have now.',
                freed: ', is freed by a truncation: what is handed over is memory that others may have by then.',
            };
            say('LU1050', {
                about: `${how} ${owner}`,
                message: what + becomes[how],
                history: chronicle.ofPage(head),
                data: {
                    address: hex(head * page.size),
                    pages: orderPages(order),
                    owner,
                    how,
                    to: how === 'moved' ? hex(to * page.size) : null,
                    callback: by?.callback ?? null,
                },
            });
        },
    };
});

/** The largest block that is looked for: 1 GiB. */
const MAX_ORDER = 18;

/** The first page of the folio is in a block that is handed over. */
function isPreserved(kernel: Kernel, head: number): boolean {
    const { tree } = kernel.kho;
    for (let order = 0; tree && order <= MAX_ORDER; order++) {
        if (tree.has(head - (head % orderPages(order)), order)) {
            return true;
        }
    }
    return false;
}
