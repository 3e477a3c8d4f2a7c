/** Physical memory as items: hexadecimal rows, and addresses that expand to the memory at them. */
import type { PageGeometry } from '../machine/arch';
import type { Int } from '../machine/int';
import type { Machine } from '../machine/machine';
import type { MemoryView } from '../machine/view';
import { hex, hexBytes, sizeText } from '../text/text';
import { leaf, type Children, type Item } from './item';
import { bytesStored } from './stored';

/** Memory of a machine or of an image. Addresses and lengths in bytes. */
export interface VisibleMemory {
    /** The page size of its kernels. */
    readonly page: PageGeometry;
    /** True if all of [pa, pa+length) exists. */
    has(pa: number, length: number): boolean;
    read(pa: number, length: number): Uint8Array;
    /** The text for an address without memory. */
    missing(pa: number): string;
}

export function memoryOf(machine: Machine): VisibleMemory {
    return {
        page: machine.page,
        has: (pa, length) => machine.isRam(pa, length),
        read: (pa, length) => machine.memory.read(pa, length),
        missing: (pa) => `no memory at ${hex(pa)}`,
    };
}

export function memoryOfImage(view: MemoryView): VisibleMemory {
    return {
        page: view.page,
        has: (pa, length) => view.has(pa, length),
        read: (pa, length) => view.read(pa, length),
        missing: (pa) => `not in the image (${hex(pa)})`,
    };
}

const ROW = 16;

/** `48 65 6c 6c 6f …  Hello.`: at most 16 bytes. */
export function hexRow(bytes: Uint8Array): string {
    const row = bytes.subarray(0, ROW);
    const text = [...row].map((b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '.')).join('');
    return `${hexBytes(row).padEnd(ROW * 3 - 1)}  ${text}`;
}

/** Rows of a run of `size` bytes; `read` returns some of the bytes. */
export function rowsOf(
    size: number,
    nameOf: (offset: number) => string,
    read: (offset: number, length: number) => Uint8Array,
    /** The physical address of the first byte, if they are in memory. */
    pa?: number,
): Children {
    return {
        indexed: {
            count: Math.ceil(size / ROW),
            item: (i) => {
                const at = i * ROW;
                const length = Math.min(ROW, size - at);
                const row = leaf(nameOf(at), hexRow(read(at, length)));
                return pa === undefined ? row : { ...row, stored: bytesStored(pa + at, length) };
            },
        },
    };
}

/** The item `bytes` of an object at a physical address, or a note if a part of the memory is missing. */
export function bytesAt(memory: VisibleMemory, pa: number, size: number): Item {
    if (size <= 0 || !memory.has(pa, size)) {
        return leaf('bytes', memory.missing(pa));
    }
    const rows = rowsOf(
        size,
        (at) => hex(pa + at),
        (at, n) => memory.read(pa + at, n),
        pa,
    );
    const stored = bytesStored(pa, size);
    return { name: 'bytes', value: sizeText(size), children: rows, address: pa, stored, kind: 'virtual' };
}

/** The item `bytes` from a physical address to the end of its page. */
export function restOfPage(memory: VisibleMemory, pa: number): Item {
    return bytesAt(memory, pa, memory.page.size - (pa % memory.page.size));
}

/** An address that expands to the rest of its page; only a number if there is no memory. */
export function addressItem(memory: VisibleMemory, name: string, pa: Int): Item {
    if (typeof pa !== 'number' || pa === 0 || !memory.has(pa, 1)) {
        return leaf(name, hex(pa));
    }
    return {
        name,
        value: hex(pa),
        type: 'phys',
        address: pa,
        evaluateName: hex(pa),
        children: { named: () => [restOfPage(memory, pa)] },
    };
}
