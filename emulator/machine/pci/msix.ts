/**
 * The MSI-X table of a function: the message, mask and pending bit of each vector. PCI Local Bus Specification 3.0,
 * section 6.8.2.
 */
import type { Hasher } from '../hash';
import { type Journal, JournaledRecord, JournaledList } from '../journal';
import type { Delivery, InterruptOutcome } from '../interrupts/delivery';
import type { Message } from '../interrupts/message';
import { MSIX_CONTROL, MSIX_ENABLE, MSIX_MASK_ALL, type ConfigSpace } from './config';

export interface MsixEntry {
    /** The message; null: none was written yet. */
    readonly message: Message | null;
    readonly masked: boolean;
    readonly pending: boolean;
}

const BLANK: MsixEntry = { message: null, masked: true, pending: false };

/** Nothing left the device. */
const stays = (outcome: InterruptOutcome, why: string): Delivery => ({
    outcome,
    why,
    cpu: -1,
    vector: -1,
    entry: -1,
    handler: '',
    descriptor: -1,
});
const WAITS = stays('pending', '');
const IS_ONE = stays('merged', '');
const OFF = stays('lost', 'MSI-X of the device is off');
const NOT_SET_UP = stays('lost', 'the vector is not set up');
const CUT_OFF = stays('lost', 'the device could not send: no bus mastering, or no power');

export class MsixTable extends JournaledRecord {
    private readonly entries: JournaledList<MsixEntry>;
    readonly delivered: number = 0;
    /** Stored in a descriptor in memory. */
    readonly posted: number = 0;
    /** Raised while one was already pending: the two are merged. */
    readonly merged: number = 0;
    /** Raised while MSI-X was off or the function could not send, or sent to a processor that does not accept it. */
    readonly lost: number = 0;
    /** The IOMMU refused the message. */
    readonly refused: number = 0;
    /** Sent, but the vector was not assigned. */
    readonly spurious: number = 0;
    /** Sent, and handled by the handler of another device. */
    readonly misrouted: number = 0;

    /** @param send sends the message of a vector */
    constructor(
        private readonly journal: Journal,
        private readonly config: ConfigSpace,
        private readonly send: (vector: number, message: Message) => Delivery,
    ) {
        super(journal);
        this.entries = new JournaledList(
            journal,
            Array.from({ length: config.vectors }, () => BLANK),
        );
    }

    get length(): number {
        return this.entries.length;
    }

    entry(vector: number): MsixEntry {
        return this.entries.at(vector) ?? BLANK;
    }

    get enabled(): boolean {
        return (this.config.read(MSIX_CONTROL, 2) & MSIX_ENABLE) !== 0;
    }

    /** Turns MSI-X of the function on or off. */
    enable(on: boolean): void {
        const control = this.config.read(MSIX_CONTROL, 2);
        this.config.write(MSIX_CONTROL, 2, on ? control | MSIX_ENABLE : control & ~MSIX_ENABLE);
    }

    /** Writes a vector's message and unmasks it. */
    program(vector: number, message: Message): void {
        this.set(vector, { message, masked: false, pending: false });
    }

    /** The driver releases a vector: later interrupts of it are lost. */
    forget(vector: number): void {
        this.set(vector, BLANK);
    }

    /** Masks a vector, or unmasks it: then a pending interrupt is sent. @returns its outcome */
    mask(vector: number, on: boolean): Delivery | undefined {
        const e = this.entry(vector);
        this.set(vector, { ...e, masked: on, pending: e.pending && on });
        return !on && e.pending && e.message ? this.count(this.send(vector, e.message)) : undefined;
    }

    /** The device raises a vector. @param reaches whether the function's writes pass */
    raise(vector: number, reaches: boolean): Delivery {
        return this.count(this.outcome(vector, reaches));
    }

    private outcome(vector: number, reaches: boolean): Delivery {
        const control = this.config.read(MSIX_CONTROL, 2);
        const e = this.entry(vector);
        if ((control & MSIX_ENABLE) === 0) {
            return OFF;
        }
        if (!e.message) {
            return NOT_SET_UP;
        }
        if (e.masked || (control & MSIX_MASK_ALL) !== 0) {
            if (e.pending) {
                return IS_ONE;
            }
            this.set(vector, { ...e, pending: true });
            return WAITS;
        }
        return reaches ? this.send(vector, e.message) : CUT_OFF;
    }

    private count(d: Delivery): Delivery {
        if (d.outcome !== 'pending') {
            this.journal.edit<MsixTable>(this)[d.outcome]++;
        }
        return d;
    }

    get pending(): number {
        return this.entries.items.filter((e) => e.pending).length;
    }

    /** A reset of the function. */
    clear(): void {
        for (let i = 0; i < this.entries.length; i++) {
            this.set(i, BLANK);
        }
    }

    private set(vector: number, entry: MsixEntry): void {
        if (vector >= 0 && vector < this.entries.length) {
            this.entries.set(vector, entry);
        }
    }

    hash(hasher: Hasher): void {
        hasher
            .num(this.delivered)
            .num(this.posted)
            .num(this.merged)
            .num(this.lost)
            .num(this.refused)
            .num(this.spurious)
            .num(this.misrouted);
        for (const e of this.entries) {
            hasher
                .num(e.message?.address ?? -1)
                .num(e.message?.data ?? -1)
                .u32((e.masked ? 1 : 0) + (e.pending ? 2 : 0));
        }
    }
}
