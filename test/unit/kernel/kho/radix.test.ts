/** The tree of preserved memory: keys, bits, walks, and trees that are damaged. */
import assert from 'node:assert/strict';
import { RadixLayout, walkRadix } from '../../../../emulator/kernel/kho/radix';
import { Err } from '../../../../emulator/kernel/release/errno';
import { PAGES_4K } from '../../../../emulator/machine/arch';
import { fingerprint, GiB, makeHost, MiB } from '../../../support/kho-host';
import { Random } from '../../../support/random';

const LAYOUT = new RadixLayout(PAGES_4K);

/** physical address, order, key, indices of the levels 5 … 1, bit */
const GOLDEN: readonly [number, number, number, readonly number[], number][] = [
    [0x0, 0, 0x10000000000000, [2, 0, 0, 0, 0], 0],
    [0x1000, 0, 0x10000000000001, [2, 0, 0, 0, 0], 1],
    [0x7fff000, 0, 0x10000000007fff, [2, 0, 0, 0, 0], 32767],
    [0x8000000, 0, 0x10000000008000, [2, 0, 0, 0, 1], 0],
    [0x3ffff000, 0, 0x1000000003ffff, [2, 0, 0, 0, 7], 32767],
    [0x103456000, 0, 0x10000000103456, [2, 0, 0, 0, 32], 13398],
    [0x103456000, 1, 0x08000000081a2b, [1, 0, 0, 0, 16], 6699],
    [0x200000, 9, 0x00080000000001, [0, 2, 0, 0, 0], 1],
    [0x40000000, 9, 0x00080000000200, [0, 2, 0, 0, 0], 512],
    [0x40000000, 10, 0x00040000000100, [0, 1, 0, 0, 0], 256],
    [0x4000000000, 18, 0x00000400000100, [0, 0, 2, 0, 0], 256],
];

