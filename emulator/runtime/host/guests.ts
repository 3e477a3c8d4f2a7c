/**
 * Virtual machines seen from outside: by name, across kernels. KVM's state of a VM ends with its kernel; this is the
 * record of an observer of the machine. Its state is journaled, like that of diagnoses.
 */
import type { Kernel } from '../../kernel/kernel';
import { baselineOf, contentBefore, examine, NOTHING_WRONG } from '../../kernel/kvm/examine';
import type { Baseline, Examined } from '../../kernel/kvm/examine';
import { orphansOf, type Orphan } from '../../kernel/kvm/orphan';
import { look, titleOf } from '../../kernel/kvm/slots';
import type { VirtualMachine } from '../../kernel/kvm/vm';
import type { Bytes } from '../../machine/bytes';
import type { Differing, GuestObserver, VcpuState } from '../../machine/guests';
import type { Hasher } from '../../machine/hash';
import { JournaledRecord, JournaledMap, type Journal } from '../../machine/journal';
import type { Machine } from '../../machine/machine';
import type { Listener } from '../listener';
import { Standstill } from './standstill';

/** The system that guests run on. */
export interface GuestHost {
    readonly machine: Machine;
    readonly kernel: Kernel | null;
    /** The number of boots before this one. */
    readonly boot: number;
    tell(what: (listener: Listener) => void): void;
}

/**
 * A blackout of a guest: from the first vCPU that was paused to the last that ran again. Nanoseconds.
 */
export class Pause extends JournaledRecord {
    readonly end: number | null = null;
    /** The clock's accounts when it ended. */
    readonly after: readonly number[] | null = null;

    constructor(
        private readonly host: GuestHost,
        readonly guest: string,
        readonly begin: number,
        /** The clock's accounts when it began. */
        readonly before: readonly number[],
        /** The number of boots before the one in which it began. */
        readonly boot: number,
    ) {
        super(host.machine.journal);
    }

    /** Until now if it is not over. */
    get length(): number {
        return (this.end ?? this.host.machine.clock.now) - this.begin;
    }

    hash(hasher: Hasher): void {
        hasher
            .str(this.guest)
            .num(this.begin)
            .num(this.end ?? -1)
            .num(this.boot);
    }
}

/** The progress of each vCPU's program, in written pages. */
type Positions = readonly number[];

/** A physically contiguous range of a guest's memory. Bytes; `pa` is −1 for a hole. */
export interface Piece {
    readonly gpa: number;
    readonly pa: number;
    readonly length: number;
}

/** A file with data of a guest. */
export interface Holder {
    readonly inode: number;
    readonly name: string;
}

/** The state of a VM at its end. */
export interface EndOfVm {
    readonly boot: number;
    /** The time in nanoseconds. */
    readonly time: number;
    readonly positions: Positions;
    /** Whether vCPUs were running. */
    readonly running: boolean;
    /** Whether one of them has ever run. */
    readonly ran: boolean;
    /** Whether it ended with its kernel. */
    readonly withKernel: boolean;
    /** Its memory, by guest address. */
    readonly pieces: readonly Piece[];
    /** The files of its memory. */
    readonly memory: readonly Holder[];
}

/** The saved state of its vCPUs. */
export interface Saved {
    readonly positions: Positions;
    readonly time: number;
    readonly boot: number;
    readonly to: Holder;
}

export class Guest extends JournaledRecord {
    /** The latest blackout. */
    readonly pause: Pause | null = null;
    /** The latest blackout that lasted over a kexec. */
    readonly pauseOverKexec: Pause | null = null;
    /** The time at which its vCPU state was last saved; null if it was not saved since its program began. */
    readonly saved: Saved | null = null;
    /** Their progress when a state was loaded into the current VM; null if none was loaded. */
    readonly loaded: Positions | null = null;
    /** The end of its latest VM. */
    readonly endOfVm: EndOfVm | null = null;
    readonly baseline: Baseline | null = null;
    /** The number of bytes that its programs have found different from what they had written. */
    readonly foundWrong: number = 0;

