/** Physical memory and byte strings that are patterns, the map of a machine, and the history of its pages. */
import assert from 'node:assert/strict';
import { Bytes } from '../../../emulator/machine/bytes';
import { Hasher } from '../../../emulator/machine/hash';
import { Journal } from '../../../emulator/machine/journal';
import { Machine, pcMemory } from '../../../emulator/machine/machine';
import { PhysicalMemory } from '../../../emulator/machine/memory';
import { fingerprint, naivePattern } from '../../support/physical-memory';
import { Random } from '../../support/random';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

suite('physical memory', () => {
    test('the pattern is the recordings’ one at any seed and offset', () => {
        for (const [seed, offset] of [
            [7, 0],
            [255, 65530],
            [1000003, 0xfffffa],
            [3, 2 ** 45 - 100],
            [99, 123456789],
        ] as const) {
            assert.deepEqual(Bytes.pattern(seed, 600, offset).toUint8Array(), naivePattern(seed, offset, 600));
        }
    });

    test('equal patterns with unlike seeds are equal', () => {
        // 31 * 223 = 1 (mod 256): a step of 64 KiB is a step of 223 seeds.
        assert.ok(Bytes.pattern(5, MiB, 65536).equals(Bytes.pattern(5 + 223, MiB, 0)));
        assert.equal(Bytes.pattern(5, 1000, 0).firstDifference(Bytes.pattern(6, 1000, 0)), 0);
    });

    test('FNV-1a of the documented vectors', () => {
        assert.equal(Bytes.text('').fnv1a64(), 'cbf29ce484222325');
        assert.equal(Bytes.text('a').fnv1a64(), 'af63dc4c8601ec8c');
        assert.equal(Bytes.text('foobar').fnv1a64(), '85944171f73967e8');
        assert.equal(Bytes.zero(5000).fnv1a64(), Bytes.of(new Uint8Array(5000)).fnv1a64());
        const mixed = Bytes.concat(Bytes.pattern(9, 5000, 77), Bytes.zero(17), Bytes.text('x'));
        assert.equal(mixed.fnv1a64(), Bytes.of(mixed.toUint8Array()).fnv1a64());
    });

    test('lazy byte strings behave like arrays', () => {
        const random = new Random(1);
        for (let round = 0; round < 300; round++) {
            const parts: Bytes[] = [];
            for (let i = random.below(6); i >= 0; i--) {
                const n = random.below(300);
                parts.push(
                    random.pick([
                        Bytes.zero(n),
                        Bytes.pattern(random.below(4), n, random.below(3) * 32768),
                        Bytes.of(naivePattern(1, n, n)),
                    ]),
                );
            }
            const lazy = Bytes.concat(...parts);
            const plain = lazy.toUint8Array();
            assert.ok(lazy.equals(Bytes.of(plain)));
            const a = random.below(plain.length + 1);
            const b = a + random.below(plain.length - a + 1);
            assert.deepEqual(lazy.slice(a, b).toUint8Array(), plain.slice(a, b));
            assert.equal(lazy.at(a), plain[a]);
            if (b > a) {
                const changed = plain.slice();
                changed[a] = (changed[a] ?? 0) ^ 1;
                assert.equal(lazy.firstDifference(Bytes.of(changed)), a);
            }
        }
    });

    test('64 GiB of pattern are a handful of entries', () => {
        const memory = new PhysicalMemory(new Journal());
        memory.fillPattern(3 * GiB + 4 * MiB, 64 * GiB, 17, 0);
        assert.equal(memory.readU8(3 * GiB + 4 * MiB + 40 * GiB + 5), naivePattern(17, 40 * GiB + 5, 1)[0]);
        assert.equal(memory.extents(3 * GiB + 4 * MiB, 64 * GiB).length, 1);
        memory.writeU8(20 * GiB, 1);
        assert.equal(memory.extents(3 * GiB + 4 * MiB, 64 * GiB).length, 3);
        fingerprint(memory);
    });

    test('an address beyond physical memory is refused', () => {
        const memory = new PhysicalMemory(new Journal());
        assert.throws(() => memory.readU8(2 ** 52), RangeError);
        assert.throws(() => memory.writeU8(-1, 0), RangeError);
        memory.writeU64(0x1000, 2n ** 63n);
        assert.throws(() => memory.readNum(0x1000), RangeError);
    });
});

suite('machine', () => {
    test('a PC’s map has its holes', () => {
        const machine = new Machine({
            ranges: pcMemory([
                { size: 4 * GiB, node: 0 },
                { size: GiB, node: 1 },
            ]),
        });
        assert.deepEqual(
            machine.map.map((r) => [r.start, r.start + r.size, r.node]),
            [
                [0x1000, 0x9fc00, 0],
                [0x100000, 0xc0000000, 0],
                [0x100000000, 0x140000000, 0],
                [0x140000000, 0x180000000, 1],
            ],
        );
        assert.deepEqual(machine.nodes, [0, 1]);
        assert.equal(machine.nodeOf(0x140000000), 1);
        assert.ok(machine.isRam(0x13ffff000, 0x2000));
        assert.ok(!machine.isRam(0xbffff000, 0x2000));
    });

    test('history never moves an event before an earlier one of the same page', () => {
        const { history } = new Machine({ ranges: pcMemory([{ size: GiB, node: 0 }]) });
        history.add(0, 10, 1, 1);
        history.add(1, 11, 1, 1);
        history.add(0, 11, 1, 1);
        history.add(0, 12, 1, 1);
        assert.deepEqual(
            history.of(11).map((e) => e.kind),
            ['freed', 'allocated'],
        );
        assert.deepEqual([history.of(12)[0]?.pfn, history.of(12)[0]?.count], [11, 2]);
    });

    test('history that is sealed does not grow, also after going back', () => {
        const { history, journal } = new Machine({ ranges: pcMemory([{ size: GiB, node: 0 }]) });
        history.add(0, 10, 1, 1);
        history.seal();
        const mark = journal.mark();
        history.add(0, 11, 1, 1);
        history.add(0, 12, 1, 1);
        const counts = (): number[] => [10, 11, 12].map((pfn) => history.of(pfn)[0]?.count ?? 0);
        assert.deepEqual(counts(), [1, 2, 2]);
        journal.restore(mark);
        history.add(0, 11, 1, 1);
        assert.deepEqual(counts(), [1, 1, 0]);
    });

    test('history merges neighbours, keeps order, and is cut by going back', () => {
        const machine = new Machine({ ranges: pcMemory([{ size: GiB, node: 0 }]) });
        const { history, journal } = machine;
        const owner = machine.owners.id('memfd');
        for (let i = 0; i < 1000; i++) {
            history.add(0, 5000 + i, 1, owner);
            history.add(2, 5000 + i, 1, owner);
        }
        const mark = journal.mark();
        const before = new Hasher();
        machine.hash(before);
        for (let i = 0; i < 1000; i++) {
            history.add(2, 6000 + i, 1, owner);
            history.add(1, 6000 + i, 1, machine.owners.id('someone else'));
        }
        assert.deepEqual(
            history.of(6500).map((e) => e.kind),
            ['preserved', 'freed'],
        );
        journal.restore(mark);
        const after = new Hasher();
        machine.hash(after);
        assert.equal(after.digest(), before.digest());
        assert.deepEqual(
            history.of(5001).map((e) => e.kind),
            ['allocated', 'preserved'],
        );
        assert.deepEqual(history.of(6500), []);
        assert.equal(machine.owners.name(owner + 1), `owner ${owner + 1}`);
    });
});
