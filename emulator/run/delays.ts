/**
 * The timing of devices and guests as choices, none of which is a fault. An event of a device or a guest, such as a DMA
 * write, can be early: at certain places, the processor waits until the next event has happened. An event can also be
 * late: it does not happen when it is due, but at one of the next places.
 *
 * The places are the return from a system call, the beginning of a callback, the moment before the jump into the next
 * kernel and, for late events, the end of a sleep.
 */
import type { Timer } from '../machine/clock';
import type { Hasher } from '../machine/hash';
import { JournaledMap } from '../machine/journal';
import type { Host } from '../runtime/host/host';
import { processOf } from '../runtime/host/scenario-process';
import type { Listener, Observer } from '../runtime/listener';
import type { Question } from './faults';

/** What makes choices. */
interface Deciding {
    /** Whether it makes the choices of a list, whatever is offered. */
    readonly replays: boolean;
    /** @returns one of the alternatives */
    decide(question: Question): string;
}

const NONE = 'none';
const HAPPENS = 'happens';
const LATE = 'late';

/**
 * A late event happens at the latest when so many system calls have returned or sleeps have ended. So a loop that polls
 * for the event ends.
 */
const RETURNS = 4;

export class Delays implements Observer {
    readonly listener: Listener;
    /**
     * Timers that were due since the last place. Those that fired on time have 0: there is no further choice about them
     * before the next place. Those that are late have the number of returns and sleeps until they fire at the latest.
     */
    private readonly due: JournaledMap<Timer, number>;

    constructor(
        private readonly host: Host,
        private readonly decider: Deciding,
        private readonly offered: boolean,
    ) {
        const { clock, journal } = host.machine;
        this.due = new JournaledMap(journal);
        clock.putsOff = (timer) => this.isLate(timer);
        this.listener = {
            kernelLeft: ({ kind, name }) => {
                const p = processOf(host.interpreter.current);
                if (p && kind !== 'exit' && kind !== 'release' && kind !== 'boot') {
                    this.place(`after ${p.name} ${name}`, true);
                }
            },
            callbackEntered: ({ callback, name }) => {
                if (callback !== 'init') {
                    this.place(`in ${name}`);
                }
            },
            phase: (phase) => {
                if (phase === 'jump') {
                    this.place(`before the jump from kernel ${host.boot + 1}`);
                }
            },
            slept: () => {
                const p = processOf(host.interpreter.current);
                this.afterLate(`after ${p ? `${p.name} ` : ''}sleep`, true);
            },
        };
    }

    private get asks(): boolean {
        return this.offered || this.decider.replays;
    }

    private place(where: string, returns = false): void {
        this.afterLate(where, returns);
        this.mayWait(where);
    }

    private mayWait(where: string): void {
        const { host, decider, offered } = this;
        const { clock } = host.machine;
        if (!this.asks || !host.kernel || !clock.expects) {
            return;
        }
        const what = `delay ${where}`;
        const question: Question = { what, alternatives: [NONE, HAPPENS], usual: 0, price: 'switch', offered };
        if (decider.decide(question) !== NONE) {
            clock.passToNext();
        }
    }

    /** Whether a timer that is due is late. Only its first event between two places can be. */
    private isLate(timer: Timer): boolean {
        const { due, decider, offered } = this;
        if (!this.asks || due.has(timer)) {
            return false;
        }
        const what = `event of ${timer.label}`;
        const question: Question = { what, alternatives: [HAPPENS, LATE], usual: 0, price: 'switch', offered };
        const late = decider.decide(question) === LATE;
        due.set(timer, late ? RETURNS : 0);
        return late;
    }

    /** A place is reached: each late event happens here or at a later place. */
    private afterLate(where: string, returns: boolean): void {
        const { due, decider, offered, host } = this;
        const { clock } = host.machine;
        if (due.size === 0) {
            return;
        }
        for (const [timer, before] of [...due]) {
            const left = before - (returns ? 1 : 0);
            const what = `event of ${timer.label} ${where}`;
            const question: Question = { what, alternatives: [LATE, HAPPENS], usual: 0, price: 'free', offered };
            if (clock.isLate(timer) && left > 0 && decider.decide(question) === LATE) {
                due.set(timer, left);
                continue;
            }
            if (clock.isLate(timer)) {
                clock.release(timer);
            }
            due.delete(timer);
        }
    }

    /** Hashes which timers were due. Their order is not part of the state. */
    hash(hasher: Hasher): void {
        const { clock } = this.host.machine;
        const due = [...this.due].map(([t, left]) => `${t.label} ${left} ${clock.isLate(t) ? LATE : ''}`);
        for (const text of due.sort()) {
            hasher.str(text);
        }
    }
}
