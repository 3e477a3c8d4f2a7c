/**
 * A vector of a device that a guest uses, as the guest's driver sees it. The state of the driver lies in guest memory,
 * so it outlives the host kernel; the counters here belong to an observer.
 */
import type { Hasher } from '../hash';
import { type Journal, JournaledRecord } from '../journal';
import type { InterruptOutcome, InterruptSource } from './delivery';

/** A source of interrupts that can wait until they are handled. */
export interface GuestSource extends InterruptSource {
    readonly shape: { readonly name: string };
    noticed(vector: number): boolean;
}

/** Outcomes that end before the interrupt was seen. */
const LOST: ReadonlySet<InterruptOutcome> = new Set(['lost', 'refused', 'spurious', 'misrouted']);

export class GuestLine extends JournaledRecord {
    /** Number of times that the device raised the vector. */
    readonly raised: number = 0;
    /** Interrupts at which the driver found completed work. */
    readonly delivered: number = 0;
    /** Raised while one was already on its way: the two are merged. */
    readonly merged: number = 0;
    /** Interrupts that the VMM injected. */
    readonly injected: number = 0;
    /** Raised and lost on the way. */
    readonly lost: number = 0;
    /** Interrupts at which the driver found no work. */
    readonly spurious: number = 0;
    /** Raised since the driver last looked for work. */
    readonly unseen: number = 0;

    constructor(
        private readonly journal: Journal,
        /** The name of the guest. */
        readonly guest: string,
        readonly source: GuestSource,
        /** The vector of the device. */
        readonly index: number,
        /** The vector that the guest's operating system assigned to it, and the vCPU that takes it. */
        readonly vector: number,
        readonly vcpu: number,
    ) {
        super(journal);
    }

    /** The device has raised the vector. */
    rises(): void {
        const e = this.journal.edit<GuestLine>(this);
        e.raised++;
        e.unseen++;
    }

    /** The outcome is known. */
    cameOut(outcome: InterruptOutcome): void {
        if (LOST.has(outcome)) {
            this.journal.edit<GuestLine>(this).lost++;
        } else if (outcome === 'merged') {
            this.journal.edit<GuestLine>(this).merged++;
        }
    }

    /** The VMM has injected an interrupt. */
    puts(): void {
        this.journal.edit<GuestLine>(this).injected++;
    }

    /**
     * A vCPU has taken the interrupt: the driver handles all completed work, and gives new work.
     * @returns whether it found any
     */
    taken(): boolean {
        const found = this.unseen > 0;
        const e = this.journal.edit<GuestLine>(this);
        if (found) {
            e.delivered++;
        } else {
            e.spurious++;
        }
        e.unseen = 0;
        this.source.noticed(this.index);
        return found;
    }

    display(): string {
        return `vector ${this.index} of ${this.source.shape.name}, vector ${this.vector} of ${this.guest}`;
    }

    hash(hasher: Hasher): void {
        hasher.str(this.guest).num(this.source.requester).num(this.index).num(this.vector).num(this.vcpu);
        hasher
            .num(this.raised)
            .num(this.delivered)
            .num(this.merged)
            .num(this.injected)
            .num(this.lost)
            .num(this.spurious)
            .num(this.unseen);
    }
}