    /** The most that was wrong at a time when all of it was looked at: when it was resumed, or by verify(). */
    readonly mostWrong: number = 0;
    /** The first that was seen, either way. */
    readonly firstSeenWrong: Differing | null = null;
    /** What was wrong when it ran again behind the latest kexec. */
    readonly whenResumed: Examined = NOTHING_WRONG;
    /** Of earlier VMs of this name. */

    readonly exitsBefore: number = 0;
    readonly writtenBefore: number = 0;
    readonly vcpus: number = 0;
    /** Counts how long it stands still, by cause. */
    readonly standstill: Standstill;

    constructor(
        private readonly host: GuestHost,
        readonly name: string,
    ) {
        super(host.machine.journal);
        this.standstill = new Standstill(host.machine);
    }

    /** Its vCPUs that run, or wait, in the caretaker. */
    get orphans(): Orphan[] {
        return orphansOf(this.host.machine).filter((o) => o.guest === this.name);
    }

    /** The VM of this name in the kernel that runs. */
    get live(): VirtualMachine | undefined {
        return this.host.kernel?.vms.items.find((v) => v.name === this.name);
    }

    get state(): 'running' | 'paused' | 'gone' {
        const { live } = this;
        if (this.orphans.some((o) => o.state === 'running')) {
            return 'running';
        }
        return live ? (live.running ? 'running' : 'paused') : 'gone';
    }

    /**
     * The blackout of the latest update if there was one, otherwise the latest. Nanoseconds, until now if it is not
     * over. With preserved vCPUs, the time for which it really stood still.
     */
    get blackout(): number {
        if (this.standstill.preserved) {
            return this.standstill.total;
        }
        return (this.pauseOverKexec ?? this.pause)?.length ?? 0;
    }

    get exits(): number {
        return this.exitsBefore + (this.live?.exits ?? 0);
    }

    /** Written bytes, by its own count. */
    get written(): number {
        return this.live?.written ?? this.writtenBefore;
    }

    /** The bytes that are wrong now. */
    examine(): Examined {
        const { kernel } = this.host;
        const { live } = this;
        return kernel && live ? examine(kernel, live, this.baseline) : NOTHING_WRONG;
    }

    /**
     * bytes that differ from what the guest wrote: those that it has found, and those that it would find
     * now. Never less than was
     * seen before: what it writes over is no longer there, and was wrong all the same.
     */

    get wrong(): number {
        return Math.max(this.mostWrong, this.foundWrong + this.examine().bytes);
    }

    get firstWrong(): Differing | null {
        return this.firstSeenWrong ?? this.examine().first;
    }

    /** It has gone through a kexec: its memory is to be as its program left it, or as it found it when it began. */
    get cameOver(): boolean {
        return this.loaded !== null && this.endOfVm !== null && this.endOfVm.boot < this.host.boot;
    }

    display(): string {
        return `guest ${this.name}, ${this.state}`;
    }

    hash(hasher: Hasher): void {
        hasher
            .str(this.name)
            .num(this.foundWrong)
            .num(this.mostWrong)
            .num(this.exitsBefore)
            .num(this.writtenBefore)
            .num(this.saved?.time ?? -1);
        hasher
            .num(this.endOfVm?.time ?? -1)
            .u32(this.endOfVm?.running === true ? 1 : 0)
            .num(this.baseline?.start ?? -1);
        this.standstill.hash(hasher);
        this.pause?.hash(hasher);
        this.pauseOverKexec?.hash(hasher);
        for (const n of [
            ...(this.saved?.positions ?? []),
            ...(this.loaded ?? []),
            ...(this.endOfVm?.positions ?? []),
        ]) {
            hasher.num(n);
        }
    }
}

export class Guests implements GuestObserver {
    private readonly table: JournaledMap<string, Guest>;
    /** True while VMs end with their kernel. False wherever a run can stop. */
    private kernelEnds = false;

    constructor(private readonly host: GuestHost) {
        this.table = new JournaledMap(host.machine.journal);
    }

    get all(): Guest[] {
        return [...this.table.values()];
    }

    of(name: string): Guest | undefined {
        return this.table.get(name);
    }

