/** Flattened device trees of KHO: nodes and properties. */
import { quoted } from '../text/utf8';
import type { FdtNode, FdtProperty } from '../kernel/kho/fdt-read';
import { PROP_DATA, PROP_MEMORY_MAP, readNativeU64 } from '../kernel/kho/root-fdt';
import type { Int } from '../machine/int';
import { addressItem, hexRow, type VisibleMemory } from './bytes';
import { group, leaf, type Item } from './item';

/** Properties that contain addresses. */
const ADDRESSES: ReadonlySet<string> = new Set([PROP_MEMORY_MAP, PROP_DATA]);

export function nodeItems(memory: VisibleMemory, node: FdtNode): Item[] {
    return [
        ...node.properties.map((p) => propertyItem(memory, p)),
        ...node.children.map((c) => group(c.name, 'node', () => nodeItems(memory, c))),
    ];
}

/** A property in its most likely form: a string, an address or number of 8 bytes, or bytes. */
export function propertyItem(memory: VisibleMemory, { name, value }: FdtProperty): Item {
    const text = stringOf(value);
    if (text !== undefined) {
        return leaf(name, quoted(text));
    }
    const number = readNativeU64(value);
    if (number === undefined) {
        return leaf(name, hexRow(value).trimEnd());
    }
    return number !== 0 && (ADDRESSES.has(name) || isPage(memory, number))
        ? addressItem(memory, name, number)
        : leaf(name, String(number));
}

function isPage(memory: VisibleMemory, number: Int): boolean {
    return typeof number === 'number' && number % memory.page.size === 0 && memory.has(number, 1);
}

function stringOf(value: Uint8Array): string | undefined {
    const body = value.subarray(0, -1);
    const printable = value.length > 1 && value.at(-1) === 0 && body.every((b) => b >= 0x20 && b < 0x7f);
    return printable ? String.fromCharCode(...body) : undefined;
}
