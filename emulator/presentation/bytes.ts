/** Physical memory as items: rows of hex, and addresses that unfold into what lies there. */
import type { PageGeometry } from '../machine/arch';
import type { Int } from '../machine/int';
import type { Machine } from '../machine/machine';
import type { MemoryView } from '../machine/view';
import { hex, hexBytes, sizeText } from '../text/text';
import { leaf, type Children, type Item } from './item';

/** Memory to look at: a machine's, or what an image has of one. Addresses and lengths in bytes. */
export interface VisibleMemory {
    /** How large the pages are of the kernels that have used it. */
    readonly page: PageGeometry;
    /** True if all of [pa, pa+length) is there. */
    has(pa: number, length: number): boolean;
    read(pa: number, length: number): Uint8Array;
    /** What is said where nothing is at an address. */
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

/** Rows of a run of `size` bytes; `read` gives a few of them. */
export function rowsOf(
    size: number,
    nameOf: (offset: number) => string,
    read: (offset: number, length: number) => Uint8Array,
): Children {
    return {
        indexed: {
            count: Math.ceil(size / ROW),
            item: (i) => {
                const at = i * ROW;
                return leaf(nameOf(at), hexRow(read(at, Math.min(ROW, size - at))));
            },
        },
    };
}

/** The `bytes` of something at a physical address; where not all of them are there, that is said instead. */
export function bytesAt(memory: VisibleMemory, pa: number, size: number): Item {
    if (size <= 0 || !memory.has(pa, size)) {
        return leaf('bytes', memory.missing(pa));
    }
    const rows = rowsOf(
        size,
        (at) => hex(pa + at),
        (at, n) => memory.read(pa + at, n),
    );
    return { name: 'bytes', value: sizeText(size), children: rows, address: pa, kind: 'virtual' };
}

/** The `bytes` from a physical address to the end of its page. */
export function restOfPage(memory: VisibleMemory, pa: number): Item {
    return bytesAt(memory, pa, memory.page.size - (pa % memory.page.size));
}

/** An address, which unfolds into the rest of its page; a mere number where no memory is there. */
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
