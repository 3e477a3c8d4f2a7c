/** Preserved memory in any of the forms in which releases track it and hand it over. */
import type { PageGeometry } from '../../machine/arch';
import type { Machine } from '../../machine/machine';
import type { PhysicalMemory } from '../../machine/memory';
import { BitmapTracker, walkChunks } from './bitmaps';
import { bitmapBytes } from '../release/kho-format';
import type { KhoOptions } from './env';
import { type NodePages, type RadixFinding, RadixLayout, RadixTree, type RadixVisitor, walkRadix } from './radix';

export type Tracker = RadixTree | BitmapTracker;

/** The tree of a kernel with these bugs. */
function layoutOf(page: PageGeometry, flaws: ReadonlySet<string> | undefined): RadixLayout {
    return new RadixLayout(page, flaws?.has('kho_radix_depth') === true);
}

/** An empty tracker of this format; undefined if its first page cannot be allocated (ENOMEM). */
export function makeTracker(
    { format, flaws }: Pick<KhoOptions, 'format' | 'flaws'>,
    machine: Pick<Machine, 'memory' | 'journal' | 'page'>,
    pages: NodePages,
): Tracker | undefined {
    if (format.tracking !== 'radix') {
        return new BitmapTracker(machine, pages, bitmapBytes(format.tracking, machine.page));
    }
    const root = pages.allocNode();
    return root === undefined ? undefined : new RadixTree(machine, layoutOf(machine.page, flaws), pages, root);
}

/** Frees the pages of a tracker without preserved memory; interior nodes of a tree are never freed. */
export function freeTracker(tracker: Tracker, pages: NodePages): void {
    if (tracker instanceof BitmapTracker) {
        tracker.clear();
    } else {
        pages.freeNode(tracker.root);
    }
}

/** Every block that is preserved now. */
export function walkTracker(
    tracker: Tracker,
    memory: Pick<PhysicalMemory, 'read'>,
    isRam: (pa: number, length: number) => boolean,
    onBlock: RadixVisitor,
): void {
    if (tracker instanceof BitmapTracker) {
        tracker.forEach(onBlock);
    } else {
        const { layout, root } = tracker;
        walkRadix(
            memory,
            layout,
            root,
            isRam,
            layout.losesOrderBit
                ? (pfn, order) => {
                      // without its order bit, the key of a page is its number
                      const key = layout.key(pfn, order);
                      const { size } = layout.page;
                      if (isRam(key * size, size)) {
                          onBlock(key, 0);
                      } else {
                          onBlock(pfn, order);
                      }
                  }
                : onBlock,
        );
    }
}

/** Every block of a memory map that was handed over, as read by a kernel of this format. @returns its defects. */
export function walkHandedOver(
    { format, flaws }: Pick<KhoOptions, 'format' | 'flaws'>,
    memory: Pick<PhysicalMemory, 'read'>,
    page: PageGeometry,
    map: number,
    isRam: (pa: number, length: number) => boolean,
    onBlock: RadixVisitor,
): RadixFinding[] {
    return format.tracking === 'radix'
        ? walkRadix(memory, layoutOf(page, flaws), map, isRam, onBlock)
        : walkChunks(memory, page, map, bitmapBytes(format.tracking, page), isRam, onBlock);
}
