/** Pages of 16 KiB and 64 KiB: what depends on the size of a page is computed from it. */
import { readFileSync } from 'node:fs';
import { shapeText } from '../../../emulator/handover/shape';
import { findingsOf, programOf } from '../../support/programs';
import { inRepository } from '../../support/repository';
import { failuresOf } from '../../support/runs';
import assert from 'node:assert/strict';
import { ARM64 } from '../../../emulator/kernel/release/arch';
import { BitmapTracker, walkChunks } from '../../../emulator/kernel/kho/bitmaps';
import { BlockSet, entriesPerBlock } from '../../../emulator/kernel/kho/blocks';
import { scratchAlign } from '../../../emulator/kernel/kho/fixed-bugs';
import { bitmapBytes } from '../../../emulator/kernel/release/kho-format';
import { coldLoad, loadFile } from '../../../emulator/kernel/kho/kexec-image';
import { pagesOfImage } from '../../../emulator/kernel/kho/note';
import { RadixLayout, walkRadix } from '../../../emulator/kernel/kho/radix';
import { chunkEntries, preserveVmalloc, restoreVmalloc } from '../../../emulator/kernel/kho/vmalloc';
import { PageCache } from '../../../emulator/kernel/fs/pagecache';
import { fput } from '../../../emulator/kernel/fs/file';
import { memfdAllocFile } from '../../../emulator/kernel/fs/memfd';
import {
    fallocateShmem,
    readShmem,
    shmemInodeOf,
    truncateShmem,
    writeShmem,
} from '../../../emulator/kernel/fs/shmem-file';
import { FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, maxRwCount } from '../../../emulator/kernel/fs/fcntl';
import { maxFlbs } from '../../../emulator/kernel/luo/abi';
import { clearTables, fillTables, readTables } from '../../../emulator/kernel/devices/page-tables';
import { IommuTables } from '../../../emulator/kernel/devices/tables';
import { inspect } from '../../../emulator/handover/inspect';
import { PAGES_16K, PAGES_4K, PAGES_64K, type PageGeometry } from '../../../emulator/machine/arch';
import { Bytes } from '../../../emulator/machine/bytes';
import { Iommu, unitFormat } from '../../../emulator/machine/iommu/iommu';
import { walk } from '../../../emulator/machine/iommu/tables';
import { Journal } from '../../../emulator/machine/journal';
import { armMemory, Machine } from '../../../emulator/machine/machine';
import { machineView } from '../../../emulator/machine/view';
import { testKernel } from '../../support/files-kernel';
import { type BootedHost, bootFrom, DESCRIPTION, KERNEL, preservedFolio } from '../../support/kho-boots';
import { fingerprint, GiB, makeHost, MiB } from '../../support/kho-host';
import { Random } from '../../support/random';

const GEOMETRIES: readonly [string, PageGeometry][] = [
    ['4 KiB', PAGES_4K],
    ['16 KiB', PAGES_16K],
    ['64 KiB', PAGES_64K],
];

suite('page sizes', () => {
    test('what follows from the size alone', () => {
        const facts = (page: PageGeometry): number[] => [
            page.pmdOrder,
            page.pageblockOrder,
            scratchAlign(page) / MiB,
            scratchAlign(page, new Set(['kho_scratch_pageblocks'])) / MiB,
            entriesPerBlock(page, 80),
            entriesPerBlock(page, 64),
            chunkEntries(page),
            maxFlbs(page),
            0x7fffffff - maxRwCount(page),
        ];
        assert.deepEqual(facts(PAGES_4K), [9, 9, 4, 2, 51, 63, 511, 63, 0xfff]);
        assert.deepEqual(facts(PAGES_16K), [11, 11, 32, 32, 204, 255, 2047, 255, 0x3fff]);
        assert.deepEqual(facts(PAGES_64K), [13, 13, 512, 512, 819, 1023, 8191, 1023, 0xffff]);
    });

    test('an image says how large the pages are of its kernel, where that is a size of its architecture', () => {
        const info = (size: number): { name: string; type: number; content: Uint8Array } => ({
            name: 'VMCOREINFO',
            type: 0,
            content: new TextEncoder().encode(`OSRELEASE=7.2.13\nPAGESIZE=${size}\nSYMBOL(x)=0\n`),
        });
        assert.equal(pagesOfImage({ machine: 'arm64', notes: [info(4096)] }), PAGES_4K);
        assert.equal(pagesOfImage({ machine: 'x86-64', notes: [] }), PAGES_4K);
        assert.equal(pagesOfImage({ machine: 'other', notes: [info(12345)] }), PAGES_4K);
    });
});

