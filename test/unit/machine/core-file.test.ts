/** ELF cores of memory: what is written is read back, and what others write, too. */
import assert from 'node:assert/strict';
import { PAGES_4K } from '../../../emulator/machine/arch';
import { type CoreContent, readCoreFile, sourceOf, writeCoreFile } from '../../../emulator/machine/core-file';
import { CoreMemory } from '../../../emulator/machine/view';

const byteAt = (pa: number): number => (pa * 7 + (pa >> 8)) & 255;

function bytesAt(pa: number, length: number): Uint8Array {
    return Uint8Array.from({ length }, (_, i) => byteAt(pa + i));
}

function written(runs: readonly CoreContent[]): Uint8Array {
    return new Uint8Array(
        Buffer.concat([
            ...writeCoreFile('x86-64', runs, [{ name: 'LUS', type: 1, content: Uint8Array.of(1, 2, 3) }], bytesAt),
        ]),
    );
}

/** A program header of a file, from the start of the table. */
function header(bytes: Uint8Array, index: number): DataView {
    return new DataView(bytes.buffer, bytes.byteOffset + 64 + index * 56, 56);
}

suite('core files', () => {
    test('runs and notes are read back', () => {
        const runs = [
            { pa: 0x1000, size: 0x3000 },
            { pa: 0x8000, size: 0x1800 },
            { pa: 0x1_0000_0000, size: 0x2000 },
        ];
        const bytes = written(runs);
        const file = readCoreFile(sourceOf(bytes));
        assert.deepEqual(file.findings, []);
        assert.equal(file.machine, 'x86-64');
        assert.deepEqual(
            file.segments.map(({ pa, size }) => ({ pa, size })),
            runs,
        );
        assert.deepEqual(file.notes, [{ name: 'LUS', type: 1, content: Uint8Array.of(1, 2, 3) }]);
        const memory = new CoreMemory(sourceOf(bytes), file.segments, PAGES_4K);
        for (const [pa, length] of [
            [0x1000, 16],
            [0x1ffc, 8],
            [0x3fff, 1],
            [0x8000, 0x1800],
            [0x1_0000_1000, 100],
        ] as const) {
            assert.ok(memory.has(pa, length));
            assert.deepEqual(memory.read(pa, length), bytesAt(pa, length));
        }
        assert.ok(!memory.has(0x3fff, 2));
        assert.ok(!memory.has(0, 1));
        // What is not there reads as zeroes.
        assert.deepEqual(memory.read(0x3ffe, 4), Uint8Array.of(byteAt(0x3ffe), byteAt(0x3fff), 0, 0));
        const extents = [...memory.extents(0x3000, 0x6000)].map((e) => (e.kind === 'bytes' ? e.bytes.length : -1));
        assert.deepEqual(extents, [0x1000, -1, 0x1000]);
    });

    test('segments with fewer bytes than memory end in zeroes', () => {
        const bytes = written([{ pa: 0x1000, size: 0x2000 }]);
        header(bytes, 1).setBigUint64(40, 0x8000n, true);
        const file = readCoreFile(sourceOf(bytes));
        assert.deepEqual(
            file.segments.map(({ pa, size, stored }) => ({ pa, size, stored })),
            [{ pa: 0x1000, size: 0x8000, stored: 0x2000 }],
        );
        const memory = new CoreMemory(sourceOf(bytes), file.segments, PAGES_4K);
        assert.ok(memory.has(0x1000, 0x8000));
        assert.deepEqual(memory.read(0x2ffe, 4), Uint8Array.of(byteAt(0x2ffe), byteAt(0x2fff), 0, 0));
        assert.deepEqual(
            [...memory.extents(0x2000, 0x7000)].map((e) => (e.kind === 'zero' ? e.length : -1)),
            [-1, 0x6000],
        );
        assert.deepEqual([...memory.runs()], [{ pa: 0x1000, size: 0x2000 }]);
    });

    test('overlapping segments: the one that begins first counts', () => {
        const bytes = written([
            { pa: 0x1000, size: 0x2000 },
            { pa: 0x8000, size: 0x2000 },
        ]);
        header(bytes, 2).setBigUint64(24, 0x2000n, true);
        const file = readCoreFile(sourceOf(bytes));
        assert.deepEqual(
            file.findings.map((f) => f.code),
            ['segments-overlap'],
        );
        assert.deepEqual(
            file.segments.map(({ pa, size }) => ({ pa, size })),
            [
                { pa: 0x1000, size: 0x2000 },
                { pa: 0x3000, size: 0x1000 },
            ],
        );
        assert.deepEqual(new CoreMemory(sourceOf(bytes), file.segments, PAGES_4K).read(0x3000, 4), bytesAt(0x9000, 4));
    });

    test('a small file cannot pretend to be any amount of memory', () => {
        const bytes = written(Array.from({ length: 50 }, (_, i) => ({ pa: 0x10000 * (i + 1), size: 0x1000 })));
        for (let i = 1; i <= 50; i++) {
            const h = header(bytes, i);
            h.setBigUint64(8, 0n, true);
            h.setBigUint64(32, BigInt(bytes.length), true);
            h.setBigUint64(40, 0x8000n, true);
        }
        const file = readCoreFile(sourceOf(bytes));
        assert.ok(file.segments.reduce((n, s) => n + s.stored, 0) <= bytes.length);
        assert.ok(file.findings.some((f) => f.code === 'segments-share'));
    });

    test('damage is found where it is', () => {
        const whole = written([{ pa: 0x1000, size: 0x2000 }]);
        const found = (change: (bytes: Uint8Array) => Uint8Array | undefined): string[] => {
            const bytes = whole.slice();
            return readCoreFile(sourceOf(change(bytes) ?? bytes)).findings.map((f) => f.code);
        };
        assert.deepEqual(
            found((b) => b.slice(0, 10)),
            ['not-elf'],
        );
        assert.deepEqual(
            found((b) => b.slice(0, b.length - 1)),
            ['segment-cut'],
        );
        assert.deepEqual(
            found((b) => b.slice(0, 100)),
            ['headers-outside'],
        );
        assert.deepEqual(
            found((b) => void b.set([1], 4)),
            ['not-elf'],
        );
        assert.deepEqual(
            found((b) => void b.set([2], 16)),
            ['not-core'],
        );
        assert.deepEqual(
            found((b) => void header(b, 1).setBigUint64(24, 0xffff_ffff_ffff_f000n, true)),
            ['segment-nowhere'],
        );
        assert.match(
            readCoreFile(
                sourceOf(
                    new TextEncoder().encode(
                        'KDUMP   and more, to be as long as a header of an ELF file, which it is not',
                    ),
                ),
            ).findings[0]?.text ?? '',
            /compressed kdump/,
        );
    });

    test('more segments than the header can count', () => {
        const runs = Array.from({ length: 66_000 }, (_, i) => ({ pa: (i + 1) * 0x2000, size: 16 }));
        const pieces = writeCoreFile('arm64', runs, [], () => new Uint8Array(16));
        const head = pieces.next();
        assert.ok(!head.done);
        // Only the headers: the segments are all cut off, but each is counted.
        const file = readCoreFile(sourceOf(head.value));
        assert.equal(file.machine, 'arm64');
        assert.equal(file.findings.filter((f) => f.code === 'segment-cut').length, 66_000);
    });
});
