/** Physical memory under random writes, against a plain array; and back to any of several marks. */
import assert from 'node:assert/strict';
import { Bytes } from '../../emulator/machine/bytes';
import { Journal } from '../../emulator/machine/journal';
import { LEAF_SIZE, PhysicalMemory } from '../../emulator/machine/memory';
import { Random } from '../support/random';
import { fingerprint, naivePattern } from '../support/physical-memory';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

suite('physical memory', () => {
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
});
