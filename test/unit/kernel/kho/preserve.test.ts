/** Preserving and restoring memory: pages, folios, arrays, chains of blocks. */
import assert from 'node:assert/strict';
import { BlockSet, MAX_BLOCKS } from '../../../../emulator/kernel/kho/blocks';
import { getOrder } from '../../../../emulator/kernel/kho/kho';
import { METADATA_SIZE, METADATA_SUBTREE, readMetadata } from '../../../../emulator/kernel/kho/metadata';
import {
    chunkEntries,
    preserveVmalloc,
    restoreVmalloc,
    unpreserveVmalloc,
} from '../../../../emulator/kernel/kho/vmalloc';
import { VM_ALLOC } from '../../../../emulator/kernel/mm/vmalloc';
import { err, Err } from '../../../../emulator/kernel/release/errno';
import { PAGES_4K } from '../../../../emulator/machine/arch';
import { Machine } from '../../../../emulator/machine/machine';
import { nameOf } from '../../../support/errors';
import { type BootedHost, cold, kexec, preservedFolio } from '../../../support/kho-boots';
import { fingerprint, type Host, makeHost, MiB } from '../../../support/kho-host';
import { Random } from '../../../support/random';

const PAGE_SIZE = PAGES_4K.size;
const CHUNK_ENTRIES = chunkEntries(PAGES_4K);

const NODES = [
    { start: 0x100000, size: 256 * MiB - 0x100000 - 0x5000, node: 0 },
    { start: 256 * MiB - 0x5000, size: 256 * MiB, node: 1 },
];

/** Orders and addresses of what is preserved, without KHO's own pages. */
function preserved(host: Host): [number, number, number][] {
    return host.kho
        .outgoingRuns()
        .filter((r) => !r.owner.startsWith('KHO'))
        .map((r) => [r.order, r.pfn, r.blocks]);
}

function ready(options: Parameters<typeof makeHost>[0] = {}): Host {
    const host = makeHost(options);
    assert.equal(host.kho.createOutgoing(), 0);
    return host;
}

