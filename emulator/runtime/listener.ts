/** The events of a run and their listeners: the only interface between a run and its observers. */
import type { OldMemory } from '../kernel/crash/core-header';
import type { OldTables } from '../kernel/devices/lpi-tables';
import type { Err } from '../kernel/release/errno';
import type { OpenFile } from '../kernel/fs/file';
import type { Mount } from '../kernel/fs/mounts';
import type { Process } from '../kernel/fs/process';
import type { LogLine } from '../kernel/klog';
import type { Argument } from '../kernel/release/arguments';
import type { KernelDescription } from '../kernel/release/descriptions';
import type { KexecImage } from '../kernel/kho/kexec-image';
import type { ReservedMemory } from '../kernel/kho/reserve-mem';
import type { LuoRequest } from '../kernel/luo/request';
import type { LuoFile, LuoFlb, LuoHandler, LuoSession } from '../kernel/luo/state';
import type { PciFunction } from '../machine/pci/function';
import type { Device } from '../machine/devices/device';
import type { DeviceMemoryEvent } from '../machine/devices/device-memory';
import type { NvmeEvent } from '../machine/devices/nvme';
import type { DeviceChange } from '../machine/pci/bus';
import type { Int } from '../machine/int';
import type { Delivery } from '../machine/interrupts/delivery';
import type { Differing, VcpuState } from '../machine/guests';
import type { TeeEvent } from '../machine/tee/tee';
import type { Frame, LockWait, Thread } from './code';
import type { Diagnosis } from '../findings/diagnosis';
import type { Place } from '../findings/place';
import type { StructLayout } from '../language/layout';
import type { RunException } from './stop';
import type { CallbackCall, KernelWork } from './purpose';
import type { Value } from '../language/types';
import type { ArrayView } from './view';

export type Phase = 'running' | 'shutdown' | 'jump' | 'boot';

/** All methods are optional. A listener must not change the run. */
export interface Listener {
    /** A line of the kernel log, or of `log()` (level `log`). */
    log?(line: LogLine, place: Place | undefined): void;
    /** The kernel is entered: by a system call, or for other work. */
    kernelEntered?(work: KernelWork): void;
    /**
     * The kernel returns to user mode or to the scenario. `frame`: its frame; null if it ran without one.
     */
    kernelLeft?(work: KernelWork, result: Value | Err, frame: Frame | null): void;
    callbackEntered?(call: CallbackCall): void;
    /** `place`: the statement that returned. */
    callbackLeft?(call: CallbackCall, result: Value | Err, place: Place | undefined): void;
    /** Kernel code accesses a struct at a physical address, or has allocated preserved memory for it. */
    viewed?(layout: StructLayout, pa: number): void;
    /** Kernel code has preserved an array of structs; its description is at a physical address. */
    described?(array: ArrayView, descriptor: number): void;
    /** The same array is there again in the next kernel, as kernel code says what it is one of. */
    redescribed?(array: ArrayView, descriptor: number): void;
    /** Bits were flipped in memory: by the scenario, or as an exploration tries it. `how`: for people. */
    corrupted?(how: string): void;
    /** A failure that the scenario injects takes effect. `error`: what the call returns; null for `no`. */
    injected?(target: string, error: Err | null): void;
    /**
     * KHO was called to restore an address at which no preserved block begins. `given`: it has taken the page from its
     * owner nevertheless.
     */
    notRestored?(address: Int, given?: boolean): void;
    /**
     * KHO was called to restore several blocks beginning at an address, and failed after restoring so many of their
     * pages.
     */
    halfRestored?(address: Int, pages: number): void;
    /** KHO has refused to preserve memory that overlaps scratch memory. Bytes. */
    inScratch?(address: number, size: number): void;
    /**
     * A folio of a file at `head` is about to be moved to the page frame `to`, split, or freed by truncation.
     */
    folioChanged?(how: 'moved' | 'split' | 'freed', head: number, order: number, to: number): void;
    /** A failing system call, kernel call or callback, expected or not. */
    failed?(what: string, error: Err, frame: Frame): void;
    /** A function of the kernel or a callback returns an error of its own, not that of a call in it. */
    refused?(error: Err): void;
    phase?(phase: Phase): void;
    /** The kernel has followed a null pointer in a function, on behalf of the process that runs and still is. */
    oopsed?(where: string): void;
    /** A `sleep` is over. */
    slept?(): void;
    /** A stage of a shutdown or a boot is over. It began at `begin` nanoseconds and lasted until now. */
    stage?(name: string, begin: number): void;
    /** The kernel has jumped to an image and returned from it (KEXEC_PRESERVE_CONTEXT). */
    cameBack?(image: KexecImage): void;
    /** The old kernel has ended, and the next one has not started; its boot parameters are at this address. */
    jumped?(parameters: number): void;
    /** A capture kernel faults at the FDT of a handover that it should not have been given. */
    captureFaulted?(fdt: number): void;
    /** A capture kernel saves the memory of the crashed one, as far as it is in these runs. */
    dumped?(memory: OldMemory): void;
    /** A device accesses memory: one call for each page of a request. Called often, so it must be fast. */
    dma?(device: Device, iova: number, pa: number, length: number, write: boolean): void;
    /** The IOMMU has read tables in memory for a device's request: their addresses, the top level first. */
    walked?(device: Device, iova: number, trail: readonly number[]): void;
    /** A device has raised a vector. Called often, so it must be fast. */
    interrupt?(device: Device, vector: number, delivery: Delivery): void;
    /**
     * The IOMMU has read interrupt entries in memory for a device's message: the pages of these entries.
     */
    remapped?(device: Device, vector: number, trail: readonly number[]): void;
    /** The IOMMU has refused a device's request. */
    iommuFault?(device: Device, iova: number, write: boolean): void;
    guestCreated?(guest: string): void;
    /** A vCPU of a guest starts or stops running. */
    vcpu?(guest: string, index: number, state: VcpuState, why: string): void;
    /** The running kernel has taken over a preserved vCPU. */
    vcpuAdopted?(guest: string, index: number): void;
    /** A guest has found memory that differs from what it wrote. */
    guestDiffers?(guest: string, what: Differing): void;
    /** KVM has no memory for a vCPU at a guest address, and has returned to the VMM. */
    guestFaulted?(guest: string, index: number, gpa: number, why: string): void;
    /** The state of a guest's vCPUs was saved. */
    guestSaved?(guest: string): void;
    /** A saved state was loaded into a guest's vCPUs. */
    guestLoaded?(guest: string): void;
    /** Something happens to a confidential guest or its memory. */
    tee?(event: TeeEvent): void;
    /** A thread begins to wait for a lock of the kernel. */
    waits?(thread: Thread, waiting: LockWait): void;
    /** A thread has acquired the lock that it waited for. */
    woken?(thread: Thread, waiting: LockWait): void;

