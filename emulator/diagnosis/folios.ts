/**
 * Preserved memory that changes before the kexec: folios of files that are moved, split or truncated, and memory that
 * is freed.
 */
import type { Kernel } from '../kernel/kernel';
import { orderPages } from '../kernel/mm/memmap';
import { JournaledMap } from '../machine/journal';
import { ruleFile } from './rules';
import { freedWhilePreserved } from './preserved';
import { be, pagesText } from './wording';
import { hex } from '../text/text';

export const folioRules = ruleFile(['LU1050'], ({ host, chronicle, say }) => {
    const { history, owners, journal, page } = host.machine;
    /** Boot and owner of folios whose change was reported: consequences are not reported. */
    const told = new JournaledMap<string, true>(journal);

    /** LU1050 for memory outside of files: kernel code has freed what it had preserved. */
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
                message: `${pagesText(page, count)} at ${hex(pfn * page.size)}, which ${callback ?? 'kernel code'} has preserved, ${count === 1 ? 'was' : 'were'} freed without being unpreserved, and ${be(count)} still handed over: now ${state === 'free' ? 'free memory' : `memory${owners.of(kernel.memmap.ownerOf(pfn))}`}.`,
                history: chronicle.ofPage(pfn),
                advice: 'Keep a reference to preserved memory until it is unpreserved. Memory that is handed over is freed by the next kernel, not by this one.',
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
                moved: `, moves to ${hex(to * page.size)}: the old address is handed over.`,
                split: ', is split: one folio is still handed over, and unpreserving uses the orders of the parts.',
                freed: ', is freed by a truncation: its memory is still handed over, and may have a new owner by then.',
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

/** The largest block that is searched for: 1 GiB. */
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
