/** The MSI-X table of a function: which message each vector sends, what is masked, what waits. PCI Local Bus Specification 3.0, section 6.8.2. */
import type { Hasher } from '../hash';
import { type Journal, Rec, Seq } from '../journal';
import { MSIX_CONTROL, MSIX_ENABLE, MSIX_MASK_ALL, type ConfigSpace } from './config';

export interface MsixEntry {
    /** What the message says; the interrupt controller finds the handler by it. −1: nothing was ever written here. */
    readonly data: number;
    readonly masked: boolean;
    readonly pending: boolean;
}

const BLANK: MsixEntry = { data: -1, masked: true, pending: false };

/** How an interrupt came out. */
export type InterruptOutcome = 'delivered' | 'pending' | 'merged' | 'lost' | 'spurious';

export class MsixTable extends Rec {
    private readonly entries: Seq<MsixEntry>;
    readonly delivered: number = 0;
    /** Raised while one was pending already: the two are one. */
    readonly merged: number = 0;
    /** Raised while MSI-X was off, or the function could not send. */
    readonly lost: number = 0;
    /** Sent, but no handler was registered for the message. */
    readonly spurious: number = 0;

    /** @param handled whether somebody handles a message */
    constructor(private readonly journal: Journal, private readonly config: ConfigSpace, private readonly handled: (data: number) => boolean) {
        super(journal);
        this.entries = new Seq(journal, Array.from({ length: config.vectors }, () => BLANK));
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

    /** Writes a vector's message. */
    program(vector: number, data: number): void {
        this.set(vector, { data, masked: false, pending: false });
    }

    /** Masks a vector, or unmasks it: then what was pending is sent. */
    mask(vector: number, on: boolean): void {
        const e = this.entry(vector);
        this.set(vector, { ...e, masked: on, pending: e.pending && on });
        if (!on && e.pending) {
            this.send(e.data);
        }
    }

    /** The device raises a vector. @param reaches whether the function's writes come through */
    raise(vector: number, reaches: boolean): InterruptOutcome {
        const control = this.config.read(MSIX_CONTROL, 2);
        const e = this.entry(vector);
        if ((control & MSIX_ENABLE) === 0 || e.data < 0) {
            this.journal.edit<MsixTable>(this).lost++;
            return 'lost';
        }
        if (e.masked || (control & MSIX_MASK_ALL) !== 0) {
            if (e.pending) {
                this.journal.edit<MsixTable>(this).merged++;
                return 'merged';
            }
            this.set(vector, { ...e, pending: true });
            return 'pending';
        }
        if (!reaches) {
            this.journal.edit<MsixTable>(this).lost++;
            return 'lost';
        }
        return this.send(e.data);
    }

    private send(data: number): InterruptOutcome {
        const e = this.journal.edit<MsixTable>(this);
        if (this.handled(data)) {
            e.delivered++;
            return 'delivered';
        }
        e.spurious++;
        return 'spurious';
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
        hasher.num(this.delivered).num(this.merged).num(this.lost).num(this.spurious);
        for (const e of this.entries) {
            hasher.num(e.data).u32((e.masked ? 1 : 0) + (e.pending ? 2 : 0));
        }
    }
}
