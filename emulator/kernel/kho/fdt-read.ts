/** Reading flattened device trees (scripts/dtc/libfdt: fdt.c, fdt_ro.c), with any contents. */
import { counted } from '../../text/text';
import { decodeText } from '../../text/utf8';

export const MAGIC = 0xd00dfeed;
export const VERSION = 17;
export const LAST_COMPATIBLE = 16;
export const HEADER = 40;
/** An empty memory reservation block. */
export const RESERVATIONS = 16;
export const BEGIN_NODE = 1;
export const END_NODE = 2;
export const PROP = 3;
export const NOP = 4;
export const END = 9;

export const TOTALSIZE = 4;
export const OFF_STRUCT = 8;
export const OFF_STRINGS = 12;
export const OFF_RESERVATIONS = 16;
export const FIELD_VERSION = 20;
export const FIELD_LAST_COMPATIBLE = 24;
export const SIZE_STRINGS = 32;
export const SIZE_STRUCT = 36;

export interface FdtProperty {
    readonly name: string;
    readonly value: Uint8Array;
    /** Offset of the value in the blob. */
    readonly offset: number;
}

export interface FdtNode {
    readonly name: string;
    readonly properties: readonly FdtProperty[];
    readonly children: readonly FdtNode[];
}

export interface FdtFinding {
    /** Byte offset in the blob. */
    readonly offset: number;
    readonly text: string;
}

export const align4 = (n: number): number => (n + 3) & ~3;

/** fdt_nodename_eq: a name without a unit address matches one with. */
export function nameMatches(name: string, wanted: string): boolean {
    return name === wanted || (name.startsWith(wanted) && name[wanted.length] === '@' && !wanted.includes('@'));
}

/** The tag at an offset of a structure block, and the offset of the next one; undefined if there is none. */
export function readTag(
    structure: Uint8Array,
    strings: Uint8Array,
    at: number,
): { kind: number; name: string; next: number; length: number } | undefined {
    if (at < 0 || at + 4 > structure.length) {
        return undefined;
    }
    const view = new DataView(structure.buffer, structure.byteOffset, structure.length);
    const kind = view.getUint32(at);
    if (kind === BEGIN_NODE) {
        const end = structure.indexOf(0, at + 4);
        return end < 0
            ? undefined
            : { kind, name: decodeText(structure.subarray(at + 4, end)), next: align4(end + 1), length: 0 };
    }
    if (kind === PROP) {
        if (at + 12 > structure.length) {
            return undefined;
        }
        const length = view.getUint32(at + 4);
        const nameAt = view.getUint32(at + 8);
        const end = nameAt < strings.length ? strings.indexOf(0, nameAt) : -1;
        if (at + 12 + length > structure.length || end < 0) {
            return undefined;
        }
        return { kind, name: decodeText(strings.subarray(nameAt, end)), next: at + 12 + align4(length), length };
    }
    return kind === END_NODE || kind === NOP || kind === END ? { kind, name: '', next: at + 4, length: 0 } : undefined;
}

/** fdt_check_header: defects of a header; none if it is valid. The blob may be longer than the tree. */
export function checkHeader(blob: Uint8Array): FdtFinding[] {
    if (blob.length < HEADER) {
        return [{ offset: 0, text: `${counted(blob.length, 'byte')} cannot be a device tree` }];
    }
    const view = new DataView(blob.buffer, blob.byteOffset, blob.length);
    const at = (field: number): number => view.getUint32(field);
    if (at(0) !== MAGIC) {
        return [{ offset: 0, text: `the magic is 0x${at(0).toString(16)}` }];
    }
    if (at(FIELD_VERSION) < 2 || at(FIELD_LAST_COMPATIBLE) > VERSION || at(FIELD_VERSION) < at(FIELD_LAST_COMPATIBLE)) {
        return [
            {
                offset: FIELD_VERSION,
                text: `version ${at(FIELD_VERSION)}, compatible with ${at(FIELD_LAST_COMPATIBLE)}`,
            },
        ];
    }
    const total = at(TOTALSIZE);
    if (total < HEADER || total > 0x7fffffff) {
        return [{ offset: TOTALSIZE, text: `the size is ${total}` }];
    }
    const inside = (offset: number, size: number): boolean =>
        offset >= HEADER && offset <= total && offset + size <= total;
    if (!inside(at(OFF_RESERVATIONS), 0)) {
        return [{ offset: OFF_RESERVATIONS, text: 'the reservation block lies outside' }];
    }
    if (!inside(at(OFF_STRUCT), at(FIELD_VERSION) < VERSION ? 0 : at(SIZE_STRUCT))) {
        return [{ offset: OFF_STRUCT, text: 'the structure block lies outside' }];
    }
    return inside(at(OFF_STRINGS), at(SIZE_STRINGS))
        ? []
        : [{ offset: OFF_STRINGS, text: 'the strings block lies outside' }];
}

