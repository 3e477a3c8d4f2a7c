import assert from 'node:assert/strict';
import { Bytes } from '../../emulator/machine/bytes';
import { Hasher } from '../../emulator/machine/hash';
import { Journal } from '../../emulator/machine/journal';
import { Machine, pcMemory } from '../../emulator/machine/machine';
import { LEAF_SIZE, PhysicalMemory } from '../../emulator/machine/memory';
import { Random } from './random';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

function fingerprint(memory: PhysicalMemory): string {
    const hasher = new Hasher();
    memory.hash(hasher);
    return hasher.digest();
}

/** The pattern as the recordings define it, in the plainest way. */
function naivePattern(seed: number, offset: number, length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
        const o = BigInt(offset + i);
        out[i] = Number((BigInt(seed) * 31n + o * 7n + (o >> 8n) * 13n + (o >> 16n)) & 0xffn);
    }
    return out;
}

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

    test('random reads and writes against a plain array', () => {
        const random = new Random(2);
        const size = 5 * MiB;
        const base = GiB - 2 * MiB;
        const memory = new PhysicalMemory(new Journal());
        const model = new Uint8Array(size);
        for (let round = 0; round < 400; round++) {
            const whole = random.below(2) === 0;
            const from = whole ? random.below(size / LEAF_SIZE) * LEAF_SIZE : random.below(size);
            const length = Math.min(size - from, whole ? random.below(900) * LEAF_SIZE : random.below(9000));
            const seed = random.below(256);
            const offset = random.below(1 << 20);
            switch (random.below(5)) {
                case 0:
                    memory.zero(base + from, length);
                    model.fill(0, from, from + length);
                    break;
                case 1:
                    memory.fillPattern(base + from, length, seed, offset);
                    model.set(naivePattern(seed, offset, Math.min(length, 70000)), from);
                    if (length > 70000) {
                        model.set(Bytes.pattern(seed, length, offset).toUint8Array(), from);
                    }
                    break;
                case 2: {
                    const bytes = naivePattern(seed, offset, Math.min(length, 9000));
                    memory.write(base + from, bytes);
                    model.set(bytes, from);
                    break;
                }
                case 3: {
                    const to = random.below(size - length);
                    memory.copy(base + to, base + from, length);
                    model.copyWithin(to, from, from + length);
                    break;
                }
                default: {
                    const value = BigInt.asUintN(64, BigInt(seed) * 0x9e3779b97f4a7c15n);
                    const at = Math.min(from, size - 8);
                    memory.writeU64(base + at, value);
                    new DataView(model.buffer).setBigUint64(at, value, true);
                    assert.equal(BigInt(memory.readU64(base + at)), value);
                }
            }
            assert.deepEqual(memory.read(base + from, length), model.slice(from, from + length));
        }
        assert.deepEqual(memory.read(base, size), model);
        assert.ok(memory.readBytes(base, size).equals(Bytes.of(model)));
        // The same bytes in another representation have the same fingerprint.
        const plain = new PhysicalMemory(new Journal());
        plain.write(base, model);
        assert.equal(fingerprint(plain), fingerprint(memory));
        plain.writeU8(base + 77777, plain.readU8(base + 77777) ^ 1);
        assert.notEqual(fingerprint(plain), fingerprint(memory));
        // What contents() gives rebuilds it.
        const again = new PhysicalMemory(new Journal());
        for (const { pa, bytes } of memory.contents()) {
            again.writeBytes(pa, bytes);
        }
        assert.equal(fingerprint(again), fingerprint(memory));
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

    test('going back restores contents, again and again', () => {
        const random = new Random(3);
        const journal = new Journal();
        const memory = new PhysicalMemory(journal);
        const scribble = (): void => {
            for (let i = 0; i < 60; i++) {
                const pa = random.below(3 * 512) * LEAF_SIZE * 511 + random.below(2) * random.below(LEAF_SIZE);
                switch (random.below(4)) {
                    case 0:
                        memory.fillPattern(pa, random.below(3 * GiB), random.below(9), random.below(20) * LEAF_SIZE);
                        break;
                    case 1:
                        memory.zero(pa, random.below(4 * MiB));
                        break;
                    default:
                        memory.writeU32(pa, random.below(2 ** 31));
                }
            }
        };
        scribble();
        const stack: { mark: ReturnType<Journal['mark']>; hash: string }[] = [];
        for (let round = 0; round < 25; round++) {
            if (stack.length === 0 || random.below(3) > 0) {
                stack.push({ hash: fingerprint(memory), mark: journal.mark() });
            } else {
                const at = random.below(stack.length);
                const { mark, hash } = stack[at] ?? assert.fail();
                stack.length = at + 1;
                journal.restore(mark);
                assert.equal(fingerprint(memory), hash);
            }
            const before = fingerprint(memory);
            scribble();
            assert.notEqual(fingerprint(memory), before);
        }
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
