import { type Journal, Rec } from './journal';

/** The machine's virtual clock: nothing but the emulation moves it. */
export class Clock extends Rec {
    /** Nanoseconds since the machine was switched on. */
    readonly now: number = 0;

    constructor(private readonly journal: Journal) {
        super(journal);
    }

    /** Sets the clock, in nanoseconds: a machine goes on from where an image of it was made. */
    set(now: number): void {
        this.journal.edit(this).now = now;
    }

    /** Lets `ns` nanoseconds pass. */
    advance(ns: number): void {
        this.journal.edit(this).now += ns;
    }
}