    // ------------------------------------------------------------ what VMs do

    created(name: string): void {
        let guest = this.table.get(name);
        if (!guest) {
            guest = new Guest(this.host, name);
            this.table.set(name, guest);
        }
        const e = this.journal.edit(guest);
        e.vcpus = guest.live?.vcpus.length ?? 0;
        e.loaded = null;
        this.host.tell((l) => l.guestCreated?.(name));
    }

    vcpu(name: string, index: number, state: VcpuState, why = ''): void {
        const guest = this.table.get(name);
        const live = guest?.live;
        guest?.standstill.vcpu(index, state, why);
        if (guest && live && state === 'orphaned') {
            if (live.vcpus.items.every((v) => v.state === 'running' || v.state === 'orphaned')) {
                this.resumed(guest);
            }
        } else if (guest && live) {
            const last = index === live.vcpus.length - 1;
            if (state === 'running') {
                if (live.vcpus.items.every((v) => v.state === 'running')) {
                    this.resumed(guest);
                    if (guest.cameOver) {
                        this.journal.edit(guest).whenResumed = this.look(guest);
                    }
                }
            } else if (state !== 'gone' || guest.endOfVm?.ran === true) {
                this.stopped(guest, live, state, last);
            }
        }
        this.host.tell((l) => l.vcpu?.(name, index, state, why));
    }

    /** Its program continues where it has stopped: there is no older state. */
    adopted(name: string, index: number): void {
        const guest = this.table.get(name);
        if (guest) {
            const e = this.journal.edit(guest);
            const positions = positionsOf(guest.live);
            e.vcpus = Math.max(guest.vcpus, positions.length);
            e.loaded = positions;
            if (guest.endOfVm) {
                e.endOfVm = { ...guest.endOfVm, positions };
            }
            this.host.tell((l) => l.vcpuAdopted?.(name, index));
        }
    }

    private resumed(guest: Guest): void {
        const { pause } = guest;
        if (pause?.end === null) {
            const e = this.journal.edit(pause);
            e.end = this.host.machine.clock.now;
            e.after = this.host.machine.clock.spent;
            if (pause.boot !== this.host.boot) {
                this.journal.edit(guest).pauseOverKexec = pause;
            }
        }
    }

    private stopped(guest: Guest, live: VirtualMachine, state: VcpuState, last: boolean): void {
        const { clock } = this.host.machine;
        const e = this.journal.edit(guest);
        if (guest.pause?.end !== null) {
            e.pause = new Pause(this.host, guest.name, clock.now, clock.spent, this.host.boot);
        }
        if (state === 'gone' && last) {
            e.exitsBefore += live.exits;
            e.writtenBefore = live.written;
        }
    }

    differs(name: string, what: Differing): void {
        const guest = this.table.get(name);
        if (guest) {
            const e = this.journal.edit(guest);
            e.foundWrong += what.bytes;
            e.firstSeenWrong ??= what;
            this.host.tell((l) => l.guestDiffers?.(name, what));
        }
    }

    faulted(name: string, index: number, gpa: number, why: string): void {
        this.host.tell((l) => l.guestFaulted?.(name, index, gpa, why));
    }

    vmEnds(name: string): void {
        const guest = this.table.get(name);
        const { kernel } = this.host;
        const live = guest?.live;
        if (guest && live && kernel) {
            this.journal.edit(guest).endOfVm = {
                boot: this.host.boot,
                time: this.host.machine.clock.now,
                positions: positionsOf(live),
                running: live.running,
                ran: hasRun(live),
                withKernel: this.kernelEnds,
                pieces: piecesOf(kernel, live),
                memory: holdersOf(live),
            };
        }
    }

    saved(name: string, inode: number, file: string): void {
        const guest = this.table.get(name);
        if (guest) {
            this.journal.edit(guest).saved = {
                positions: positionsOf(guest.live),
                time: this.host.machine.clock.now,
                boot: this.host.boot,
                to: { inode, name: file },
            };
            this.host.tell((l) => l.guestSaved?.(name));
        }
    }

