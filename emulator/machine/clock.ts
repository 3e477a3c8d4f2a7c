/** Virtual time: the clock of a machine, and the timers that wait for a moment of it. */
import { type Chooser, FIRST, TIMER } from './chooser';
import { COST_NAMES, costId, ratesOf } from './costs';
import type { Hasher } from './hash';
import type { Journal, Saveable } from './journal';

const MIB = 2 ** 20;
const SLEEP = costId('sleep');

/** Something that happens at a certain time, such as the next request of a running device. */
export interface Timer {
    /** When it fires next, in nanoseconds; Infinity: never. Part of the timer's own state. */
    readonly at: number;
    /** The name of its device or guest, for choices and messages. */
    readonly label: string;
    /** Must set {@link at} to a later moment. Its work takes no virtual time. */
    fire(): void;
}

/** The virtual clock of the machine: only the costs of emulated work, and `sleep`, advance it. */
export class Clock implements Saveable {
    epoch: number;
    private time = 0;
    /** When the next timer fires. */
    private due = Infinity;
    /** Replaced, never changed in place. */
    private timers: readonly Timer[] = [];
    /** The timers that are late: they are due, but do not fire. Replaced, never changed in place. */
    private late: readonly Timer[] = [];
    /** Time passes without work: `sleep`. False whenever a run can stop. */
    private sleeping = false;
    /**
     * Other processors work meanwhile, so their work takes none of this clock's time. False whenever a run can stop.
     */
    private elsewhere = false;
    /** Nanoseconds by cost. Replaced, never changed. */
    private rates: Float64Array = ratesOf();
    private readonly accounts = new Float64Array(COST_NAMES.length);
    /** Chooses one of the timers that are due at the same moment. */
    chooser: Chooser = FIRST;
    /** Decides whether a timer that is due is late, until {@link release}. Not part of the state of the machine. */
    putsOff: ((timer: Timer) => boolean) | null = null;
    /** The time at which {@link onAlarm} is called; Infinity: never. Not part of the state of the machine. */
    alarm = Infinity;
    onAlarm: () => void = () => undefined;

    constructor(private readonly journal: Journal) {
        this.epoch = journal.epoch;
    }

    /** Nanoseconds since the first kernel of the machine was started. */
    get now(): number {
        return this.time;
    }

    /** Nanoseconds spent on each cost since then, in the order of {@link COST_NAMES}. The caller's own copy. */
    get spent(): readonly number[] {
        return [...this.accounts];
    }

    /** Sets all costs, in the order of {@link COST_NAMES}. */
    setRates(rates: Float64Array): void {
        this.journal.touch(this);
        this.rates = rates;
    }

    /** The present figure of a cost, in nanoseconds: how long a device takes that works by its own time. */
    rate(cost: number): number {
        return this.rates[cost] ?? 0;
    }

    /** Sets the clock, in nanoseconds: a machine continues from where an image of it was made. */
    set(now: number): void {
        this.journal.touch(this);
        this.time = now;
    }

    /** Lets the time of `count` units of a cost pass. @param cost see {@link costId} */
    charge(cost: number, count = 1): void {
        this.spend(cost, (this.rates[cost] ?? 0) * count);
    }

    /**
     * Whether charging `count` units of several costs at once has the same effect as charging them one after the other:
     * no timer is due meanwhile, and no sum is rounded.
     */
    mergesUnits(costs: readonly number[], count: number): boolean {
        let ns = 0;
        for (const cost of costs) {
            const rate = this.rates[cost] ?? 0;
            if (!Number.isInteger(rate) || !Number.isInteger(this.accounts[cost])) {
                return false;
            }
            ns += rate * count;
        }
        const until = this.time + ns;
        return Number.isSafeInteger(until) && Number.isInteger(this.time) && until < this.due && until < this.alarm;
    }

    /** Lets the time for this many bytes pass, for a cost per MiB; in whole nanoseconds. */
    chargeBytes(cost: number, bytes: number): void {
        this.spend(cost, Math.round(((this.rates[cost] ?? 0) * bytes) / MIB));
    }

    /** Lets `ns` nanoseconds pass, and fires the timers that are due meanwhile. */
    advance(ns: number): void {
        this.spend(SLEEP, ns);
    }

    /** Whether a timer will fire. */
    get expects(): boolean {
        return this.due < Infinity;
    }

    /** Lets the time pass until a timer has fired, unless all of them are late. */
    passToNext(): void {
        for (let fired = 0; fired === 0 && this.expects && !this.elsewhere; ) {
            fired = this.spend(SLEEP, Math.max(this.due - this.time, 0));
        }
    }

