/** Scratch areas, and the memory half of a kexec: what arrives, what is taken. */
import { KHO_V3 } from '../../../../emulator/kernel/release/kho-format';
import assert from 'node:assert/strict';
import { fillPageCache } from '../../../../emulator/kernel/kho/boot';
import { loadFile, loadSegments } from '../../../../emulator/kernel/kho/kexec-image';
import { DEFAULT_SCRATCH, parseScratch } from '../../../../emulator/kernel/kho/scratch';
import { PAGES_4K } from '../../../../emulator/machine/arch';
import { Bytes } from '../../../../emulator/machine/bytes';
import { Machine, pcMemory, type RamRange } from '../../../../emulator/machine/machine';
import { nameOf } from '../../../support/errors';
import {
    type BootedHost,
    bootFrom,
    cold,
    DESCRIPTION,
    KERNEL,
    kexec,
    preservedFolio,
    tryBoot,
} from '../../../support/kho-boots';
import { fingerprint, GiB, MiB } from '../../../support/kho-host';

const PAGE_SIZE = PAGES_4K.size;

const hex = (areas: readonly { addr: number; size: number }[]): string[][] =>
    areas.map((a) => [a.addr.toString(16), a.size.toString(16)]);

/** The recorded machine of 256 MiB. */
const SMALL: RamRange[] = [
    { start: 0x1000, size: 0x9fc00 - 0x1000, node: 0 },
    { start: 0x100000, size: 0xffe0000 - 0x100000, node: 0 },
];
/** The recorded machine of 512 MiB with two nodes. */
const NUMA: RamRange[] = [
    { start: 0x1000, size: 0x9fc00 - 0x1000, node: 0 },
    { start: 0x100000, size: 0x14000000 - 0x100000, node: 0 },
    { start: 0x14000000, size: 0x1ffe0000 - 0x14000000, node: 1 },
];

function contentOf(host: BootedHost, pfn: number, order: number): Bytes {
    return host.machine.memory.readBytes(pfn * PAGE_SIZE, PAGE_SIZE << order);
}

suite('preserved memory', () => {
    test('is taken over in rows of pages as page by page', () => {
        const [inRows, onePage] = [true, false].map((merges) => {
            const machine = new Machine({ ranges: NUMA });
            const host = cold(machine);
            for (let i = 0; i < 3000; i++) {
                const folio = preservedFolio(host, i % 700 === 0 ? 3 : 0, i);
                assert.equal(typeof folio, 'number');
                if (i % 97 === 0) {
                    host.env.allocator.alloc(i % 2, { owner: 1 });
                }
            }
            if (!merges) {
                machine.clock.mergesUnits = () => false;
            }
            const next = kexec(host);
            return { fingerprint: fingerprint(next), now: machine.clock.now, runs: next.kho.incomingList() };
        });
        assert.deepEqual(inRows, onePage);
        assert.ok((inRows?.runs.length ?? 0) > 20);
    });
});

