/** Folios that do not stay what they were when they were preserved: moved, split, or freed by truncation. */
import type { Kernel } from '../../kernel/kernel';
import { orderPages } from '../../kernel/mm/memmap';
import { PAGE_SIZE } from '../../machine/memory';
import { hex } from '../values';
import type { Rules, Scene } from './diagnoses';
import { pagesText } from './words';

export function folioRules({ vm, chronicle, say }: Scene): Rules {
    const { history, owners } = vm.machine;

    /** LU1050 */
    return {
        folioChanged(how, head, order, to): void {
            const { kernel } = vm;
            if (!kernel || !isPreserved(kernel, head)) {
                return;
            }
            const owner = owners.name(kernel.memmap.ownerOf(head));
            const last = history.of(head).findLast((e) => e.kind === 'preserved');
            const by = last && chronicle.preservingAt(last.boot - 1, last.firstStep);
            const what = `The folio of ${pagesText(orderPages(order))} at ${hex(head * PAGE_SIZE)}, page ${kernel.memmap.index(head)} of ${owner}, which ${by?.callback ?? 'kernel code'} has preserved`;
            const becomes = {
                moved: `, moves to ${hex(to * PAGE_SIZE)}: what is handed over is the place that it has left.`,
                split: ', is split: the next kernel is still told of one folio, and unpreserving it goes by the orders that the parts have now.',
                freed: ', is freed by a truncation: what is handed over is memory that others may have by then.',
            };
            say('LU1050', {
                about: `${how} ${owner}`,
                message: what + becomes[how],
                history: chronicle.ofPage(head),
                data: { address: hex(head * PAGE_SIZE), pages: orderPages(order), owner, how, to: how === 'moved' ? hex(to * PAGE_SIZE) : null, callback: by?.callback ?? null },
            });
        },
    };
}

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