suite('preserving', () => {
    test('page ranges are cut into aligned blocks', () => {
        const host = ready();
        assert.equal(host.kho.preservePages(0x1003, 0x20), 0);
        assert.deepEqual(preserved(host), [
            [4, 0x1010, 1],
            [3, 0x1008, 1],
            [2, 0x1004, 1],
            [1, 0x1020, 1],
            [0, 0x1003, 1],
            [0, 0x1022, 1],
        ]);
        host.kho.unpreservePages(0x1003, 0x20);
        assert.deepEqual(preserved(host), []);
        assert.deepEqual(host.log, []);
    });

    test('no block crosses a node, unless the kernel knows no nodes', () => {
        const boundary = 0x10000 - 5;
        for (const numa of [true, false]) {
            const host = ready({ numa });
            const machine = new Machine({ ranges: NODES });
            assert.equal(machine.nodeOf(boundary * PAGE_SIZE), 1);
            const split = {
                ...host.env,
                machine: { ...host.machine, nodeOf: (pa: number) => (pa >= boundary * PAGE_SIZE ? 1 : 0) },
            };
            // The same kernel with the boundary inside of an aligned block.
            Object.defineProperty(host.machine, 'nodeOf', { value: split.machine.nodeOf });
            assert.equal(host.kho.preservePages(0xfff0, 0x10), 0);
            assert.deepEqual(
                preserved(host),
                numa
                    ? [
                          [3, 0xfff0, 1],
                          [2, 0xfffc, 1],
                          [1, 0xfff8, 1],
                          [0, 0xfffa, 2],
                      ]
                    : [[4, 0xfff0, 1]],
            );
        }
    });

    test('debug checks refuse what touches scratch', () => {
        const host = ready({ debug: true });
        assert.equal(nameOf(host.kho.preservePages(2047, 2)), 'EINVAL');
        assert.equal(host.log.length, 1);
        assert.equal(host.kho.preservePages(2048, 1), 0);
        const lax = ready();
        assert.equal(lax.kho.preservePages(2047, 2), 0);
        assert.ok(lax.kho.tree?.has(2047, 0) && lax.kho.tree.has(2048, 0));
    });

    test('twice preserved, once unpreserved: not preserved', () => {
        const host = ready();
        const pfn = host.env.allocator.alloc(3, { owner: 0 });
        host.kho.preserveFolio(pfn);
        host.kho.preserveFolio(pfn);
        host.kho.unpreserveFolio(pfn);
        assert.deepEqual(preserved(host), []);
        host.kho.unpreserveFolio(pfn);
        assert.deepEqual(host.log, []);
        host.kho.unpreservePages(0x8000, 1 << 10);
        assert.match(host.log.join(), /^WARN kho_radix_del_key/);
    });

    test('a failing range is undone', () => {
        const host = ready();
        let nodes = 0;
        host.env.allocator.inject = () => ++nodes > 3;
        // The tree's path for order 0 exists; order 15 and others need four nodes each.
        assert.equal(nameOf(host.kho.preservePages(0x7fff, 0x8001)), 'ENOMEM');
        host.env.allocator.inject = undefined;
        assert.deepEqual(preserved(host), []);
    });

    test('sizes of alloc_preserve', () => {
        const host = ready();
        assert.deepEqual(
            [1, 4096, 4097, 4 * MiB].map((bytes) => getOrder(PAGES_4K, bytes)),
            [0, 0, 1, 10],
        );
        assert.equal(nameOf(host.kho.allocPreserve(0, 'x')), 'EINVAL');
        assert.equal(nameOf(host.kho.allocPreserve(4 * MiB + 1, 'x')), 'E2BIG');
        const free = host.env.allocator.freePages();
        const pa = host.kho.allocPreserve(3 * PAGE_SIZE, 'mine');
        assert.ok(typeof pa === 'number');
        assert.deepEqual(
            host.kho.outgoingRuns().find((r) => r.owner === 'mine'),
            { pfn: pa / PAGE_SIZE, order: 2, blocks: 1, owner: 'mine' },
        );
        host.kho.unpreserveFree(pa);
        host.kho.unpreserveFree(0);
        // The nodes of the tree for order 2 stay.
        assert.equal(host.env.allocator.freePages(), free - 5);
        host.env.allocator.inject = () => true;
        assert.equal(nameOf(host.kho.allocPreserve(1, 'x')), 'ENOMEM');
    });

    test('random preserving against a set of blocks, with going back', () => {
        const random = new Random(12);
        const host = ready();
        const { journal } = host.machine;
        let folios: { pfn: number; order: number; kept: boolean }[] = [];
        const marks: { mark: ReturnType<typeof journal.mark>; folios: typeof folios; hash: string }[] = [];
        for (let i = 0; i < 2500; i++) {
            const r = random.below(1000) / 10;
            if (r < 2) {
                marks.push({ folios: folios.map((f) => ({ ...f })), hash: fingerprint(host), mark: journal.mark() });
            } else if (r < 2.5 && marks.length > 0) {
                const at = random.below(marks.length);
                const saved = marks[at] ?? assert.fail();
                journal.restore(saved.mark);
                marks.length = at + 1;
                folios = saved.folios.map((f) => ({ ...f }));
                assert.equal(fingerprint(host), saved.hash);
            } else if (r < 50) {
                const order = random.below(11);
                const pfn = host.env.allocator.alloc(order, { owner: host.machine.owners.id('memfd') });
                if (pfn >= 0) {
                    folios.push({ pfn, order, kept: false });
                }
            } else if (folios.length > 0) {
                const folio = random.pick(folios);
                if (folio.kept) {
                    host.kho.unpreserveFolio(folio.pfn);
                } else {
                    assert.equal(host.kho.preserveFolio(folio.pfn), 0);
                }
                folio.kept = !folio.kept;
            }
        }
        const expected = folios
            .filter((f) => f.kept)
            .map((f) => `${f.order}:${f.pfn}`)
            .sort();
        const blocks = preserved(host)
            .flatMap(([order, pfn, n]) => Array.from({ length: n }, (_, k) => `${order}:${pfn + k * 2 ** order}`))
            .sort();
        assert.ok(expected.length > 20);
        assert.deepEqual(blocks, expected);
    });
});

