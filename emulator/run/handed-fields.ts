/**
 * The fields of the structures that a kernel hands over, as they lie in memory at the jump: KHO's FDTs and metadata,
 * the scratch areas, the tracking of preserved memory, arrays in vmalloc memory, and every struct that kernel code has
 * viewed in preserved memory, which are those of LUO and of all handlers.
 */
import type { HandedTypes } from '../diagnosis/typed-memory';
import { BLOCK_HEADER } from '../kernel/kho/blocks';
import { type FdtNode, HEADER, MAGIC, readFdt } from '../kernel/kho/fdt-read';
import type { Kho } from '../kernel/kho/kho';
import { METADATA_FIELDS, METADATA_SUBTREE } from '../kernel/kho/metadata';
import { RadixLayout, RadixTree } from '../kernel/kho/radix';
import { readNativeU64 } from '../kernel/kho/root-fdt';
import { SCRATCH_ENTRY } from '../kernel/kho/scratch';
import { chunkEntries } from '../kernel/kho/vmalloc';
import { bitmapBytes } from '../kernel/release/kho-format';
import type { FieldType, StructLayout } from '../language/layout';
import { KHO_VMALLOC } from '../language/layouts';
import type { Int } from '../machine/int';

/** A field in memory. */
export interface HandedField {
    /** `luo_session_ser.count` */
    readonly name: string;
    /** The physical address of its first byte. */
    readonly at: number;
    /** In bytes. */
    readonly size: number;
    /** The lowest and the highest of its bits, from the lowest bit of the first byte. */
    readonly bits: readonly [lowest: number, highest: number];
    /** The bytes are in the order of an FDT, the highest first. */
    readonly reversed?: boolean;
}

/** Fields of the same name that are told: those at the lowest addresses. */
const SAME_NAME = 4;

/** Structs that stand in a chain of blocks, with a header before the first of a block. */
const IN_BLOCKS: ReadonlySet<string> = new Set(['luo_session_ser', 'luo_file_ser']);

/** struct fdt_header, without the version numbers and the boot processor. */
const FDT_HEADER: readonly (readonly [name: string, offset: number])[] = [
    ['magic', 0],
    ['totalsize', 4],
    ['off_dt_struct', 8],
    ['off_dt_strings', 12],
    ['off_mem_rsvmap', 16],
    ['version', 20],
    ['last_comp_version', 24],
    ['size_dt_strings', 32],
    ['size_dt_struct', 36],
];

/** @returns in a fixed order, each once */
export function handedFields(kho: Kho, handed: HandedTypes): HandedField[] {
    const places = new Set<string>();
    const named = new Map<string, number>();
    return new Fields(kho, handed).all().filter(({ name, at, bits }) => {
        const place = `${at} ${bits.join(' ')}`;
        const before = named.get(name) ?? 0;
        if (before === SAME_NAME || places.has(place)) {
            return false;
        }
        places.add(place);
        named.set(name, before + 1);
        return true;
    });
}

class Fields {
    private readonly fields: HandedField[] = [];

    constructor(
        private readonly kho: Kho,
        private readonly handed: HandedTypes,
    ) {}

    all(): HandedField[] {
        const { kho, handed } = this;
        this.fdt('kho_fdt', kho.fdt);
        kho.scratch.forEach((_, i) => {
            this.add('kho_scratch.addr', kho.scratchArray + i * SCRATCH_ENTRY, 8);
            this.add('kho_scratch.size', kho.scratchArray + i * SCRATCH_ENTRY + 8, 8);
        });
        this.tracking();
        const structs = [...handed.structs].sort(([a], [b]) => a - b);
        for (const [pa, layouts] of structs) {
            for (const layout of layouts) {
                this.blockHeader(layout, pa);
                this.struct(layout, pa, layout.name);
            }
        }
        for (const [descriptor, { layout, count }] of [...handed.arrays].sort(([a], [b]) => a - b)) {
            this.array(descriptor, layout, count);
        }
        return this.fields;
    }

    private get memory(): Kho['env']['machine']['memory'] {
        return this.kho.env.machine.memory;
    }

    private get page(): number {
        return this.kho.env.machine.page.size;
    }

    private add(name: string, at: number, size: number, from = 0, to = size * 8 - 1): void {
        this.fields.push({ name, at, size, bits: [from, to] });
    }

    /** An address in memory, or undefined: a page starts there. */
    private pageAt(pa: Int | undefined): number | undefined {
        return typeof pa === 'number' && pa !== 0 && this.kho.env.machine.isRam(pa, 1) ? pa : undefined;
    }

    private fdt(name: string, pa: number): void {
        const { root } = readFdt(this.memory.read(pa, this.page));
        if (!root) {
            return;
        }
        for (const [field, offset] of FDT_HEADER) {
            this.fields.push({ name: `${name}.${field}`, at: pa + offset, size: 4, bits: [0, 31], reversed: true });
        }
        this.node(name, pa, root);
    }

    private node(path: string, fdt: number, { properties, children }: FdtNode): void {
        for (const { name, offset, value } of properties) {
            if (value.length > 0) {
                this.add(`${path}.${name}`, fdt + offset, value.length);
            }
        }
        for (const child of children) {
            this.node(`${path}.${child.name}`, fdt, child);
            const data = child.properties.find((p) => p.name === this.kho.env.options.format.dataProperty);
            this.subtree(child.name, this.pageAt(readNativeU64(data?.value)));
        }
    }

