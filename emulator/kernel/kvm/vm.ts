/**
 * A virtual machine of KVM (virt/kvm/kvm_main.c). Its vCPUs run on processors of their own, by the machine's clock, while its kernel
 * runs; it dies with its last descriptor or with its kernel, and what is left of the guest then is its memory, where somebody holds it.
 */
import type { Timer } from '../../machine/clock';
import { costId } from '../../machine/costs';
import type { VcpuState } from '../../machine/guests';
import type { Hasher } from '../../machine/hash';
import { Rec, Seq } from '../../machine/journal';
import { PAGE_SIZE } from '../../machine/memory';
import { type Err, err } from '../errno';
import { F_SEAL_FUTURE_WRITE, F_SEAL_WRITE } from '../fcntl';
import { fput, getFile, type OpenFile } from '../file';
import type { Inode } from '../inode';
import type { Kernel } from '../kernel';
import { getSeals } from '../memfd';
import { ShmemInode } from '../shmem';
import { compare } from './compare';
import type { PostedInterrupts } from './posted';
import { GuestMemfdInode } from './guest_memfd';
import { cacheOf, reach, slotAt, type Reached, type Slot } from './slots';
import type { SavedState } from './state';
import { Vcpu, type InjectOutcome } from './vcpu';
import { contentOf, stripesOf, writeContent } from './workload';

const VCPU_CREATE = costId('vcpu_create');
const VCPU_PAUSE = costId('vcpu_pause');
const VCPU_RESUME = costId('vcpu_resume');
const VCPU_STATE = costId('vcpu_state');
const VM_CREATE = costId('vm_create');
const MEMSLOT = costId('memslot');

/** How often the programs of vCPUs get on while nothing else happens, in nanoseconds: what they write in that time is written in one go. */
const TICK = 10_000_000;
const SECOND = 1e9;

/** Addresses [from, to) of the guest's. */
interface Range {
    readonly from: number;
    readonly to: number;
}

export class VirtualMachine extends Rec implements Timer {
    readonly at: number = Infinity;
    readonly vcpus: Seq<Vcpu>;
    /** Ascending by address, without overlaps. Replaced, never changed in place. */
    readonly slots: readonly Slot[] = [];
    /** What the guest's tables have: ascending, apart from each other. Replaced, never changed in place. */
    readonly mapped: readonly Range[] = [];
    /** Its open file. */
    readonly file: OpenFile | null = null;
    /** Its descriptor is closed, or its kernel gone. */
    readonly gone: boolean = false;
    /** Where devices leave interrupts for it; null: none has ever been set up. */
    readonly posted: PostedInterrupts | null = null;

    constructor(private readonly k: Kernel, readonly name: string) {
        super(k.journal);
        this.vcpus = new Seq(k.journal);
    }

    /** KVM_CREATE_VM: without vCPUs and memory. */
    static create(k: Kernel, name: string): VirtualMachine {
        k.clock.charge(VM_CREATE);
        const vm = new VirtualMachine(k, name);
        k.vms.push(vm);
        k.clock.add(vm);
        return vm;
    }

    /** KVM_CREATE_VCPU. @returns EEXIST where it has some */
    createVcpus(count: number): undefined | Err {
        const { k } = this;
        if (this.vcpus.length > 0) {
            return err('EEXIST');
        }
        k.clock.charge(VCPU_CREATE, count);
        for (let i = 0; i < count; i++) {
            this.vcpus.push(new Vcpu(k.journal, i));
        }
        k.machine.guestObserver?.created(this.name);
        return undefined;
    }

    get running(): boolean {
        return this.vcpus.items.some((v) => v.state === 'running');
    }

    /** Bytes of guest memory, holes left out. */
    get memory(): number {
        return this.slots.reduce((n, s) => n + s.length, 0);
    }

    /** Bytes that its programs have written so far, up to what is done. */
    get written(): number {
        return this.vcpus.items.reduce((n, v) => n + v.count * PAGE_SIZE, 0);
    }

    get exits(): number {
        return this.vcpus.items.reduce((n, v) => n + v.exits, 0);
    }

    // ------------------------------------------------------------ memory

