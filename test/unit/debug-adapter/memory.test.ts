/** The reader of physical memory behind the memory view: gaps, ends, references that are none. */
import assert from 'node:assert/strict';
import { bytesToWrite, readMemory, type ReadableMemory } from '../../../debug-adapter/memory';

/** Two areas that touch, a gap of 16 bytes, a third; every byte is its address. */
const memory: ReadableMemory = {
    areas: [
        { start: 0x10, size: 0x10 },
        { start: 0x20, size: 0x10 },
        { start: 0x40, size: 0x08 },
    ],
    read: (pa, length) => Uint8Array.from({ length }, (_, i) => pa + i),
};

/** `address: bytes, unreadable` */
function read(memoryReference: string, count: number, offset?: number): string {
    const body = readMemory(memory, { memoryReference, count, ...(offset === undefined ? {} : { offset }) });
    const bytes = body?.data === undefined ? 'nothing' : Buffer.from(body.data, 'base64').toString('hex');
    return `${body?.address}: ${bytes}, ${body?.unreadableBytes ?? 0}`;
}

suite('reading physical memory', () => {
    test('over areas that touch, up to a gap, and from within one', () => {
        assert.equal(read('0x1e', 4), '0x1e: 1e1f2021, 0');
        assert.equal(read('0x2e', 4), '0x2e: 2e2f, 2');
        assert.equal(read('0x2e', 64), '0x2e: 2e2f, 16');
        assert.equal(read('0x32', 64), '0x32: nothing, 14');
        assert.equal(read('0x46', 64), '0x46: 4647, 62');
    });

    test('offsets, before the first byte and beyond the last', () => {
        assert.equal(read('0x10', 2, 1), '0x11: 1112, 0');
        assert.equal(read('16', 2), '0x10: 1011, 0');
        assert.equal(read('0x10', 64, -0x20), '0x0: nothing, 16');
        assert.equal(read('0x10', 4, -0x20), '0x0: nothing, 4');
        assert.equal(read('0x1000', 64), '0x1000: nothing, 64');
        assert.equal(read('0x10', 0), '0x10: nothing, 0');
    });

    test('what is no address, or no count', () => {
        for (const [reference, count] of [
            ['here', 1],
            ['0x10', -1],
            ['0x10', 1.5],
            ['0xffffffffffffffff', 1],
        ] as const) {
            assert.throws(() => read(reference, count), /is not a physical address/);
        }
    });

    test('at most 4 MiB at once', () => {
        const large: ReadableMemory = { areas: [{ start: 0, size: 2 ** 40 }], read: (_pa, n) => new Uint8Array(n) };
        const body = readMemory(large, { memoryReference: '0x0', count: 2 ** 30 });
        assert.equal(Buffer.from(body?.data ?? '', 'base64').length, 4 * 2 ** 20);
        assert.equal(body?.unreadableBytes, undefined);
    });
});

suite('writing physical memory', () => {
    const data = Buffer.from([1, 2, 3, 4]).toString('base64');

    /** `address: bytes` */
    function write(memoryReference: string, more: object = {}): string {
        const { pa, bytes } = bytesToWrite(memory.areas, { memoryReference, data, ...more });
        return `0x${pa.toString(16)}: ${Buffer.from(bytes).toString('hex')}`;
    }

    test('over areas that touch, with an offset', () => {
        assert.equal(write('0x1e'), '0x1e: 01020304');
        assert.equal(write('0x10', { offset: 14 }), '0x1e: 01020304');
    });

    test('only a part fits: refused, unless the client allows that', () => {
        assert.throws(() => write('0x2e'), /There is no memory at 0x30/);
        assert.equal(write('0x2e', { allowPartial: true }), '0x2e: 0102');
        assert.equal(write('0x1000', { allowPartial: true }), '0x1000: ');
    });

    test('what is not an address, or not base64', () => {
        assert.throws(() => write('here'), /is not a physical address/);
        assert.throws(() => write('0x10', { offset: -0x20 }), /is not a physical address/);
        assert.throws(() => write('0x10', { data: '?' }), /must be base64/);
    });
});
