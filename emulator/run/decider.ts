/**
 * Makes the choices of a run that is explored or replayed: those of a list, and for all others the usual alternative.
 * It counts the choices by name, so that a choice has the same number in every run that has come to it.
 */
import { type Alternative, type Chooser, SCHEDULE, TIMER } from '../machine/chooser';
import type { Hasher } from '../machine/hash';
import { type Journal, JournaledMap } from '../machine/journal';
import type { Host } from '../runtime/host/host';
import { placeOf } from '../runtime/code';
import type { Interpreter } from '../runtime/interpreter';
import { type Deviation, keyOf } from '../language/choice';
import { type Choice, pickOf } from './choices';
import { Delays } from './delays';
import { type FaultOffers, Faults, type Question } from './faults';

/** Which choices there are besides faults. */
export interface Offers {
    /** The order of processes at every place where another one can continue. */
    readonly orders: boolean;
    /** Which of the timers fires first that are due at the same moment. */
    readonly timers: boolean;
    /** Where the processor waits for the next event of a device or a guest, and which events of these are late. */
    readonly delays: boolean;
}

export class Decider implements Chooser {
    /** The choices since {@link follow}, or since the beginning. */
    made: Choice[] = [];
    /** Whether a run returns after every operation that makes a choice. */
    stops = false;
    /** After so many faults it does not stop for another one, which is not tried. */
    mostFaults = Infinity;
    /** Whether it has stopped since {@link follow}. */
    stopped = false;
    /** Hears of every choice, before anything comes of it. */
    heard: ((choice: Choice) => void) | null = null;
    private interpreter: Interpreter | null = null;
    private trials: Faults | null = null;
    private delays: Delays | null = null;
    private readonly counts: JournaledMap<string, number>;
    /** The next choices that are not usual, as position and code, alternately. */
    private next: readonly number[] = [];
    /** The position of the first choice since {@link follow}. */
    private begin = 0;
    /** Where in {@link next} it is. */
    private index = 0;
    private listed: ReadonlyMap<string, string> | null = null;

    constructor(
        journal: Journal,
        private readonly offers: Offers,
    ) {
        this.counts = new JournaledMap(journal);
    }

    /** The run that it makes the choices of is about to start. */
    attach(host: Host, faults: FaultOffers): void {
        this.interpreter = host.interpreter;
        const trials = new Faults(host, this, faults);
        this.trials = trials;
        host.injections.trials = trials;
        host.listeners.observe(trials);
        this.delays = new Delays(host, this, this.offers.delays);
        host.listeners.observe(this.delays);
    }

    /**
     * The next choices are these, and all others are usual.
     * @param path positions and codes of choices, alternately
     * @param begin the position of the next choice
     */
    follow(path: readonly number[], begin: number): void {
        this.next = path;
        this.begin = begin;
        this.index = 0;
        this.made = [];
        this.stopped = false;
    }

    /** The code of the next choice. */
    private code(): number {
        const { next } = this;
        const position = this.begin + this.made.length;
        while ((next[this.index] ?? Infinity) < position) {
            this.index += 2;
        }
        return next[this.index] === position ? (next[this.index + 1] ?? 0) : 0;
    }

    /** Makes these choices wherever they come up, and no others; null: those that {@link follow} says. */
    replay(deviations: readonly Deviation[] | null): void {
        this.listed = deviations && new Map(deviations.map((d) => [keyOf(d), d.pick]));
    }

    /** Whether it makes the choices of a list, whatever is offered. */
    get replays(): boolean {
        return this.listed !== null;
    }

    listedNext(what: string): string | undefined {
        return this.listed?.get(keyOf({ what, number: this.counts.get(what) ?? 0 }));
    }

    lists(beginning: string): boolean {
        return [...(this.listed?.keys() ?? [])].some((key) => key.startsWith(beginning));
    }

    pick(name: string, alternatives: number, among: readonly Alternative[] = []): number {
        const { offers } = this;
        if (name === SCHEDULE) {
            if (!offers.orders && !this.replays) {
                return this.continuing(among);
            }
            const labels = among.map((t) => t.name);
            const current = this.continuing(among);
            // a process that cannot continue must give way to one of the others
            const price = among[current]?.id === this.interpreter?.current.id ? 'switch' : 'free';
            const question = {
                what: name,
                alternatives: labels,
                usual: current,
                price,
                offered: offers.orders,
            } as const;
            return labels.indexOf(this.decide(question));
        }
        if (name !== TIMER || (!offers.timers && !this.replays)) {
            return 0;
        }
        const labels = Array.from({ length: alternatives }, (_, i) => String(i + 1));
        const question = { what: name, alternatives: labels, usual: 0, price: 'free', offered: offers.timers } as const;
        return labels.indexOf(this.decide(question));
    }

    /** The index of the running process, if it can continue. */
    private continuing(among: readonly Alternative[]): number {
        return Math.max(
            among.findIndex((t) => t.id === this.interpreter?.current.id),
            0,
        );
    }

    /** @returns one of the alternatives */
    decide({ what, alternatives, usual, price, offered }: Question): string {
        const number = this.counts.get(what) ?? 0;
        this.counts.set(what, number + 1);
        const { listed } = this;
        let picked = usual;
        if (listed) {
            const index = alternatives.indexOf(listed.get(keyOf({ what, number })) ?? '');
            picked = index < 0 ? usual : index;
        } else if (offered) {
            picked = pickOf(this.code(), usual);
        }
        if (!offered && picked === usual && !this.heard) {
            return alternatives[picked] ?? '';
        }
        // the operation that makes the choice is counted already
        const at = (this.interpreter?.ticks ?? 1) - 1;
        const choice = { what, number, alternatives, usual, picked, price, at, place: this.place() };
        this.heard?.(choice);
        if (offered || picked !== usual) {
            this.made.push(choice);
            if (this.stops && (price !== 'fault' || (this.trials?.happened ?? 0) < this.mostFaults)) {
                this.stopped = true;
                this.interpreter?.giveWay();
            }
        }
        return alternatives[picked] ?? '';
    }

    /** The statement of the process that runs, or of the scenario. */
    private place(): string {
        const frame = this.interpreter?.current.frames.findLast((f) => f.mode !== 'kernel');
        const place = frame && placeOf(frame, frame !== this.interpreter?.current.top);
        return place ? `${place.uri} ${place.start}` : '';
    }

    /** Hashes what the future depends on besides the state of the host: which events are late. */
    hash(hasher: Hasher): void {
        this.delays?.hash(hasher);
    }
}
