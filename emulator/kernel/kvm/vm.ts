/**
 * A virtual machine of KVM (virt/kvm/kvm_main.c). Its vCPUs run on their own processors, by the machine's clock, while
 * its kernel runs; it ends with its last descriptor or with its kernel. Only its memory remains then, if other
 * references to it exist.
 */
import type { Bytes } from '../../machine/bytes';
import type { Timer } from '../../machine/clock';
import { costId } from '../../machine/costs';
import type { VcpuState } from '../../machine/guests';
import type { Hasher } from '../../machine/hash';
import { JournaledRecord, JournaledList } from '../../machine/journal';
import type { Machine } from '../../machine/machine';
import { counted } from '../../text/text';
import { type Err, err } from '../release/errno';
import type { KernelCore } from '../fs/core';
import type { OpenFile } from '../fs/file';
import { compare } from './compare';
import type { PostedInterrupts } from './posted';
import { afterExit, type ExitReason, firstDue, restarted } from './exits';
import { GuestSpace } from './guest-space';
import type { Protection } from './protection';
import type { KernelTee } from './tee';
import { orphansOf } from './orphan';
import type { SecondLevel } from './second-level';
import type { Reached, Slot } from './slots';
import type { SavedState } from './state';
import { Vcpu, type InjectOutcome } from './vcpu';
import { contentOf, stripesOf, writeContent } from './workload';

const VCPU_CREATE = costId('vcpu_create');
const VCPU_PAUSE = costId('vcpu_pause');
const VCPU_RESUME = costId('vcpu_resume');
const VCPU_STATE = costId('vcpu_state');
const VM_CREATE = costId('vm_create');

/**
 * The interval at which the programs of vCPUs make progress while nothing else happens, in nanoseconds: the writes of
 * an interval are applied at once.
 */
const TICK = 10_000_000;
const SECOND = 1e9;

/** What virtual machines need from their kernel. */
export interface KvmEnv extends KernelCore {
    readonly machine: Machine;
    /** Virtual machines, in the order in which they were created. */
    readonly vms: JournaledList<VirtualMachine>;
    /** Interrupts of devices that are delivered to guests. */
    readonly devices: { readonly interrupts: { withdraw(vm: VirtualMachine): void; leave(cpu: number): void } };
    /** Confidential guests; null: the machine cannot have them. */
    readonly tee: KernelTee | null;
    klog(level: 'err' | 'info', text: string): void;
}

/** KVM_HC_MAP_GPA_RANGE: the guest asks its VMM to convert a range of its memory. Bytes. */
export interface ConversionRequest {
    readonly gpa: number;
    readonly length: number;
    readonly isPrivate: boolean;
}

export class VirtualMachine extends JournaledRecord implements Timer {
    readonly at: number = Infinity;
    readonly vcpus: JournaledList<Vcpu>;
    readonly space: GuestSpace;
    /** Its open file. */
    readonly file: OpenFile | null = null;
    /** Its descriptor is closed, or its kernel has ended. */
    readonly gone: boolean = false;
    /** The descriptors in which devices' interrupts are posted for it; null: none was ever set up. */
    readonly posted: PostedInterrupts | null = null;
    /** What makes it a confidential guest; null: it is an ordinary one. */
    readonly protection: Protection | null = null;
    /** Conversions that the guest has asked for and waits for. Replaced, never changed in place. */
    readonly requests: readonly ConversionRequest[] = [];
    /** The second-level tables that a caretaker uses; null: none were built. */
    readonly tables: SecondLevel | null = null;

    constructor(
        private readonly k: KvmEnv,
        readonly name: string,
    ) {
        super(k.journal);
        this.vcpus = new JournaledList(k.journal);
        this.space = new GuestSpace(k, this);
    }

    get label(): string {
        return this.name;
    }

    /** KVM_CREATE_VM: without vCPUs and memory. */
    static create(k: KvmEnv, name: string): VirtualMachine {
        k.clock.charge(VM_CREATE);
        const vm = new VirtualMachine(k, name);
        k.vms.push(vm);
        k.clock.add(vm);
        return vm;
    }

    /**
     * KVM_CREATE_VCPU. @returns EINVAL for none, EEXIST if it has vCPUs already; of confidential guests ENOMEM, and
     * EINVAL for another number than before the kexec
     */
    createVcpus(count: number): undefined | Err {
        const { k } = this;
        if (count < 1) {
            return err('EINVAL');
        }
        if (this.vcpus.length > 0) {
            return err('EEXIST');
        }
        const failed = this.protection?.createVcpus(count);
        if (failed) {
            return failed;
        }
        k.clock.charge(VCPU_CREATE, count);
        for (let i = 0; i < count; i++) {
            this.vcpus.push(new Vcpu(k.journal, i));
        }
        k.machine.guestObserver?.created(this.name);
        if (this.protection?.adopted === true) {
            this.adoptVcpus(this.protection);
        }
        return undefined;
    }