    /**
     * KVM_SET_USER_MEMORY_REGION, with the mapping of the file that the VMM makes for it. Bytes.
     * @returns EINVAL (not aligned, beyond the file), EEXIST (overlaps), EACCES, EPERM (sealed against writing), ENODEV
     */
    addSlot(file: OpenFile, gpa: number, offset: number, length: number): undefined | Err {
        const { k } = this;
        if (length <= 0 || gpa < 0 || offset < 0 || gpa % PAGE_SIZE !== 0 || offset % PAGE_SIZE !== 0 || length % PAGE_SIZE !== 0 || offset + length > file.inode.size) {
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
        // memory of a VM is its own, and no two addresses have the same of it
        if (file.inode instanceof GuestMemfdInode && (file.inode.vm !== this || this.slots.some((s) => s.file === file && s.offset < offset + length && offset < s.offset + s.length))) {
            return file.inode.vm === this ? err('EEXIST') : err('EINVAL');
        }
        k.clock.charge(MEMSLOT);
        if (!(file.inode instanceof GuestMemfdInode)) {
            getFile(k, file);
        }
        if (file.inode instanceof ShmemInode) {
            k.journal.edit(file.inode).writableMaps++;
        }
        k.journal.edit<VirtualMachine>(this).slots = [...this.slots, { gpa, length, file, offset }].sort((a, b) => a.gpa - b.gpa);
        return undefined;
    }

    /** KVM_SET_USER_MEMORY_REGION with size 0. @returns ENOENT where no slot begins there */
    removeSlot(gpa: number): undefined | Err {
        const slot = this.slots.find((s) => s.gpa === gpa);
        if (!slot) {
            return err('ENOENT');
        }
        this.unmapRange(slot.gpa, slot.length);
        this.k.journal.edit<VirtualMachine>(this).slots = this.slots.filter((s) => s !== slot);
        this.letGo(slot);
        return undefined;
    }

    private unmapRange(gpa: number, length: number): void {
        this.k.journal.edit<VirtualMachine>(this).mapped = this.mapped.flatMap((r) =>
            [{ from: r.from, to: Math.min(r.to, gpa) }, { from: Math.max(r.from, gpa + length), to: r.to }].filter((x) => x.from < x.to));
    }

    /** A part of a file is given up: the guest's tables have it no longer. Bytes. */
    unmap(inode: Inode, offset: number, length: number): void {
        for (const s of this.slots) {
            const from = Math.max(offset, s.offset);
            const to = Math.min(offset + length, s.offset + s.length);
            if (s.file.inode === inode && from < to) {
                this.unmapRange(s.gpa + from - s.offset, to - from);
            }
        }
    }

    /** A file that slots do not hold is gone: they have no memory any more. */
    forget(file: OpenFile): void {
        for (const s of this.slots) {
            if (s.file === file) {
                this.removeSlot(s.gpa);
            }
        }
    }

    private letGo({ file }: Slot): void {
        if (file.inode instanceof ShmemInode) {
            this.k.journal.edit(file.inode).writableMaps--;
        }
        if (!(file.inode instanceof GuestMemfdInode)) {
            fput(this.k, file);
        }
    }

    /** KVM_SET_MEMORY_ATTRIBUTES of a range of the guest's addresses. @returns EINVAL where it is not all guest_memfd; what that says */
    convert(gpa: number, length: number, isPrivate: boolean): undefined | Err {
        const end = gpa + length;
        if (length <= 0 || gpa < 0 || gpa % PAGE_SIZE !== 0 || length % PAGE_SIZE !== 0) {
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

    // ------------------------------------------------------------ running and pausing

    /**
     * The guest's programs begin to write a range over and over, `rate` bytes a second in all, a stripe of it a vCPU.
     * @returns EINVAL where the range is no memory, or too small for all vCPUs
     */
    begin(rate: number, from: number, length: number): undefined | Err {
        const { k, vcpus } = this;
        const end = from + length;
        for (let at = from; at < end; ) {
            const slot = slotAt(this.slots, at);
            if (!slot) {
                return err('EINVAL');
            }
            at = slot.gpa + slot.length;
        }
        if (vcpus.length === 0 || from < 0 || from % PAGE_SIZE !== 0 || length < PAGE_SIZE * vcpus.length) {
            return err('EINVAL');
        }
        this.catchUp();
        for (const [i, stripe] of stripesOf(from, length, vcpus.length).entries()) {
            const v = vcpus.at(i);
            if (v) {
                Object.assign(k.journal.edit(v), stripe, { rate: Math.floor(rate / vcpus.length), credit: 0 });
            }
        }
        k.machine.guestObserver?.began(this.name);
        return undefined;
    }

    /** Every vCPU that stands still enters the guest (KVM_RUN), one after the other. */
    resume(): void {
        const { k } = this;
        for (const v of this.vcpus) {
            if (v.state !== 'running' && v.state !== 'gone') {
                k.clock.charge(VCPU_RESUME);
                const e = k.journal.edit(v);
                e.since = k.clock.now;
                e.fault = null;
                this.sync(v);
                const { pending } = v;
                e.interrupts += pending.length;
                e.pending = [];
                this.enter(v, 'running');
                for (const vector of pending) {
                    k.machine.pci.interrupts.taken(this.name, v.index, vector);
                }
            }
        }
        this.rearm();
    }

    /** The VMM kicks every vCPU out of the guest, one after the other; those that came out with a fault it leaves as they are. */
    pause(): void {
        const { k } = this;
        for (const v of this.vcpus) {
            if (v.state === 'running') {
                k.clock.charge(VCPU_PAUSE);
                if (v.state === 'running') {
                    k.clock.aside(() => this.advance(v));
                    this.leaves(v, 1);
                    this.enter(v, 'paused');
                }
            } else if (v.state === 'faulted') {
                this.enter(v, 'paused');
            }
        }
        this.rearm();
    }

    /** The programs get as far as they are by now. */
    catchUp(): void {
        this.k.clock.aside(() => {
            for (const v of this.vcpus) {
                this.advance(v);
            }
        });
    }

    /** Where somebody is at work the programs wait for {@link catchUp}, as their page faults would for the kernel's locks. */
    fire(): void {
        if (this.k.clock.idle) {
            this.catchUp();
        }
        this.rearm();
    }

    private rearm(): void {
        const { k } = this;
        const fastest = this.vcpus.items.reduce((rate, v) => (v.state === 'running' ? Math.max(rate, v.rate) : rate), 0);
        k.journal.edit<VirtualMachine>(this).at = fastest === 0 ? Infinity : k.clock.now + Math.max(TICK, Math.ceil(PAGE_SIZE * SECOND / fastest));
        k.clock.rearm();
    }

    private enter(v: Vcpu, state: VcpuState): void {
        this.k.journal.edit(v).state = state;
        this.k.machine.guestObserver?.vcpu(this.name, v.index, state);
    }

    private leaves(v: Vcpu, n: number): void {
        this.k.journal.edit(v).exits += n;
    }

    /** A vCPU's program writes what it has had the time for. */
    private advance(v: Vcpu): void {
        const { now } = this.k.clock;
        if (v.state !== 'running' || v.rate === 0 || now === v.since) {
            return;
        }
        const bytes = v.credit + (now - v.since) * v.rate / SECOND;
        let pages = Math.floor(bytes / PAGE_SIZE);
        const e = this.k.journal.edit(v);
        e.since = now;
        e.credit = bytes - pages * PAGE_SIZE;
        // of many rounds through a small range the first one meets what others did to it, and the last one is there afterwards
        if (pages > 3 * v.pages) {
            if (!this.write(v, v.pages)) {
                return;
            }
            const skipped = Math.floor(pages / v.pages) - 2;
            e.count += skipped * v.pages;
            pages -= (skipped + 1) * v.pages;
            this.write(v, pages, false);
        } else {
            this.write(v, pages);
        }
    }

    /** @returns false: the vCPU has faulted */
    private write(v: Vcpu, pages: number, looks = true): boolean {
        for (let left = pages; left > 0 && v.state === 'running'; ) {
            const at = v.count % v.pages;
            const n = Math.min(left, v.pages - at);
            const reached = this.touch(v.start + at * PAGE_SIZE, n * PAGE_SIZE, Math.floor(v.count / v.pages) + 1, looks);
            this.k.journal.edit(v).count += reached.bytes / PAGE_SIZE;
            this.leaves(v, reached.mapped);
            left -= n;
            if (reached.why !== undefined) {
                this.faulted(v, v.start + at * PAGE_SIZE + reached.bytes, reached.why);
            }
        }
        return v.state === 'running';
    }

    private faulted(v: Vcpu, gpa: number, why: string): void {
        const e = this.k.journal.edit(v);
        e.fault = { gpa, why };
        e.credit = 0;
        this.leaves(v, 1);
        this.enter(v, 'faulted');
        this.k.machine.guestObserver?.faulted(this.name, v.index, gpa, why);
    }

    /** The guest's program writes a range anew. `looks`: what it wrote there the last time it looks at first. */
    private touch(gpa: number, length: number, generation: number, looks: boolean): Reached {
        const { k } = this;
        const observer = k.machine.guestObserver;
        const known = this.mapped.some((r) => r.from <= gpa && gpa + length <= r.to);
        const isMapped = known ? () => true : (at: number): boolean => this.mapped.some((r) => r.from <= at && at < r.to);
        const reached = reach(k, this.slots, gpa, length, isMapped, (at, pa, n) => {
            if (looks && generation > 1 && observer) {
                const found = compare(contentOf(generation - 1, at, n), k.memory.readBytes(pa, n));
                if (found) {
                    observer.differs(this.name, { gpa: at + found.first, pa: pa + found.first, ...found });
                }
            }
            writeContent(k.memory, pa, generation, at, n);
        });
        if (!known && reached.bytes > 0) {
            k.journal.edit<VirtualMachine>(this).mapped = merged([...this.mapped, { from: gpa, to: gpa + reached.bytes }]);
        }
        return reached;
    }

    // ------------------------------------------------------------ state and interrupts

    /** KVM_GET_REGS, KVM_GET_LAPIC of every vCPU. One that runs is interrupted for it, and goes on. */
    saveState(): SavedState {
        const { k } = this;
        k.clock.charge(VCPU_STATE, this.vcpus.length);
        this.catchUp();
        for (const v of this.vcpus) {
            this.sync(v);
        }
        return {
            memory: this.memory,
            vcpus: this.vcpus.items.map(({ start, pages, count, rate, pending }) => ({ start, pages, count, rate, pending })),
        };
    }

    /** KVM_SET_REGS, KVM_SET_LAPIC of every vCPU. @returns EBUSY (they run), EINVAL (not as many vCPUs) */
    loadState(state: SavedState): undefined | Err {
        const { k } = this;
        if (this.running) {
            return err('EBUSY');
        }
        if (state.vcpus.length !== this.vcpus.length) {
            return err('EINVAL');
        }
        k.clock.charge(VCPU_STATE, this.vcpus.length);
        for (const [i, saved] of state.vcpus.entries()) {
            const v = this.vcpus.at(i);
            if (v) {
                Object.assign(k.journal.edit(v), saved, { credit: 0 });
            }
        }
        k.machine.guestObserver?.loaded(this.name);
        return undefined;
    }

    /** An interrupt for a vCPU (KVM_IRQ_LINE, an irqfd, a posted interrupt): one that does not run finds it when it does. */
    inject(vector: number, index = 0): InjectOutcome {
        const v = this.vcpus.at(index);
        if (!v) {
            throw new RangeError(`${this.name} has no vCPU ${index}`);
        }
        const e = this.k.journal.edit(v);
        if (v.state === 'running') {
            e.interrupts++;
            e.exits++;
            this.k.machine.pci.interrupts.taken(this.name, v.index, vector);
            return 'delivered';
        }
        if (v.pending.includes(vector)) {
            e.merged++;
            return 'merged';
        }
        e.pending = [...v.pending, vector].sort((a, b) => a - b);
        return 'pending';
    }

    /** What devices have posted for a vCPU is its own now. */
    private sync(v: Vcpu): void {
        const posted = this.posted?.take(v.index) ?? [];
        if (posted.length > 0) {
            this.k.journal.edit(v).pending = [...new Set([...v.pending, ...posted])].sort((a, b) => a - b);
        }
    }

    // ------------------------------------------------------------ the end

    /** Its kernel stops its processors, or its last descriptor is closed. */
    destroy(): void {
        const { k } = this;
        if (this.gone) {
            return;
        }
        this.catchUp();
        k.machine.guestObserver?.ends(this.name);
        for (const v of this.vcpus) {
            this.enter(v, 'gone');
        }
        const e = k.journal.edit<VirtualMachine>(this);
        e.gone = true;
        e.at = Infinity;
        k.clock.remove(this);
        k.vms.remove(this);
    }

    /** What a guest that is gone no longer holds: its memory. */
    release(): void {
        this.destroy();
        if (this.posted) {
            this.k.devices.interrupts.withdraw(this);
            this.posted.free();
            this.k.journal.edit<VirtualMachine>(this).posted = null;
        }
        for (const slot of this.slots) {
            this.letGo(slot);
        }
        this.k.journal.edit<VirtualMachine>(this).slots = [];
    }

    display(): string {
        const running = this.vcpus.items.filter((v) => v.state === 'running').length;
        return `${this.name}, ${this.vcpus.length} vCPUs, ${running === 0 ? 'none runs' : running === this.vcpus.length ? 'running' : `${running} running`}`;
    }

    hash(hasher: Hasher): void {
        hasher.str(this.name).num(this.at).u32(this.gone ? 1 : 0).num(this.posted?.pa ?? -1);
        for (const s of this.slots) {
            hasher.num(s.gpa).num(s.length).num(s.offset).num(s.file.id);
        }
        for (const r of this.mapped) {
            hasher.num(r.from).num(r.to);
        }
        for (const v of this.vcpus) {
            v.hash(hasher);
        }
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
