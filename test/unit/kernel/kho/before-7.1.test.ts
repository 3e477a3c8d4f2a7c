/** KHO of the kernels before 7.1, and the device tree of arm64: bytes, and what is made of damaged ones. */
import assert from 'node:assert/strict';
import { BitmapTracker, chunkElements, walkChunks } from '../../../../emulator/kernel/kho/bitmaps';
import { readParameters } from '../../../../emulator/kernel/kho/boot-params';
import { fdtChild, fdtProperty, readFdt } from '../../../../emulator/kernel/kho/fdt-read';
import { abortFinalize, finalize } from '../../../../emulator/kernel/kho/finalize';
import { coldLoad, loadFile } from '../../../../emulator/kernel/kho/kexec-image';
import { parseScratch } from '../../../../emulator/kernel/kho/scratch';
import { ARM64, X86_64 } from '../../../../emulator/kernel/release/arch';
import { KHO_V1, KHO_V1_FIRST, type KhoFormat } from '../../../../emulator/kernel/release/kho-format';
import { PAGES_4K } from '../../../../emulator/machine/arch';
import { armMemory, Machine, pcMemory } from '../../../../emulator/machine/machine';
import { bootFrom, cold, DESCRIPTION, KERNEL, kexec, preservedFolio, tryBoot } from '../../../support/kho-boots';
import { GiB, type Host, makeHost, MiB } from '../../../support/kho-host';

const PAGE_SIZE = PAGES_4K.size;

const RANGES = pcMemory([{ size: GiB, node: 0 }]);

function tracker(host: Host, bitmapBytes: number): BitmapTracker {
    const pages = {
        allocNode: () => host.env.allocator.alloc(0, { owner: 0, zero: true }) * PAGE_SIZE,
        freeNode: (pa: number) => host.env.allocator.free(pa / PAGE_SIZE, 0),
    };
    return new BitmapTracker(host.machine, pages, bitmapBytes);
}

const describe = (format: KhoFormat): typeof DESCRIPTION => ({ ...DESCRIPTION, format, debug: false });

