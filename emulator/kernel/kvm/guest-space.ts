/**
 * The address space of a guest: memory slots, and the part of them that its tables map already (KVM's memslots and its
 * MMU).
 */
import { costId } from '../../machine/costs';
import type { Hasher } from '../../machine/hash';
import { JournaledRecord } from '../../machine/journal';
import { type Err, err } from '../release/errno';
import { F_SEAL_FUTURE_WRITE, F_SEAL_WRITE } from '../fs/fcntl';
import type { KernelCore } from '../fs/core';
import { fput, getFile, type OpenFile } from '../fs/file';
import type { Inode } from '../fs/inode';
import { countWritable } from '../fs/mapping';
import { getSeals } from '../fs/memfd';
import { GuestMemfdInode } from './guest-memfd';
import { cacheOf, look, reach, slotAt, type Reached, type Slot } from './slots';
import type { VirtualMachine } from './vm';

const MEMSLOT = costId('memslot');

/** KVM_MEM_MAX_NR_PAGES (include/linux/kvm_host.h). */
const MAX_SLOT_PAGES = 0x7fffffff;
/** Guest addresses [from, to). */

interface Range {
    readonly from: number;
    readonly to: number;
}

export class GuestSpace extends JournaledRecord {
    /** Ascending by address, without overlaps. Replaced, never changed in place. */
    readonly slots: readonly Slot[] = [];
    /** Addresses that the guest's tables map: ascending, disjoint. Replaced, never changed in place. */
    private readonly mapped: readonly Range[] = [];

    constructor(
        private readonly k: KernelCore,
        private readonly owner: VirtualMachine,
    ) {
        super(k.journal);
    }

    /** True if all of [gpa, gpa+length) is memory. */
    has(gpa: number, length: number): boolean {
        for (let at = gpa; at < gpa + length; ) {
            const slot = slotAt(this.slots, at);
            if (!slot) {
                return false;
            }
            at = slot.gpa + slot.length;
        }
        return true;
    }

