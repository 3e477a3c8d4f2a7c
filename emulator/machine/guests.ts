/** What those who watch a machine are told of the virtual machines on it. */

import type { Bytes } from './bytes';

/**
 * `new`: it never ran. `faulted`: KVM gave it back to its VMM, and cannot go on with it. `gone`: its kernel or its VM
 * is.
 */
export type VcpuState = 'new' | 'running' | 'paused' | 'faulted' | 'gone';

/** What a guest has found in memory that it did not write there. */
export interface Differing {
    /** The guest's own address of the first byte. */
    readonly gpa: number;
    /** Where that lies in the host's memory; −1: nowhere, the page is not there. */
    readonly pa: number;
    readonly expected: number;
    readonly found: number;
    /** How many bytes differ. */
    readonly bytes: number;
}

export interface GuestObserver {
    /** A VM was made; its vCPUs have never run. */
    created(vm: string): void;
    /** It comes to its end, with its last descriptor or with its kernel. */
    vmEnds(vm: string): void;
    /** A vCPU is in another state than before. */
    vcpu(vm: string, index: number, state: VcpuState): void;
    /**
     * What a range of its memory held before its program came to it for the first time; null where that is not known,
     * or where nothing needs to be as it was: no kexec lies in between.
     */
    before(vm: string, gpa: number, length: number): Bytes | null;
    /** A guest's program, about to write memory anew, has looked at what it wrote there before. */
    differs(vm: string, what: Differing): void;
    /** KVM cannot give a vCPU the memory at an address of the guest's (KVM_EXIT_MEMORY_FAULT). */
    faulted(vm: string, index: number, gpa: number, why: string): void;
    /** The state of all vCPUs was read, and written to a file: its inode's number and its name. */
    saved(vm: string, inode: number, file: string): void;
    /** It was put into the vCPUs of a VM. */
    loaded(vm: string): void;
    /** A workload has begun in a range of the guest's memory. */
    workloadBegan(vm: string): void;
}
