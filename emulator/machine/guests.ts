/** Events of virtual machines for the observers of a machine. */

import type { Bytes } from './bytes';

/**
 * `new`: it never ran. `faulted`: KVM cannot continue it and exited to its VMM. `gone`: its kernel or its VM has ended.
 * Preserved vCPUs: `suspended` in memory; `orphaned`: it runs in the caretaker, `stalled`: it waits there for the next
 * kernel, `failed`: it has ended there.
 */
export type VcpuState =
    | 'new'
    | 'running'
    | 'paused'
    | 'faulted'
    | 'gone'
    | 'suspended'
    | 'orphaned'
    | 'stalled'
    | 'failed';

/** Memory in which a guest found other bytes than it wrote. */
export interface Differing {
    /** The guest address of the first wrong byte. */
    readonly gpa: number;
    /** Its physical address in the host; −1: the page is missing. */
    readonly pa: number;
    readonly expected: number;
    readonly found: number;
    /** Number of wrong bytes. */
    readonly bytes: number;
}

export interface GuestObserver {
    /** A VM was created; its vCPUs have never run. */
    created(vm: string): void;
    /** The VM ends, with its last descriptor or with its kernel. */
    vmEnds(vm: string): void;
    /** The state of a vCPU has changed. @param why for those in the caretaker: the exit, or what is damaged */
    vcpu(vm: string, index: number, state: VcpuState, why?: string): void;
    /** A kernel has taken over a preserved vCPU. */
    adopted(vm: string, index: number): void;
    /**
     * The content of a range of guest memory before the program's first write to it; null: it is unknown, or it need
     * not be checked, because no kexec happened since.
     */
    before(vm: string, gpa: number, length: number): Bytes | null;
    /** A guest's program, before it overwrites memory, has found a difference to what it wrote there before. */
    differs(vm: string, what: Differing): void;
    /** KVM cannot give a vCPU the memory at a guest address (KVM_EXIT_MEMORY_FAULT). */
    faulted(vm: string, index: number, gpa: number, why: string): void;
    /** The state of all vCPUs was read and written to a file, given by its inode number and its name. */
    saved(vm: string, inode: number, file: string): void;
    /** A state was loaded into the vCPUs of a VM. */
    loaded(vm: string): void;
    /** A workload has begun in a range of guest memory. */
    workloadBegan(vm: string): void;
}
