/**
 * Flattened device trees as libfdt makes and edits them, byte for byte (scripts/dtc/libfdt: fdt_sw.c, fdt_rw.c), and a reader that
 * takes anything.
 */

const MAGIC = 0xd00dfeed;
const VERSION = 17;
const LAST_COMPATIBLE = 16;
const HEADER = 40;
/** An empty memory reservation block. */
const RESERVATIONS = 16;
const BEGIN_NODE = 1;
const END_NODE = 2;
const PROP = 3;
const NOP = 4;
const END = 9;

const TOTALSIZE = 4;
const OFF_STRUCT = 8;
const OFF_STRINGS = 12;
const OFF_RESERVATIONS = 16;
const FIELD_VERSION = 20;
const FIELD_LAST_COMPATIBLE = 24;
const SIZE_STRINGS = 32;
const SIZE_STRUCT = 36;

export interface FdtProperty {
    readonly name: string;
    readonly value: Uint8Array;
    /** Where the value lies in the blob. */
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

const align4 = (n: number): number => (n + 3) & ~3;
const encoder = new TextEncoder();

function latin(bytes: Uint8Array): string {
    let text = '';
    for (const b of bytes) {
        text += String.fromCharCode(b);
    }
    return text;
}

/** Builds a tree front to back in a buffer of fixed size, strings growing downward from its end (fdt_sw.c). */
export class FdtWriter {
    private readonly structure: number[] = [];
    /** The strings block, last added first. */
    private strings: number[] = [];

    begin(name: string): this {
        this.word(BEGIN_NODE);
        this.raw([...encoder.encode(name), 0]);
        return this;
    }

    property(name: string, value: Uint8Array): this {
        this.word(PROP);
        this.word(value.length);
        // Offsets are from the end of the block until it is finished.
        this.word(-this.addString(name));
        this.raw([...value]);
        return this;
    }

    end(): this {
        this.word(END_NODE);
        return this;
    }

    /** The finished blob: reservations at 48, the structure at 64, the strings right behind it. */
    finish(): Uint8Array {
        this.word(END);
        const struct = 64;
        const strings = struct + this.structure.length;
        const out = new Uint8Array(strings + this.strings.length);
        const view = new DataView(out.buffer);
        out.set(this.structure, struct);
        out.set(this.strings, strings);
        for (let at = struct; at < strings; ) {
            const tag = view.getUint32(at);
            if (tag === PROP) {
                view.setInt32(at + 8, view.getInt32(at + 8) + this.strings.length);
                at += 12 + align4(view.getUint32(at + 4));
            } else if (tag === BEGIN_NODE) {
                at += 4 + align4(out.indexOf(0, at + 4) + 1 - at - 4);
            } else {
                at += 4;
            }
        }
        const header = [MAGIC, out.length, struct, strings, 48, VERSION, LAST_COMPATIBLE, 0, this.strings.length, this.structure.length];
        for (const [i, value] of header.entries()) {
            view.setUint32(i * 4, value);
        }
        return out;
    }

