/** Structs, arrays and strings in emulated memory: every access reads or writes the bytes in memory. */
import { Bytes, BytesBuilder } from '../machine/bytes';
import { intOf } from '../machine/int';
import { LEAF_SIZE, type PhysicalMemory } from '../machine/memory';
import type { BitsType, FieldType, LayoutField, StructLayout } from '../language/layout';
import type { Value } from '../language/types';
import {
    asInt,
    asString,
    KernelFault,
    ProgramError,
    textUpToZero,
    type Comparable,
    type Displayed,
    type Int,
} from '../language/values';
import { counted, hex } from '../text/text';
import { decodeName, encodeText } from '../text/utf8';

/** Memory that is virtually but not physically contiguous (kernel: vmalloc). Offsets are in bytes. */
export interface VmArea {
    readonly size: number;
    /** The physical address of a byte of the area. */
    phys(offset: number): number;
}

/** The name of the field, for messages. */
interface Named {
    readonly name: string;
}

/** Bytes at a physical address, or at an offset of a vmalloc area. */
interface Location {
    readonly memory: PhysicalMemory;
    readonly base: number;
    readonly area: VmArea | null;
}

function addressOf({ area, base }: Location, offset: number): number {
    return area ? area.phys(base + offset) : base + offset;
}

/** The physical address of a part that does not cross into another leaf of its area, or −1. */
export function wholeAt(l: Location, offset: number, size: number): number {
    const pa = addressOf(l, offset);
    return !l.area || inLeaf(pa, size) ? pa : -1;
}

/** A struct in memory. */
export class View implements Location, Comparable, Displayed {
    constructor(
        readonly layout: StructLayout,
        readonly memory: PhysicalMemory,
        readonly base: number,
        readonly area: VmArea | null = null,
    ) {}

    /** The physical address of the struct. */
    get pa(): number {
        return addressOf(this, 0);
    }

    get(field: LayoutField): Value {
        return readField(this, field.offset, field.type);
    }

    /** The same for code that runs: whoever watches the memory is told. */
    read(field: LayoutField): Value {
        if (this.memory.watcher !== null && isPlain(field.type)) {
            this.memory.watcher.reads(addressOf(this, field.offset), field.size);
        }
        return readField(this, field.offset, field.type);
    }

    set(field: LayoutField, value: Value): void {
        writeField(this, field.offset, field.type, value, field);
    }

    field(name: string): LayoutField {
        const f = this.layout.byName.get(name);
        if (!f) {
            throw new ProgramError(`struct ${this.layout.name} has no field ${name}`);
        }
        return f;
    }

    sameAs(other: object): boolean {
        return other instanceof View && other.layout === this.layout && other.pa === this.pa;
    }

    display(): string {
        return `${this.layout.name} at ${hex(this.pa)}`;
    }
}

/** An array in memory. */
export class ArrayView implements Location, Comparable, Displayed {
    constructor(
        readonly of: FieldType,
        readonly length: number,
        readonly stride: number,
        readonly memory: PhysicalMemory,
        readonly base: number,
        readonly area: VmArea | null = null,
    ) {}

    get pa(): number {
        return addressOf(this, 0);
    }

    private offset(index: number): number {
        if (!Number.isInteger(index) || index < 0 || index >= this.length) {
            throw new ProgramError(`index ${index} is outside this array of ${counted(this.length, 'element')}`);
        }
        const offset = index * this.stride;
        if (this.area && offset + this.stride > this.area.size) {
            throw new KernelFault(`element ${index} of an array is beyond its ${counted(this.area.size, 'byte')}`);
        }
        return offset;
    }

    get(index: number): Value {
        return readField(this, this.offset(index), this.of);
    }

    /** The same for code that runs: whoever watches the memory is told. */
    read(index: number): Value {
        const offset = this.offset(index);
        if (this.memory.watcher !== null && isPlain(this.of)) {
            this.memory.watcher.reads(addressOf(this, offset), this.stride);
        }
        return readField(this, offset, this.of);
    }

    set(index: number, value: Value): void {
        writeField(this, this.offset(index), this.of, value, { name: `element ${index}` });
    }

    /** All of its bytes, in the order of its elements. */
    bytes(): Uint8Array {
        const out = new Uint8Array(this.length * this.stride);
        // pages of an array need not be adjacent, and an element may extend over two of them
        for (let done = 0; done < out.length; ) {
            const pa = addressOf(this, done);
            const n = Math.min(LEAF_SIZE - (pa % LEAF_SIZE), out.length - done);
            out.set(this.memory.read(pa, n), done);
            done += n;
        }
        return out;
    }

    sameAs(other: object): boolean {
        return other instanceof ArrayView && other.pa === this.pa && other.length === this.length;
    }

    display(): string {
        return `${this.length} × ${this.of.k === 'struct' ? this.of.layout.name : this.of.k} at ${hex(this.pa)}`;
    }
}

/** Whether reading a field of this type reads memory; a struct or an array is read field by field. */
function isPlain({ k }: FieldType): boolean {
    return k !== 'struct' && k !== 'array';
}