const MAX_DEPTH = 64;

/**
 * Reads a tree. Of a damaged tree, the part before the damage is returned, and the damage is a finding; never throws.
 * @returns no root if the header is invalid.
 */
export function readFdt(blob: Uint8Array): { root: FdtNode | undefined; findings: FdtFinding[]; size: number } {
    const findings = checkHeader(blob);
    if (findings.length > 0) {
        return { root: undefined, findings, size: 0 };
    }
    const view = new DataView(blob.buffer, blob.byteOffset, blob.length);
    const size = view.getUint32(TOTALSIZE);
    if (size > blob.length) {
        findings.push({
            offset: TOTALSIZE,
            text: `the tree has ${counted(size, 'byte')}, but only ${blob.length} exist`,
        });
    }
    const structAt = view.getUint32(OFF_STRUCT);
    const structure = blob.subarray(structAt, Math.min(blob.length, structAt + view.getUint32(SIZE_STRUCT)));
    const stringsAt = view.getUint32(OFF_STRINGS);
    const strings = blob.subarray(stringsAt, Math.min(blob.length, stringsAt + view.getUint32(SIZE_STRINGS)));
    interface Open {
        name: string;
        properties: FdtProperty[];
        children: FdtNode[];
    }
    const stack: Open[] = [];
    let root: Open | undefined;
    for (let at = 0; ; ) {
        const tag = readTag(structure, strings, at);
        const top = stack[stack.length - 1];
        if (!tag) {
            findings.push({ offset: structAt + at, text: 'the structure block is damaged' });
            break;
        }
        if (tag.kind === END) {
            if (top) {
                findings.push({ offset: structAt + at, text: 'the tree ends inside a node' });
            }
            break;
        }
        if (tag.kind === BEGIN_NODE) {
            const node: Open = { name: tag.name, properties: [], children: [] };
            if (top) {
                top.children.push(node);
            } else if (root) {
                findings.push({ offset: structAt + at, text: 'a second root' });
                break;
            } else {
                root = node;
            }
            stack.push(node);
            if (stack.length > MAX_DEPTH) {
                findings.push({ offset: structAt + at, text: 'nodes are nested too deeply' });
                break;
            }
        } else if (tag.kind === PROP) {
            const offset = at + 12;
            if (!top) {
                findings.push({ offset: structAt + at, text: 'a property outside of any node' });
                break;
            }
            top.properties.push({
                name: tag.name,
                value: structure.slice(offset, offset + tag.length),
                offset: structAt + offset,
            });
        } else if (tag.kind === END_NODE) {
            if (!top) {
                findings.push({ offset: structAt + at, text: 'the end of a node without its beginning' });
                break;
            }
            stack.pop();
        }
        at = tag.next;
    }
    return { root, findings, size };
}

/** A node's property. */
export function fdtProperty(node: FdtNode, name: string): FdtProperty | undefined {
    return node.properties.find((p) => p.name === name);
}

/** A node's child, as fdt_subnode_offset finds it. */
export function fdtChild(node: FdtNode, name: string): FdtNode | undefined {
    return node.children.find((c) => nameMatches(c.name, name));
}

/** fdt_node_check_compatible: one of the strings of `compatible` is this one. */
export function fdtIsCompatible(node: FdtNode, wanted: string): boolean {
    const value = fdtProperty(node, 'compatible')?.value;
    return value !== undefined && decodeText(value).split('\0').slice(0, -1).includes(wanted);
}