suite('radix tree of other pages', () => {
    /** As the kernel's header computes it, in integers of 64 bits. */
    const naiveKey = (phys: bigint, order: bigint, shift: bigint): bigint =>
        (1n << (64n - shift - order)) | (phys >> (shift + order));

    for (const [name, page] of GEOMETRIES) {
        test(`${name}: bits of a key, levels, keys against the kernel's formula`, () => {
            const layout = new RadixLayout(page);
            const { shift } = page;
            assert.deepEqual(
                [layout.orderBit, layout.tableEntries, layout.bitmapKeys, layout.rootLevel + 1],
                { 12: [52, 512, 32768, 6], 14: [50, 2048, 131072, 5], 16: [48, 8192, 524288, 4] }[shift],
            );
            const random = new Random(shift);
            for (let i = 0; i < 2000; i++) {
                const order = random.below(19);
                const pfn = random.below(2 ** (46 - shift - order)) * 2 ** order;
                const key = layout.key(pfn, order);
                assert.equal(BigInt(key), naiveKey(BigInt(pfn) * BigInt(page.size), BigInt(order), BigInt(shift)));
                assert.deepEqual(layout.decode(key), { pfn, order });
                let rest = BigInt(key);
                const bits = BigInt(shift);
                assert.equal(BigInt(layout.index(key, 0)), rest % (1n << (bits + 3n)));
                rest >>= bits + 3n;
                for (let level = 1; level <= layout.rootLevel; level++) {
                    assert.equal(BigInt(layout.index(key, level)), rest % (1n << (bits - 3n)), `level ${level}`);
                    rest >>= bits - 3n;
                }
                assert.equal(rest, 0n, 'the root has room for every key');
            }
        });

        test(`${name}: random changes against a set, walked, and taken back`, () => {
            const random = new Random(3 * page.shift);
            const host = makeHost({ page });
            assert.equal(host.kho.createOutgoing(), 0);
            const tree = host.kho.tree ?? assert.fail();
            const layout = new RadixLayout(page);
            const first = host.kho.fdt / page.size;
            const model = new Map<number, [number, number]>([[layout.key(first, 0), [first, 0]]]);
            const change = (): void => {
                const order = random.below(3) === 0 ? random.below(20) : 0;
                const pfn = random.below(2 ** 21) * 2 ** order + random.below(2) * 2 ** 24;
                const key = layout.key(pfn, order);
                if (random.below(3) > 0) {
                    assert.equal(tree.add(pfn, order), 0);
                    model.set(key, [pfn, order]);
                } else {
                    const known = model.delete(key);
                    assert.ok(tree.remove(pfn, order) || !known);
                }
                assert.equal(tree.has(pfn, order), model.has(key));
            };
            const walked = (): [number, number][] => {
                const blocks: [number, number][] = [];
                const isRam = (pa: number, n: number): boolean => host.machine.isRam(pa, n) && pa % page.size === 0;
                const findings = walkRadix(host.machine.memory, layout, tree.root, isRam, (pfn, order) =>
                    blocks.push([pfn, order]),
                );
                assert.deepEqual(findings, []);
                return blocks;
            };
            const expected = (): [number, number][] => [...model].sort((a, b) => a[0] - b[0]).map(([, block]) => block);
            for (let i = 0; i < 1500; i++) {
                change();
            }
            assert.deepEqual(walked(), expected());
            const mark = host.machine.journal.mark();
            const before = fingerprint(host);
            const saved = [...model];
            for (let i = 0; i < 500; i++) {
                change();
            }
            assert.deepEqual(walked(), expected());
            host.machine.journal.restore(mark);
            model.clear();
            for (const [key, block] of saved) {
                model.set(key, block);
            }
            assert.equal(fingerprint(host), before);
            for (let i = 0; i < 500; i++) {
                change();
            }
            assert.deepEqual(walked(), expected());
        });
    }

    test('64 KiB: the bit of a page lies where the layout says, far behind the first 4 KiB of its bitmap', () => {
        const { machine, kho } = makeHost({ page: PAGES_64K });
        assert.equal(kho.createOutgoing(), 0);
        const tree = kho.tree ?? assert.fail();
        // 2^48 | 0x712345, of which the lowest 19 bits are the bit and the next 13 an entry of level 1
        tree.add(0x71_2345, 0);
        let node = tree.root;
        for (const index of [8, 0, 0xe]) {
            node = machine.memory.readNum(node + index * 8);
        }
        const bit = 0x71_2345 % 2 ** 19;
        assert.equal(machine.memory.readU8(node + (bit >> 3)), 1 << (bit & 7));
        assert.ok(bit >> 3 > 4096);
    });
});