    private subtree(name: string, pa: number | undefined): void {
        if (pa === undefined) {
            return;
        }
        if (name === METADATA_SUBTREE) {
            for (const [field, offset, size] of METADATA_FIELDS) {
                this.add(`kho_kexec_metadata.${field}`, pa + offset, size);
            }
        } else if (new DataView(this.memory.read(pa, HEADER).buffer).getUint32(0) === MAGIC) {
            this.fdt(name, pa);
        }
    }

    /** On the way to the first block that is preserved: the entries of the tables, and the bitmap. */
    private tracking(): void {
        const { tree } = this.kho;
        const { page } = this.kho.env.machine;
        if (tree instanceof RadixTree) {
            const { rootLevel, tableEntries } = new RadixLayout(page);
            let node = tree.root;
            for (let level = rootLevel; level > 0; level--) {
                const entry = this.firstUsed(node, tableEntries);
                this.add('kho_radix_node.table', entry, 8);
                node = Number(this.memory.readU64(entry));
            }
            this.bitmap('kho_radix_leaf.bitmap', node, page.size);
        } else if (tree && tree.root !== 0 && this.kho.env.options.format.tracking !== 'radix') {
            const chunk = tree.root;
            this.add('khoser_mem_chunk.next', chunk, 8);
            this.add('khoser_mem_chunk.order', chunk + 8, 4);
            this.add('khoser_mem_chunk.num_elms', chunk + 12, 4);
            this.add('khoser_mem_bitmap_ptr.phys_start', chunk + 16, 8);
            this.add('khoser_mem_bitmap_ptr.bitmap', chunk + 24, 8);
            const bits = this.pageAt(this.memory.readU64(chunk + 24));
            if (bits !== undefined) {
                this.bitmap(
                    'kho_mem_phys_bits.preserve',
                    bits,
                    bitmapBytes(this.kho.env.options.format.tracking, page),
                );
            }
        }
    }

    private firstUsed(table: number, entries: number): number {
        for (let i = 0; i < entries; i++) {
            if (this.memory.readU64(table + i * 8) !== 0) {
                return table + i * 8;
            }
        }
        return table;
    }

    /** Its first and its last block: without the bit, the block is not preserved. */
    private bitmap(name: string, at: number, size: number): void {
        const bytes = this.memory.read(at, size);
        const first = bytes.findIndex((b) => b !== 0);
        const last = bytes.findLastIndex((b) => b !== 0);
        if (first >= 0) {
            const lowest = Math.log2((bytes[first] ?? 1) & -(bytes[first] ?? 1));
            this.add(name, at, size, first * 8 + lowest, last * 8 + Math.floor(Math.log2(bytes[last] ?? 1)));
        }
    }

    private blockHeader({ name }: StructLayout, pa: number): void {
        if (IN_BLOCKS.has(name) && pa % this.page === BLOCK_HEADER) {
            this.add('kho_block_header.next', pa - BLOCK_HEADER, 8);
            this.add('kho_block_header.count', pa - BLOCK_HEADER + 8, 8);
        }
    }

    private struct(layout: StructLayout, pa: number, path: string): void {
        for (const f of layout.fields) {
            this.field(f.type, pa + f.offset, f.size, `${path}.${f.name}`);
        }
    }

    private field(type: FieldType, at: number, size: number, path: string): void {
        switch (type.k) {
            case 'bits':
                this.add(path, at, type.bytes, type.shift, type.shift + type.bits - 1);
                return;
            case 'struct':
                this.struct(type.layout, at, path);
                if (type.layout === KHO_VMALLOC) {
                    this.chunk(at);
                }
                return;
            case 'array':
                if (type.length > 0) {
                    const { of } = type;
                    this.field(of, at, type.stride, of.k === 'struct' ? of.layout.name : `${path}[0]`);
                }
                return;
            default:
                if (size > 0) {
                    this.add(path, at, size);
                }
        }
    }

    private chunk(descriptor: number): void {
        const chunk = this.pageAt(this.memory.readU64(descriptor));
        if (chunk !== undefined) {
            this.add('kho_vmalloc_chunk.next', chunk, 8);
            this.add('kho_vmalloc_chunk.phys', chunk + 8, 8);
        }
    }

    /** The first and the last element. */
    private array(descriptor: number, layout: StructLayout, count: number): void {
        for (const index of count > 1 ? [0, count - 1] : [0]) {
            const start = index * layout.size;
            const page = this.pageAt(this.pageOfArray(descriptor, Math.floor(start / this.page)));
            // an element across a page boundary is not in one piece
            if (page !== undefined && (start % this.page) + layout.size <= this.page) {
                this.struct(layout, page + (start % this.page), layout.name);
            }
        }
    }

    /** The address of a page of an area that a `struct kho_vmalloc` describes. */
    private pageOfArray(descriptor: number, index: number): Int | undefined {
        const { memory } = this;
        const { page } = this.kho.env.machine;
        const order = memory.readU16(descriptor + (KHO_VMALLOC.byName.get('order')?.offset ?? 0));
        const entries = chunkEntries(page);
        let slot = Math.floor(index / 2 ** order);
        let chunk = this.pageAt(memory.readU64(descriptor));
        for (; chunk !== undefined && slot >= entries; slot -= entries) {
            chunk = this.pageAt(memory.readU64(chunk));
        }
        const group = chunk === undefined ? undefined : memory.readU64(chunk + 8 + slot * 8);
        return typeof group === 'number' && group !== 0 ? group + (index % 2 ** order) * page.size : undefined;
    }
}
