import { type Journal, Rec } from './journal';

/** The machine's virtual clock: nothing but the emulation moves it. */
export class Clock extends Rec {
    /** Nanoseconds since the machine was switched on. */
    readonly now: number = 0;

    constructor(private readonly journal: Journal) {
        super(journal);
    }

    /** Lets `ns` nanoseconds pass. */
    advance(ns: number): void {
        this.journal.edit(this).now += ns;
    }
}
