/**
 * Additional scratch: memory that 7.3 uses for its early allocations beside the reserved areas
 * (kernel/liveupdate/kexec_handover.c).
 */
import type { Machine } from '../../machine/machine';
import type { Memblock } from '../mm/memblock';
import { orderPages } from '../mm/memmap';
import { RadixLayout, walkRadix } from './radix';

/** Bytes of a block. */
const BLOCK = 2 ** 30;

/**
 * Walks the tree of preserved memory before any allocation, and marks every block of 1 GiB that contains neither
 * preserved memory nor a node of the tree as scratch. Only for this boot: kexec does not put segments there.
 */
export function extendScratch(machine: Machine, memblock: Memblock, map: number): void {
    const { page } = machine;
    const taken = new Set<number>();
    const take = (pa: number, size: number): void => {
        for (let block = Math.floor(pa / BLOCK); block * BLOCK < pa + size; block++) {
            taken.add(block);
        }
    };
    const end = (machine.map[machine.map.length - 1]?.start ?? 0) + (machine.map[machine.map.length - 1]?.size ?? 0);
    walkRadix(
        machine.memory,
        new RadixLayout(page),
        map,
        (pa, n) => machine.isRam(pa, n),
        (pfn, order) => {
            // beyond memory the tree is damaged, which is handled later
            const pa = pfn * page.size;
            take(pa, Math.min(orderPages(order) * page.size, Math.max(end - pa, 0)));
        },
        (pa) => take(pa, page.size),
    );
    for (const range of machine.map) {
        for (let block = Math.floor(range.start / BLOCK); block * BLOCK < range.start + range.size; block++) {
            if (!taken.has(block)) {
                const from = Math.max(range.start, block * BLOCK);
                memblock.markScratch(from, Math.min(range.start + range.size, (block + 1) * BLOCK) - from);
            }
        }
    }
}