/** A struct field's value. Nested structs and arrays are views again. */
function readField(l: Location, offset: number, type: FieldType): Value {
    switch (type.k) {
        case 'int':
            return readInt(l, offset, type.bytes, type.signed);
        case 'phys':
            return readInt(l, offset, 8, false);
        case 'bits':
            return readBits(l, offset, type);
        case 'bytes':
            return type.length <= LEAF_SIZE
                ? Bytes.of(readBytes(l, offset, type.length))
                : contentOf(l, offset, type.length);
        case 'string':
            return type.length <= LEAF_SIZE
                ? decodeName(readBytes(l, offset, type.length))
                : textUpToZero(contentOf(l, offset, type.length));
        case 'struct':
            return structView(type.layout, l, offset);
        case 'array':
            return new ArrayView(type.of, type.length, type.stride, l.memory, l.base + offset, l.area);
    }
}

/** Whether [pa, pa+size) lies in one leaf of memory, and so on one page: a page is one leaf or several. */
function inLeaf(pa: number, size: number): boolean {
    return (pa & (LEAF_SIZE - 1)) + size <= LEAF_SIZE;
}

/**
 * A struct inside an area. One that is in a single leaf of the area is accessed there without further lookups.
 */
function structView(layout: StructLayout, l: Location, offset: number): View {
    if (l.area) {
        const pa = l.area.phys(l.base + offset);
        if (inLeaf(pa, layout.size)) {
            return new View(layout, l.memory, pa);
        }
    }
    return new View(layout, l.memory, l.base + offset, l.area);
}

/** @throws ProgramError if the value does not fit the field. */
function writeField(l: Location, offset: number, type: FieldType, value: Value, what: Named): void {
    switch (type.k) {
        case 'int':
            writeInt(
                l,
                offset,
                type.bytes,
                type.signed,
                typeof value === 'number' ? value : asInt(value, what.name),
                what,
            );
            return;
        case 'phys':
            writeInt(l, offset, 8, false, typeof value === 'number' ? value : asInt(value, what.name), what);
            return;
        case 'bits':
            writeBits(l, offset, type, typeof value === 'number' ? value : asInt(value, what.name), what);
            return;
        case 'bytes':
            writePadded(l, offset, type.length, value instanceof Bytes ? value : textBytes(value, what.name), what);
            return;
        case 'string':
            writePadded(l, offset, type.length, textBytes(value, what.name), what);
            return;
        case 'struct':
            if (value instanceof View && value.layout.size === type.layout.size) {
                putContent(l, offset, contentOf(value, 0, type.layout.size));
                return;
            }
            throw new ProgramError(`${what.name} is a ${type.layout.name}: assign another struct, or its fields`);
        case 'array':
            throw new ProgramError(`${what.name} is an array: assign its elements`);
    }
}

/** A bit field. Avoids bigints, because this runs once per folio. */
function readBits(l: Location, offset: number, type: BitsType): Value {
    if (type.bytes !== 8) {
        const word = Number(readInt(l, offset, type.bytes, false));
        return Math.floor(word / 2 ** type.shift) % 2 ** type.bits;
    }
    if (type.bits > 53) {
        return bigBits(l, offset, type);
    }
    const pa = wholeAt(l, offset, 8);
    return pa >= 0 ? l.memory.readMasked(pa, type.low, type.high) / type.unit : bigBits(l, offset, type);
}

function bigBits(l: Location, offset: number, type: BitsType): Value {
    const x = BigInt.asUintN(type.bits, BigInt(readInt(l, offset, 8, false)) >> BigInt(type.shift));
    return intOf(x);
}

function writeBigBits(l: Location, offset: number, type: BitsType, value: Int, what: Named): void {
    const field = BigInt.asUintN(type.bits, BigInt(value));
    if (field !== BigInt(value)) {
        throw new ProgramError(`${value} does not fit into the ${type.bits} bits of ${what.name}`);
    }
    const mask = BigInt.asUintN(type.bits, -1n) << BigInt(type.shift);
    const word = (BigInt(readInt(l, offset, 8, false)) & ~mask) | (field << BigInt(type.shift));
    writeInt(l, offset, 8, false, intOf(word), what);
}

function writeBits(l: Location, offset: number, type: BitsType, value: Int, what: Named): void {
    const pa = type.bytes === 8 ? wholeAt(l, offset, 8) : -1;
    if (type.bits > 53 || (type.bytes === 8 && pa < 0)) {
        writeBigBits(l, offset, type, value, what);
        return;
    }
    if (value < 0 || value >= type.beyond) {
        throw new ProgramError(`${value} does not fit into the ${type.bits} bits of ${what.name}`);
    }
    if (pa >= 0) {
        l.memory.writeMasked(pa, type.low, type.high, Number(value) * type.unit);
        return;
    }
    const word = Number(readInt(l, offset, type.bytes, false));
    writeInt(l, offset, type.bytes, false, mix(word, type.shift, type.bits, Number(value)), what);
}

/** `word` with `width` bits from `shift` on replaced. */
function mix(word: number, shift: number, width: number, value: number): number {
    const unit = 2 ** shift;
    const old = Math.floor(word / unit) % 2 ** width;
    return word + (value - old) * unit;
}