suite('KHO before 7.1', () => {
    for (const bytes of [512, PAGE_SIZE]) {
        test(`bitmaps of ${bytes} bytes: chunks by order, entries by address`, () => {
            const host = makeHost();
            const { memory } = host.machine;
            const t = tracker(host, bytes);
            const bits = bytes * 8;
            assert.deepEqual([t.add(5, 0), t.add(bits + 3, 0), t.add(512, 9), t.add(5, 0)], [0, 0, 0, 0]);
            assert.equal(t.root, 0);
            assert.equal(t.serialize(), 0);
            // u64 next, u32 order, u32 count, then {u64 start, u64 bitmap}
            const first = t.root;
            assert.deepEqual([memory.readU32(first + 8), memory.readU32(first + 12)], [0, 2]);
            assert.deepEqual([memory.readU64(first + 16), memory.readU64(first + 32)], [0, bits * PAGE_SIZE]);
            assert.equal(memory.readU8(memory.readNum(first + 24)), 1 << 5);
            assert.equal(memory.readU8(memory.readNum(first + 40)), 1 << 3);
            const second = memory.readNum(first);
            assert.deepEqual(
                [memory.readU64(second), memory.readU32(second + 8), memory.readU32(second + 12)],
                [0, 9, 1],
            );
            assert.equal(memory.readU8(memory.readNum(second + 24)), 1 << 1);
            const seen: [number, number][] = [];
            assert.deepEqual(
                walkChunks(
                    memory,
                    PAGES_4K,
                    first,
                    bytes,
                    () => true,
                    (pfn, order) => seen.push([pfn, order]),
                ),
                [],
            );
            assert.deepEqual(seen, [
                [5, 0],
                [bits + 3, 0],
                [512, 9],
            ]);
        });
    }

    test('a chunk holds 255 entries', () => {
        const host = makeHost();
        const { memory } = host.machine;
        const t = tracker(host, 512);
        for (let i = 0; i < chunkElements(PAGES_4K) + 1; i++) {
            t.add(i * 4096, 0);
        }
        assert.equal(t.serialize(), 0);
        assert.equal(chunkElements(PAGES_4K), 255);
        assert.deepEqual([memory.readU32(t.root + 12), memory.readU32(memory.readNum(t.root) + 12)], [255, 1]);
    });

    test('a checkpoint takes bits, bitmaps and chunks back', () => {
        const host = makeHost();
        const t = tracker(host, PAGE_SIZE);
        t.add(1, 0);
        const free = host.env.allocator.freePages;
        const mark = host.machine.journal.mark();
        t.add(2, 0);
        t.add(2 ** 20, 3);
        t.remove(1, 0);
        t.serialize();
        assert.ok(t.has(2, 0) && t.has(2 ** 20, 3) && !t.has(1, 0) && t.root !== 0);
        host.machine.journal.restore(mark);
        assert.ok(t.has(1, 0) && !t.has(2, 0) && !t.has(2 ** 20, 3) && t.root === 0);
        assert.equal(host.env.allocator.freePages, free);
        t.add(3, 0);
        assert.ok(t.has(1, 0) && t.has(3, 0));
    });

    test('what was never tracked cannot be removed', () => {
        const t = tracker(makeHost(), PAGE_SIZE);
        assert.equal(t.remove(7, 0), false);
        t.add(8, 0);
        assert.equal(t.remove(7, 0), true);
    });

    test('damaged chunks end the walk and never hang it', () => {
        const host = makeHost();
        const { memory } = host.machine;
        const t = tracker(host, PAGE_SIZE);
        t.add(5, 0);
        t.serialize();
        const end = host.machine.ramSize;
        const isRam = (pa: number, n: number): boolean => pa + n <= end;
        const walk = (change: () => void): string[] => {
            const mark = host.machine.journal.mark();
            change();
            const findings = walkChunks(memory, PAGES_4K, t.root, PAGE_SIZE, isRam, () => undefined);
            host.machine.journal.restore(mark);
            assert.ok(findings.every((f) => f.fatal));
            return findings.map((f) => f.text);
        };
        assert.deepEqual(
            walk(() => undefined),
            [],
        );
        assert.match(walk(() => memory.writeU64(t.root, t.root))[0] ?? '', /cycle/);
        assert.match(walk(() => memory.writeU64(t.root, 2 ** 50))[0] ?? '', /outside/);
        assert.match(walk(() => memory.writeU64(t.root, 8))[0] ?? '', /outside/);
        assert.match(walk(() => memory.writeU32(t.root + 12, 256))[0] ?? '', /256 entries/);
        assert.match(walk(() => memory.writeU32(t.root + 8, 77))[0] ?? '', /order 77/);
        assert.match(walk(() => memory.writeU64(t.root + 24, end))[0] ?? '', /points outside/);
    });

    test('nothing is handed over until it is finalized, and then what was preserved by then', () => {
        const description = describe(KHO_V1);
        const first = cold(new Machine({ ranges: RANGES }), { description });
        const pfn = preservedFolio(first, 3, 7);
        const mark = first.machine.journal.mark();
        assert.equal(kexec(first, { description }).kho.isKhoBoot, false);

        first.machine.journal.restore(mark);
        assert.equal(finalize(first.kho), 0);
        // another bitmap, which the list does not have; a bit in one that it has would go along
        const late = 0x1_0000;
        assert.equal(first.kho.preserveFolio(late), 0);
        const next = kexec(first, { description });
        assert.equal(next.kho.isKhoBoot, true);
        assert.equal(next.kho.restoreFolio(pfn * PAGE_SIZE, 'test'), pfn);
        assert.equal(next.kho.restoreFolio(late * PAGE_SIZE, 'test'), undefined);

        first.machine.journal.restore(mark);
        preservedFolio(first, 0, 9);
        assert.deepEqual([finalize(first.kho), finalize(first.kho)], [0, 0]);
    });

    test('6.17 refuses to preserve while it is finalized, and forgets everything when that is taken back', () => {
        const description = describe(KHO_V1_FIRST);
        const first = cold(new Machine({ ranges: RANGES }), { description });
        const pfn = preservedFolio(first, 3, 7);
        assert.equal(finalize(first.kho), 0);
        assert.equal(String(first.kho.preserveFolio(pfn)), 'EBUSY');
        assert.equal(String(finalize(first.kho)), 'EEXIST');
        assert.equal(abortFinalize(first.kho), 0);
        assert.equal(first.kho.tree?.has(pfn, 3), false);
        assert.equal(String(abortFinalize(first.kho)), 'ENOENT');
        assert.equal(first.kho.preserveFolio(pfn), 0);
        assert.equal(finalize(first.kho), 0);
        const next = kexec(first, { description });
        assert.equal(next.kho.restoreFolio(pfn * PAGE_SIZE, 'test'), pfn);
    });

    test('a kernel with larger bitmaps takes the same string, and reads beyond the bitmaps', () => {
        const first = cold(new Machine({ ranges: RANGES }), { description: describe(KHO_V1_FIRST) });
        // two bitmaps in one slab page, and a third for the FDT
        assert.equal(first.kho.preserveFolio(0x10000), 0);
        assert.equal(first.kho.preserveFolio(0x3f001), 0);
        assert.equal(finalize(first.kho), 0);
        const mark = first.machine.journal.mark();
        assert.equal(kexec(first, { description: describe(KHO_V1_FIRST) }).kho.incomingPages, 3);
        first.machine.journal.restore(mark);
        const image = loadFile(first.env, KERNEL, first.kho);
        assert.ok('copyToDestinations' in image);
        const next = tryBoot(first.machine, image.copyToDestinations(), { description: describe(KHO_V1) });
        // the third bitmap is read as bits of the second, too, and there they stand for memory that is not there
        assert.match('panic' in next ? next.panic : '', /is preserved, but is not memory/);
    });

    test('finalizing is nothing that 7.2 knows', () => {
        assert.equal(String(finalize(makeHost().kho)), 'EOPNOTSUPP');
    });

    test('scratch areas may be aligned to pageblocks only, and 6.17 wants all three sizes', () => {
        const sizes = { lowmem: 3 * MiB, global: MiB, node: MiB };
        const flaws = new Set(['kho_scratch_pageblocks']);
        const old = cold(new Machine({ ranges: RANGES }), { description: { ...describe(KHO_V1), flaws }, sizes });
        assert.deepEqual(
            old.scratch.map((a) => a.size),
            [4 * MiB, 2 * MiB, 2 * MiB],
        );
        assert.ok(old.scratch.every((a) => a.addr % (2 * MiB) === 0));
        const now = cold(new Machine({ ranges: RANGES }), { sizes });
        assert.deepEqual(
            now.scratch.map((a) => a.size),
            [4 * MiB, 4 * MiB, 4 * MiB],
        );
        assert.equal(parseScratch('16M,0,8M', KHO_V1_FIRST.zeroScratchSizes), undefined);
        assert.deepEqual(parseScratch('16M,0,8M', KHO_V1.zeroScratchSizes), {
            lowmem: 16 * MiB,
            global: 0,
            node: 8 * MiB,
        });
    });
});