suite('scratch areas', () => {
    test('lie where the recorded kernel without NUMA put them', () => {
        const host = cold(new Machine({ ranges: SMALL }), { description: { ...DESCRIPTION, numa: false } });
        assert.deepEqual(hex([host.scratch[0] ?? assert.fail(), host.scratch[2] ?? assert.fail()]), [
            ['cc00000', '2800000'],
            ['5400000', '7800000'],
        ]);
        assert.equal(host.scratch[1]?.size, 0);
        assert.equal(host.scratch.length, 3);
    });

    test('lie where the recorded kernel with two nodes put them', () => {
        const host = cold(new Machine({ ranges: NUMA, cpus: 2 }));
        const [low, global, ...nodes] = host.scratch;
        assert.deepEqual(hex([low ?? assert.fail(), ...nodes]), [
            ['1c800000', '3000000'],
            ['11000000', '2400000'],
            ['1bc00000', 'c00000'],
        ]);
        assert.equal(global?.size, 0);
    });

    test('explicit sizes are rounded up, and become CMA memory', () => {
        const host = cold(new Machine({ ranges: NUMA }), { sizes: { lowmem: 10 * MiB, global: 5 * MiB, node: 1 } });
        assert.deepEqual(
            host.scratch.map((a) => a.size / MiB),
            [12, 8, 4, 4],
        );
        assert.equal((host.env.allocator.freeCmaPages() * PAGE_SIZE) / MiB, 28);
        for (const area of host.scratch) {
            assert.ok(host.env.memmap.isCma(area.addr / PAGE_SIZE));
        }
    });

    test('what does not fit disables KHO and nothing else', () => {
        const host = cold(new Machine({ ranges: SMALL }), {
            sizes: { lowmem: 16 * MiB, global: 4 * MiB, node: 400 * MiB },
        });
        assert.equal(host.kho.enabled, false);
        assert.deepEqual(host.log.slice(0, 2), [
            'err: KHO: failed to reserve scratch area of node 0',
            'warn: KHO: failed to reserve scratch area, disabling kexec handover',
        ]);
        assert.ok(!host.memblock.reserved.some((r) => r.owner.startsWith('KHO')));
        assert.equal(nameOf(host.kho.preservePages(4096, 1)), 'EINVAL');
        assert.equal(nameOf(host.kho.allocPreserve(1, 'x')), 'EINVAL');
    });

    test('kho_scratch= is read as the kernel reads it', () => {
        const cases: [string, unknown][] = [
            ['200%', { scale: 200 }],
            ['0%', { lowmem: 0, global: 0, node: 0 }],
            ['4294967295%', { scale: 4294967295 }],
            ['4294967296%', undefined],
            ['00000000200%', undefined],
            ['%', undefined],
            ['-1%', undefined],
            ['20%x', undefined],
            ['64M,64M,32M', { lowmem: 64 * MiB, global: 64 * MiB, node: 32 * MiB }],
            ['0x100000,1g,0', { lowmem: MiB, global: GiB, node: 0 }],
            ['010k,0,0', { lowmem: 8192, global: 0, node: 0 }],
            ['0,0,0', undefined],
            ['1M,2M', undefined],
            ['1M,2M,3M,4M', undefined],
            ['1M,,3M', undefined],
            ['1M,2M,3Mb', undefined],
            ['', undefined],
        ];
        for (const [text, expected] of cases) {
            assert.deepEqual(parseScratch(text, true), expected, text);
        }
        assert.deepEqual(DEFAULT_SCRATCH, { scale: 200 });
    });
});

