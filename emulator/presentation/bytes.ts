/** Bytes as rows of hex. */
import type { Machine } from '../machine/machine';
import type { Children, Item } from './item';
import { hex, hexBytes, sizeText } from '../text/text';

export const ROW = 16;

/** `48 65 6c 6c 6f …  Hello.` */
export function hexRow(bytes: Uint8Array): string {
    const text = [...bytes].map((b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '.')).join('');
    return `${hexBytes(bytes).padEnd(ROW * 3 - 1)}  ${text}`;
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
                return { name: nameOf(at), value: hexRow(read(at, Math.min(ROW, size - at))) };
            },
        },
    };
}

/** The `bytes` of something at a physical address. Where there is no memory, there are none. */
export function bytesAt(machine: Machine, pa: number, size: number): Item {
    if (size <= 0 || !machine.isRam(pa, size)) {
        return { name: 'bytes', value: `no memory at ${hex(pa)}` };
    }
    const rows = rowsOf(
        size,
        (at) => hex(pa + at),
        (at, n) => machine.memory.read(pa + at, n),
    );
    return { name: 'bytes', value: sizeText(size), children: rows, address: pa, kind: 'virtual' };
}
