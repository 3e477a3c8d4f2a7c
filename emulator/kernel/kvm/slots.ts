/**
 * Memory slots (KVM_SET_USER_MEMORY_REGION, virt/kvm/kvm_main.c): the files that back guest memory, and access to their
 * pages.
 */
import { Err, err } from '../release/errno';
import type { KernelCore } from '../fs/core';
import type { OpenFile } from '../fs/file';
import { DIRTY_AND_UPTODATE, isUptodate, setFlags } from '../mm/file-folios';
import { getHugePage, HugetlbInode } from '../hugetlb/inode';
import type { Inode } from '../fs/inode';
import type { PageCache } from '../fs/pagecache';
import { getFolio, ShmemInode, zeroFolio } from '../fs/shmem';
import { GuestMemfdInode } from './guest-memfd';

/** Bytes, multiples of a page. */
export interface Slot {
    /** The guest address of its first byte. */
    readonly gpa: number;
    readonly length: number;
    readonly file: OpenFile;
    /** Its offset in the file. */
    readonly offset: number;
}

/** The name of a file that contains guest data. */
export function titleOf({ inode, name }: OpenFile): string {
    if (inode instanceof GuestMemfdInode) {
        return `guest_memfd of ${inode.vm.name}`;
    }
    return inode instanceof ShmemInode && inode.sb === null && inode.name !== '' ? `memfd "${inode.name}"` : name;
}

export function slotAt(slots: readonly Slot[], gpa: number): Slot | undefined {
    return slots.find((s) => gpa >= s.gpa && gpa < s.gpa + s.length);
}

/** How far an access got. */
export interface Reached {
    readonly bytes: number;
    /** Pages and folios that the access added to the guest's tables. */
    readonly mapped: number;
    /** Why it stopped; undefined: it is complete. */
    readonly why?: string;
}

/** Why a vCPU cannot use a page that its tables do not map yet, at an index of a slot's file; undefined: it can. */
export type Admit = (slot: Slot, index: number, page: number, gpa: number) => string | undefined;

type Visit = (gpa: number, pa: number, length: number) => void;

/** Merges pieces that are contiguous both in the guest and in memory, or that have no page (`pa` −1). */
class Pieces {
    private pa = -1;

    constructor(
        private from: number,
        private readonly visit: Visit,
    ) {}

    /** The next piece begins here. */
    next(gpa: number, pa: number): void {
        if (gpa === this.from || (this.pa < 0 ? pa >= 0 : this.pa + gpa - this.from !== pa)) {
            this.end(gpa);
            this.from = gpa;
            this.pa = pa;
        }
    }

    /** There are no more pieces. */
    end(gpa: number): void {
        if (gpa > this.from) {
            this.visit(this.from, this.pa, gpa - this.from);
        }
    }
}

/**
 * A vCPU writes [gpa, gpa+length): missing pages are faulted in, as through the VMM's mapping of the file
 * (kvm_mmu_faultin_pfn()).
 * @param isMapped whether the guest's tables map an address already
 * @param visit called with physically contiguous pieces in order
 */
export function reach(
    k: KernelCore,
    slots: readonly Slot[],
    gpa: number,
    length: number,
    isMapped: (gpa: number) => boolean,
    visit: Visit,
    admit?: Admit,
): Reached {
    const end = gpa + length;
    const pieces = new Pieces(gpa, visit);
    let mapped = 0;
    let at = gpa;
    while (at < end) {
        const slot = slotAt(slots, at);
        if (!slot) {
            pieces.end(at);
            return { bytes: at - gpa, mapped, why: 'no memory slot has this address' };
        }
        const index = (at - slot.gpa + slot.offset) / k.page.size;
        const page = faultIn(k, slot, index);
        if (page instanceof Err) {
            pieces.end(at);
            return { bytes: at - gpa, mapped, why: page.name };
        }
        if (!isMapped(at)) {
            const why = admit?.(slot, index, page, at);
            if (why !== undefined) {
                pieces.end(at);
                return { bytes: at - gpa, mapped, why };
            }
            mapped++;
        }
        const n = Math.min(leftOfFolio(k, page) * k.page.size, slot.gpa + slot.length - at, end - at);
        pieces.next(at, page * k.page.size);
        at += n;
    }
    pieces.end(at);
    return { bytes: length, mapped };
}

/** Reads the mapping of [gpa, gpa+length) without changing anything; `pa` is −1 if there is no page. */
export function look(k: KernelCore, slots: readonly Slot[], gpa: number, length: number, visit: Visit): void {
    const end = gpa + length;
    const pieces = new Pieces(gpa, visit);
    let at = gpa;
    while (at < end) {
        const slot = slotAt(slots, at);
        const cache = slot && cacheOf(slot.file.inode);
        const index = slot ? (at - slot.gpa + slot.offset) / k.page.size : 0;
        const page = cache?.at(index) ?? -1;
        let n = Math.min((slot ? slot.gpa + slot.length : nextSlot(slots, at)) - at, end - at);
        if (page >= 0) {
            n = Math.min(n, leftOfFolio(k, page) * k.page.size);
        } else if (cache) {
            const next = cache.next(index, index + n / k.page.size - 1);
            n = next < 0 ? n : (next - index) * k.page.size;
        }
        pieces.next(at, page < 0 ? -1 : page * k.page.size);
        at += n;
    }
    pieces.end(at);
}

function nextSlot(slots: readonly Slot[], gpa: number): number {
    return Math.min(...slots.map((s) => (s.gpa > gpa ? s.gpa : Infinity)));
}

/** Number of pages of a folio from one of them on. */
function leftOfFolio(k: KernelCore, page: number): number {
    const head = k.memmap.headOf(page);
    return head + 2 ** k.memmap.orderOf(head) - page;
}

/** The pages of a file that can back guest memory; undefined for other files. */
export function cacheOf(inode: Inode): PageCache | undefined {
    return inode instanceof ShmemInode || inode instanceof HugetlbInode || inode instanceof GuestMemfdInode
        ? inode.cache
        : undefined;
}

/**
 * The page at a page offset of a slot's file, ready to be written.
 * @returns EFAULT beyond the end of the file (SIGBUS in the VMM), ENOMEM; EPERM and EHWPOISON of guest_memfd
 */
function faultIn(k: KernelCore, slot: Slot, index: number): number | Err {
    const { inode } = slot.file;
    if (inode instanceof GuestMemfdInode) {
        return inode.poisoned.includes(index) ? err('EHWPOISON') : inode.page(k, index);
    }
    if (index * k.page.size >= inode.size) {
        return err('EFAULT');
    }
    if (inode instanceof HugetlbInode) {
        const head = getHugePage(k, inode, index);
        return head < 0 ? err('ENOMEM') : inode.cache.at(index);
    }
    if (!(inode instanceof ShmemInode)) {
        return err('EFAULT');
    }
    if (inode.cache.at(index) < 0) {
        const got = getFolio(k, inode, index, 'cache');
        if (got instanceof Err) {
            return got;
        }
    }
    const page = inode.cache.at(index);
    const head = k.memmap.headOf(page);
    if (!isUptodate(k, head)) {
        zeroFolio(k, head);
    }
    setFlags(k.memmap, head, DIRTY_AND_UPTODATE);
    return page;
}