    /** Whether a timer is late. A guest that is late does not run. */
    isLate(timer: Timer): boolean {
        return this.late.length > 0 && this.late.includes(timer);
    }

    /** Ends the lateness of a timer: it fires as often as it was due. */
    release(timer: Timer): void {
        this.journal.touch(this);
        this.late = this.late.filter((t) => t !== timer);
        this.rearm();
        this.spend(SLEEP, 0);
    }

    /** If several timers are due at the same moment, the first alternative is the one that was added first. */
    add(timer: Timer): void {
        this.journal.touch(this);
        this.timers = [...this.timers, timer];
        this.rearm();
    }

    remove(timer: Timer): void {
        this.journal.touch(this);
        this.timers = this.timers.filter((t) => t !== timer);
        this.rearm();
    }

    /** No work is in progress while the time passes, so no operation is half done when a timer fires. */
    get idle(): boolean {
        return this.sleeping;
    }

    /** Does work that another processor does at the same time: it takes no time here. */
    aside<T>(work: () => T): T {
        const before = this.elsewhere;
        this.elsewhere = true;
        try {
            return work();
        } finally {
            this.elsewhere = before;
        }
    }

    /** Tells the clock that a timer's moment has changed. */
    rearm(): void {
        if (this.late.length > 0) {
            this.journal.touch(this);
            // a timer that was stopped or set again is not late any more
            this.late = this.late.filter((t) => t.at <= this.time && this.timers.includes(t));
        }
        let due = Infinity;
        for (const t of this.timers) {
            if (!this.isLate(t)) {
                due = Math.min(due, t.at);
            }
        }
        if (due !== this.due) {
            this.journal.touch(this);
            this.due = due;
        }
    }

    /**
     * `sleep`: lets time pass until a moment, or until `limit` timers have fired.
     * @param interrupted called after each timer: true ends the sleep early
     * @returns whether the moment is reached
     */
    sleepUntil(until: number, limit: number, interrupted: () => boolean): boolean {
        const from = this.time;
        let reached = true;
        for (let n = 0; this.due <= until; n++) {
            if (n >= limit || (n > 0 && interrupted())) {
                reached = false;
                break;
            }
            this.sleeping = true;
            this.fireNext();
            this.sleeping = false;
        }
        this.journal.touch(this);
        if (reached) {
            this.time = Math.max(this.time, until);
        }
        this.accounts[SLEEP] = (this.accounts[SLEEP] ?? 0) + this.time - from;
        this.ring();
        return reached;
    }

    /** Hashes which timers are late. */
    hashLate(hasher: Hasher): void {
        for (const { label } of this.late) {
            hasher.str(label);
        }
    }

    /** Hashes the accounts and the costs; the time itself is part of the machine's own fingerprint. */
    hash(hasher: Hasher): void {
        for (const ns of this.accounts) {
            hasher.num(ns);
        }
        for (const ns of this.rates) {
            hasher.num(ns);
        }
    }

    save(): unknown {
        return {
            time: this.time,
            due: this.due,
            rates: this.rates,
            timers: this.timers,
            late: this.late,
            accounts: this.accounts.slice(),
        };
    }

    load(saved: unknown): void {
        Object.assign(this, saved);
    }

    /** @returns how many timers have fired */
    private spend(cost: number, ns: number): number {
        if (this.elsewhere) {
            return 0;
        }
        this.journal.touch(this);
        const until = this.time + ns;
        let fired = 0;
        while (this.due <= until) {
            fired += this.fireNext() ? 1 : 0;
        }
        this.time = until;
        this.accounts[cost] = (this.accounts[cost] ?? 0) + ns;
        this.ring();
        return fired;
    }

    private ring(): void {
        if (this.time >= this.alarm) {
            this.alarm = Infinity;
            this.onAlarm();
        }
    }

    /** @returns false if the timer is late instead of firing */
    private fireNext(): boolean {
        this.journal.touch(this);
        this.time = Math.max(this.time, this.due);
        const timer = this.nextTimer();
        if (timer && this.putsOff?.(timer) === true) {
            this.late = [...this.late, timer];
            this.rearm();
            return false;
        }
        const before = this.elsewhere;
        this.elsewhere = true;
        try {
            timer?.fire();
        } finally {
            this.elsewhere = before;
        }
        this.rearm();
        return true;
    }

    private nextTimer(): Timer | undefined {
        let due = 0;
        for (const t of this.timers) {
            due += t.at === this.due && !this.isLate(t) ? 1 : 0;
        }
        let before = due > 1 ? this.chooser.pick(TIMER, due) : 0;
        for (const t of this.timers) {
            if (t.at === this.due && !this.isLate(t) && before-- === 0) {
                return t;
            }
        }
        return undefined;
    }
}
