/** Preserved memory in any of the forms in which releases track it and hand it over. */
import type { PageGeometry } from '../../machine/arch';
import type { Machine } from '../../machine/machine';
import type { PhysicalMemory } from '../../machine/memory';
import { BitmapTracker, walkChunks } from './bitmaps';
import { bitmapBytes, type KhoFormat } from '../release/kho-format';
import { type NodePages, type RadixFinding, RadixTree, type RadixVisitor, walkRadix } from './radix';

export type Tracker = RadixTree | BitmapTracker;

/** An empty tracker of this format; undefined if its first page cannot be allocated (ENOMEM). */
export function makeTracker(
    format: KhoFormat,
    machine: Pick<Machine, 'memory' | 'journal' | 'page'>,
    pages: NodePages,
): Tracker | undefined {
    if (format.tracking !== 'radix') {
        return new BitmapTracker(machine, pages, bitmapBytes(format.tracking, machine.page));
    }
    const root = pages.allocNode();
    return root === undefined ? undefined : new RadixTree(machine, pages, root);
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
    page: PageGeometry,
    isRam: (pa: number, length: number) => boolean,
    onBlock: RadixVisitor,
): void {
    if (tracker instanceof BitmapTracker) {
        tracker.forEach(onBlock);
    } else {
        walkRadix(memory, page, tracker.root, isRam, onBlock);
    }
}

/** Every block of a memory map that was handed over, as read by a kernel of this format. @returns its defects. */
export function walkHandedOver(
    format: KhoFormat,
    memory: Pick<PhysicalMemory, 'read'>,
    page: PageGeometry,
    map: number,
    isRam: (pa: number, length: number) => boolean,
    onBlock: RadixVisitor,
): RadixFinding[] {
    return format.tracking === 'radix'
        ? walkRadix(memory, page, map, isRam, onBlock)
        : walkChunks(memory, page, map, bitmapBytes(format.tracking, page), isRam, onBlock);
}