suite('restoring', () => {
    const boot = (): BootedHost =>
        cold(
            new Machine({
                ranges: [
                    { start: 0, size: 256 * MiB, node: 0 },
                    { start: 256 * MiB, size: 256 * MiB, node: 1 },
                ],
            }),
        );

    test('pages are single pages, folios are folios, whatever was preserved', () => {
        let host = boot();
        const a = preservedFolio(host, 9, 1);
        const b = preservedFolio(host, 9, 2);
        host = kexec(host);
        assert.equal(host.kho.restorePages(a * PAGE_SIZE, 512, 'pages'), a);
        assert.equal(host.env.memmap.orderOf(a), 0);
        assert.equal(host.env.memmap.refs(a + 100), 1);
        host.kho.folios.put(a + 100);
        assert.ok(host.env.allocator.isFree(a + 100) && !host.env.allocator.isFree(a + 101));
        assert.equal(host.kho.restoreFolio(b * PAGE_SIZE, 'folio'), b);
        assert.equal(host.env.memmap.headOf(b + 511), b);
        host.kho.folios.put(b);
        assert.ok(host.env.allocator.isFree(b + 511));
        assert.equal(host.kho.unclaimed, 0);
    });

    test('the head of a split folio preserved again cuts the folio to a page', () => {
        let host = boot();
        const pfn = preservedFolio(host, 9, 1);
        host.kho.preservePages(pfn, 1);
        host = kexec(host);
        assert.equal(host.kho.unclaimed, 512);
        assert.equal(host.kho.restoreFolio(pfn * PAGE_SIZE, 'x'), pfn);
        assert.equal(host.env.memmap.orderOf(pfn), 0);
        assert.equal(host.env.memmap.stateOf(pfn + 1), 'preserved');
        assert.equal(host.kho.unclaimed, 511);
    });

    test('what is no memory, no head or was never preserved gives nothing', () => {
        let host = boot();
        const pfn = preservedFolio(host, 3, 1);
        host = kexec(host);
        assert.equal(host.kho.restoreFolio(2n ** 60n, 'x'), undefined);
        assert.equal(host.kho.restoreFolio(2 ** 45, 'x'), undefined);
        assert.equal(host.log.filter((l) => l.startsWith('WARN')).length, 0);
        assert.equal(host.kho.restoreFolio((pfn + 1) * PAGE_SIZE, 'x'), undefined);
        assert.equal(host.kho.restoreFolio(0x9000000, 'x'), undefined);
        assert.equal(host.log.filter((l) => l.startsWith('WARN kho_restore_page')).length, 1);
        assert.equal(host.kho.restoreFolio(pfn * PAGE_SIZE, 'x'), pfn);
    });

    test('a range cut at a node is restored in larger steps than it was preserved, and the rest leaks', () => {
        // Node 1 lies between two parts of node 0, whose upper one has what node 0 needs early.
        const boundary = 0xfe00;
        let host: BootedHost = cold(
            new Machine({
                ranges: [
                    { start: 0, size: boundary * PAGE_SIZE, node: 0 },
                    { start: boundary * PAGE_SIZE, size: 128 * MiB, node: 1 },
                    { start: boundary * PAGE_SIZE + 128 * MiB, size: 128 * MiB, node: 0 },
                ],
            }),
        );
        for (let pfn = 0xfc00; pfn < 0x10000; pfn++) {
            assert.ok(host.env.allocator.takePage(pfn, 1));
        }
        assert.equal(host.kho.preservePages(0xfc00, 1024), 0);
        host = kexec(host);
        assert.equal(host.kho.unclaimed, 1024);
        assert.deepEqual(
            host.kho.unclaimedRuns().map((r) => [r.order, r.pfn, r.blocks]),
            [[9, 0xfc00, 2]],
        );
        assert.equal(host.kho.restorePages(0xfc00 * PAGE_SIZE, 1024, 'pages'), 0xfc00);
        assert.equal(host.kho.unclaimed, 512);
        assert.deepEqual(
            [0xfdff, 0xfe00, 0xffff].map((pfn) => host.env.memmap.stateOf(pfn)),
            ['allocated', 'preserved', 'preserved'],
        );
    });

    test('vmalloc areas, and the empty chunk behind a full one', () => {
        for (const [pages, chunks] of [
            [1, 1],
            [CHUNK_ENTRIES - 1, 1],
            [CHUNK_ENTRIES, 2],
            [CHUNK_ENTRIES + 1, 2],
        ] as const) {
            let host = boot();
            const area = host.vmalloc.alloc(pages * PAGE_SIZE, host.machine.owners.id('array'));
            assert.ok(!(area instanceof Err));
            host.vmalloc.write(area, 4090, new Uint8Array(12 * Number(pages > 1)).fill(7));
            const desc = host.kho.allocPreserve(PAGE_SIZE, 'descriptor');
            assert.ok(typeof desc === 'number');
            assert.equal(preserveVmalloc(host.kho, host.vmalloc, area, desc + 32), 0);
            const { memory } = host.machine;
            assert.deepEqual(
                [memory.readU32(desc + 40), memory.readU16(desc + 44), memory.readU16(desc + 46)],
                [pages, 1, 0],
            );
            assert.equal(memory.readNum(memory.readNum(desc + 32) + 8), area.phys(0));
            const count = (what: string): number =>
                host.kho
                    .outgoingRuns()
                    .filter((r) => r.owner === what)
                    .reduce((n, r) => n + r.blocks, 0);
            assert.equal(count('KHO vmalloc chunk'), chunks);
            assert.equal(count('array'), pages);
            host = kexec(host);
            const free = host.env.allocator.freePages();
            const again = restoreVmalloc(host.kho, host.vmalloc, desc + 32, 'array');
            assert.ok(again);
            assert.equal(again.size, pages * PAGE_SIZE);
            assert.equal(again.flags, VM_ALLOC);
            assert.deepEqual([...again.pfns], [...area.pfns]);
            assert.equal(host.env.allocator.freePages(), free + chunks);
            assert.equal(host.kho.unclaimed, 1, 'the descriptor');
            assert.equal(restoreVmalloc(host.kho, host.vmalloc, desc + 32, 'array'), undefined);
            host.vmalloc.free(again);
            assert.equal(host.env.allocator.freePages(), free + chunks + pages);
        }
    });

    test('vmalloc areas: errors, rollback, a wrong count', () => {
        let host = boot();
        const area = host.vmalloc.alloc(20 * PAGE_SIZE, 1);
        assert.ok(!(area instanceof Err));
        const desc = host.kho.allocPreserve(PAGE_SIZE, 'descriptor');
        assert.ok(typeof desc === 'number');
        const before = preserved(host);
        const odd = host.vmalloc.map(new Float64Array(0), 0, VM_ALLOC | 0x8000, 0);
        assert.equal(nameOf(preserveVmalloc(host.kho, host.vmalloc, odd, desc)), 'EOPNOTSUPP');
        host.env.allocator.inject = () => true;
        assert.equal(nameOf(preserveVmalloc(host.kho, host.vmalloc, area, desc)), 'ENOMEM');
        host.env.allocator.inject = undefined;
        assert.equal(preserveVmalloc(host.kho, host.vmalloc, area, desc), 0);
        unpreserveVmalloc(host.kho, desc);
        assert.deepEqual(preserved(host), before);
        assert.equal(preserveVmalloc(host.kho, host.vmalloc, area, desc), 0);
        host.machine.memory.writeU32(desc + 8, 19);
        host = kexec(host);
        assert.equal(restoreVmalloc(host.kho, host.vmalloc, desc, 'x'), undefined);
        const gone = boot();
        const freed = gone.vmalloc.alloc(PAGE_SIZE, 1);
        assert.ok(!(freed instanceof Err));
        gone.vmalloc.free(freed);
        assert.equal(nameOf(preserveVmalloc(gone.kho, gone.vmalloc, freed, 0x200000)), 'EINVAL');
    });

    test('metadata that is too short or of another version is ignored', () => {
        const host = boot();
        const { phys } = (() => {
            const next = kexec(host);
            const found = next.kho.retrieveSubtree(METADATA_SUBTREE);
            assert.ok(!(found instanceof Err) && typeof found.phys === 'number' && found.size === METADATA_SIZE);
            assert.deepEqual(readMetadata(next.kho), { count: 1, release: '7.2.13' });
            assert.equal(next.machine.memory.readU32(found.phys + 69), 1);
            next.machine.memory.writeU32(found.phys, 2);
            assert.deepEqual(readMetadata(next.kho), { count: 0, release: undefined });
            assert.match(next.log.at(-1) ?? '', /version 2/);
            return found;
        })();
        assert.ok(Number(phys) > 0);
    });
});

