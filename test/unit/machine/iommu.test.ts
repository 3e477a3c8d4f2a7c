/**
 * The IOMMUs: entries against the figures of the manuals, and translation against a walker that was written apart
 * from it.
 */
import assert from 'node:assert/strict';
import { PAGES_4K } from '../../../emulator/machine/arch';
import { Iommu, unitFormat } from '../../../emulator/machine/iommu/iommu';
import { type Entry, readEntry, TABLES_OF_4K, walk, writeEntry } from '../../../emulator/machine/iommu/tables';
import type { IommuVendor, TableMemory, UnitFormat } from '../../../emulator/machine/iommu/unit';
import { Journal } from '../../../emulator/machine/journal';
import { PhysicalMemory } from '../../../emulator/machine/memory';
import { bits } from '../../support/bits';
import { Random } from '../../support/random';

const PAGE = 4096;
const RAM = 2 ** 34;
const VENDORS: readonly IommuVendor[] = ['vtd', 'amd', 'smmuv3'];

/** Memory with an allocator that only goes up. */
class Host implements TableMemory {
    readonly journal = new Journal();
    readonly memory = new PhysicalMemory(this.journal);
    readonly now = 0;
    readonly page = PAGES_4K;
    private next = 0x10_0000;

    isRam(pa: number, length = 1): boolean {
        return pa >= 0 && pa + length <= RAM;
    }

    allocate(bytes: number): number {
        const size = Math.max(PAGE, bytes);
        const pa = Math.ceil(this.next / size) * size;
        this.next = pa + size;
        return pa;
    }

    write(pa: number, entry: Entry): void {
        writeEntry(this.memory, pa, entry);
    }

    read(pa: number): Entry {
        return readEntry(this.memory, pa);
    }

    u64(pa: number): bigint {
        return BigInt(this.memory.readU64(pa));
    }
}

const u64 = ({ low, high }: Entry): bigint => (BigInt(high) << 32n) | BigInt(low);