suite('bitmaps of other pages (before 7.1)', () => {
    for (const [name, page] of GEOMETRIES) {
        test(`${name}: bits of a bitmap that is a page, and the chunk that lists it`, () => {
            const host = makeHost({ page });
            const pages = {
                allocNode: () => host.env.allocator.alloc(0, { owner: 0, zero: true }) * page.size,
                freeNode: (pa: number) => host.env.allocator.free(pa / page.size, 0),
            };
            const bytes = bitmapBytes({ bitmapBytes: 'page' }, page);
            const t = new BitmapTracker(host.machine, pages, bytes);
            const blocks: [number, number][] = [
                [5, 0],
                [bytes * 8 - 1, 0],
                [bytes * 8 + 40_000 - (40_000 % 8), 0],
                [2 ** 13, 13],
            ];
            for (const [pfn, order] of blocks) {
                assert.equal(t.add(pfn, order), 0);
                assert.ok(t.has(pfn, order) && !t.has(pfn + 2 ** order, order));
            }
            assert.equal(t.serialize(), 0);
            const seen: [number, number][] = [];
            const findings = walkChunks(
                host.machine.memory,
                page,
                t.root,
                bytes,
                () => true,
                (pfn, order) => seen.push([pfn, order]),
            );
            assert.deepEqual([findings, seen], [[], blocks]);
            assert.ok(t.remove(bytes * 8 - 1, 0) && !t.has(bytes * 8 - 1, 0));
        });
    }
});

/** What a cache holds, page by page. */
function mapOf(cache: PageCache): [number, number][] {
    const pages: [number, number][] = [];
    for (let i = cache.next(0, Infinity); i >= 0; i = cache.next(i + 1, Infinity)) {
        pages.push([i, cache.at(i)]);
    }
    return pages;
}

