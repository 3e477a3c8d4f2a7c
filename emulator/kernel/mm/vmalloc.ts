/** Virtually contiguous kernel memory (mm/vmalloc.c): areas of pages that need not be contiguous. */
import { counted, hex } from '../../text/text';
import { type Err, err } from '../release/errno';
import type { PageGeometry } from '../../machine/arch';
import type { Hasher } from '../../machine/hash';
import { type Journal, JournaledRecord, JournaledMap } from '../../machine/journal';
import type { PhysicalMemory } from '../../machine/memory';
import type { PageAllocator } from './buddy';

/** Flags of an area that KHO knows; with any other bit an area cannot be preserved. */
export const VM_ALLOC = 0x2;
export const VM_ALLOW_HUGE_VMAP = 0x400;

const VMALLOC_START = 0xffffc90000000000n;

export class VmArea extends JournaledRecord {
    /** Pages per byte: multiplying by it is faster than dividing by the size, and as exact for a power of two. */
    private readonly perByte: number;

    constructor(
        journal: Journal,
        /** Its virtual address. */
        readonly address: bigint,
        /** In bytes, as requested. */
        readonly size: number,
        readonly flags: number,
        /** Pages are mapped in groups of 2^order; each group is contiguous. */
        readonly order: number,
        /** The page frame of every page, in order. Immutable. */
        readonly pfns: Float64Array,
        readonly page: PageGeometry,
    ) {
        super(journal);
        this.perByte = 1 / page.size;
    }

    /** The physical address of a byte of the area. */
    phys(offset: number): number {
        const { size } = this.page;
        const pfn = this.pfns[Math.floor(offset * this.perByte)];
        if (pfn === undefined) {
            throw new RangeError(`offset ${hex(offset)} is beyond an area of ${counted(this.size, 'byte')}`);
        }
        return pfn * size + (offset & (size - 1));
    }
}

export class Vmalloc extends JournaledRecord {
    private readonly areas: JournaledMap<bigint, VmArea>;
    /** The address of the next area. */
    readonly next: bigint = VMALLOC_START;

    constructor(
        private readonly journal: Journal,
        private readonly memory: PhysicalMemory,
        private readonly allocator: PageAllocator,
    ) {
        super(journal);
        this.areas = new JournaledMap(journal);
    }

    /** vmalloc (`zero`: vzalloc). `owner` see {@link Owners}. @returns ENOMEM with nothing allocated. */
    alloc(size: number, owner: number, zero = false): VmArea | Err {
        const count = Math.ceil(size / this.allocator.page.size);
        // __vmalloc_node_range(): more than totalram_pages()
        if (count > this.allocator.managedPages) {
            return err('ENOMEM');
        }
        const pfns = new Float64Array(count);
        for (let i = 0; i < count; i++) {
            const pfn = this.allocator.alloc(0, { owner, zero });
            if (pfn < 0) {
                for (let k = 0; k < i; k++) {
                    this.allocator.free(pfns[k]!, 0);
                }
                return err('ENOMEM');
            }
            pfns[i] = pfn;
        }
        return this.map(pfns, size, VM_ALLOC, 0);
    }

    /** vmap of existing pages; the area owns them from here on. */
    map(pfns: Float64Array, size: number, flags: number, order: number): VmArea {
        const area = new VmArea(this.journal, this.next, size, flags, order, pfns, this.allocator.page);
        // A guard page after every area.
        this.journal.edit(this).next += BigInt((pfns.length + 1) * this.allocator.page.size);
        this.areas.set(area.address, area);
        return area;
    }

    /** find_vm_area. */
    find(address: bigint): VmArea | undefined {
        return this.areas.get(address);
    }

    /** True while the area has not been freed. */
    isLive(area: VmArea): boolean {
        return this.areas.get(area.address) === area;
    }

    /** vfree. */
    free(area: VmArea): void {
        this.areas.delete(area.address);
        for (const pfn of area.pfns) {
            this.allocator.free(pfn, 0);
        }
    }

    // Bytes of an area.

    read(area: VmArea, offset: number, length: number): Uint8Array {
        const out = new Uint8Array(length);
        for (let done = 0; done < length; ) {
            const n = Math.min(length - done, area.page.size - ((offset + done) % area.page.size));
            out.set(this.memory.read(area.phys(offset + done), n), done);
            done += n;
        }
        return out;
    }

    write(area: VmArea, offset: number, bytes: Uint8Array): void {
        for (let done = 0; done < bytes.length; ) {
            const n = Math.min(bytes.length - done, area.page.size - ((offset + done) % area.page.size));
            this.memory.write(area.phys(offset + done), bytes.subarray(done, done + n));
            done += n;
        }
    }

    hash(hasher: Hasher): void {
        hasher.str(this.next.toString());
        for (const area of this.areas.values()) {
            hasher.str(area.address.toString()).num(area.size).num(area.flags).num(area.order);
            for (const pfn of area.pfns) {
                hasher.num(pfn);
            }
        }
    }
}