suite('handover', () => {
    test('preserved memory arrives, the rest is taken and overwritten', () => {
        let host = cold(new Machine({ ranges: NUMA }));
        const kept = [
            [0, 3],
            [3, 4],
            [9, 5],
            [10, 6],
        ].map(([order = 0, seed = 0]) => ({ order, seed, pfn: preservedFolio(host, order, seed) }));
        const lost = host.env.allocator.alloc(9, { owner: 1 });
        host.machine.memory.fillPattern(lost * PAGE_SIZE, 2 * MiB, 99, 0);
        const freeBefore = host.env.allocator.freePages();
        assert.ok(freeBefore > 0);
        host = kexec(host);
        assert.deepEqual(
            host.log.filter((l) => !l.includes('exec from')),
            ['info: KHO: found kexec handover data.'],
        );
        assert.ok(host.log.includes('info: KHO: exec from: 7.2.13 (count 1)'));
        const expected = kept.reduce((sum, k) => sum + 2 ** k.order, 0);
        assert.equal(host.kho.unclaimed, expected);
        assert.deepEqual(
            host.kho.unclaimedRuns().map((r) => [r.order, r.pfn, r.blocks]),
            [...kept].reverse().map((k) => [k.order, k.pfn, 1]),
        );
        const got = fillPageCache(host.machine, host.env.allocator, 512 * MiB);
        assert.ok(got > 50000);
        assert.equal(host.env.allocator.freePages(), 0);
        assert.ok(!contentOf(host, lost, 9).equals(Bytes.pattern(99, 2 * MiB)), 'overwritten');
        for (const { order, seed, pfn } of kept) {
            assert.ok(contentOf(host, pfn, order).equals(Bytes.pattern(seed, PAGE_SIZE << order)));
            assert.equal(host.env.memmap.stateOf(pfn), 'preserved');
            const managed = host.env.allocator.managedPages;
            assert.equal(host.kho.restoreFolio(pfn * PAGE_SIZE, 'memfd'), pfn);
            assert.equal(host.env.allocator.managedPages, managed + 2 ** order);
            assert.equal(host.env.memmap.orderOf(pfn + 2 ** order - 1), order);
            assert.equal(host.env.memmap.refs(pfn), 1);
            assert.equal(host.kho.restoreFolio(pfn * PAGE_SIZE, 'memfd'), undefined, 'only once');
            assert.deepEqual(
                host.machine.history.of(pfn).map((e) => e.kind),
                ['allocated', 'preserved', 'inherited', 'restored'],
            );
        }
        assert.equal(host.kho.unclaimed, 0);
        assert.deepEqual(host.kho.unclaimedRuns(), []);
        assert.deepEqual(host.log.filter((l) => l.startsWith('WARN')).length, 1, 'warned once');
    });

    test('generation after generation', () => {
        let host = cold(new Machine({ ranges: SMALL }), { description: { ...DESCRIPTION, numa: false } });
        const { scratch } = host;
        for (let generation = 1; generation <= 6; generation++) {
            const pfn = preservedFolio(host, 5, generation);
            const forgotten = preservedFolio(host, 0, 200);
            host = kexec(host, { description: { ...DESCRIPTION, numa: false } });
            assert.deepEqual(host.scratch, scratch);
            assert.equal(host.kho.kexecCount, generation);
            assert.equal(host.kho.unclaimed, 33);
            assert.equal(host.kho.restoreFolio(pfn * PAGE_SIZE, 'memfd'), pfn);
            assert.ok(contentOf(host, pfn, 5).equals(Bytes.pattern(generation, PAGE_SIZE << 5)));
            assert.equal(host.env.memmap.stateOf(forgotten), 'preserved');
            host.env.allocator.free(pfn, 5);
        }
        // Whole pages of RAM are managed, reserved, or held for good: FDT, metadata and the forgotten folio.
        let held = 0;
        for (let pfn = 0; pfn < 0xffe0; pfn++) {
            held += host.env.memmap.stateOf(pfn) === 'preserved' ? 1 : 0;
        }
        assert.equal(held, 3);
        const ram = 0x9f - 1 + 0xffe0 - 0x100;
        const reserved = host.env.memmap.reserved.reduce((sum, r) => sum + r.end - r.start, 0);
        const firstMiB = host.env.memmap.reserved
            .filter((r) => r.end <= 0x100)
            .reduce((sum, r) => sum + r.end - r.start, 0);
        assert.equal(firstMiB, 0x100);
        assert.equal(ram - (0x9f - 1) - (reserved - firstMiB) - host.env.allocator.managedPages, held);
    });

    test('nothing but bytes: another machine with the same memory boots alike', () => {
        const host = cold(new Machine({ ranges: NUMA }));
        preservedFolio(host, 9, 3);
        const image = loadFile(host.env, KERNEL, host.kho);
        assert.ok('copyToDestinations' in image);
        const parameters = image.copyToDestinations();
        const twin = new Machine({ ranges: NUMA });
        for (const { pa, bytes } of host.machine.memory.contents()) {
            twin.memory.writeBytes(pa, bytes);
        }
        const a = bootFrom(host.machine, parameters);
        const b = bootFrom(twin, parameters);
        assert.equal(b.kho.unclaimed, 512);
        assert.deepEqual(b.scratch, a.scratch);
        assert.deepEqual(b.kho.incomingList(), a.kho.incomingList());
        assert.deepEqual(b.env.allocator.buddyinfo(), a.env.allocator.buddyinfo());
        assert.deepEqual(b.log, a.log);
    });

    test('early memory comes out of scratch only', () => {
        const host = kexec(cold(new Machine({ ranges: NUMA })));
        for (const r of host.memblock.reserved) {
            if (
                !['preserved memory', 'KHO scratch array', 'first MiB', 'trampoline', 'boot parameters'].includes(
                    r.owner,
                )
            ) {
                assert.ok(
                    host.scratch.some((a) => r.base >= a.addr && r.base + r.size <= a.addr + a.size),
                    `${r.owner} at 0x${r.base.toString(16)}`,
                );
            }
        }
        assert.ok(host.memblock.reserved.some((r) => r.owner === 'memmap'));
        const { memmap } = host.env;
        for (const r of memmap.reserved) {
            assert.equal(memmap.stateOf(r.start), 'reserved');
            assert.ok(!host.env.allocator.isFree(r.start));
        }
    });

    test('segments lie top-down in the first area that holds them', () => {
        const host = cold(new Machine({ ranges: NUMA }));
        const free = host.env.allocator.freePages();
        const image = loadFile(host.env, KERNEL, host.kho);
        assert.ok('copyToDestinations' in image);
        assert.deepEqual(
            image.segments.map((s) => [s.name, s.dest.toString(16), s.size.toString(16)]),
            [
                ['scratch array', '1f7f0000', '1000'],
                ['purgatory', '1f7f8000', '8000'],
                ['boot parameters', '1f7f6000', '2000'],
                ['kernel', '1ec00000', 'a0e000'],
                ['initrd', '1e94b000', '2b5000'],
            ],
        );
        assert.equal(image.kho?.scratchSize, 64);
        for (const s of image.segments) {
            assert.ok(
                s.blocks.every((b) => !host.env.memmap.isCma(b.pfn)),
                'sources are not where destinations are',
            );
        }
        image.free();
        assert.equal(host.env.allocator.freePages(), free);
        // An earlier area that is full passes the rest on to the next.
        const tight = cold(new Machine({ ranges: NUMA }), {
            sizes: { lowmem: 4 * MiB, global: 16 * MiB, node: 4 * MiB },
        });
        const spread = loadFile(tight.env, KERNEL, tight.kho);
        assert.ok('copyToDestinations' in spread);
        assert.deepEqual(
            spread.segments.map((s) => tight.scratch.findIndex((a) => s.dest >= a.addr && s.dest < a.addr + a.size)),
            [0, 0, 0, 1, 0],
        );
    });

    test('scratch that is too small: no room to load, or a panic of the next kernel', () => {
        const sizes = (lowmem: number) => ({ lowmem, global: 0, node: 4 * MiB });
        const none = cold(new Machine({ ranges: NUMA }), { sizes: sizes(4 * MiB) });
        assert.equal(nameOf(loadFile(none.env, KERNEL, none.kho)), 'EADDRNOTAVAIL');
        const free = none.env.allocator.freePages();
        assert.equal(nameOf(loadFile(none.env, KERNEL, none.kho)), 'EADDRNOTAVAIL');
        assert.equal(none.env.allocator.freePages(), free);
        const tight = cold(new Machine({ ranges: NUMA }), { sizes: sizes(16 * MiB) });
        const image = loadFile(tight.env, KERNEL, tight.kho);
        assert.ok('copyToDestinations' in image);
        const result = tryBoot(tight.machine, image.copyToDestinations());
        assert.ok('panic' in result && result.panic.includes('Failed to allocate'));
    });

    test('kho=off on the receiver holds the memory and reaches nothing', () => {
        const first = cold(new Machine({ ranges: NUMA }));
        const pfn = preservedFolio(first, 4, 8);
        const host = kexec(first, { kho: false });
        assert.equal(host.kho.enabled, false);
        assert.equal(host.kho.isKhoBoot, true);
        assert.equal(host.kho.fdt, 0);
        assert.equal(host.env.memmap.stateOf(pfn + 3), 'preserved');
        assert.equal(host.kho.unclaimed, 17, 'the folio, and the metadata that nobody looked at');
        fillPageCache(host.machine, host.env.allocator, GiB);
        assert.ok(contentOf(host, pfn, 4).equals(Bytes.pattern(8, PAGE_SIZE << 4)));
    });

    test('kexec_load and an incompatible kernel lose everything', () => {
        const first = cold(new Machine({ ranges: NUMA }));
        const pfn = preservedFolio(first, 4, 8);
        const plain = loadSegments(first.env, KERNEL);
        assert.ok('copyToDestinations' in plain && plain.kho === undefined);
        const mark = first.machine.journal.mark();
        let host = bootFrom(first.machine, plain.copyToDestinations());
        assert.equal(host.kho.isKhoBoot, false);
        fillPageCache(host.machine, host.env.allocator, GiB);
        assert.ok(!contentOf(host, pfn, 4).equals(Bytes.pattern(8, PAGE_SIZE << 4)));

        first.machine.journal.restore(mark);
        assert.ok(contentOf(first, pfn, 4).equals(Bytes.pattern(8, PAGE_SIZE << 4)));
        host = kexec(first, { description: { ...DESCRIPTION, format: KHO_V3 } });
        assert.deepEqual(
            host.log.slice(0, 2).map((l) => l.split(':')[0]),
            ['warn', 'warn'],
        );
        assert.ok(host.log[0]?.includes('incompatible'));
        assert.equal(nameOf(host.kho.retrieveSubtree('LUO')), 'ENOENT');
        assert.equal(host.env.memmap.stateOf(pfn), 'free');
    });

    test('a damaged handover is refused, or panics the kernel, but never hangs', () => {
        const first = cold(new Machine({ ranges: NUMA }));
        const image = loadFile(first.env, KERNEL, first.kho);
        assert.ok('copyToDestinations' in image);
        const parameters = image.copyToDestinations();
        const { journal, memory } = first.machine;
        const mark = journal.mark();
        const { fdt, tree, scratchArray } = first.kho;
        const copy = image.segments.find((s) => s.name === 'scratch array')?.dest ?? assert.fail();
        const outcomes = (
            [
                [fdt, 0],
                [fdt + 4, 0xffffffff],
                [tree?.root ?? 0, 12345],
                [tree?.root ?? 0, 2 ** 40],
                [(tree?.root ?? 0) + 16, tree?.root ?? 0],
                [copy, 2 ** 45],
                [scratchArray, 2 ** 45],
            ] as const
        ).map(([pa, value]) => {
            journal.restore(mark);
            memory.writeU64(pa, value);
            const result = tryBoot(first.machine, parameters);
            return 'panic' in result ? 'panic' : result.kho.isKhoBoot ? 'handover' : 'refused';
        });
        assert.deepEqual(outcomes, ['refused', 'refused', 'panic', 'panic', 'handover', 'refused', 'handover']);
    });

    test('going back over a boot', () => {
        const first = cold(new Machine({ ranges: NUMA }));
        preservedFolio(first, 9, 3);
        const image = loadFile(first.env, KERNEL, first.kho);
        assert.ok('copyToDestinations' in image);
        const before = fingerprint(first);
        const mark = first.machine.journal.mark();
        const run = (): string => {
            const host = bootFrom(first.machine, image.copyToDestinations());
            fillPageCache(host.machine, host.env.allocator, 100 * MiB);
            return fingerprint(host);
        };
        const after = run();
        assert.notEqual(after, before);
        first.machine.journal.restore(mark);
        assert.equal(fingerprint(first), before);
        assert.equal(run(), after);
    });

    test('a terabyte boots', () => {
        const host = cold(
            new Machine({
                ranges: pcMemory([
                    { size: 512 * GiB, node: 0 },
                    { size: 512 * GiB, node: 1 },
                ]),
            }),
        );
        assert.ok(host.env.allocator.freePages() * PAGE_SIZE > 900 * GiB);
        assert.equal(host.scratch.length, 4);
    });
});