    loaded(name: string): void {
        const guest = this.table.get(name);
        if (guest) {
            this.journal.edit(guest).loaded = positionsOf(guest.live);
            this.host.tell((l) => l.guestLoaded?.(name));
        }
    }

    workloadBegan(name: string): void {
        const guest = this.table.get(name);
        const { kernel } = this.host;
        if (guest?.live && kernel) {
            const e = this.journal.edit(guest);
            e.baseline = baselineOf(kernel, guest.live);
            e.saved = null;
        }
    }

    /** Between two pieces of kernel code: guests catch up with the clock. */
    catchUp(): void {
        const { kernel } = this.host;
        if (kernel && kernel.vms.length > 0) {
            for (const live of kernel.vms) {
                live.catchUp();
            }
        }
    }

    /** The guest checks all of its memory. @returns the number of wrong, or were bytes */

    verify(name: string): number {
        const guest = this.table.get(name);
        const first = guest && this.look(guest).first;
        if (first) {
            this.host.tell((l) => l.guestDiffers?.(name, first));
        }
        return guest?.mostWrong ?? 0;
    }

    /** Looks at all of a guest's memory, and keeps in mind how much was wrong. */
    private look(guest: Guest): Examined {
        const examined = guest.examine();
        const e = this.journal.edit(guest);
        e.mostWrong = Math.max(guest.mostWrong, guest.foundWrong + examined.bytes);
        e.firstSeenWrong ??= examined.first;
        return examined;
    }

    before(name: string, gpa: number, length: number): Bytes | null {
        const guest = this.table.get(name);
        return guest?.cameOver === true ? contentBefore(guest.baseline, gpa, length) : null;
    }

    // ------------------------------------------------------------ what kernels do

    /** A kernel stops all processors, and so all guests. */
    kernelStops(kernel: Kernel): void {
        this.kernelEnds = true;
        for (const live of kernel.vms.items.slice()) {
            live.destroy();
        }
        this.kernelEnds = false;
    }

    /** The blackouts that began before a jump and are not over, of guests that are to continue. */
    pausesOverKexec(): Pause[] {
        return this.all.flatMap((g) => (g.pause?.end === null && meansToGoOn(g, this.host.boot) ? [g.pause] : []));
    }

    /** The pauses of this kernel's time that are not over, of guests that are there, or that were saved before. */
    pausesForUpdate(): Pause[] {
        const { boot } = this.host;
        return this.all.flatMap((g) =>
            g.pause?.end === null && g.pause.boot === boot && (g.live ? hasRun(g.live) : meansToGoOn(g, boot))
                ? [g.pause]
                : [],
        );
    }

    hash(hasher: Hasher): void {
        for (const guest of this.table.values()) {
            guest.hash(hasher);
        }
    }

    private get journal(): Journal {
        return this.host.machine.journal;
    }
}

/** A guest whose VM ended and that was neither saved before nor preserved by its kernel. */
function meansToGoOn({ endOfVm, saved }: Guest, boot: number): boolean {
    return endOfVm?.boot === boot && endOfVm.ran && (endOfVm.withKernel || saved?.boot === boot);
}

/** Whether a vCPU of it has ever run. */
export function hasRun(live: VirtualMachine): boolean {
    return live.vcpus.items.some((v) => v.state !== 'new');
}

export function positionsOf(live: VirtualMachine | undefined): Positions {
    return live?.vcpus.items.map((v) => v.count) ?? [];
}

function piecesOf(kernel: Kernel, live: VirtualMachine): Piece[] {
    const pieces: Piece[] = [];
    for (const slot of live.slots) {
        look(kernel, live.slots, slot.gpa, slot.length, (gpa, pa, length) => pieces.push({ gpa, pa, length }));
    }
    return pieces;
}

/** The files of a guest's memory. */
export function holdersOf(live: VirtualMachine): Holder[] {
    return live.slots.map(({ file }) => ({ inode: file.inode.ino, name: titleOf(file) }));
}

/** True if two states of a guest are from the same time. */
export function samePositions(a: Positions, b: Positions): boolean {
    return a.length === b.length && a.every((n, i) => n === b[i]);
}
