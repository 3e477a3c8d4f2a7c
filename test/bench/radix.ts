/** How fast the tree of preserved memory is. */
import { Machine } from '../../emulator/machine/machine';
import { RadixLayout, RadixTree, walkRadix } from '../../emulator/kernel/kho/radix';

export interface RadixFigures {
    /** Nanoseconds an added page, and a walked one, callback included; the best of several rounds. */
    readonly addNs: number;
    readonly walkNs: number;
    readonly pages: number;
}

/** Adds `pages` pages of order 0 one by one, then walks them. */
export function benchRadix(pages = 1 << 20, rounds = 5): RadixFigures {
    let addNs = Infinity;
    let walkNs = Infinity;
    for (let round = 0; round < rounds; round++) {
        const machine = new Machine({ ranges: [{ start: 0, size: 64 * 2 ** 30, node: 0 }] });
        const { size } = machine.page;
        let next = size;
        const layout = new RadixLayout(machine.page);
        const pool = { allocNode: () => (next += size), freeNode: () => undefined };
        const tree = new RadixTree(machine, layout, pool, size);
        const first = 0x100000;
        let start = process.hrtime.bigint();
        for (let pfn = first; pfn < first + pages; pfn++) {
            tree.add(pfn, 0);
        }
        addNs = Math.min(addNs, Number(process.hrtime.bigint() - start) / pages);
        // Small integers: what is measured is the walk and the call, not the boxing of numbers by the engine.
        let check = 0;
        let count = 0;
        start = process.hrtime.bigint();
        walkRadix(
            machine.memory,
            layout,
            tree.root,
            () => true,
            (pfn, order) => {
                check ^= pfn + order;
                count++;
            },
        );
        walkNs = Math.min(walkNs, Number(process.hrtime.bigint() - start) / pages);
        for (let pfn = first; pfn < first + pages; pfn++) {
            check ^= pfn;
        }
        if (count !== pages || check !== 0) {
            throw new Error(`walked ${count} of ${pages} pages`);
        }
    }
    return { addNs, walkNs, pages };
}
