/** Follows the pointers in memory that is handed over: every page that one leads to must be preserved. */
import type { Kho } from '../kernel/kho/kho';
import { chunkEntries, KHO_VMALLOC_SIZE } from '../kernel/kho/vmalloc';
import type { Int } from '../machine/int';
import type { FieldType, StructLayout } from '../language/layout';

/** The largest order of a block that is searched for: 1 TiB. */
const MAX_ORDER = 28;
/** Number of structures visited in one walk at most; more are a cycle or a table without an end. */
const VISITS_LIMIT = 100_000;
const KHO_VMALLOC = 'kho_vmalloc';

/** A pointer in memory that is handed over. */
export interface Dangling {
    /** `NicState.ring_pa` */
    readonly path: string;
    /** Where the pointer lies and where it points to. */
    readonly at: number;
    readonly target: number;
}

/** An array of structs. */
export interface TypedArray {
    readonly layout: StructLayout;
    readonly count: number;
}

/** What is known of the structures at physical addresses. */
export interface TypedMemory {
    /** The struct at an address; undefined if it is not known. */
    layoutAt(pa: number): StructLayout | undefined;
    /** The struct of this name. */
    layoutNamed(name: string): StructLayout | undefined;
    /** The array of structs that a `struct kho_vmalloc` at an address describes. */
    arrayAt(descriptor: number): TypedArray | undefined;
}

/** True where all pages of [pa, pa+size) are in the outgoing tree. */
export function isPreserved(kho: Kho, pa: number, size = 1): boolean {
    const { page } = kho.env.machine;
    for (let pfn = Math.floor(pa / page.size); pfn * page.size < pa + size; ) {
        const order = orderOver(kho, pfn);
        if (order < 0) {
            return false;
        }
        pfn = (Math.floor(pfn / 2 ** order) + 1) * 2 ** order;
    }
    return true;
}

/** The order of a preserved block that the page is in, or −1. */
export function orderOver(kho: Kho, pfn: number): number {
    for (let order = 0; kho.tree && order <= MAX_ORDER; order++) {
        if (kho.tree.has(pfn - (pfn % 2 ** order), order)) {
            return order;
        }
    }
    return -1;
}

const pointing = new WeakMap<StructLayout, boolean>();

/** Whether a struct has pointers at all. */
function hasPointers(layout: StructLayout): boolean {
    let known = pointing.get(layout);
    if (known === undefined) {
        known = layout.fields.some((f) => pointsSomewhere(f.type));
        pointing.set(layout, known);
    }
    return known;
}

function pointsSomewhere(type: FieldType): boolean {
    switch (type.k) {
        case 'phys':
            return true;
        case 'struct':
            return type.layout.name === KHO_VMALLOC || hasPointers(type.layout);
        case 'array':
            return pointsSomewhere(type.of);
        default:
            return false;
    }
}

export class PointerWalk {
    private readonly seen = new Set<string>();
    private visits = 0;

    constructor(
        private readonly kho: Kho,
        private readonly memory: TypedMemory,
        private readonly found: (d: Dangling) => void,
        /** Told of each pointer to memory that is preserved. */
        private readonly followed?: (p: Dangling) => void,
    ) {}

    /** Follows a handle if it is the address of a known struct. */
    from(pa: number, path: string): void {
        const layout = this.memory.layoutAt(pa);
        if (layout) {
            this.struct(layout, pa, path);
        }
    }

    struct(
        layout: StructLayout,
        pa: number,
        path: string,
        at: (offset: number) => number = (offset) => pa + offset,
    ): void {
        const key = `${layout.name} ${pa}`;
        if (!hasPointers(layout) || this.seen.has(key) || ++this.visits > VISITS_LIMIT) {
            return;
        }
        this.seen.add(key);
        for (const f of layout.fields) {
            this.field(f.type, f.offset, at, `${path}.${f.name}`);
        }
    }