    /** The cgroup of a process is frozen, or thawed. */
    processFrozen?(process: Process, frozen: boolean): void;
    /** Another process has taken a descriptor of a process (pidfd_getfd). */
    fileTaken?(process: Process): void;
    /** The descriptor of a mount that was never attached is closed: the mount ends with it. */
    mountEnds?(mount: Mount): void;
    /** A process ends, or executes another program: it has had these files open, which are not released yet. */
    filesClosed?(process: string, files: readonly OpenFile[]): void;
    /** A session is not added to its list because its name is taken. */

    sessionRefused?(session: LuoSession): void;
    /** The last descriptor of a session is closed. */
    sessionReleased?(session: LuoSession): void;
    /** The release of a session has failed: it remains without a descriptor. */
    sessionStuck?(session: LuoSession): void;
    /** The reply of an ioctl cannot be written to user space: it fails with EFAULT. Its effects may remain. */
    replyFailed?(request: LuoRequest): void;
    /**
     * The handover has a format that this kernel does not support. `found`: the format; null if it is unknown.
     */
    handoverIncompatible?(part: string, expected: string, found: string | null): void;
    /** LUO cannot read the handover, which is a panic. −errno. */
    luoFailed?(error: number): void;
    /** The files of a session from the previous kernel cannot be read. −errno. */
    sessionUnreadable?(session: LuoSession, error: number): void;
    /** The files of a session could not be read, but the kernel treats it as read. −errno. */
    filesMissing?(session: LuoSession, error: number): void;
    /** Kernel code uses an object after it was freed. */
    usedAfterFree?(session: LuoSession): void;
    /** The number of users of the object of an FLB changes, whatever its reference count is. */
    flbUsed?(flb: LuoFlb, side: 'outgoing' | 'incoming', change: number): void;
    /** The number of files of a session differs from its count. */
    sessionMiscounted?(session: LuoSession): void;
    /** No handler is registered for a file of a session from the previous kernel. */
    handlerMissing?(compatible: string, session: LuoSession | null): void;
    /** A reference to an FLB is dropped that was never taken. */
    flbUnderflow?(flb: LuoFlb, side: 'outgoing' | 'incoming'): void;
    /** A kernel is booted or loaded whose command line has arguments that it does not know. */
    parametersUnknown?(kernel: KernelDescription, unknown: readonly Argument[], commandLine: string): void;
    /** A kernel is about to take over the image of one with pages of `was` bytes; its own have `is`. */
    pageSizeDiffers?(was: number, is: number): void;
    /** Memory of `reserve_mem=` is at another address than in the previous kernel. */
    reservedMemoryMoved?(memory: ReservedMemory): void;
    /** The redistributors still use the interrupt tables of the previous kernel, in memory that is not theirs. */
    interruptTablesInUse?(tables: OldTables): void;
    /** The kernel cannot restore the translation tables of the devices, which is a panic. */
    translationLost?(): void;
    /** Kernel code accesses a struct at an address without memory: a panic. */
    kernelFault?(address: Int, struct: string): void;
    /** The module of a handler is unloaded although these files of sessions need it. */
    moduleGone?(handler: LuoHandler, files: readonly LuoFile[]): void;
    /**
     * The running kernel ends without a kexec: it panics, or the machine is switched off. Its state still exists.
     */
    lost?(how: 'panic' | 'power'): void;
    /** A device is bound to a driver, unplugged, or gets a new bus number. */
    deviceChanged?(device: Device, change: DeviceChange): void;
    /** The controller of an NVMe disk has taken or executed a command, or its driver has used the queues. */
    disk?(device: Device, event: NvmeEvent): void;
    /** A request to the memory of another device has failed: that device does not respond. */
    unanswered?(device: Device, peer: Device, write: boolean): void;
    /** A bridge has sent a request straight to another device below it: the IOMMU has not seen it. */
    bypassed?(device: Device, peer: Device, bridge: PciFunction, address: number, write: boolean): void;
    /** A reset has cleared memory of a device, or cleared memory is used. */
    deviceMemory?(device: Device, event: DeviceMemoryEvent): void;
    /** A driver has stopped its device, to save its registers for the next kernel. */
    deviceSuspended?(device: Device): void;
    /** A driver has written saved registers and started its device. `wasReset`: the device had lost them. */
    deviceResumed?(device: Device, wasReset: boolean): void;
    /** KSTATE loads a struct that was saved in another version of its description. */
    kstateVersion?(name: string, found: number, expected: number): void;
    /** KSTATE finds no value for a field, or a subsection, of a struct. `version`: that of the stream. */
    kstateDefault?(name: string, field: string, version: number): void;
    threadStarted?(thread: Thread): void;
    threadEnded?(thread: Thread): void;

