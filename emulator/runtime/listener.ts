/** The one seam between a run and those who watch it: the events, and who hears them. */
import type { Err } from '../kernel/release/errno';
import type { LogLine } from '../kernel/klog';
import type { KexecImage } from '../kernel/kho/kexec-image';
import type { ReservedMemory } from '../kernel/kho/reserve-mem';
import type { LuoRequest } from '../kernel/luo/request';
import type { LuoFile, LuoFlb, LuoHandler, LuoSession } from '../kernel/luo/state';
import type { Device } from '../machine/devices/device';
import type { DeviceChange } from '../machine/pci/bus';
import type { Int } from '../machine/int';
import type { Delivery } from '../machine/interrupts/delivery';
import type { Differing, VcpuState } from '../machine/guests';
import type { Frame, LockWait, Thread } from './code';
import type { Diagnosis } from '../findings/diagnosis';
import type { Place } from '../findings/place';
import type { StructLayout } from '../language/layout';
import type { RunException } from './stop';
import type { CallbackCall, KernelWork } from './purpose';
import type { Value } from '../language/types';
import type { ArrayView } from './view';

export type Phase = 'running' | 'shutdown' | 'jump' | 'boot';

/** Every method may be left out; nothing that a listener does changes the run. */
export interface Listener {
    /** A line of the kernel log, or what `log()` printed (level `log`). */
    log?(line: LogLine, place: Place | undefined): void;
    /** The kernel is entered: by a system call, or because there is something to be done without one. */
    kernelEntered?(work: KernelWork): void;
    /**
     * It has done that, and goes back to user mode or to the scenario. `frame`: the one it had; null where it ran at
     * once.
     */
    kernelLeft?(work: KernelWork, result: Value | Err, frame: Frame | null): void;
    callbackEntered?(call: CallbackCall): void;
    /** `place`: the statement with which it returned. */
    callbackLeft?(call: CallbackCall, result: Value | Err, place: Place | undefined): void;
    /** Kernel code looks at a struct at a physical address, or has made preserved memory for it. */
    viewed?(layout: StructLayout, pa: number): void;
    /** Kernel code has preserved an array of structs; what describes it lies at a physical address. */
    described?(array: ArrayView, descriptor: number): void;
    /** The scenario has flipped bits in memory. */
    corrupted?(): void;
    /**
     * KHO was asked to restore an address at which no preserved block begins. `given`: it has taken the page from its
     * owner all the same.
     */
    notRestored?(address: Int, given?: boolean): void;
    /**
     * KHO was asked to restore several blocks that begin at an address, and failed when it had restored so many pages
     * of them.
     */
    halfRestored?(address: Int, pages: number): void;
    /** KHO has refused to preserve memory that touches scratch. Bytes. */
    inScratch?(address: number, size: number): void;
    /**
     * A folio of a file is about to be given up at `head`: moved to the page frame `to`, split, or freed by truncation.
     */
    folioChanged?(how: 'moved' | 'split' | 'freed', head: number, order: number, to: number): void;
    /** A failing system call, kernel call or callback, announced or not. */
    failed?(what: string, error: Err, frame: Frame): void;
    /** A function of the kernel or a callback returns an error that is its own, not that of a call in it. */
    refused?(error: Err): void;
    phase?(phase: Phase): void;
    /** The kernel has followed a null pointer in a function, on behalf of the process that runs and still is. */
    oopsed?(where: string): void;
    /** A `sleep` is over. */
    slept?(): void;
    /** A stage of a shutdown or a boot is over. It began at `begin` nanoseconds and has lasted until now. */
    stage?(name: string, begin: number): void;
    /** The kernel has jumped to an image that it comes back from, and is back. */
    cameBack?(image: KexecImage): void;
    /** The old kernel is gone and the next one has not begun; its boot parameters lie at this address. */
    jumped?(parameters: number): void;
    /** A part of a device's request that lies in one page goes to memory. There are many: this must be quick. */
    dma?(device: Device, iova: number, pa: number, length: number, write: boolean): void;
    /** The IOMMU has read tables for a device's request, as they lie in memory: their addresses, the topmost first. */
    walked?(device: Device, iova: number, trail: readonly number[]): void;
    /** A device has raised a vector of its own. There are many: this must be quick. */
    interrupt?(device: Device, vector: number, delivery: Delivery): void;
    /**
     * The IOMMU has read entries of interrupts for a device's message, as they lie in memory: the pages they are in.
     */
    remapped?(device: Device, vector: number, trail: readonly number[]): void;
    /** The IOMMU has refused a device's request. */
    iommuFault?(device: Device, iova: number, write: boolean): void;
    guestCreated?(guest: string): void;
    /** A vCPU of a guest runs, or runs no longer. */
    vcpu?(guest: string, index: number, state: VcpuState): void;
    /** A guest has come across memory that is not as it left it. */
    guestDiffers?(guest: string, what: Differing): void;
    /** KVM has no memory for a vCPU at an address of the guest's, and gave it back to its VMM. */
    guestFaulted?(guest: string, index: number, gpa: number, why: string): void;
    /** The state of a guest's vCPUs was saved. */
    guestSaved?(guest: string): void;
    /** A saved state was put into a guest's vCPUs. */
    guestLoaded?(guest: string): void;
    /** A thread begins to wait for a lock of the kernel. */
    waits?(thread: Thread, waiting: LockWait): void;
    /** A thread has been given the lock that it waited for. */
    woken?(thread: Thread, waiting: LockWait): void;
    /** A session is not entered into its list, as its name is taken. */
    sessionRefused?(session: LuoSession): void;
    /** The last descriptor of a session is gone. */
    sessionReleased?(session: LuoSession): void;
    /** Its release has failed: it stays, and nobody has a descriptor of it. */
    sessionStuck?(session: LuoSession): void;
    /** What an ioctl has done stays done, or not, but its answer cannot be written back: it fails with EFAULT. */
    replyFailed?(request: LuoRequest): void;
    /**
     * What was handed over is in a format that this kernel does not take. `found`: null where it does not say which
     * that is.
     */
    handoverIncompatible?(part: string, expected: string, found: string | null): void;
    /** LUO cannot know what it was handed, which is a panic. −errno. */
    luoFailed?(error: number): void;
    /** The files of a session from the previous kernel cannot be read. −errno. */
    sessionUnreadable?(session: LuoSession, error: number): void;
    /** The same, and the kernel takes it for read. −errno. */
    filesMissing?(session: LuoSession, error: number): void;
    /** Kernel code uses an object that was freed meanwhile. */
    usedAfterFree?(session: LuoSession): void;
    /** So many more use what an FLB stands for, whatever its references say. */
    flbUsed?(flb: LuoFlb, side: 'outgoing' | 'incoming', change: number): void;
    /** It does not have as many files as it says. */
    sessionMiscounted?(session: LuoSession): void;
    /** No handler is registered for a file of a session from the previous kernel. */
    handlerMissing?(compatible: string, session: LuoSession | null): void;
    /** A reference of an FLB is put that was never taken. */
    flbUnderflow?(flb: LuoFlb, side: 'outgoing' | 'incoming'): void;
    /** Memory of `reserve_mem=` is not where the previous kernel had it. */
    reservedMemoryMoved?(memory: ReservedMemory): void;
    /** The kernel cannot restore by which tables devices reach memory, which is a panic. */
    translationLost?(): void;
    /** Kernel code goes to an address, as that of a struct, where there is no memory: a panic. */
    kernelFault?(address: Int, struct: string): void;
    /** The module of a handler is unloaded, which these files of sessions still need. */
    moduleGone?(handler: LuoHandler, files: readonly LuoFile[]): void;
    /**
     * The running kernel ends otherwise than by a kexec: it panics, or the machine is switched off. All of it is still
     * there.
     */
    lost?(how: 'panic' | 'power'): void;
    /** A driver takes a device, somebody pulls it out, or it is numbered anew. */
    deviceChanged?(device: Device, change: DeviceChange): void;
    threadStarted?(thread: Thread): void;
    threadEnded?(thread: Thread): void;
    /** The scenario has come to its end. */
    ended?(): void;
    /** Something is wrong that the kernel does not tell; not for those who diagnose. */
    diagnosed?(diagnosis: Diagnosis): void;
}

