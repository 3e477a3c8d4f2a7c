/** The page allocator and its metadata, against naive models. */
import assert from 'node:assert/strict';
import { PageAllocator } from '../../../../emulator/kernel/mm/buddy';
import { Folios } from '../../../../emulator/kernel/mm/folio';
import { FreeSet } from '../../../../emulator/kernel/mm/free-set';
import { Memmap, PG_DIRTY, PG_UPTODATE } from '../../../../emulator/kernel/mm/memmap';
import { Err } from '../../../../emulator/kernel/release/errno';
import { pageGeometry, type PageGeometry, PAGES_4K } from '../../../../emulator/machine/arch';
import { Hasher } from '../../../../emulator/machine/hash';
import { Journal } from '../../../../emulator/machine/journal';
import { Machine } from '../../../../emulator/machine/machine';
import { Random } from '../../../support/random';

/** Pages of 4 KiB, and those of 64 KiB that arm64 can have: the largest block is of order 13. */
const GEOMETRIES: readonly [string, PageGeometry][] = [
    ['4 KiB', PAGES_4K],
    ['64 KiB', pageGeometry(16, 13, [13, 18])],
];

interface Mm {
    machine: Machine;
    memmap: Memmap;
    allocator: PageAllocator;
    folios: Folios;
}

/**
 * A machine with two nodes of four of the largest blocks (1024 pages of 4 KiB), of which the first is CMA pageblocks;
 * all memory is free.
 */
function makeMm(page = PAGES_4K): Mm {
    const block = 2 ** page.maxOrder;
    const node = 4 * block;
    const machine = new Machine({
        ranges: [
            { start: 0, size: node * page.size, node: 0 },
            { start: node * page.size, size: node * page.size, node: 1 },
        ],
        page,
    });
    const memmap = new Memmap(machine.journal);
    const spans = [
        { node: 0, start: 0, end: node },
        { node: 1, start: node, end: 2 * node },
    ];
    const allocator = new PageAllocator(machine, memmap, spans);
    memmap.markCma(0, block);
    memmap.markCma(node, node + block);
    allocator.release(0, 2 * node);
    return { machine, memmap, allocator, folios: new Folios(machine.memory, memmap, allocator) };
}

function fingerprint(mm: Mm): string {
    const hasher = new Hasher();
    mm.memmap.hash(hasher);
    mm.allocator.hash(hasher);
    mm.machine.hash(hasher);
    return hasher.digest();
}

/** The allocator as one would define it: which pages are free, and the rule for choosing. */
class NaiveBuddy {
    readonly free = new Set<number>();

    constructor(private readonly maxOrder: number) {}

    /** Free blocks are what is maximal: aligned, wholly free, of one kind, not part of a larger such block. */
    private isBlock(pfn: number, order: number): boolean {
        for (let i = 0; i < 1 << order; i++) {
            if (!this.free.has(pfn + i)) {
                return false;
            }
        }
        return true;
    }

    alloc(order: number, from: number, to: number): number {
        for (let o = order; o <= this.maxOrder; o++) {
            for (let pfn = from; pfn + (1 << o) <= to; pfn += 1 << o) {
                const larger = pfn - (pfn % (1 << (o + 1)));
                if (this.isBlock(pfn, o) && (o === this.maxOrder || !this.isBlock(larger, o + 1))) {
                    for (let i = 0; i < 1 << order; i++) {
                        this.free.delete(pfn + i);
                    }
                    return pfn;
                }
            }
        }
        return -1;
    }
}

suite('free set', () => {
    test('against a plain set', () => {
        const random = new Random(4);
        const journal = new Journal();
        const set = new FreeSet(journal, 3_000_000);
        const model = new Set<number>();
        const check = (): void => {
            assert.equal(set.count, model.size);
            assert.equal(set.lowest(), model.size === 0 ? -1 : Math.min(...model));
        };
        for (let i = 0; i < 4000; i++) {
            const n = random.below(2) * random.below(3_000_000) + random.below(3000);
            if (n < 3_000_000) {
                if (model.has(n)) {
                    set.remove(n);
                    model.delete(n);
                } else {
                    set.add(n);
                    model.add(n);
                }
                assert.equal(set.has(n), model.has(n));
            }
            if (i % 50 === 0) {
                check();
            }
        }
        assert.deepEqual(
            [...set.members()],
            [...model].sort((a, b) => a - b),
        );
        while (model.size > 0) {
            check();
            const low = set.lowest();
            set.remove(low);
            model.delete(low);
        }
        set.addRange(33, 2000);
        assert.equal(set.count, 1967);
        assert.deepEqual([set.lowest(), set.has(32), set.has(1999), set.has(2000)], [33, false, true, false]);
    });
});

