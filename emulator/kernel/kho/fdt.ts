/**
 * Flattened device trees as libfdt creates and edits them, byte for byte (scripts/dtc/libfdt: fdt_sw.c, fdt_rw.c);
 * fdt-read.ts reads them.
 */
import {
    BEGIN_NODE,
    END,
    END_NODE,
    FIELD_LAST_COMPATIBLE,
    FIELD_VERSION,
    HEADER,
    LAST_COMPATIBLE,
    MAGIC,
    NOP,
    OFF_RESERVATIONS,
    OFF_STRINGS,
    OFF_STRUCT,
    PROP,
    RESERVATIONS,
    SIZE_STRINGS,
    SIZE_STRUCT,
    TOTALSIZE,
    VERSION,
    align4,
    checkHeader,
    nameMatches,
    readTag,
} from './fdt-read';
import { encodeText } from '../../text/utf8';

/** Builds a tree front to back in a buffer of fixed size, with strings growing downward from its end (fdt_sw.c). */
export class FdtWriter {
    private readonly structure: number[] = [];
    /** The strings block, last added first. */
    private strings: number[] = [];

    begin(name: string): this {
        this.word(BEGIN_NODE);
        this.raw([...encodeText(name), 0]);
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

    /** The finished blob: reservations at 48, the structure at 64, followed by the strings. */
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
        const header = [
            MAGIC,
            out.length,
            struct,
            strings,
            48,
            VERSION,
            LAST_COMPATIBLE,
            0,
            this.strings.length,
            this.structure.length,
        ];
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
        const bytes = [...encodeText(text), 0];
        const at = findString(Uint8Array.from(this.strings), Uint8Array.from(bytes));
        if (at >= 0) {
            return this.strings.length - at;
        }
        this.strings = [...bytes, ...this.strings];
        return this.strings.length;
    }
}

/** The first position of a string (with its NUL), also as the end of a longer one; −1 if there is none. */
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

/** Why an edit failed. Every reason except `exists` is ENOMEM to KHO. */
export type FdtFailure = 'exists' | 'no space' | 'not found' | 'bad structure';

/**
 * Edits a blob in a buffer of given capacity as fdt_rw.c does: opens it into the buffer, changes it, packs it. A node
 * is identified by the offset of its BEGIN tag in the structure block; that of the root is 0.
 */
export class FdtEditor {
    private readonly view: DataView;

    private constructor(private readonly data: Uint8Array) {
        this.view = new DataView(data.buffer, data.byteOffset);
    }

    /** fdt_open_into: undefined if the blob is no tree or does not fit. */
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
        const ordered =
            editor.get(OFF_RESERVATIONS) >= HEADER &&
            struct >= editor.get(OFF_RESERVATIONS) + RESERVATIONS &&
            strings >= struct + editor.get(SIZE_STRUCT) &&
            total >= strings + editor.get(SIZE_STRINGS);
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
        return at === undefined
            ? undefined
            : this.data.slice(this.struct + at + 12, this.struct + at + 12 + this.view.getUint32(this.struct + at + 4));
    }

    /** fdt_add_subnode: a new child directly after its parent's properties. @returns its offset. */
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
        const bytes = encodeText(name);
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

    /** fdt_setprop: a new property is inserted before the others. */
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
            const text = Uint8Array.from([...encodeText(name), 0]);
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

    /** fdt_del_node: removes a node and everything in it; its names stay in the strings block. */
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

    /** fdt_pack: moves all blocks together, without spare bytes. */
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

    /** The tag at an offset of the structure block, and the offset of the next one. */
    private tag(at: number): { kind: number; name: string; next: number } | undefined {
        return readTag(this.structure, this.strings, at);
    }

    /** Replaces bytes of the structure block; false if the buffer is too small. */
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
