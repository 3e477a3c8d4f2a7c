/** Early allocations: many ranges at once come to what one at a time does. */
import assert from 'node:assert/strict';
import { Memblock } from '../../../../emulator/kernel/mm/memblock';
import { Memmap } from '../../../../emulator/kernel/mm/memmap';
import { PAGES_4K } from '../../../../emulator/machine/arch';
import { Journal } from '../../../../emulator/machine/journal';
import { Random } from '../../../support/random';

const SIZE = 400;

/** The owner of each byte, by one operation after the other. */
class Naive {
    readonly bytes: string[] = Array.from({ length: SIZE }, () => '');

    set(start: number, end: number, owner: string): void {
        for (let i = start; i < end; i++) {
            this.bytes[i] = owner === '' || this.bytes[i] === '' ? owner : (this.bytes[i] ?? '');
        }
    }
}

/** Sorted, disjoint ranges. */
function rangesOf(random: Random): { start: number; end: number }[] {
    const cuts = Array.from({ length: 2 * random.below(8) }, () => random.below(SIZE)).sort((a, b) => a - b);
    return cuts.flatMap((start, i) => (i % 2 === 0 ? [{ start, end: cuts[i + 1] ?? start }] : []));
}

suite('early allocations', () => {
    test('reservations and what is freed of them', () => {
        for (let seed = 0; seed < 300; seed++) {
            const random = new Random(seed);
            const memblock = new Memblock(new Journal(), PAGES_4K);
            const naive = new Naive();
            memblock.addMemory(0, SIZE, 0);
            for (const owner of ['a', '', 'b', '', 'c', '']) {
                const ranges = rangesOf(random);
                if (owner === '') {
                    memblock.freeMany(ranges);
                } else {
                    memblock.reserveMany(ranges, owner, 0);
                }
                for (const r of ranges) {
                    naive.set(r.start, r.end, owner);
                }
                const bytes = Array.from({ length: SIZE }, () => '');
                let last = 0;
                for (const r of memblock.reserved) {
                    assert.ok(r.base >= last && r.size > 0, `seed ${seed}: sorted and disjoint`);
                    last = r.base + r.size;
                    bytes.fill(r.owner, r.base, last);
                }
                assert.deepEqual(bytes, naive.bytes, `seed ${seed}`);
            }
        }
    });

    test('a page that two reservations share is of the later one', () => {
        const memmap = new Memmap(new Journal());
        memmap.setReserved([
            { start: 1, end: 5, owner: 1 },
            { start: 4, end: 5, owner: 2 },
            { start: 4, end: 9, owner: 3 },
            { start: 12, end: 12, owner: 4 },
        ]);
        assert.deepEqual(memmap.reserved, [
            { start: 1, end: 4, owner: 1 },
            { start: 4, end: 9, owner: 3 },
        ]);
    });
});