    /** The vCPUs of a confidential guest continue from the state that the processor has stored. */
    private adoptVcpus(protection: Protection): void {
        for (const v of this.vcpus) {
            const saved = protection.loadVcpu(v.index);
            if (saved) {
                Object.assign(this.k.journal.edit(v), saved, { credit: 0, state: 'paused' });
            }
        }
        this.k.machine.guestObserver?.loaded(this.name);
    }

    /** The processor stores the state of a confidential guest's vCPUs in their pages, where no kernel can read it. */
    storeVcpus(): void {
        const { protection } = this;
        const memory = this.memorySize;
        for (const v of protection ? this.vcpus : []) {
            protection?.store(v.index, memory, v);
        }
    }

    private get memorySize(): number {
        return this.slots.reduce((n, slot) => n + slot.length, 0);
    }

    /** A page of its memory is freed or shared with the host. */
    reclaim(pa: number): void {
        this.k.machine.tee?.release(pa);
    }

    /** What the host reads of its memory. */
    hostReads(pa: number, length: number): Bytes {
        const { tee } = this.k.machine;
        return tee ? tee.hostReads(pa, length) : this.k.memory.readBytes(pa, length);
    }

    /** Whether the RMP refuses writes of the host to a page. */
    isPrivate(pa: number): boolean {
        const { tee } = this.k.machine;
        return tee?.kind === 'snp' && tee.ownerOf(pa) !== undefined;
    }

    /** The guest waits until its VMM has converted a range. @returns EINVAL if it is not memory */
    request(gpa: number, length: number, isPrivate: boolean): undefined | Err {
        if (length <= 0 || !this.space.has(gpa, length)) {
            return err('EINVAL');
        }
        this.pause();
        this.k.journal.edit<VirtualMachine>(this).requests = [...this.requests, { gpa, length, isPrivate }];
        return undefined;
    }

    /** KVM_SET_MEMORY_ATTRIBUTES; it fulfils the requests for this range. @returns the errors of the memory */
    convert(gpa: number, length: number, isPrivate: boolean): undefined | Err {
        const failed = this.space.convert(gpa, length, isPrivate);
        if (!failed && this.requests.length > 0) {
            this.k.journal.edit<VirtualMachine>(this).requests = this.requests.filter(
                (r) => r.isPrivate !== isPrivate || r.gpa < gpa || r.gpa + r.length > gpa + length,
            );
        }
        return failed;
    }

    /** The part of KVM_CREATE_VCPU that a retrieval does: the next vCPU of these numbers. @returns EEXIST */
    addVcpu(index: number): Vcpu | Err {
        const { k } = this;
        if (this.vcpus.items.some((v) => v.index === index)) {
            return err('EEXIST');
        }
        const vcpu = new Vcpu(k.journal, index);
        const others = this.vcpus.items.filter((v) => v.index > index);
        for (const other of others) {
            this.vcpus.remove(other);
        }
        for (const v of [vcpu, ...others]) {
            this.vcpus.push(v);
        }
        k.clock.charge(VCPU_CREATE);
        if (this.vcpus.length === 1) {
            k.machine.guestObserver?.created(this.name);
        }
        return vcpu;
    }

    get running(): boolean {
        return this.vcpus.items.some((v) => v.state === 'running');
    }

    /** Its memory slots, ascending by address. */
    get slots(): readonly Slot[] {
        return this.space.slots;
    }

    /** The files of its memory, one a slot. */
    get memoryFiles(): readonly OpenFile[] {
        return this.slots.map((s) => s.file);
    }

    /** Bytes that its programs have written, up to the work done so far, in the caretaker too. */
    get written(): number {
        return this.vcpus.items.reduce((n, v) => n + (this.orphan(v)?.count ?? v.count) * this.k.page.size, 0);
    }

    get exits(): number {
        return this.vcpus.items.reduce((n, v) => n + v.exits, 0);
    }

    // ------------------------------------------------------------ run and pause

    /**
     * The guest's programs begin to write a range again and again, `rate` bytes per second in total, a stripe of it per
     * vCPU.
     * @returns EINVAL if the range is no memory, or too small for all vCPUs
     */
    begin(rate: number, from: number, length: number): undefined | Err {
        const { k, vcpus } = this;
        if (
            vcpus.length === 0 ||
            from < 0 ||
            from % k.page.size !== 0 ||
            length < k.page.size * vcpus.length ||
            !this.space.has(from, length)
        ) {
            return err('EINVAL');
        }
        this.catchUp();
        for (const [i, stripe] of stripesOf(from, length, vcpus.length, k.page).entries()) {
            const v = vcpus.at(i);
            if (v) {
                Object.assign(k.journal.edit(v), stripe, { rate: Math.floor(rate / vcpus.length), credit: 0 });
            }
        }
        k.machine.guestObserver?.workloadBegan(this.name);
        return undefined;
    }