    /**
     * KVM_SET_USER_MEMORY_REGION, including the VMM's mapping of the file. Bytes.
     * @returns EINVAL (not aligned, beyond the file, too large), EEXIST (overlaps), EACCES, EPERM (sealed against
     * writing), ENODEV
     */
    add(file: OpenFile, gpa: number, offset: number, length: number): undefined | Err {
        const { k } = this;
        if (
            length <= 0 ||
            gpa < 0 ||
            offset < 0 ||
            gpa % this.k.page.size !== 0 ||
            offset % this.k.page.size !== 0 ||
            length % this.k.page.size !== 0 ||
            length / k.page.size > MAX_SLOT_PAGES ||
            offset + length > file.inode.size
        ) {
            return err('EINVAL');
        }
        if (this.slots.some((s) => s.gpa < gpa + length && gpa < s.gpa + s.length)) {
            return err('EEXIST');
        }
        const seals = getSeals(file);
        if (!file.writable || !file.readable) {
            return err('EACCES');
        }
        if (typeof seals === 'number' && (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0) {
            return err('EPERM');
        }
        if (!cacheOf(file.inode)) {
            return err('ENODEV');
        }
        // memory of a VM belongs to it alone, and cannot appear at two addresses
        if (
            file.inode instanceof GuestMemfdInode &&
            (file.inode.vm !== this.owner ||
                this.slots.some((s) => s.file === file && s.offset < offset + length && offset < s.offset + s.length))
        ) {
            return file.inode.vm === this.owner ? err('EEXIST') : err('EINVAL');
        }
        k.clock.charge(MEMSLOT);
        if (!(file.inode instanceof GuestMemfdInode)) {
            getFile(k, file);
        }
        countWritable(k, file, 1);
        this.edit({ slots: [...this.slots, { gpa, length, file, offset }].sort((a, b) => a.gpa - b.gpa) });
        return undefined;
    }

    /** KVM_SET_USER_MEMORY_REGION with size 0. @returns ENOENT if no slot begins there */
    remove(gpa: number): undefined | Err {
        const slot = this.slots.find((s) => s.gpa === gpa);
        if (!slot) {
            return err('ENOENT');
        }
        this.unmapRange(slot.gpa, slot.length);
        this.edit({ slots: this.slots.filter((s) => s !== slot) });
        this.letGo(slot);
        return undefined;
    }

    private unmapRange(gpa: number, length: number): void {
        this.edit({
            mapped: this.mapped.flatMap((r) =>
                [
                    { from: r.from, to: Math.min(r.to, gpa) },
                    { from: Math.max(r.from, gpa + length), to: r.to },
                ].filter((x) => x.from < x.to),
            ),
        });
    }

    /** A part of a file is freed: removes it from the guest's tables. Bytes. */
    unmap(inode: Inode, offset: number, length: number): void {
        for (const s of this.slots) {
            const from = Math.max(offset, s.offset);
            const to = Math.min(offset + length, s.offset + s.length);
            if (s.file.inode === inode && from < to) {
                this.unmapRange(s.gpa + from - s.offset, to - from);
            }
        }
    }

    /** Removes the slots of a file that is freed (guest_memfd: slots hold no reference to it). */
    forget(file: OpenFile): void {
        for (const s of this.slots) {
            if (s.file === file) {
                this.remove(s.gpa);
            }
        }
    }

    private letGo({ file }: Slot): void {
        countWritable(this.k, file, -1);
        if (!(file.inode instanceof GuestMemfdInode)) {
            fput(this.k, file);
        }
    }

    /**
     * KVM_SET_MEMORY_ATTRIBUTES of a range of guest addresses.
     * @returns EINVAL if it is not completely guest_memfd; the errors of the guest_memfd
     */
    convert(gpa: number, length: number, isPrivate: boolean): undefined | Err {
        const end = gpa + length;
        if (length <= 0 || gpa < 0 || gpa % this.k.page.size !== 0 || length % this.k.page.size !== 0) {
            return err('EINVAL');
        }
        for (let at = gpa; at < end; ) {
            const slot = slotAt(this.slots, at);
            if (!slot || !(slot.file.inode instanceof GuestMemfdInode)) {
                return err('EINVAL');
            }
            const to = Math.min(end, slot.gpa + slot.length);
            const failed = slot.file.inode.convert(this.k, at - slot.gpa + slot.offset, to - at, isPrivate);
            if (failed) {
                return failed;
            }
            at = to;
        }
        this.unmapRange(gpa, length);
        return undefined;
    }

    /**
     * A vCPU writes [gpa, gpa+length): see {@link reach}. Pages that it reaches are in the guest's tables from then on.
     */
    reach(gpa: number, length: number, visit: (gpa: number, pa: number, length: number) => void): Reached {
        const known = this.mapped.some((r) => r.from <= gpa && gpa + length <= r.to);
        const isMapped = known
            ? () => true
            : (at: number): boolean => this.mapped.some((r) => r.from <= at && at < r.to);
        const reached = reach(this.k, this.slots, gpa, length, isMapped, visit);
        if (!known && reached.bytes > 0) {
            this.edit({ mapped: merged([...this.mapped, { from: gpa, to: gpa + reached.bytes }]) });
        }
        return reached;
    }

    /** KVM_PRE_FAULT_MEMORY: maps a range without an access of the guest. @returns EFAULT if a part cannot be mapped */
    prefault(gpa: number, length: number): undefined | Err {
        return this.reach(gpa, length, () => undefined).why === undefined ? undefined : err('EFAULT');
    }

    /** What the guest's tables map: physically contiguous runs, ascending by guest address. */
    mappedRuns(): { readonly gpa: number; readonly pa: number; readonly length: number }[] {
        const runs: { gpa: number; pa: number; length: number }[] = [];
        for (const { from, to } of this.mapped) {
            look(this.k, this.slots, from, to - from, (gpa, pa, length) => {
                if (pa >= 0) {
                    runs.push({ gpa, pa, length });
                }
            });
        }
        return runs;
    }

    /** Drops the references to all files. */
    clear(): void {
        for (const slot of this.slots) {
            this.letGo(slot);
        }
        this.edit({ slots: [], mapped: [] });
    }

    hash(hasher: Hasher): void {
        for (const s of this.slots) {
            hasher.num(s.gpa).num(s.length).num(s.offset).num(s.file.id);
        }
        for (const r of this.mapped) {
            hasher.num(r.from).num(r.to);
        }
    }

    private edit(fields: { readonly slots?: readonly Slot[]; readonly mapped?: readonly Range[] }): void {
        this.k.journal.touch(this);
        Object.assign(this, fields);
    }
}

/** Joins ranges that touch or overlap. */
function merged(ranges: readonly Range[]): Range[] {
    const out: Range[] = [];
    for (const r of [...ranges].sort((a, b) => a.from - b.from)) {
        const last = out.at(-1);
        if (last && r.from <= last.to) {
            out[out.length - 1] = { from: last.from, to: Math.max(last.to, r.to) };
        } else {
            out.push(r);
        }
    }
    return out;
}