function readBytes(l: Location, offset: number, size: number): Uint8Array {
    const pa = wholeAt(l, offset, size);
    return pa >= 0
        ? l.memory.read(pa, size)
        : Uint8Array.from({ length: size }, (_, i) => l.memory.readU8(addressOf(l, offset + i)));
}

function writeBytes(l: Location, offset: number, bytes: Uint8Array): void {
    const pa = wholeAt(l, offset, bytes.length);
    if (pa >= 0) {
        l.memory.write(pa, bytes);
    } else {
        for (const [i, b] of bytes.entries()) {
            l.memory.writeU8(addressOf(l, offset + i), b);
        }
    }
}

/** The parts of a range that are contiguous in physical memory. */
function* partsOf(l: Location, offset: number, size: number): Generator<{ pa: number; at: number; length: number }> {
    for (let at = 0; at < size; ) {
        const pa = addressOf(l, offset + at);
        const length = l.area ? Math.min(LEAF_SIZE - (pa % LEAF_SIZE), size - at) : size;
        yield { pa, at, length };
        at += length;
    }
}

/** The runs of content of a range, without building the bytes. */
function contentOf(l: Location, offset: number, size: number): Bytes {
    const builder = new BytesBuilder();
    for (const { pa, length } of partsOf(l, offset, size)) {
        builder.append(l.memory.readBytes(pa, length));
    }
    return builder.build();
}

function putContent(l: Location, offset: number, content: Bytes): void {
    for (const { pa, at, length } of partsOf(l, offset, content.length)) {
        l.memory.writeBytes(pa, content.slice(at, at + length));
    }
}

/** Writes a value, and zeroes up to the size of its field. @throws ProgramError if it does not fit */
function writePadded(l: Location, offset: number, size: number, value: Bytes, what: Named): void {
    if (value.length > size) {
        throw new ProgramError(
            `${counted(value.length, 'byte')} do not fit into ${what.name}, which has ${counted(size, 'byte')}`,
        );
    }
    if (size <= LEAF_SIZE) {
        const padded = new Uint8Array(size);
        padded.set(value.toUint8Array());
        writeBytes(l, offset, padded);
    } else {
        putContent(
            l,
            offset,
            new BytesBuilder()
                .append(value)
                .code(0, size - value.length)
                .build(),
        );
    }
}

/** By the size in bytes: the largest integer plus one, unsigned and signed. */
const LIMITS = { 1: 2 ** 8, 2: 2 ** 16, 4: 2 ** 32, 8: 2 ** 64 } as const;
const SIGNED_LIMITS = { 1: 2 ** 7, 2: 2 ** 15, 4: 2 ** 31, 8: 2 ** 63 } as const;

function readInt(l: Location, offset: number, size: 1 | 2 | 4 | 8, signed: boolean): Int {
    const pa = wholeAt(l, offset, size);
    if (pa < 0) {
        const raw = readBytes(l, offset, size).reduceRight((acc, b) => (acc << 8n) | BigInt(b), 0n);
        return intOf(raw);
    }
    const m = l.memory;
    switch (size) {
        case 1:
            return signed ? (m.readU8(pa) << 24) >> 24 : m.readU8(pa);
        case 2:
            return signed ? (m.readU16(pa) << 16) >> 16 : m.readU16(pa);
        case 4:
            return signed ? m.readU32(pa) | 0 : m.readU32(pa);
        case 8: {
            const u = m.readU64(pa);
            return signed && u >= 2n ** 63n ? intOf(BigInt.asIntN(64, BigInt(u))) : u;
        }
    }
}

function writeInt(l: Location, offset: number, size: 1 | 2 | 4 | 8, signed: boolean, value: Int, what: Named): void {
    const bits = size * 8;
    // the common case avoids bigints: this runs once per folio
    if (typeof value !== 'number' || value < 0 || value >= (signed ? SIGNED_LIMITS : LIMITS)[size]) {
        const [min, max] = signed
            ? [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n]
            : [0n, 2n ** BigInt(bits) - 1n];
        if (value < min || value > max) {
            throw new ProgramError(`${value} does not fit into ${what.name}, a ${signed ? 'i' : 'u'}${bits}`);
        }
    }
    const pa = wholeAt(l, offset, size);
    if (pa < 0) {
        const raw = BigInt.asUintN(bits, BigInt(value));
        writeBytes(
            l,
            offset,
            Uint8Array.from({ length: size }, (_, i) => Number((raw >> BigInt(8 * i)) & 0xffn)),
        );
        return;
    }
    const m = l.memory;
    switch (size) {
        case 1:
            m.writeU8(pa, Number(value) & 0xff);
            return;
        case 2:
            m.writeU16(pa, Number(value) & 0xffff);
            return;
        case 4:
            m.writeU32(pa, Number(value) >>> 0);
            return;
        case 8:
            m.writeU64(pa, value < 0 ? BigInt.asUintN(64, BigInt(value)) : value);
    }
}

function textBytes(value: Value, what: string): Bytes {
    return Bytes.of(encodeText(asString(value, what)));
}