suite('arm64', () => {
    const machine = (): Machine =>
        new Machine({
            ranges: armMemory([
                { size: GiB, node: 0 },
                { size: GiB, node: 1 },
            ]),
            arch: 'arm64',
        });
    const description = { ...DESCRIPTION, arch: ARM64 };
    const file = { ...KERNEL, arch: ARM64 };
    const boot = (): ReturnType<typeof cold> => {
        const m = machine();
        return bootFrom(m, coldLoad({ machine: m }, file) ?? assert.fail('no room'), { description });
    };

    test('the handover stands in /chosen, in big-endian cells', () => {
        const host = boot();
        const image = loadFile(host.env, file, host.kho);
        assert.ok('copyToDestinations' in image);
        const at = image.copyToDestinations();
        const { root } = readFdt(host.machine.memory.read(at, 0x10000));
        const chosen = root && fdtChild(root, 'chosen');
        assert.ok(chosen);
        const cells = (name: string): bigint[] => {
            const value = fdtProperty(chosen, name)?.value ?? assert.fail(name);
            const view = new DataView(value.buffer, value.byteOffset);
            return [view.getBigUint64(0), view.getBigUint64(8)];
        };
        assert.deepEqual(cells('linux,kho-fdt'), [BigInt(host.kho.fdt), 4096n]);
        const [scratch, size] = cells('linux,kho-scratch');
        assert.equal(size, BigInt(host.scratch.length * 16));
        // the array itself is in the kernel's own order
        assert.equal(host.machine.memory.readU64(Number(scratch)), host.scratch[0]?.addr);
        assert.deepEqual(readParameters(host.machine, at)?.kho, {
            fdt: host.kho.fdt,
            fdtSize: 4096,
            scratch: Number(scratch),
            scratchSize: Number(size),
        });
        assert.equal(readParameters(host.machine, at)?.arch, ARM64);
    });

    test('a folio crosses', () => {
        const host = boot();
        const pfn = preservedFolio(host, 4, 7);
        const image = loadFile(host.env, file, host.kho);
        assert.ok('copyToDestinations' in image);
        const next = bootFrom(host.machine, image.copyToDestinations(), { description });
        assert.ok(next.kho.isKhoBoot);
        assert.equal(next.kho.restoreFolio(pfn * PAGE_SIZE, 'test'), pfn);
    });

    test('low memory ends where 32-bit DMA does', () => {
        assert.equal(X86_64.lowLimit(machine(), true), 0xffffffff);
        assert.equal(ARM64.lowLimit(machine(), true), 0xc0000000 - 1);
        assert.equal(
            ARM64.lowLimit(new Machine({ ranges: [{ start: GiB, size: 8 * GiB, node: 0 }] }), true),
            0xffffffff,
        );
        assert.equal(ARM64.lowLimit(new Machine({ ranges: [{ start: 8 * GiB, size: GiB, node: 0 }] }), true), Infinity);
        const [lowmem] = boot().scratch;
        assert.ok(lowmem && lowmem.addr + lowmem.size <= 0x100000000);
    });

    test('the first MiB is memory like any other', () => {
        const host = boot();
        assert.ok(host.memblock.reserved.every((r) => r.owner !== 'first MiB'));
    });
});