    private field(type: FieldType, offset: number, at: (offset: number) => number, path: string): void {
        switch (type.k) {
            case 'phys':
                this.pointer(at(offset), type.to, path);
                return;
            case 'struct':
                if (type.layout.name === KHO_VMALLOC) {
                    this.vmalloc(at(offset), path);
                } else {
                    this.struct(type.layout, at(offset), path, (o) => at(offset + o));
                }
                return;
            case 'array':
                for (let i = 0; pointsSomewhere(type.of) && i < type.length && this.visits <= VISITS_LIMIT; i++) {
                    this.field(type.of, offset + i * type.stride, at, `${path}[${i}]`);
                }
                return;
            default:
        }
    }

    private pointer(at: number, to: string | undefined, path: string): void {
        const target = this.kho.env.machine.memory.readU64(at);
        const layout = to === undefined ? this.layoutOf(target) : this.memory.layoutNamed(to);
        if (this.check(target, layout?.size ?? 1, at, path) && layout && typeof target === 'number') {
            this.struct(layout, target, layout.name);
        }
    }

    private layoutOf(target: Int): StructLayout | undefined {
        return typeof target === 'number' ? this.memory.layoutAt(target) : undefined;
    }

    /**
     * Reports a pointer to memory that is not preserved. An address outside of memory may be that of a device.
     * @returns whether the pointer can be followed
     */
    private check(target: Int, size: number, at: number, path: string): boolean {
        const { machine } = this.kho.env;
        if (typeof target !== 'number' || target === 0 || !machine.isRam(target)) {
            return false;
        }
        if (isPreserved(this.kho, target, size)) {
            this.followed?.({ path, at, target });
            return true;
        }
        this.found({ path, at, target });
        return false;
    }

    /** The chunks of a preserved vmalloc area, the pages in them, and the array if its elements have pointers. */
    private vmalloc(at: number, path: string): void {
        const { memory, page } = this.kho.env.machine;
        const entries = chunkEntries(page);
        const order = memory.readU16(at + KHO_VMALLOC_SIZE - 2);
        const pages: number[] = [];
        const chunks = new Set<number>();
        for (let link = at, chunk = memory.readU64(at); chunk !== 0; ) {
            if (
                !this.check(chunk, page.size, link, `${path}.first`) ||
                typeof chunk !== 'number' ||
                chunks.has(chunk)
            ) {
                return;
            }
            chunks.add(chunk);
            for (let slot = 0; slot < entries; slot++) {
                const where = chunk + 8 + slot * 8;
                const first = memory.readU64(where);
                if (first === 0) {
                    break;
                }
                if (
                    !this.check(first, page.size * 2 ** order, where, `${path}.pages[${pages.length}]`) ||
                    typeof first !== 'number'
                ) {
                    return;
                }
                for (let i = 0; i < 2 ** order; i++) {
                    pages.push(first + i * page.size);
                }
            }
            link = chunk;
            chunk = memory.readU64(chunk);
        }
        this.elements(at, pages, path);
    }

    private elements(descriptor: number, pages: readonly number[], path: string): void {
        const array = this.memory.arrayAt(descriptor);
        if (!array || !hasPointers(array.layout)) {
            return;
        }
        const { size } = this.kho.env.machine.page;
        const count = Math.min(array.count, Math.floor((pages.length * size) / array.layout.size));
        for (let i = 0; i < count && this.visits <= VISITS_LIMIT; i++) {
            const start = i * array.layout.size;
            const at = (offset: number): number =>
                (pages[Math.floor((start + offset) / size)] ?? 0) + ((start + offset) % size);
            // a pointer across a page boundary is skipped: it cannot be read in one piece
            for (const f of array.layout.fields.filter((x) => ((start + x.offset) % size) + x.size <= size)) {
                this.visits++;
                this.field(f.type, f.offset, at, `${path}[${i}].${f.name}`);
            }
        }
    }
}