suite('page allocator', () => {
    for (const [name, page] of GEOMETRIES) {
        test(`chooses what the naive model chooses, ${name}`, () => {
            const block = 2 ** page.maxOrder;
            const end = 8 * block;
            const random = new Random(5);
            const mm = makeMm(page);
            const model = new NaiveBuddy(page.maxOrder);
            for (let pfn = 0; pfn < end; pfn++) {
                model.free.add(pfn);
            }
            const held: { pfn: number; order: number }[] = [];
            for (let i = 0; i < 700; i++) {
                if (held.length === 0 || random.below(5) > 1) {
                    const order = random.below(4) === 0 ? random.below(page.maxOrder + 1) : random.below(4);
                    const movable = random.below(2) === 0;
                    const node = random.below(2);
                    const strict = random.below(4) === 0;
                    const zones: [number, number][] = [
                        [block, 4 * block],
                        [5 * block, end],
                    ];
                    const cma: [number, number][] = [
                        [0, block],
                        [4 * block, 5 * block],
                    ];
                    const areas: [number, number][] = [];
                    for (const list of movable ? [zones, cma] : [zones]) {
                        const first = list[node] ?? assert.fail();
                        areas.push(first, ...(strict ? [] : list.filter((z) => z !== first)));
                    }
                    let expected = -1;
                    for (const [from, to] of areas) {
                        expected = model.alloc(order, from, to);
                        if (expected >= 0) {
                            break;
                        }
                    }
                    const got = mm.allocator.alloc(order, { node, strict, movable, owner: 1 });
                    assert.equal(got, expected, `allocation ${i} of order ${order}`);
                    if (got >= 0) {
                        held.push({ pfn: got, order });
                    }
                } else {
                    const [{ pfn, order }] = held.splice(random.below(held.length), 1) as [
                        { pfn: number; order: number },
                    ];
                    mm.allocator.free(pfn, order);
                    for (let k = 0; k < 1 << order; k++) {
                        model.free.add(pfn + k);
                    }
                }
                assert.equal(mm.allocator.freePages(), model.free.size);
            }
            for (const { pfn, order } of held) {
                mm.allocator.free(pfn, order);
            }
            assert.ok(
                mm.allocator
                    .buddyinfo()
                    .every(
                        ({ blocks, cma }) =>
                            blocks[page.maxOrder] === (cma ? 1 : 3) &&
                            blocks.slice(0, page.maxOrder).every((n) => n === 0),
                    ),
            );
        });
    }

    for (const [name, page] of GEOMETRIES) {
        test(`page metadata against a map of pages, with going back, ${name}`, () => {
            const random = new Random(6);
            const mm = makeMm(page);
            const { journal } = mm.machine;
            let held: number[] = [];
            const marks: { mark: ReturnType<Journal['mark']>; held: number[]; hash: string }[] = [];
            for (let i = 0; i < 1500; i++) {
                const r = random.below(100);
                if (r < 3) {
                    marks.push({ held: [...held], hash: fingerprint(mm), mark: journal.mark() });
                } else if (r < 5 && marks.length > 0) {
                    const at = random.below(marks.length);
                    const saved = marks[at] ?? assert.fail();
                    journal.restore(saved.mark);
                    marks.length = at + 1;
                    held = [...saved.held];
                    assert.equal(fingerprint(mm), saved.hash);
                } else if (r < 60) {
                    const order = random.pick([0, 0, 0, 1, 3, 9, page.maxOrder]);
                    const pfn = mm.folios.alloc(order, { owner: 1 + random.below(9), movable: true });
                    if (!(pfn instanceof Err)) {
                        assert.equal(mm.memmap.refs(pfn), 1);
                        assert.equal(mm.memmap.flags(pfn), 0);
                        assert.equal(mm.memmap.pins(pfn), 0);
                        const last = pfn + (1 << order) - 1;
                        assert.equal(mm.memmap.headOf(last), pfn);
                        assert.equal(mm.memmap.orderOf(last), order);
                        assert.equal(mm.memmap.ownerOf(last), mm.memmap.ownerOf(pfn));
                        assert.equal(mm.memmap.stateOf(last), 'allocated');
                        mm.folios.setFlag(pfn, PG_DIRTY | PG_UPTODATE);
                        mm.folios.clearFlag(pfn, PG_DIRTY);
                        mm.memmap.setIndex(pfn, pfn + 3);
                        held.push(pfn);
                    }
                } else if (held.length > 0) {
                    const at = random.below(held.length);
                    const pfn = held[at] ?? assert.fail();
                    assert.equal(mm.memmap.index(pfn), pfn + 3);
                    assert.equal(mm.folios.hasFlag(pfn, PG_UPTODATE), true);
                    assert.equal(mm.folios.hasFlag(pfn, PG_DIRTY), false);
                    mm.folios.pin(pfn);
                    mm.folios.get(pfn);
                    assert.equal(mm.memmap.refs(pfn), 3);
                    assert.equal(mm.folios.unpin(pfn), 2);
                    assert.equal(mm.folios.unpin(pfn), -1);
                    assert.equal(mm.folios.put(pfn), 1);
                    assert.equal(mm.folios.put(pfn), 0);
                    assert.equal(mm.memmap.stateOf(pfn), 'free');
                    assert.ok(mm.allocator.isFree(pfn));
                    assert.equal(mm.folios.put(pfn), -1);
                    held.splice(at, 1);
                }
            }
            assert.ok(marks.length > 3 && held.length > 10);
        });
    }

    test('freed memory keeps its bytes and its history until somebody takes it', () => {
        const mm = makeMm();
        const a = mm.machine.owners.id('memfd a');
        const b = mm.machine.owners.id('memfd b');
        const pfn = mm.allocator.alloc(0, { owner: a });
        mm.machine.memory.writeU32(pfn * 4096, 0xdeadbeef);
        mm.allocator.free(pfn, 0);
        assert.equal(mm.machine.memory.readU32(pfn * 4096), 0xdeadbeef);
        assert.equal(mm.allocator.alloc(0, { owner: b, zero: true }), pfn);
        assert.equal(mm.machine.memory.readU32(pfn * 4096), 0);
        assert.deepEqual(
            mm.machine.history.of(pfn).map((e) => [e.kind, e.owner]),
            [
                ['allocated', a],
                ['freed', a],
                ['allocated', b],
            ],
        );
    });

    test('injected failures and the largest order', () => {
        const { allocator, folios } = makeMm();
        assert.equal(allocator.alloc(11, { owner: 0 }), -1);
        allocator.inject = (order) => order === 3;
        assert.equal(allocator.alloc(3, { owner: 0 }), -1);
        assert.ok(allocator.alloc(2, { owner: 0 }) > 0);
        const failed = folios.alloc(3, { owner: 0 });
        assert.ok(failed instanceof Err && failed.name === 'ENOMEM');
    });

    test('a folio in CMA moves out before it is pinned', () => {
        const { allocator, folios, memmap, machine } = makeMm();
        while (allocator.freePages() > allocator.freeCmaPages()) {
            assert.ok(allocator.alloc(10, { owner: 1 }) >= 0);
        }
        const pfn = allocator.alloc(3, { owner: 7, movable: true });
        assert.ok(memmap.isCma(pfn));
        machine.memory.fillPattern(pfn * 4096, 8 * 4096, 5, 0);
        memmap.setIndex(pfn, 40);
        allocator.free(1024, 10);
        const to = allocator.alloc(3, { owner: 7 });
        assert.equal(to, 1024);
        assert.equal(folios.migrate(pfn, to, 1), 0);
        assert.equal(memmap.index(1024), 40);
        assert.equal(memmap.orderOf(1027), 3);
        assert.equal(memmap.ownerOf(1027), 7);
        assert.ok(
            machine.memory.readBytes(1024 * 4096, 8 * 4096).equals(machine.memory.readBytes(pfn * 4096, 8 * 4096)),
        );
        assert.ok(allocator.isFree(pfn));
    });

    test('one given page can be taken', () => {
        const { allocator } = makeMm();
        assert.ok(allocator.takePage(2345, 1));
        assert.ok(!allocator.takePage(2345, 1));
        assert.ok(allocator.isFree(2344) && !allocator.isFree(2345));
        allocator.free(2345, 0);
        assert.deepEqual(allocator.buddyinfo()[0]?.blocks[10], 3);
    });

    test('a smaller preserved block overwrites the mark of a larger one', () => {
        const { memmap } = makeMm();
        memmap.stampPreserved(1024, 9, 4);
        assert.deepEqual(
            [memmap.khoOrder(1024), memmap.khoOrder(1025), memmap.stateOf(1535), memmap.ownerOf(1300)],
            [9, -1, 'preserved', 4],
        );
        memmap.stampPreserved(1024, 0, 4);
        assert.deepEqual([memmap.khoOrder(1024), memmap.khoOrder(1025), memmap.stateOf(1535)], [0, -1, 'preserved']);
        memmap.initFolio(1024, 0, 4);
        assert.equal(memmap.khoOrder(1024), -1);
    });
});