/** A listener that belongs to the run: what it notes lies in the run's journal, and code of the run may ask it. */
export interface Observer extends Listener {
    /** Hears the events in its place. */
    readonly listener?: Listener;
    /** Asked at the end of a run that has passed: why it has failed all the same. */
    missed?(): RunException | undefined;
}

/**
 * Who hears the events of a run: observers, which belong to it, and reporters, which tell the outside world. A run that
 * goes over known ground again is heard by its observers only.
 */
export class Listeners {
    private readonly observers: Observer[] = [];
    private readonly reporters: Listener[] = [];
    private reporting = true;
    private listening = true;
    /** Those who hear what happens now, observers first. */
    active: readonly Listener[] = [];

    observe(observer: Observer): void {
        this.observers.push(observer);
        this.refresh();
    }

    report(reporter: Listener): void {
        this.reporters.push(reporter);
        this.refresh();
    }

    /** The run goes on without an observer. */
    withdraw(observer: Observer): void {
        this.observers.splice(this.observers.indexOf(observer), 1);
        this.refresh();
    }

    /** The observer of a class. */
    observer<T extends Observer>(cls: new (...args: never[]) => T): T | null {
        return this.observers.find((o): o is T => o instanceof cls) ?? null;
    }

    /** Nobody hears anything while `what` runs: it is no part of the run. */
    quietly<T>(what: () => T): T {
        const before = this.listening;
        this.listening = false;
        this.refresh();
        try {
            return what();
        } finally {
            this.listening = before;
            this.refresh();
        }
    }

    /** Whether reporters hear what happens. */
    setReporting(on: boolean): void {
        this.reporting = on;
        this.refresh();
    }

    /** Why a run that has passed has failed all the same, if an observer says so. */
    missed(): RunException | undefined {
        for (const o of this.observers) {
            const failure = o.missed?.();
            if (failure) {
                return failure;
            }
        }
        return undefined;
    }

    private refresh(): void {
        const observing = this.observers.map((o) => o.listener ?? o);
        this.active = this.listening ? [...observing, ...(this.reporting ? this.reporters : [])] : [];
    }
}