suite('files of other pages', () => {
    test('a page cache with folios larger than one of its leaves, against a map', () => {
        const random = new Random(77);
        const cache = new PageCache(new Journal(), PAGES_64K);
        const model = new Map<number, number>();
        const folios = new Map<number, number>();
        const isFree = (index: number, order: number): boolean =>
            [...folios].every(([i, o]) => i + 2 ** o <= index || i >= index + 2 ** order);
        for (let round = 0; round < 400; round++) {
            const order = random.pick([0, 3, 9, 10, 13]);
            const index = random.below(2 ** (15 - order)) * 2 ** order;
            const known = [...folios];
            if (random.below(3) > 0 && isFree(index, order)) {
                const pfn = 2 ** 20 + round * 2 ** 13;
                cache.insert(index, pfn, order);
                folios.set(index, order);
                for (let i = 0; i < 2 ** order; i++) {
                    model.set(index + i, pfn + i);
                }
            } else if (known.length > 0) {
                const [at, of] = random.pick(known);
                if (of > 3 && random.below(2) === 0) {
                    // split around a page, as truncation does, and that page goes
                    const page = at + random.below(2 ** of);
                    cache.split(page);
                    folios.delete(at);
                    let head = at;
                    for (let o = of - 1; o >= 0; o--) {
                        const upper = head + 2 ** o;
                        folios.set(page < upper ? upper : head, o);
                        head = page < upper ? head : upper;
                    }
                    cache.remove(head, 0);
                    model.delete(head);
                } else {
                    cache.remove(at, of);
                    folios.delete(at);
                    for (let i = 0; i < 2 ** of; i++) {
                        model.delete(at + i);
                    }
                }
            }
            assert.equal(cache.pages, model.size);
            const spot = random.below(2 ** 15);
            assert.equal(cache.at(spot), model.get(spot) ?? -1);
            const huge = spot - (spot % 2 ** 13);
            assert.equal(cache.isVacant(huge, 13), isFree(huge, 13));
            if (round % 50 === 0) {
                assert.deepEqual(
                    mapOf(cache),
                    [...model].sort((a, b) => a[0] - b[0]),
                );
            }
        }
        assert.equal(cache.blocks, model.size * 128);
    });

    for (const [name, page] of GEOMETRIES.slice(1)) {
        test(`${name}: a memfd in huge folios, with holes punched across their ends`, () => {
            const huge = page.size * 2 ** page.pmdOrder;
            const k = testKernel({ page, memory: 8 * huge, thpShmem: true });
            const free = k.pages.buddyinfo();
            const file = memfdAllocFile(k, 'memfd:ram', 0);
            const inode = shmemInodeOf(file);
            const size = 3 * huge;
            assert.equal(writeShmem(k, inode, 0, Bytes.pattern(7, size)), size);
            assert.deepEqual([inode.cache.pages * page.size, inode.blocks * 512], [size, size]);
            // MAX_PAGECACHE_ORDER: an entry of the page cache covers at most two levels of its tree (MAX_XAS_ORDER)
            assert.equal(k.memmap.orderOf(inode.cache.at(2 ** page.pmdOrder)), Math.min(page.pmdOrder, 11));
            const holes = [
                { from: huge - 3 * page.size - 5, to: huge + 7 * page.size + 9 },
                { from: 2 * huge + 600 * page.size, to: 2 * huge + 1300 * page.size },
            ];
            for (const { from, to } of holes) {
                const mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
                assert.equal(fallocateShmem(k, inode, mode, from, to - from), 0);
            }
            const whole = holes.reduce((n, h) => n + Math.floor(h.to / page.size) - Math.ceil(h.from / page.size), 0);
            assert.equal(inode.cache.pages, size / page.size - whole);
            const check = (at: number): void => {
                const inHole = holes.some((h) => at >= h.from && at < h.to);
                const expected = inHole ? Bytes.zero(1) : Bytes.pattern(7, 1, at);
                assert.ok(readShmem(k, inode, at, 1).equals(expected), `byte ${at}`);
            };
            for (const { from, to } of holes) {
                for (const at of [from - 1, from, to - 1, to]) {
                    check(at);
                }
            }
            const random = new Random(page.shift);
            for (let i = 0; i < 500; i++) {
                check(random.below(size));
            }
            assert.equal(truncateShmem(k, inode, huge + 40 * page.size + 1), 0);
            assert.equal(inode.cache.at(huge / page.size + 41), -1);
            check(huge + 40 * page.size);
            fput(k, file);
            k.taskWork();
            assert.deepEqual(k.pages.buddyinfo(), free, 'everything is given back');
        });
    }
});

