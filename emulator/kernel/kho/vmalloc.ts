/** vmalloc areas handed over (kernel/liveupdate/kexec_handover.c, struct kho_vmalloc and kho_vmalloc_chunk). */
import { Err, err } from '../release/errno';
import type { PageGeometry } from '../../machine/arch';
import { VM_ALLOC, VM_ALLOW_HUGE_VMAP, type VmArea, type Vmalloc } from '../mm/vmalloc';
import type { Kho } from './kho';

/** struct kho_vmalloc: u64 first chunk, u32 total_pages, u16 flags, u16 order. */
export const KHO_VMALLOC_SIZE = 16;
const TOTAL_PAGES = 8;
const FLAGS = 12;
const ORDER = 14;
const KHO_VM_ALLOC = 1;
const KHO_VM_HUGE = 2;

/** Number of addresses in a chunk page, after the u64 address of the next chunk. */
export function chunkEntries(page: PageGeometry): number {
    return page.size / 8 - 1;
}

/** A zeroed, preserved chunk page whose address is stored at `phys`. @returns ENOMEM for every failure. */
function addChunk(kho: Kho, phys: number): number | Err {
    const pfn = kho.env.allocator.alloc(0, { owner: kho.env.machine.owners.id('KHO vmalloc chunk'), zero: true });
    if (pfn < 0) {
        return err('ENOMEM');
    }
    if (kho.preservePages(pfn, 1) !== 0) {
        kho.env.allocator.free(pfn, 0);
        return err('ENOMEM');
    }
    const pa = pfn * kho.env.machine.page.size;
    kho.env.machine.memory.writeU64(phys, pa);
    return pa;
}

/**
 * kho_preserve_vmalloc: preserves an area's pages and the chunks that list them, and fills the struct at `out`.
 * @returns EINVAL (no such area), EOPNOTSUPP (other flags, or a release before 6.18), ENOMEM (no chunk, for any
 * reason), or the errors of preserving pages.
 */
export function preserveVmalloc(kho: Kho, vmalloc: Vmalloc, area: VmArea, out: number): 0 | Err {
    const { memory, page } = kho.env.machine;
    if (!vmalloc.isLive(area)) {
        return err('EINVAL');
    }
    if (!kho.env.options.format.vmalloc || (area.flags & ~(VM_ALLOC | VM_ALLOW_HUGE_VMAP)) !== 0) {
        return err('EOPNOTSUPP');
    }
    let chunk = addChunk(kho, out);
    if (chunk instanceof Err) {
        return chunk;
    }
    const group = 2 ** area.order;
    const entries = chunkEntries(page);
    let slot = 0;
    for (let i = 0; i < area.pfns.length; i += group) {
        const pfn = area.pfns[i]!;
        const result = kho.preservePages(pfn, group);
        if (result !== 0) {
            // The struct's order is not set yet: it has the value that the caller left there.
            unpreserveVmalloc(kho, out);
            return result;
        }
        memory.writeU64(chunk + 8 + slot * 8, pfn * page.size);
        if (++slot === entries) {
            const next: number | Err = addChunk(kho, chunk);
            if (next instanceof Err) {
                unpreserveVmalloc(kho, out);
                // the error is still that of the pages before, which was none
                return kho.env.options.flaws?.has('kho_vmalloc_enomem') === true ? 0 : next;
            }
            chunk = next;
            slot = 0;
        }
    }
    memory.writeU32(out + TOTAL_PAGES, area.pfns.length);
    memory.writeU16(
        out + FLAGS,
        ((area.flags & VM_ALLOC) !== 0 ? KHO_VM_ALLOC : 0) |
            ((area.flags & VM_ALLOW_HUGE_VMAP) !== 0 ? KHO_VM_HUGE : 0),
    );
    memory.writeU16(out + ORDER, area.order);
    return 0;
}

/**
 * kho_unpreserve_vmalloc: unpreserves the area of the struct at `desc` and its chunks, and frees the chunks, but not
 * the area's pages.
 */
export function unpreserveVmalloc(kho: Kho, desc: number): void {
    const { memory, page } = kho.env.machine;
    const order = memory.readU16(desc + ORDER);
    const entries = chunkEntries(page);
    for (let chunk = memory.readNum(desc); chunk !== 0; ) {
        const next = memory.readNum(chunk);
        kho.unpreservePages(chunk / page.size, 1);
        for (let slot = 0; slot < entries; slot++) {
            const phys = memory.readNum(chunk + 8 + slot * 8);
            if (phys === 0) {
                break;
            }
            kho.unpreservePages(phys / page.size, 2 ** order);
        }
        kho.env.allocator.free(chunk / page.size, 0);
        chunk = next;
    }
}

/**
 * kho_restore_vmalloc of the struct at `desc`.
 * @returns undefined (NULL) if a page or chunk cannot be restored or the count is wrong; what was restored so far is
 * leaked.
 */
export function restoreVmalloc(kho: Kho, vmalloc: Vmalloc, desc: number, owner: string): VmArea | undefined {
    const { memory, page } = kho.env.machine;
    const total = memory.readU32(desc + TOTAL_PAGES);
    const flags = memory.readU16(desc + FLAGS);
    const order = memory.readU16(desc + ORDER);
    if (order > 31 || total > kho.env.machine.ramSize / page.size) {
        return undefined;
    }
    const group = 2 ** order;
    // a list that is read beyond its page ends where memory says 0
    const entries = kho.env.options.flaws?.has('kho_vmalloc_past_end') === true ? Infinity : chunkEntries(page);
    const pfns = new Float64Array(total);
    let count = 0;
    for (let chunk = memory.readU64(desc); chunk !== 0; ) {
        if (typeof chunk !== 'number' || !kho.env.machine.isRam(chunk, page.size)) {
            return undefined;
        }
        for (let slot = 0; slot < entries; slot++) {
            const phys = memory.readU64(chunk + 8 + slot * 8);
            if (phys === 0) {
                break;
            }
            if (count + group > total) {
                return undefined;
            }
            const pfn = kho.restorePages(phys, group, owner);
            if (pfn === undefined) {
                return undefined;
            }
            for (let i = 0; i < group; i++) {
                pfns[count++] = pfn + i;
            }
        }
        const next = memory.readU64(chunk);
        const restored = kho.restorePages(chunk, 1, 'KHO vmalloc chunk');
        if (restored === undefined) {
            return undefined;
        }
        kho.folios.put(restored);
        chunk = next;
    }
    if (count !== total) {
        return undefined;
    }
    const vmFlags =
        ((flags & KHO_VM_ALLOC) !== 0 ? VM_ALLOC : 0) | ((flags & KHO_VM_HUGE) !== 0 ? VM_ALLOW_HUGE_VMAP : 0);
    return vmalloc.map(pfns, total * page.size, vmFlags, order);
}