    /** An exception that does not end the run; it stops there if a filter selects it. */
    raised?(exception: RunException): void;
    /** The scenario has ended. */

    ended?(): void;
    /** A diagnosis was made; for reporters, not for diagnoses. */
    diagnosed?(diagnosis: Diagnosis): void;
}

/** A listener that belongs to the run: its state is journaled, and code of the run can query it. */
export interface Observer extends Listener {
    /** The listener that receives its events. */
    readonly listener?: Listener;
    /** Called at the end of a run that has passed: a reason to fail it. */
    missed?(): RunException | undefined;
}

/**
 * The listeners of a run: observers, which belong to the run, and reporters, which report to the outside. When a run is
 * replayed, only observers receive events.
 */
export class Listeners {
    private readonly observers: Observer[] = [];
    private readonly reporters: Listener[] = [];
    private reporting = true;
    private listening = true;
    /** The active listeners, observers first. */
    active: readonly Listener[] = [];
    /** Those of them that hear the most frequent events: system calls begin and end. */
    entering: readonly Listener[] = [];
    leaving: readonly Listener[] = [];

    observe(observer: Observer): void {
        this.observers.push(observer);
        this.refresh();
    }

    report(reporter: Listener): void {
        this.reporters.push(reporter);
        this.refresh();
    }

    /** Removes an observer. */
    withdraw(observer: Observer): void {
        this.observers.splice(this.observers.indexOf(observer), 1);
        this.refresh();
    }

    /** The observer of a class. */
    observer<T extends Observer>(cls: new (...args: never[]) => T): T | null {
        return this.observers.find((o): o is T => o instanceof cls) ?? null;
    }

    /** Runs `what` without any events: it is not part of the run. */
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

    /** Whether reporters receive events. */
    setReporting(on: boolean): void {
        this.reporting = on;
        this.refresh();
    }

    /** A reason of an observer to fail a run that has passed, if there is one. */
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
        this.entering = this.active.filter((l) => l.kernelEntered);
        this.leaving = this.active.filter((l) => l.kernelLeft);
    }
}