suite('a handover on arm64 with other pages', () => {
    const description = { ...DESCRIPTION, arch: ARM64 };
    const kernel = { ...KERNEL, arch: ARM64 };

    function boot(page: PageGeometry): BootedHost {
        const ranges = armMemory([
            { size: 8 * GiB, node: 0 },
            { size: 8 * GiB, node: 1 },
        ]);
        const machine = new Machine({ ranges, arch: 'arm64', page });
        return bootFrom(machine, coldLoad({ machine }, kernel) ?? assert.fail('no room'), { description });
    }

    function next(host: BootedHost): BootedHost {
        const image = loadFile(host.env, kernel, host.kho);
        assert.ok('copyToDestinations' in image, String(image));
        return bootFrom(host.machine, image.copyToDestinations(), { description });
    }

    for (const [name, page] of GEOMETRIES) {
        test(`${name}: folios, ranges, a vmalloc area and a chain of blocks come over, twice`, () => {
            let host = boot(page);
            const { size, maxOrder } = page;
            assert.ok(
                host.scratch.every((a) => a.addr % (size << maxOrder) === 0 && a.size % (size << maxOrder) === 0),
            );
            for (let update = 0; update < 2; update++) {
                const orders = [0, 0, 3, page.pmdOrder, maxOrder];
                const folios = orders.map((order, i) => preservedFolio(host, order, 10 + i));
                const run = host.env.allocator.alloc(5, { owner: host.machine.owners.id('pages') });
                assert.equal(host.kho.preservePages(run + 3, 20), 0);
                const area = host.vmalloc.alloc((chunkEntries(page) + 2) * size, host.machine.owners.id('array'));
                assert.ok('pfns' in area);
                host.vmalloc.write(area, size - 4, new Uint8Array(8).fill(9));
                const descriptor = host.kho.allocPreserve(size, 'descriptor');
                assert.ok(typeof descriptor === 'number');
                assert.equal(preserveVmalloc(host.kho, host.vmalloc, area, descriptor), 0);
                const blocks = new BlockSet(host.kho, 80, 'sessions');
                const entries = 2 * entriesPerBlock(page, 80) + 1;
                assert.equal(blocks.grow(entries), 0);
                const writer = blocks.iterator();
                for (let i = 0; i < entries; i++) {
                    const slot = writer.reserve();
                    assert.ok(typeof slot === 'number');
                    host.machine.memory.writeU32(slot, i);
                }
                assert.equal(blocks.blocks.length, 3);

                const view = inspect(machineView(host.machine), {
                    fdt: host.kho.fdt,
                    scratch: { addr: host.kho.scratchArray, size: host.scratch.length * 16 },
                });
                assert.deepEqual(
                    view.findings.map((f) => f.code),
                    ['no-luo'],
                );
                host = next(host);
                assert.equal(view.preserved.pages, host.kho.incomingPages);
                for (const [i, pfn] of folios.entries()) {
                    const order = orders[i] ?? 0;
                    assert.equal(host.env.memmap.khoOrder(pfn), order);
                    assert.ok(
                        host.machine.memory
                            .readBytes(pfn * size, size << order)
                            .equals(Bytes.pattern(10 + i, size << order)),
                    );
                    assert.equal(host.kho.restoreFolio(pfn * size, 'folio'), pfn);
                    assert.equal(host.env.memmap.orderOf(pfn), order);
                    host.kho.folios.put(pfn);
                }
                assert.equal(host.kho.restorePages((run + 3) * size, 20, 'pages'), run + 3);
                const again = restoreVmalloc(host.kho, host.vmalloc, descriptor, 'array') ?? assert.fail();
                assert.deepEqual([...again.pfns], [...area.pfns]);
                assert.deepEqual([...host.vmalloc.read(again, size - 4, 8)], [...new Uint8Array(8).fill(9)]);
                host.kho.restoreFree(descriptor);
                const chain = new BlockSet(host.kho, 80, 'sessions');
                assert.equal(chain.restore(blocks.head), 0);
                const reader = chain.iterator();
                for (let i = 0; i < entries; i++) {
                    assert.equal(host.machine.memory.readU32(reader.read() ?? assert.fail()), i);
                }
                chain.destroy();
                assert.equal(host.kho.unclaimed, 0);
                assert.deepEqual(
                    host.log.filter((l) => l.startsWith('WARN')),
                    [],
                );
            }
        });
    }
});

