/** A virtual processor: what it computes, and what waits for it. */
import type { Hasher } from '../../machine/hash';
import { type Journal, JournaledRecord } from '../../machine/journal';
import type { VcpuState } from '../../machine/guests';
import type { SavedVcpu } from './state';
import type { Stripe } from './workload';

/** KVM_EXIT_MEMORY_FAULT */
export interface MemoryFault {
    readonly gpa: number;
    readonly why: string;
}

/** What became of an interrupt for a vCPU. */
export type InjectOutcome = 'delivered' | 'pending' | 'merged';

export class Vcpu extends JournaledRecord implements Stripe, SavedVcpu {
    readonly state: VcpuState = 'new';
    // Its registers, as far as its program computes with them.
    readonly start: number = 0;
    readonly pages: number = 0;
    readonly count: number = 0;
    /** Bytes a second. */
    readonly rate: number = 0;
    /** Up to when its program's work is done, in nanoseconds, and what of a page was left then, in bytes. */
    readonly since: number = 0;
    readonly credit: number = 0;
    /** Vectors that wait until it runs, ascending. Replaced, never changed in place. */
    readonly pending: readonly number[] = [];
    /** Interrupts that its program has taken, and those that fell on one that was pending already. */
    readonly interrupts: number = 0;
    readonly merged: number = 0;
    /** Times that it left guest mode. */
    readonly exits: number = 0;
    readonly fault: MemoryFault | null = null;

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
            .u32(this.pending.length);
        for (const vector of this.pending) {
            hasher.u32(vector);
        }
    }

    display(): string {
        return `vCPU ${this.index}, ${this.state}`;
    }
}
