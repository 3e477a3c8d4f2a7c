/** A virtual processor: its registers and its pending interrupts. */
import type { Hasher } from '../../machine/hash';
import { type Journal, JournaledRecord } from '../../machine/journal';
import type { VcpuState } from '../../machine/guests';
import type { ExitSource } from './exits';
import type { SavedVcpu } from './state';
import type { Stripe } from './workload';

/** KVM_EXIT_MEMORY_FAULT */
export interface MemoryFault {
    readonly gpa: number;
    readonly why: string;
}

/** The result of an interrupt for a vCPU. */
export type InjectOutcome = 'delivered' | 'pending' | 'merged';

export class Vcpu extends JournaledRecord implements Stripe, SavedVcpu {
    readonly state: VcpuState = 'new';
    // Its registers that its program uses.
    readonly start: number = 0;
    readonly pages: number = 0;
    readonly count: number = 0;
    /** Bytes per second. */
    readonly rate: number = 0;
    /**
     * The time up to which its program's work is done, in nanoseconds, and the part of a page left over then, in bytes.
     */
    readonly since: number = 0;
    readonly credit: number = 0;
    /** Pending vectors, ascending. Replaced, never changed in place. */
    readonly pending: readonly number[] = [];
    /** Interrupts that its program has taken, and those that were merged with a pending one. */
    readonly interrupts: number = 0;
    readonly merged: number = 0;
    /** Number of times that it left guest mode. */
    readonly exits: number = 0;
    readonly fault: MemoryFault | null = null;
    /** Exits that its program causes again and again. Replaced, never changed in place. */
    readonly sources: readonly ExitSource[] = [];
    /** A session has it: no ioctl works on it. */
    readonly preserved: boolean = false;

    constructor(
        journal: Journal,
        readonly index: number,
    ) {
        super(journal);
    }

    hash(hasher: Hasher): void {
        hasher
            .str(this.state)
            .num(this.start)
            .num(this.pages)
            .num(this.count)
            .num(this.rate)
            .num(this.since)
            .num(this.credit);
        hasher
            .num(this.interrupts)
            .num(this.merged)
            .num(this.exits)
            .num(this.fault?.gpa ?? -1)
            .u32(this.preserved ? 1 : 0)
            .u32(this.pending.length);
        for (const vector of this.pending) {
            hasher.u32(vector);
        }
        for (const { reason, every, next } of this.sources) {
            hasher.str(reason).num(every).num(next);
        }
    }

    display(): string {
        return `vCPU ${this.index}, ${this.state}`;
    }
}