    /** Every paused vCPU enters the guest (KVM_RUN), one after the other. */
    resume(): void {
        const { k } = this;
        for (const v of this.vcpus) {
            if (v.state !== 'running' && v.state !== 'gone' && !v.preserved) {
                k.clock.charge(VCPU_RESUME);
                const e = k.journal.edit(v);
                e.since = k.clock.now;
                e.fault = null;
                e.sources = restarted(v.sources, k.clock.now);
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

    /**
     * The VMM makes every vCPU leave the guest, one after the other; vCPUs that stopped with a fault are left as they
     * are.
     */
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
        this.storeVcpus();
        this.rearm();
    }

    /** The programs catch up with the current time. */
    catchUp(): void {
        this.k.clock.aside(() => {
            for (const v of this.vcpus) {
                this.advance(v);
            }
        });
    }

    /**
     * While kernel code runs, the programs wait for {@link catchUp}, as their page faults would wait for the kernel's
     * locks.
     */
    fire(): void {
        if (this.k.clock.idle) {
            this.catchUp();
        }
        this.rearm();
    }

    private rearm(): void {
        const { k } = this;
        const fastest = this.vcpus.items.reduce(
            (rate, v) => (v.state === 'running' ? Math.max(rate, v.rate) : rate),
            0,
        );
        k.journal.edit<VirtualMachine>(this).at =
            fastest === 0 ? Infinity : k.clock.now + Math.max(TICK, Math.ceil((k.page.size * SECOND) / fastest));
        k.clock.rearm();
    }

    /** The guest's programs cause an exit of this kind again and again, on every vCPU. Nanoseconds; 0: no longer. */
    causes(reason: ExitReason, every: number): void {
        const { now } = this.k.clock;
        this.catchUp();
        for (const v of this.vcpus) {
            const others = v.sources.filter((s) => s.reason !== reason);
            this.k.journal.edit(v).sources = every > 0 ? [...others, { reason, every, next: now + every }] : others;
        }
    }

    /** KVM handles the exits that were due. */
    private leaveFor(v: Vcpu): void {
        const { now } = this.k.clock;
        for (let due = firstDue(v.sources); due && due.next <= now; due = firstDue(v.sources)) {
            const e = this.k.journal.edit(v);
            const missed = Math.floor((now - due.next) / due.every);
            e.exits += missed + 1;
            e.interrupts += due.reason === 'timer' ? missed + 1 : 0;
            e.sources = afterExit(v.sources, due, missed + 1);
        }
    }

    /** A preserved vCPU changes its state. */
    become(v: Vcpu, state: VcpuState): void {
        this.enter(v, state);
        this.rearm();
    }

    private enter(v: Vcpu, state: VcpuState): void {
        this.k.journal.edit(v).state = state;
        this.k.machine.guestObserver?.vcpu(this.name, v.index, state);
    }

    private leaves(v: Vcpu, n: number): void {
        this.k.journal.edit(v).exits += n;
    }

    /** A vCPU's program writes as much as the elapsed time allows. A guest that is late did not run in this time. */
    private advance(v: Vcpu): void {
        const { now } = this.k.clock;
        if (this.k.clock.isLate(this)) {
            this.k.journal.edit(v).since = now;
            return;
        }
        if (v.state === 'running' && v.sources.length > 0) {
            this.leaveFor(v);
        }
        if (v.state !== 'running' || v.rate === 0 || now === v.since) {
            return;
        }
        const bytes = v.credit + ((now - v.since) * v.rate) / SECOND;
        let pages = Math.floor(bytes / this.k.page.size);
        const e = this.k.journal.edit(v);
        e.since = now;
        e.credit = bytes - pages * this.k.page.size;
        // of many rounds through a small range, only the first one can detect foreign changes, and only the last one is
        // visible afterwards
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
            const { memory } = this.k;
            if (memory.watcher !== null) {
                memory.writer = { kind: 'guest', guest: this.name, vcpu: v.index };
            }
            const reached = this.touch(
                v.start + at * this.k.page.size,
                n * this.k.page.size,
                Math.floor(v.count / v.pages) + 1,
                looks,
            );
            memory.writer = null;
            this.k.journal.edit(v).count += reached.bytes / this.k.page.size;
            this.leaves(v, reached.mapped);
            left -= n;
            if (reached.why !== undefined) {
                this.faulted(v, v.start + at * this.k.page.size + reached.bytes, reached.why);
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

    /**
     * The guest's program overwrites a range. `looks`: it first compares the range with what it wrote there the last
     * time, or what was there before its first write.
     */
    private touch(gpa: number, length: number, generation: number, looks: boolean): Reached {
        const { k } = this;
        const observer = k.machine.guestObserver;
        return this.space.reach(gpa, length, (at, pa, n) => {
            const before =
                looks && observer
                    ? generation > 1
                        ? contentOf(generation - 1, at, n)
                        : observer.before(this.name, at, n)
                    : null;
            const found = before && compare(before, k.memory.readBytes(pa, n));
            if (found) {
                observer?.differs(this.name, { gpa: at + found.first, pa: pa + found.first, ...found });
            }
            const write = (): void => writeContent(k.memory, pa, generation, at, n);
            if (this.protection && k.machine.tee) {
                k.machine.tee.privileged(write);
            } else {
                write();
            }
        });
    }

    // ------------------------------------------------------------ state and interrupts

    /** KVM_GET_REGS, KVM_GET_LAPIC of every vCPU. A running vCPU is interrupted for it, and continues. */
    saveState(): SavedState {
        const { k } = this;
        k.clock.charge(VCPU_STATE, this.vcpus.length);
        this.catchUp();
        for (const v of this.vcpus) {
            this.sync(v);
        }
        return {
            memory: this.memorySize,
            vcpus: this.vcpus.items.map(({ start, pages, count, rate, pending }) => ({
                start,
                pages,
                count,
                rate,
                pending,
            })),
        };
    }

    /** KVM_SET_REGS, KVM_SET_LAPIC of every vCPU. @returns EBUSY (they run), EINVAL (another number of vCPUs) */
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
                // it is stopped in the middle of its program, like a paused one
                Object.assign(k.journal.edit(v), saved, { credit: 0, state: 'paused' });
            }
        }
        k.machine.guestObserver?.loaded(this.name);
        return undefined;
    }

    /** An interrupt for a vCPU (KVM_IRQ_LINE, an irqfd, a posted interrupt): it is pending until the vCPU runs. */
    inject(vector: number, index = 0): InjectOutcome {
        const v = this.vcpus.at(index);
        if (!v) {
            throw new RangeError(`${this.name} has no vCPU ${index}`);
        }
        if (v.state === 'orphaned' && this.orphan(v)?.posts(vector) === true) {
            return 'delivered';
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

    private orphan(v: Vcpu) {
        return orphansOf(this.k.machine).find((o) => o.guest === this.name && o.index === v.index);
    }

    /** Moves interrupts that devices have posted to a vCPU. */
    private sync(v: Vcpu): void {
        const posted = this.posted?.take(v.index) ?? [];
        if (posted.length > 0) {
            this.k.journal.edit(v).pending = [...new Set([...v.pending, ...posted])].sort((a, b) => a - b);
        }
    }

    // ------------------------------------------------------------ end

    /** Its kernel stops its processors, or its last descriptor is closed. */
    destroy(): void {
        const { k } = this;
        if (this.gone) {
            return;
        }
        this.catchUp();
        this.storeVcpus();
        k.machine.guestObserver?.vmEnds(this.name);
        for (const v of this.vcpus) {
            if (!v.preserved) {
                this.enter(v, 'gone');
            }
        }
        const e = k.journal.edit<VirtualMachine>(this);
        e.gone = true;
        e.at = Infinity;
        k.clock.remove(this);
        k.vms.remove(this);
    }

    /** What a guest that has ended releases: its memory. */
    release(): void {
        this.destroy();
        if (this.posted) {
            this.k.devices.interrupts.withdraw(this);
            this.posted.free();
            this.k.journal.edit<VirtualMachine>(this).posted = null;
        }
        this.protection?.end();
        if (this.tables) {
            this.k.pages.free(this.tables.pfn, this.tables.order);
            this.k.journal.edit<VirtualMachine>(this).tables = null;
        }
        this.space.clear();
    }

    display(): string {
        const running = this.vcpus.items.filter((v) => v.state === 'running').length;
        return `${this.name}, ${counted(this.vcpus.length, 'vCPU')}, ${running === 0 ? 'none runs' : running === this.vcpus.length ? 'running' : `${running} running`}`;
    }

    hash(hasher: Hasher): void {
        hasher
            .str(this.name)
            .num(this.at)
            .u32(this.gone ? 1 : 0)
            .num(this.posted?.pa ?? -1)
            .num(this.tables?.pfn ?? -1);
        this.space.hash(hasher);
        this.protection?.hash(hasher);
        for (const { gpa, length, isPrivate } of this.requests) {
            hasher
                .num(gpa)
                .num(length)
                .u32(isPrivate ? 1 : 0);
        }
        for (const v of this.vcpus) {
            v.hash(hasher);
        }
    }
}