suite('IOMMU: entries as the manuals draw them', () => {
    test('VT-d: root and context entries (sections 9.1 and 9.3), second-stage entries (9.8)', () => {
        const host = new Host();
        const vtd = unitFormat('vtd', PAGES_4K);
        const root = vtd.makeRoot(host);
        assert.ok(vtd.attach(host, root, 0x3b10, { kind: 'paging', domain: 0x123, root: 0x1_2345_6000, levels: 4 }));
        const entry = host.u64(root + 0x3b * 16);
        assert.equal(bits(entry, 0, 0), 1n, 'P');
        const table = Number(bits(entry, 63, 12)) * PAGE;
        const low = host.u64(table + 0x10 * 16);
        const high = host.u64(table + 0x10 * 16 + 8);
        assert.deepEqual(
            { p: bits(low, 0, 0), tt: bits(low, 3, 2), ssptptr: bits(low, 63, 12) },
            { p: 1n, tt: 0n, ssptptr: 0x1_2345_6n },
        );
        assert.deepEqual({ aw: bits(high, 2, 0), did: bits(high, 23, 8) }, { aw: 2n, did: 0x123n });
        assert.ok(vtd.attach(host, root, 0x3b10, { kind: 'identity', domain: 7 }));
        assert.equal(bits(host.u64(table + 0x10 * 16), 3, 2), 2n, 'TT: pass-through');
        const leaf = u64(vtd.pages.leaf(0x2_4000_0000, 3, true, false));
        assert.deepEqual(
            { r: bits(leaf, 0, 0), w: bits(leaf, 1, 1), ps: bits(leaf, 7, 7), addr: bits(leaf, 51, 30) },
            { r: 1n, w: 0n, ps: 1n, addr: 9n },
        );
        assert.equal(bits(u64(vtd.pages.leaf(0x5000, 1, true, true)), 7, 7), 0n, 'no PS in the lowest level');
    });

    test('AMD: device table entry (table 7), page table entries with the level of the next (section 2.2.3)', () => {
        const host = new Host();
        const amd = unitFormat('amd', PAGES_4K);
        const root = amd.makeRoot(host);
        assert.equal(root % 0x20_0000, 0);
        assert.ok(amd.attach(host, root, 0x3b10, { kind: 'paging', domain: 0x123, root: 0x1_2345_6000, levels: 4 }));
        const low = host.u64(root + 0x3b10 * 32);
        assert.deepEqual(
            {
                v: bits(low, 0, 0),
                tv: bits(low, 1, 1),
                mode: bits(low, 11, 9),
                root: bits(low, 51, 12),
                ir: bits(low, 61, 61),
                iw: bits(low, 62, 62),
            },
            { v: 1n, tv: 1n, mode: 4n, root: 0x1_2345_6n, ir: 1n, iw: 1n },
        );
        assert.equal(bits(host.u64(root + 0x3b10 * 32 + 8), 15, 0), 0x123n, 'DomainID, bits 79:64');
        const table = u64(amd.pages.table(0x7000, 4));
        assert.deepEqual(
            { pr: bits(table, 0, 0), next: bits(table, 11, 9), addr: bits(table, 51, 12) },
            { pr: 1n, next: 3n, addr: 7n },
        );
        const leaf = u64(amd.pages.leaf(0x20_0000, 2, true, false));
        assert.deepEqual(
            { next: bits(leaf, 11, 9), fc: bits(leaf, 60, 60), ir: bits(leaf, 61, 61), iw: bits(leaf, 62, 62) },
            { next: 0n, fc: 1n, ir: 1n, iw: 0n },
        );
    });

    test('SMMUv3: stream table (5.1, 5.2), context descriptor (5.4), VMSAv8-64 descriptors', () => {
        const host = new Host();
        const smmuv3 = unitFormat('smmuv3', PAGES_4K);
        const root = smmuv3.makeRoot(host);
        assert.ok(smmuv3.attach(host, root, 0x3b10, { kind: 'paging', domain: 0x123, root: 0x1_2345_6000, levels: 4 }));
        const l1 = host.u64(root + 0x3b * 8);
        assert.equal(bits(l1, 4, 0), 9n, 'Span: 2^8 entries');
        const ste = host.u64(Number(bits(l1, 51, 6)) * 64 + 0x10 * 64);
        assert.deepEqual(
            { v: bits(ste, 0, 0), config: bits(ste, 3, 1), cdmax: bits(ste, 63, 59) },
            { v: 1n, config: 5n, cdmax: 0n },
        );
        const cd = Number(bits(ste, 55, 6)) * 64;
        const low = host.u64(cd);
        assert.deepEqual(
            {
                t0sz: bits(low, 5, 0),
                tg0: bits(low, 7, 6),
                epd0: bits(low, 14, 14),
                epd1: bits(low, 30, 30),
                v: bits(low, 31, 31),
                ips: bits(low, 34, 32),
                aa64: bits(low, 41, 41),
                asid: bits(low, 63, 48),
            },
            { t0sz: 16n, tg0: 0n, epd0: 0n, epd1: 1n, v: 1n, ips: 5n, aa64: 1n, asid: 0x123n },
        );
        assert.equal(bits(host.u64(cd + 8), 51, 4), 0x1_2345_600n, 'TTB0');
        assert.ok(smmuv3.attach(host, root, 0x3b10, { kind: 'identity', domain: 1 }));
        assert.equal(bits(host.u64(Number(bits(l1, 51, 6)) * 64 + 0x10 * 64), 3, 1), 4n, 'bypass');
        const page = u64(smmuv3.pages.leaf(0x5000, 1, true, false));
        assert.deepEqual(
            {
                type: bits(page, 1, 0),
                ap: bits(page, 7, 6),
                sh: bits(page, 9, 8),
                af: bits(page, 10, 10),
                ng: bits(page, 11, 11),
            },
            { type: 3n, ap: 3n, sh: 3n, af: 1n, ng: 1n },
        );
        assert.equal(bits(u64(smmuv3.pages.leaf(0x20_0000, 2, true, true)), 1, 0), 1n, 'a block');
        assert.equal(bits(u64(smmuv3.pages.table(0x20_0000, 2)), 1, 0), 3n, 'a table');
    });
});

type Answer = { readonly pa: bigint; readonly read: boolean; readonly write: boolean } | 'fault';

/**
 * Another walk, on bigints and without anything of the emulator's but reading memory: one vendor's rules after the
 * other, as the manuals say them.
 */