suite('an SMMUv3 whose granule is the page', () => {
    for (const [name, page] of GEOMETRIES) {
        test(`${name}: tables as large as a page, the granule in the context descriptor`, () => {
            const k = testKernel({ page, memory: 4 * GiB });
            const format = unitFormat('smmuv3', page);
            const { shape } = format.pages;
            const levels = shape.levelsFor(48);
            assert.deepEqual(
                [shape.size, shape.entries, levels, shape.mappedBy(2)],
                [page.size, page.size / 8, { 12: 4, 14: 4, 16: 3 }[page.shift], page.size * 2 ** page.pmdOrder],
            );
            const tables = new IommuTables(k);
            const setup = { k, format: format.pages, root: tables.allocate(shape.size, 'page table'), levels };
            const made: number[] = [];
            const add = (table: number): number => made.push(table);
            const huge = shape.mappedBy(2);
            const areas = [
                { iova: huge, pa: 4 * huge, length: 2 * huge + 3 * page.size },
                { iova: 2 ** 40 + page.size, pa: 2 ** 41, length: 5 * page.size },
                { iova: 2 ** 40 + huge - 2 * page.size, pa: 2 ** 42, length: 700 * page.size },
            ];
            for (const area of areas) {
                assert.ok(fillTables(setup, area, add));
            }
            const isRam = (pa: number, length = 1): boolean => k.machine.isRam(pa, length);
            const tree = readTables(k.memory, isRam, format.pages, setup.root, levels);
            assert.ok(typeof tree !== 'string', String(tree));
            assert.deepEqual(tree.mapped, areas);
            assert.deepEqual(new Set(tree.tables.map((t) => t.pa)), new Set([setup.root, ...made]));
            const random = new Random(page.shift);
            for (const { iova, pa, length } of areas) {
                for (const at of [0, length - 1, random.below(length), random.below(length)]) {
                    assert.deepEqual(walk(k.machine, format.pages, setup.root, levels, iova + at, []), {
                        pa: pa + at,
                        read: true,
                        write: true,
                    });
                }
                assert.ok('fault' in walk(k.machine, format.pages, setup.root, levels, iova + length, []));
            }

            const iommu = new Iommu(k.journal, 'smmuv3', k.machine);
            const root = format.makeRoot(tables);
            const device = 0x0108;
            assert.ok(format.attach(tables, root, device, { kind: 'paging', domain: 5, root: setup.root, levels }));
            iommu.setRoot(root);
            iommu.setEnabled(true);
            const go = (iova: number): number => iommu.translate(device, iova, true, () => undefined);
            assert.equal(go(areas[1]?.iova ?? 0), areas[1]?.pa);
            assert.equal(go((areas[1]?.iova ?? 0) + page.size + 1), (areas[1]?.pa ?? 0) + page.size + 1);
            const [cd] = format.deviceTables(k.machine, root, device);
            assert.ok(cd !== undefined);
            assert.equal((k.memory.readU32(cd) >>> 6) & 3, { 12: 0, 14: 2, 16: 1 }[page.shift], 'TG0');
            k.memory.writeU32(cd, (k.memory.readU32(cd) | (3 << 6)) >>> 0);
            iommu.invalidateContext();
            assert.equal(go(areas[0]?.iova ?? 0), -1);
            assert.equal(iommu.faults.at(-1)?.reason, 'context-invalid', 'a granule that this SMMU has not');

            for (const { iova, length } of areas) {
                clearTables(setup, iova, length);
            }
            const empty = readTables(k.memory, isRam, format.pages, setup.root, levels);
            assert.ok(typeof empty !== 'string');
            assert.deepEqual(empty.mapped, []);
        });
    }
});

suite('updates on machines with other pages', () => {
    const text = readFileSync(inRepository('extension', 'examples', 'large-pages.lus'), 'utf8');
    for (const size of ['4KiB', '16KiB', '64KiB']) {
        for (const kernel of ['6.19', '7.0', '7.1', '7.2', '7.3', '7.4']) {
            test(`${size}, ${kernel}`, () => {
                const program = programOf(
                    text
                        .replace('page 64KiB', `page ${size}`)
                        .replace('PAGE_SIZE == 64KiB', `PAGE_SIZE == ${size}`)
                        .replace('from "7.2"', `from "${kernel}"`),
                );
                assert.deepEqual(findingsOf(program), []);
                assert.deepEqual(failuresOf(program), []);
            });
        }
    }

    test('a small host with pages of 64 KiB has no scratch areas', () => {
        const program = programOf(`machine { arch arm64; page 64KiB; memory 2GiB }
scenario "s" {
    boot "7.2"
    process p { open("/dev/liveupdate")  fails ENOENT }
}
`);
        assert.deepEqual(findingsOf(program), []);
        assert.deepEqual(failuresOf(program), []);
    });

    test('an image is of a machine with its page size', () => {
        const shape = {
            arch: 'arm64',
            map: [],
            mapFrom: undefined,
            fdt: undefined,
            scratchArray: undefined,
            scratch: [],
        } as const;
        assert.match(shapeText({ ...shape, page: PAGES_16K }), /arch arm64\n {4}page 16KiB\n/);
        assert.doesNotMatch(shapeText({ ...shape, page: PAGES_4K }), /page/);
    });

    test('sizes that no kernel of the architecture has are refused', () => {
        const refused = (machine: string): string[] => findingsOf(programOf(`machine { ${machine} }\n`));
        assert.match(refused('page 64KiB').join(), /must be 4KiB: the pages of kernels for `x86_64`/);
        assert.match(refused('arch arm64; page 8KiB').join(), /must be 4KiB, 16KiB or 64KiB/);
        assert.match(findingsOf(programOf('const P = 64KiB\nmachine { arch arm64; page P }\n')).join(), /must be 4KiB/);
        assert.deepEqual(refused('arch arm64; page 0x10000'), []);
    });
});
