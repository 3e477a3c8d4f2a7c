/**
 * A vector of a device in the hands of a guest, as the guest's driver knows it. What the driver knows lies in the
 * guest's memory, so it outlives the kernel below it; who counts here is an observer beside it.
 */
import type { Hasher } from '../hash';
import { type Journal, JournaledRecord } from '../journal';
import type { InterruptOutcome, InterruptSource } from './delivery';

/** Somebody who raises interrupts and can wait until they are seen. */
export interface GuestSource extends InterruptSource {
    readonly shape: { readonly name: string };
    noticed(vector: number): boolean;
}

/** Ways to come out that end before anybody saw the interrupt. */
const LOST: ReadonlySet<InterruptOutcome> = new Set(['lost', 'refused', 'spurious', 'misrouted']);

export class GuestLine extends JournaledRecord {
    /** Times that the device raised the vector. */
    readonly raised: number = 0;
    /** Interrupts at which the driver found something that the device had done. */
    readonly delivered: number = 0;
    /** Raised while one was on its way already: the two are one. */
    readonly merged: number = 0;
    /** Interrupts that the VMM put in. */
    readonly injected: number = 0;
    /** Raised and lost on the way. */
    readonly lost: number = 0;
    /** Interrupts at which the driver found nothing new. */
    readonly spurious: number = 0;
    /** Raised since the driver has looked the last time. */
    readonly unseen: number = 0;

    constructor(
        private readonly journal: Journal,
        /** The name of the guest. */
        readonly guest: string,
        readonly source: GuestSource,
        /** Which vector of the device it is. */
        readonly index: number,
        /** The vector that the guest's operating system has given to it, and the vCPU that takes it. */
        readonly vector: number,
        readonly vcpu: number,
    ) {
        super(journal);
    }

    /** The device has raised it. */
    rises(): void {
        const e = this.journal.edit<GuestLine>(this);
        e.raised++;
        e.unseen++;
    }

    /** It is known how that came out. */
    cameOut(outcome: InterruptOutcome): void {
        if (LOST.has(outcome)) {
            this.journal.edit<GuestLine>(this).lost++;
        } else if (outcome === 'merged') {
            this.journal.edit<GuestLine>(this).merged++;
        }
    }

    /** The VMM has put one in. */
    puts(): void {
        this.journal.edit<GuestLine>(this).injected++;
    }

    /**
     * A vCPU has taken it: the driver looks at everything that is done, and gives new work. @returns whether it found
     * anything
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