suite('block sets', () => {
    const ENTRY = 80;

    function filled(host: Host, entries: number): BlockSet {
        const set = new BlockSet(host.kho, ENTRY, 'sessions');
        assert.equal(set.grow(entries), 0);
        const iterator = set.iterator();
        for (let i = 0; i < entries; i++) {
            const slot = iterator.reserve();
            assert.ok(typeof slot === 'number');
            host.machine.memory.writeU32(slot, 1000 + i);
        }
        return set;
    }

    function read(host: Host, set: BlockSet): number[] {
        const values: number[] = [];
        const iterator = set.iterator();
        for (let at = iterator.read(); at !== undefined; at = iterator.read()) {
            values.push(host.machine.memory.readU32(at));
        }
        return values;
    }

    test('51 sessions or 63 files a block; entries come back in order', () => {
        const host = ready();
        assert.equal(new BlockSet(host.kho, 64, 'files').perBlock, 63);
        const set = filled(host, 120);
        assert.equal(set.perBlock, 51);
        assert.equal(set.blocks.length, 3);
        assert.deepEqual(
            read(host, set),
            Array.from({ length: 120 }, (_, i) => 1000 + i),
        );
        const { memory } = host.machine;
        assert.deepEqual(
            [...set.blocks].map((pa) => [memory.readNum(pa), memory.readNum(pa + 8)]),
            [
                [set.blocks.at(1), 51],
                [set.blocks.at(2), 51],
                [0, 18],
            ],
        );
        assert.equal(memory.readU32((set.blocks.at(2) ?? 0) + 16), 1102);
    });

    test('a set stops where its blocks are full', () => {
        const host = ready();
        const set = filled(host, 51);
        const iterator = set.iterator();
        for (let i = 0; i < 51; i++) {
            assert.equal(typeof iterator.reserve(), 'number');
        }
        assert.equal(iterator.reserve(), err('ENOSPC'));
    });

    test('shrinking drops last blocks, at the boundary too', () => {
        const host = ready();
        const free = host.env.allocator.freePages();
        const set = filled(host, 103);
        set.shrink(103);
        assert.equal(set.blocks.length, 3);
        set.shrink(102);
        assert.equal(set.blocks.length, 2);
        assert.equal(host.machine.memory.readNum(set.blocks.at(1) ?? 0), 0);
        set.shrink(0);
        assert.deepEqual([set.blocks.length, set.head], [0, 0]);
        assert.equal(host.env.allocator.freePages(), free);
        assert.deepEqual(preserved(host), []);
    });

    test('growing: no memory gives back, 10000 blocks are the limit', () => {
        const host = ready();
        const set = filled(host, 10);
        let left = 2;
        host.env.allocator.inject = () => left-- <= 0;
        assert.equal(nameOf(set.grow(300)), 'ENOMEM');
        host.env.allocator.inject = undefined;
        assert.equal(set.blocks.length, 1);
        assert.equal(set.grow(MAX_BLOCKS * 51), 0);
        assert.equal(nameOf(set.grow(MAX_BLOCKS * 51 + 1)), 'ENOSPC');
        assert.equal(set.blocks.length, MAX_BLOCKS);
    });

    test('clearing keeps the chain', () => {
        const host = ready();
        const set = filled(host, 60);
        set.clear();
        assert.deepEqual(read(host, set), []);
        assert.equal(host.machine.memory.readNum(set.head), set.blocks.at(1));
    });

    test('the next kernel reads it, cannot grow it, and frees it', () => {
        let host: BootedHost = cold(new Machine({ ranges: [{ start: 0, size: 512 * MiB, node: 0 }] }));
        const { head } = filled(host, 120);
        host = kexec(host);
        const set = new BlockSet(host.kho, ENTRY, 'sessions');
        assert.equal(set.restore(head), 0);
        assert.equal(read(host, set).length, 120);
        assert.equal(nameOf(set.grow(1)), 'EINVAL');
        assert.equal(host.kho.unclaimed, 3);
        set.destroy();
        assert.equal(host.kho.unclaimed, 0);
        assert.equal(new BlockSet(host.kho, ENTRY, 'none').restore(0), 0);
    });

    test('broken chains: loops, wild pointers, counts of 0 or too many', () => {
        let host: BootedHost = cold(new Machine({ ranges: [{ start: 0, size: 512 * MiB, node: 0 }] }));
        const { head, blocks } = filled(host, 120);
        const [first, second, third] = [head, blocks.at(1) ?? 0, blocks.at(2) ?? 0];
        host = kexec(host);
        const mark = host.machine.journal.mark();
        const outcome = (pa: number, value: number | bigint): unknown[] => {
            host.machine.journal.restore(mark);
            host.machine.memory.writeU64(pa, value);
            const lines = host.log.length;
            const result = nameOf(new BlockSet(host.kho, ENTRY, 'sessions').restore(head));
            return [
                result,
                host.log
                    .slice(lines)
                    .map((l) => l.split(':')[0])
                    .join(),
                String(host.kho.unclaimed),
            ];
        };
        assert.deepEqual(outcome(third, first), ['EINVAL', 'err', '3']);
        assert.deepEqual(outcome(second, second), ['EINVAL', 'err', '3']);
        assert.deepEqual(outcome(first, 2n ** 63n), ['EINVAL', 'err', '3']);
        assert.deepEqual(outcome(first, 2 ** 40), ['EINVAL', 'err', '3']);
        assert.deepEqual(outcome(third + 8, 0), ['EINVAL', 'warn', '0'], 'every block is freed');
        assert.deepEqual(outcome(first + 8, 52), ['EINVAL', 'warn', '0']);
        assert.deepEqual(outcome(first + 8, 2n ** 63n), ['EINVAL', 'warn', '0']);
        assert.deepEqual(outcome(first + 8, 51), [0, '', '3']);
    });
});
