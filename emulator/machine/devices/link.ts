/**
 * The link of a network card: its peer sends frames at the rate at which the card was programmed, whether or not the
 * card takes them.
 */
import type { Clock } from '../clock';
import type { Hasher } from '../hash';
import { type Journal, JournaledRecord } from '../journal';

/** Of four frames on the link, the peer sends three; see the model of the card. */
const FROM_PEER = 3 / 4;

export class Link extends JournaledRecord {
    /** Frames that the card could not store, without those since it was stopped. */
    readonly missed: number = 0;
    /** When the card stored the last frame, in nanoseconds; −1: it has stored none. */
    readonly last: number = -1;
    /** The longest time between two stored frames, in nanoseconds. */
    readonly longest: number = 0;
    /** When the card was stopped, in nanoseconds; −1: it runs, or has never run. */
    readonly stopped: number = -1;
    /** Nanoseconds between two frames. */
    readonly every: number = 1;

    constructor(
        private readonly journal: Journal,
        private readonly clock: Pick<Clock, 'now'>,
    ) {
        super(journal);
    }

    /** Frames from the peer that the card did not store. */
    get lost(): number {
        const idle = this.stopped < 0 ? 0 : Math.floor(((this.clock.now - this.stopped) / this.every) * FROM_PEER);
        return this.missed + idle;
    }

    /** The longest time without a stored frame, in nanoseconds. If it is not over: the time until now. */
    get blackout(): number {
        return this.last < 0 ? 0 : Math.max(this.longest, this.clock.now - this.last);
    }

    /** The card has stored a frame, or could not. */
    frame(stored: boolean): void {
        const e = this.journal.edit<Link>(this);
        if (stored) {
            const { now } = this.clock;
            e.longest = this.last < 0 ? 0 : Math.max(this.longest, now - this.last);
            e.last = now;
        } else {
            e.missed++;
        }
    }

    /** The card starts. */
    up(): void {
        const { lost } = this;
        const e = this.journal.edit<Link>(this);
        e.missed = lost;
        e.stopped = -1;
    }

    /** The card, which ran with a round `every` so many nanoseconds, is stopped. */
    down(every: number): void {
        const e = this.journal.edit<Link>(this);
        e.stopped = this.clock.now;
        e.every = every;
    }

    hash(hasher: Hasher): void {
        hasher.num(this.missed).num(this.last).num(this.longest).num(this.stopped).num(this.every);
    }
}