function naive(vendor: IommuVendor, host: Host, table: bigint, level: number, iova: bigint): Answer {
    let read = true;
    let write = true;
    let at = table;
    let l = level;
    for (;;) {
        const shift = BigInt(12 + 9 * (l - 1));
        const e = host.u64(Number(at + ((iova >> shift) & 511n) * 8n));
        const target = e & 0x000f_ffff_ffff_f000n;
        const offset = iova & ((1n << shift) - 1n);
        let next = l - 1;
        let leaf = l === 1;
        if (vendor === 'vtd') {
            if ((e & 3n) === 0n) {
                return 'fault';
            }
            read &&= (e & 1n) !== 0n;
            write &&= (e & 2n) !== 0n;
            leaf ||= (e & 0x80n) !== 0n;
        } else if (vendor === 'amd') {
            if ((e & 1n) === 0n) {
                return 'fault';
            }
            read &&= bits(e, 61, 61) === 1n;
            write &&= bits(e, 62, 62) === 1n;
            next = Number(bits(e, 11, 9));
            leaf = next === 0;
            if (next >= l) {
                return 'fault';
            }
        } else {
            const type = e & 3n;
            if ((type & 1n) === 0n || (l === 1 && type !== 3n)) {
                return 'fault';
            }
            leaf = l === 1 || type === 1n;
            if (leaf) {
                if (bits(e, 10, 10) === 0n) {
                    return 'fault';
                }
                write &&= bits(e, 7, 7) === 0n;
            }
        }
        const address = vendor === 'smmuv3' ? target & 0x0000_ffff_ffff_f000n : target;
        if (leaf) {
            return l > 3 || (address & ((1n << shift) - 1n)) !== 0n ? 'fault' : { pa: address + offset, read, write };
        }
        // the address bits of levels that are skipped must be zero
        for (let skipped = next + 1; skipped < l; skipped++) {
            if (((iova >> BigInt(12 + 9 * (skipped - 1))) & 511n) !== 0n) {
                return 'fault';
            }
        }
        if (address + 4096n > BigInt(RAM)) {
            return 'fault';
        }
        at = address;
        l = next;
    }
}

/** Random tables below a table of `level`: leaves of all sizes, tables, holes, and garbage now and then. */
function grow(
    random: Random,
    format: UnitFormat,
    host: Host,
    table: number,
    level: number,
    known: number[],
    base: number,
): void {
    for (let n = 0; n < 5; n++) {
        const index = random.below(512);
        const at = table + index * 8;
        const iova = base + index * TABLES_OF_4K.mappedBy(level);
        const size = TABLES_OF_4K.mappedBy(level);
        known.push(iova);
        const what = random.below(10);
        if (what === 0) {
            host.write(at, { low: random.below(2 ** 32), high: random.below(2 ** 32) });
        } else if (level > 1 && (what < 6 || level > 3)) {
            const below = host.allocate(PAGE);
            host.write(at, format.pages.table(below, level));
            grow(random, format, host, below, level - 1, known, iova);
        } else {
            host.write(at, format.pages.leaf(random.below(4) * size, level, random.below(4) > 0, random.below(4) > 0));
        }
    }
}

