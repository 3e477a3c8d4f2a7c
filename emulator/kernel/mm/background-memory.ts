/**
 * The rest of the host: memory that other programs allocate, so that a scenario can begin on a host that is nearly
 * full.
 */
import { err, type Err } from '../release/errno';
import { type Journal, JournaledRecord, JournaledList } from '../../machine/journal';
import type { PageAllocator } from './buddy';

interface Block {
    readonly pfn: number;
    readonly order: number;
}

export class BackgroundMemory extends JournaledRecord {
    /** In the order of their allocation. */
    private readonly blocks: JournaledList<Block>;
    /** Total number of pages. */
    readonly pages: number = 0;

    constructor(private readonly journal: Journal) {
        super(journal);
        this.blocks = new JournaledList(journal);
    }

    /**
     * Allocates ordinary memory (outside of CMA pageblocks), the largest blocks first, until at most `leave` pages of
     * it are free on the node, or on all nodes together if none is given. It is not movable. @returns ENOMEM if an
     * allocation fails
     */
    fill(pages: PageAllocator, owner: number, leave: number, node: number | undefined): undefined | Err {
        const free = (): number => pages.freePages(node) - pages.freeCmaPages(node);
        for (let order = pages.page.maxOrder; free() > leave; ) {
            if (free() - leave < 2 ** order && order > 0) {
                order--;
                continue;
            }
            const pfn = pages.alloc(order, { owner, ...(node === undefined ? {} : { node, strict: true }) });
            if (pfn >= 0) {
                this.blocks.push({ pfn, order });
                this.journal.edit<BackgroundMemory>(this).pages += 2 ** order;
            } else if (order === 0) {
                return err('ENOMEM');
            } else {
                order--;
            }
        }
        return undefined;
    }

    /** Frees all of it. */
    leave(pages: PageAllocator): void {
        for (const { pfn, order } of this.blocks) {
            pages.free(pfn, order);
        }
        this.blocks.clear();
        this.journal.edit<BackgroundMemory>(this).pages = 0;
    }
}