suite('radix tree', () => {
    test('keys, indices and bits of the documented vectors', () => {
        for (const [phys, order, key, indices, bit] of GOLDEN) {
            const k = LAYOUT.key(phys / 4096, order);
            assert.equal(k.toString(16), key.toString(16));
            assert.deepEqual(
                [5, 4, 3, 2, 1].map((level) => LAYOUT.index(k, level)),
                indices,
            );
            assert.equal(LAYOUT.index(k, 0), bit);
            assert.deepEqual(LAYOUT.decode(k), { pfn: phys / 4096, order });
        }
    });

    test('a key just below a power of two decodes', () => {
        const pfn = 2 ** 39 - 1;
        assert.deepEqual(LAYOUT.decode(LAYOUT.key(pfn, 0)), { pfn, order: 0 });
        assert.deepEqual(LAYOUT.decode(LAYOUT.key(2 ** 40 - 2, 1)), { pfn: 2 ** 40 - 2, order: 1 });
        assert.deepEqual(LAYOUT.decode(1), { pfn: 0, order: 52 });
    });

    test('bits lie where the layout says', () => {
        const { machine, kho, env } = makeHost();
        assert.equal(kho.createOutgoing(), 0);
        const tree = kho.tree ?? assert.fail();
        tree.add(0x103456, 0);
        let node = tree.root;
        for (const index of [2, 0, 0, 0, 32]) {
            node = machine.memory.readNum(node + index * 8);
            assert.ok(!env.memmap.isCma(node / 4096), 'no node in scratch');
        }
        assert.equal(machine.memory.readU8(node + 1674), 1 << 6);
    });

    test('random changes against a set, walked in descending order of orders', () => {
        const random = new Random(8);
        const host = makeHost();
        assert.equal(host.kho.createOutgoing(), 0);
        const tree = host.kho.tree ?? assert.fail();
        const model = new Map<number, [number, number]>();
        model.set(LAYOUT.key(host.kho.fdt / 4096, 0), [host.kho.fdt / 4096, 0]);
        for (let i = 0; i < 6000; i++) {
            const order = random.below(3) === 0 ? random.below(30) : 0;
            const pfn = random.below(2 ** 16) * 2 ** order + random.below(2) * 2 ** 30;
            const key = LAYOUT.key(pfn, order);
            if (random.below(3) > 0) {
                assert.equal(tree.add(pfn, order), 0);
                model.set(key, [pfn, order]);
            } else {
                const known = model.delete(key);
                const found = tree.remove(pfn, order);
                assert.ok(found || !known);
            }
            assert.equal(tree.has(pfn, order), model.has(key));
        }
        const walked: [number, number][] = [];
        const findings = walkRadix(
            host.machine.memory,
            LAYOUT,
            tree.root,
            (pa, n) => host.machine.isRam(pa, n),
            (pfn, order) => walked.push([pfn, order]),
        );
        assert.deepEqual(findings, []);
        assert.deepEqual(
            walked,
            [...model].sort((a, b) => a[0] - b[0]).map(([, block]) => block),
        );
    });

    test('adding twice is one bit, removing what has no path is told', () => {
        const { kho } = makeHost();
        kho.createOutgoing();
        const tree = kho.tree ?? assert.fail();
        tree.add(77, 0);
        tree.add(77, 0);
        assert.equal(tree.remove(77, 0), true);
        assert.equal(tree.has(77, 0), false);
        assert.equal(tree.remove(77, 0), true);
        assert.equal(tree.remove(77, 3), false);
    });

    test('a failed allocation leaves nothing behind', () => {
        for (let allowed = 0; allowed < 5; allowed++) {
            const host = makeHost();
            host.kho.createOutgoing();
            const tree = host.kho.tree ?? assert.fail();
            const before = host.env.allocator.freePages();
            let left = allowed;
            host.env.allocator.inject = () => left-- <= 0;
            // The path to order 0 exists down to level 2 at most; order 20 has one of its own.
            const result = tree.add(2 ** 20, 20);
            host.env.allocator.inject = undefined;
            if (result instanceof Err) {
                assert.equal(result.name, 'ENOMEM');
                assert.equal(host.env.allocator.freePages(), before);
                const seen: number[] = [];
                let nodes = 0;
                walkRadix(
                    host.machine.memory,
                    LAYOUT,
                    tree.root,
                    () => true,
                    (pfn) => seen.push(pfn),
                    () => nodes++,
                );
                assert.deepEqual(seen, [host.kho.fdt / 4096]);
                assert.equal(nodes, 6, 'the path to the FDT page');
            } else {
                assert.equal(allowed, 4, 'order 20 shares its first node with nothing but needs four more');
            }
        }
    });

    test('going back undoes bits, nodes and the cached bitmap', () => {
        const random = new Random(9);
        const host = makeHost();
        host.kho.createOutgoing();
        const tree = host.kho.tree ?? assert.fail();
        tree.add(4000, 0);
        const mark = host.machine.journal.mark();
        const before = fingerprint(host);
        tree.add(4002, 0);
        host.machine.journal.restore(mark);
        assert.equal(fingerprint(host), before);
        assert.ok(tree.remove(4000, 0));
        host.machine.journal.restore(mark);
        assert.ok(tree.has(4000, 0) && !tree.has(4002, 0));
        for (let round = 0; round < 5; round++) {
            for (let i = 0; i < 300; i++) {
                tree.add(random.below(2 ** 22), random.below(2));
            }
            assert.notEqual(fingerprint(host), before);
            host.machine.journal.restore(mark);
            assert.equal(fingerprint(host), before);
            tree.add(4001, 0);
            assert.ok(tree.has(4001, 0) && tree.has(4000, 0));
            host.machine.journal.restore(mark);
            assert.ok(!tree.has(4001, 0));
        }
    });

    test('a walk survives garbage', () => {
        const random = new Random(10);
        for (let round = 0; round < 60; round++) {
            const host = makeHost({}, [{ start: 0, size: 16 * MiB, node: 0 }]);
            host.kho.createOutgoing();
            const tree = host.kho.tree ?? assert.fail();
            const nodes: number[] = [];
            for (let i = 0; i < 20; i++) {
                tree.add(random.below(4096), random.below(3));
            }
            const isRam = (pa: number, n: number): boolean => host.machine.isRam(pa, n);
            walkRadix(
                host.machine.memory,
                LAYOUT,
                tree.root,
                isRam,
                () => undefined,
                (pa, level) => level > 0 && nodes.push(pa),
            );
            const victim = random.pick(nodes);
            const value = random.pick([random.pick(nodes), tree.root, 2 ** 53 + 4096, 12345, 1 * GiB, 2 ** 51]);
            host.machine.memory.writeU64(victim + 8 * random.below(512), value);
            let blocks = 0;
            const findings = walkRadix(host.machine.memory, LAYOUT, tree.root, isRam, () => blocks++);
            assert.ok(findings.length > 0, `0x${value.toString(16)} was found`);
            assert.ok(blocks < 1e6);
        }
        const { machine } = makeHost();
        assert.equal(
            walkRadix(
                machine.memory,
                LAYOUT,
                2 ** 51,
                (pa, n) => machine.isRam(pa, n),
                () => undefined,
            )[0]?.fatal,
            true,
        );
    });
});