    private word(value: number): void {
        this.structure.push((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
    }

    private raw(bytes: number[]): void {
        this.structure.push(...bytes);
        while (this.structure.length % 4 !== 0) {
            this.structure.push(0);
        }
    }

    /** The string's distance from the end of the block. */
    private addString(text: string): number {
        const bytes = [...encoder.encode(text), 0];
        const at = findString(Uint8Array.from(this.strings), Uint8Array.from(bytes));
        if (at >= 0) {
            return this.strings.length - at;
        }
        this.strings = [...bytes, ...this.strings];
        return this.strings.length;
    }
}

/** The first place where a string (with its NUL) occurs, also as the end of a longer one; −1 where it does not. */
function findString(block: Uint8Array, text: Uint8Array): number {
    for (let at = 0; at + text.length <= block.length; at++) {
        let i = 0;
        while (i < text.length && block[at + i] === text[i]) {
            i++;
        }
        if (i === text.length) {
            return at;
        }
    }
    return -1;
}

/** Why an edit failed. Anything else than `exists` is ENOMEM to KHO. */
export type FdtFailure = 'exists' | 'no space' | 'not found' | 'bad structure';

/**
 * Edits a blob in a buffer of given capacity as fdt_rw.c does: open it into the buffer, change it, pack it. A node is named by the
 * offset of its BEGIN tag in the structure block; the root's is 0.
 */
export class FdtEditor {
    private readonly view: DataView;

    private constructor(private readonly data: Uint8Array) {
        this.view = new DataView(data.buffer, data.byteOffset);
    }

    /** fdt_open_into: undefined where the blob is no tree or does not fit. */
    static open(blob: Uint8Array, capacity: number): FdtEditor | undefined {
        if (checkHeader(blob).length > 0) {
            return undefined;
        }
        const view = new DataView(blob.buffer, blob.byteOffset);
        const total = view.getUint32(TOTALSIZE);
        if (total > capacity || total > blob.length) {
            return undefined;
        }
        const data = new Uint8Array(capacity);
        data.set(blob.subarray(0, Math.min(blob.length, capacity)));
        const editor = new FdtEditor(data);
        const struct = editor.get(OFF_STRUCT);
        const strings = editor.get(OFF_STRINGS);
        const ordered = editor.get(OFF_RESERVATIONS) >= HEADER && struct >= editor.get(OFF_RESERVATIONS) + RESERVATIONS
            && strings >= struct + editor.get(SIZE_STRUCT) && total >= strings + editor.get(SIZE_STRINGS);
        if (!ordered) {
            editor.pack();
        }
        editor.set(TOTALSIZE, capacity);
        return editor;
    }

    /** fdt_subnode_offset: a child by name; without a unit address in `name`, any child with one matches too. */
    findChild(parent: number, name: string): number | undefined {
        let depth = 0;
        for (let at = parent; ; ) {
            const tag = this.tag(at);
            if (tag === undefined || tag.kind === END) {
                return undefined;
            }
            if (tag.kind === BEGIN_NODE) {
                depth++;
                if (depth === 2 && nameMatches(tag.name, name)) {
                    return at;
                }
            } else if (tag.kind === END_NODE && --depth <= 0) {
                return undefined;
            }
            at = tag.next;
        }
    }

    /** The children of a node, in order. */
    children(parent: number): { offset: number; name: string }[] {
        const found: { offset: number; name: string }[] = [];
        let depth = 0;
        for (let at = parent; ; ) {
            const tag = this.tag(at);
            if (tag === undefined || tag.kind === END || (tag.kind === END_NODE && --depth <= 0)) {
                return found;
            }
            if (tag.kind === BEGIN_NODE && ++depth === 2) {
                found.push({ offset: at, name: tag.name });
            }
            at = tag.next;
        }
    }

    /** The value of a node's property. */
    property(node: number, name: string): Uint8Array | undefined {
        const at = this.findProperty(node, name);
        return at === undefined ? undefined : this.data.slice(this.struct + at + 12, this.struct + at + 12 + this.view.getUint32(this.struct + at + 4));
    }

    /** fdt_add_subnode: a new child right behind its parent's properties. @returns its offset. */
    addChild(parent: number, name: string): number | FdtFailure {
        if (this.findChild(parent, name) !== undefined) {
            return 'exists';
        }
        let tag = this.tag(parent);
        let at = parent;
        do {
            if (!tag) {
                return 'bad structure';
            }
            at = tag.next;
            tag = this.tag(at);
        } while (!tag || tag.kind === PROP || tag.kind === NOP);
        const bytes = encoder.encode(name);
        const length = 4 + align4(bytes.length + 1) + 4;
        if (!this.spliceStruct(at, 0, length)) {
            return 'no space';
        }
        const pa = this.struct + at;
        this.data.fill(0, pa, pa + length);
        this.view.setUint32(pa, BEGIN_NODE);
        this.data.set(bytes, pa + 4);
        this.view.setUint32(pa + length - 4, END_NODE);
        return at;
    }

    /** fdt_setprop: a new property goes before the others. */
    setProperty(node: number, name: string, value: Uint8Array): 0 | FdtFailure {
        const tag = this.tag(node);
        if (tag?.kind !== BEGIN_NODE) {
            return 'bad structure';
        }
        let at = this.findProperty(node, name);
        if (at !== undefined) {
            const old = this.view.getUint32(this.struct + at + 4);
            if (!this.spliceStruct(at + 12, align4(old), align4(value.length))) {
                return 'no space';
            }
        } else {
            at = tag.next;
            const text = Uint8Array.from([...encoder.encode(name), 0]);
            let nameOffset = findString(this.strings, text);
            const fresh = nameOffset < 0;
            if (fresh) {
                nameOffset = this.strings.length;
                const end = this.get(OFF_STRINGS) + nameOffset;
                if (end + text.length > this.data.length) {
                    return 'no space';
                }
                this.data.set(text, end);
                this.set(SIZE_STRINGS, nameOffset + text.length);
            }
            if (!this.spliceStruct(at, 0, 12 + align4(value.length))) {
                if (fresh) {
                    this.set(SIZE_STRINGS, nameOffset);
                }
                return 'no space';
            }
            this.view.setUint32(this.struct + at, PROP);
            this.view.setUint32(this.struct + at + 8, nameOffset);
        }
        const pa = this.struct + at;
        this.view.setUint32(pa + 4, value.length);
        this.data.fill(0, pa + 12, pa + 12 + align4(value.length));
        this.data.set(value, pa + 12);
        return 0;
    }

    /** fdt_del_node: removes a node and all in it; its names stay among the strings. */
    removeNode(node: number): void {
        let depth = 0;
        let at = node;
        do {
            const tag = this.tag(at);
            if (!tag || tag.kind === END) {
                return;
            }
            depth += tag.kind === BEGIN_NODE ? 1 : tag.kind === END_NODE ? -1 : 0;
            at = tag.next;
        } while (depth > 0);
        this.spliceStruct(node, at - node, 0);
    }

    /** fdt_pack: everything close together and no bytes to spare. */
    pack(): void {
        const struct = this.structure.slice();
        const strings = this.strings.slice();
        const reservations = this.data.slice(this.get(OFF_RESERVATIONS), this.get(OFF_RESERVATIONS) + RESERVATIONS);
        const structAt = HEADER + RESERVATIONS;
        this.data.set(reservations, HEADER);
        this.data.set(struct, structAt);
        this.data.set(strings, structAt + struct.length);
        this.set(OFF_RESERVATIONS, HEADER);
        this.set(OFF_STRUCT, structAt);
        this.set(OFF_STRINGS, structAt + struct.length);
        this.set(TOTALSIZE, structAt + struct.length + strings.length);
        this.set(FIELD_VERSION, VERSION);
        this.set(FIELD_LAST_COMPATIBLE, LAST_COMPATIBLE);
    }

    /** The whole buffer. */
    get buffer(): Uint8Array {
        return this.data;
    }

    private get struct(): number {
        return this.get(OFF_STRUCT);
    }

    private get structure(): Uint8Array {
        return this.data.subarray(this.struct, this.struct + this.get(SIZE_STRUCT));
    }

    private get strings(): Uint8Array {
        return this.data.subarray(this.get(OFF_STRINGS), this.get(OFF_STRINGS) + this.get(SIZE_STRINGS));
    }

    private get(field: number): number {
        return this.view.getUint32(field);
    }

    private set(field: number, value: number): void {
        this.view.setUint32(field, value);
    }

    private findProperty(node: number, name: string): number | undefined {
        const start = this.tag(node);
        for (let at = start?.next; at !== undefined; ) {
            const tag = this.tag(at);
            if (!tag || (tag.kind !== PROP && tag.kind !== NOP)) {
                return undefined;
            }
            if (tag.kind === PROP && tag.name === name) {
                return at;
            }
            at = tag.next;
        }
        return undefined;
    }

    /** The tag at an offset of the structure block, and where the next one is. */
    private tag(at: number): { kind: number; name: string; next: number } | undefined {
        return readTag(this.structure, this.strings, at);
    }

    /** Replaces bytes of the structure block; false where the buffer is too small. */
    private spliceStruct(at: number, old: number, length: number): boolean {
        const end = this.get(OFF_STRINGS) + this.get(SIZE_STRINGS);
        if (end - old + length > this.data.length) {
            return false;
        }
        const from = this.struct + at;
        this.data.copyWithin(from + length, from + old, end);
        this.set(SIZE_STRUCT, this.get(SIZE_STRUCT) - old + length);
        this.set(OFF_STRINGS, this.get(OFF_STRINGS) - old + length);
        return true;
    }
}

function nameMatches(name: string, wanted: string): boolean {
    return name === wanted || (name.startsWith(wanted) && name[wanted.length] === '@' && !wanted.includes('@'));
}

function readTag(structure: Uint8Array, strings: Uint8Array, at: number): { kind: number; name: string; next: number; length: number } | undefined {
    if (at < 0 || at + 4 > structure.length) {
        return undefined;
    }
    const view = new DataView(structure.buffer, structure.byteOffset, structure.length);
    const kind = view.getUint32(at);
    if (kind === BEGIN_NODE) {
        const end = structure.indexOf(0, at + 4);
        return end < 0 ? undefined : { kind, name: latin(structure.subarray(at + 4, end)), next: align4(end + 1), length: 0 };
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
        return { kind, name: latin(strings.subarray(nameAt, end)), next: at + 12 + align4(length), length };
    }
    return kind === END_NODE || kind === NOP || kind === END ? { kind, name: '', next: at + 4, length: 0 } : undefined;
}

/** fdt_check_header: what is wrong with a header; nothing where it is fine. The blob may be longer than the tree. */
export function checkHeader(blob: Uint8Array): FdtFinding[] {
    if (blob.length < HEADER) {
        return [{ offset: 0, text: `${blob.length} bytes are no device tree` }];
    }
    const view = new DataView(blob.buffer, blob.byteOffset, blob.length);
    const at = (field: number): number => view.getUint32(field);
    if (at(0) !== MAGIC) {
        return [{ offset: 0, text: `the magic is 0x${at(0).toString(16)}` }];
    }
    if (at(FIELD_VERSION) < 2 || at(FIELD_LAST_COMPATIBLE) > VERSION || at(FIELD_VERSION) < at(FIELD_LAST_COMPATIBLE)) {
        return [{ offset: FIELD_VERSION, text: `version ${at(FIELD_VERSION)}, compatible with ${at(FIELD_LAST_COMPATIBLE)}` }];
    }
    const total = at(TOTALSIZE);
    if (total < HEADER || total > 0x7fffffff) {
        return [{ offset: TOTALSIZE, text: `the size is ${total}` }];
    }
    const inside = (offset: number, size: number): boolean => offset >= HEADER && offset <= total && offset + size <= total;
    if (!inside(at(OFF_RESERVATIONS), 0)) {
        return [{ offset: OFF_RESERVATIONS, text: 'the reservation block lies outside' }];
    }
    if (!inside(at(OFF_STRUCT), at(FIELD_VERSION) < VERSION ? 0 : at(SIZE_STRUCT))) {
        return [{ offset: OFF_STRUCT, text: 'the structure block lies outside' }];
    }
    return inside(at(OFF_STRINGS), at(SIZE_STRINGS)) ? [] : [{ offset: OFF_STRINGS, text: 'the strings block lies outside' }];
}

const MAX_DEPTH = 64;

/**
 * Reads a tree. What can be read of a damaged one is there, up to the damage, which is a finding; never throws.
 * @returns no root where the header is wrong.
 */
export function readFdt(blob: Uint8Array): { root: FdtNode | undefined; findings: FdtFinding[]; size: number } {
    const findings = checkHeader(blob);
    if (findings.length > 0) {
        return { root: undefined, findings, size: 0 };
    }
    const view = new DataView(blob.buffer, blob.byteOffset, blob.length);
    const size = view.getUint32(TOTALSIZE);
    if (size > blob.length) {
        findings.push({ offset: TOTALSIZE, text: `the tree is ${size} bytes, but only ${blob.length} are there` });
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
            top.properties.push({ name: tag.name, value: structure.slice(offset, offset + tag.length), offset: structAt + offset });
        } else if (tag.kind === END_NODE) {
            if (!top) {
                findings.push({ offset: structAt + at, text: 'a node ends that never began' });
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
    return value !== undefined && latin(value).split('\0').slice(0, -1).includes(wanted);
}