suite('IOMMU: walks', () => {
    for (const vendor of VENDORS) {
        test(`${vendor}: as a naive walker finds it, on random tables`, () => {
            const format = unitFormat(vendor, PAGES_4K);
            let translated = 0;
            let refused = 0;
            for (let seed = 1; seed <= 60; seed++) {
                const random = new Random(seed);
                const host = new Host();
                const root = host.allocate(PAGE);
                const known: number[] = [];
                grow(random, format, host, root, 4, known, 0);
                for (let i = 0; i < 300; i++) {
                    const iova =
                        (i % 6 === 0 ? random.below(2 ** 16) * 2 ** 32 : random.pick(known)) +
                        (i % 3 === 0 ? 0 : random.below(2 ** 31));
                    const expected = naive(vendor, host, BigInt(root), 4, BigInt(iova));
                    const w = walk(host, format.pages, root, 4, iova, []);
                    if (expected === 'fault') {
                        refused++;
                        assert.ok('fault' in w, `seed ${seed}, 0x${iova.toString(16)}`);
                    } else {
                        translated++;
                        assert.deepEqual(
                            w,
                            { pa: Number(expected.pa), read: expected.read, write: expected.write },
                            `seed ${seed}, 0x${iova.toString(16)}`,
                        );
                    }
                }
            }
            assert.ok(translated > 500 && refused > 500, `${translated} translated, ${refused} refused`);
        });

        test(`${vendor}: caches keep what the tables no longer say until they are invalidated; faults are logged with the vendor's number`, () => {
            const host = new Host();
            const iommu = new Iommu(host.journal, vendor, host);
            const { format } = iommu;
            const root = format.makeRoot(host);
            const device = 0x3b00;
            const walks: number[] = [];
            const go = (iova: number, write = true): number =>
                iommu.translate(device, iova, write, (trail) => walks.push(trail.length));
            assert.equal(go(0x5000), 0x5000, 'off: as it is');
            iommu.setRoot(root);
            iommu.setEnabled(true);
            assert.equal(go(0x5000), -1);
            assert.equal(
                iommu.faults.at(-1)?.reason,
                { vtd: 'root-absent', amd: 'blocked', smmuv3: 'root-absent' }[vendor],
            );
            const tables = [4, 3, 2, 1].map(() => host.allocate(PAGE));
            const [top, third, second, first] = tables;
            assert.ok(top !== undefined && third !== undefined && second !== undefined && first !== undefined);
            host.write(top, format.pages.table(third, 4));
            host.write(third, format.pages.table(second, 3));
            host.write(second, format.pages.table(first, 2));
            host.write(first + 5 * 8, format.pages.leaf(0x77_7000, 1, true, true));
            host.write(first + 6 * 8, format.pages.leaf(0x88_8000, 1, true, false));
            format.attach(host, root, device, { kind: 'paging', domain: 9, root: top, levels: 4 });
            assert.equal(go(0x5123), 0x77_7123);
            walks.length = 0;
            assert.equal(go(0x5456), 0x77_7456);
            assert.deepEqual(walks, [], 'from the cache');
            assert.equal(go(0x6000, false), 0x88_8000);
            assert.equal(go(0x6000, true), -1);
            assert.deepEqual(
                [iommu.faults.at(-1)?.reason, iommu.faults.at(-1)?.code, iommu.faults.at(-1)?.domain],
                ['write', { vtd: 5, amd: 2, smmuv3: 0x13 }[vendor], 9],
            );
            host.write(first + 5 * 8, { low: 0, high: 0 });
            assert.equal(go(0x5000), 0x77_7000, 'stale');
            iommu.tlb.invalidate(9, 5, 1);
            assert.equal(go(0x5000), -1);
            assert.equal(go(0x6000, false), 0x88_8000);
            format.attach(host, root, device, { kind: 'blocked' });
            assert.equal(go(0x6000, false), 0x88_8000, 'the entry of the device is cached, too');
            iommu.invalidateContext(device);
            assert.equal(go(0x6000, false), -1);
            format.attach(host, root, device, { kind: 'identity', domain: 3 });
            iommu.invalidateContext(device);
            assert.equal(go(0x1_2345), 0x1_2345);
        });

        test(`${vendor}: a table that is overwritten is walked as the garbage it is`, () => {
            const host = new Host();
            const { pages } = unitFormat(vendor, PAGES_4K);
            const [top, third] = [host.allocate(PAGE), host.allocate(PAGE)];
            host.write(top, pages.table(third, 4));
            host.write(third, pages.leaf(0x4000_0000, 3, true, true));
            assert.deepEqual(walk(host, pages, top, 4, 0x123, []), { pa: 0x4000_0123, read: true, write: true });
            host.memory.fillPattern(third, PAGE, 77, 0);
            const w = walk(host, pages, top, 4, 0x123, []);
            const expected = naive(vendor, host, BigInt(top), 4, 0x123n);
            assert.deepEqual(
                w,
                expected === 'fault' ? w : { pa: Number(expected.pa), read: expected.read, write: expected.write },
            );
            assert.ok(!('pa' in w) || w.pa !== 0x4000_0123);
        });
    }
});
