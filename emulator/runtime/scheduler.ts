/**
 * Selects the next process in a `concurrently`. Its processes share one processor: one of them runs until it may be
 * preempted, blocks or sleeps. The policy decides where there is a choice; a chooser makes it.
 */
import { type Chooser, SCHEDULE } from '../machine/chooser';
import type { Hasher } from '../machine/hash';
import { JournaledRecord, type Journal } from '../machine/journal';
import type { Clock } from '../machine/clock';
import type { LockWait, Thread } from './code';
import type { Touches } from './touching/touches';
import { deadlock } from './waiting';

/** The time slice of the policy `slices`, in nanoseconds. */
const SLICE = 10e6;

/**
 * Where the running process may be preempted by other runnable ones. `slices`: at the end of its slice. `anywhere`: at
 * every place of the kernel where another process could get the processor.
 */
export type Policy = 'slices' | 'anywhere';

export class Scheduler extends JournaledRecord {
    /**
     * The threads whose blocks have not ended, in the order of the blocks. Empty outside a `concurrently`.
     */
    readonly threads: readonly Thread[] = [];
    /** The thread of the scenario, which waits for the blocks. */
    readonly waiter: Thread | null = null;
    /** Whether the run depends on the chooser: there was a `concurrently`, for example. */
    readonly used: boolean = false;
    /** When the running process was selected, in nanoseconds of the machine's clock. */
    readonly since: number = 0;

    constructor(
        private readonly journal: Journal,
        private readonly policy: Policy,
        private readonly chooser: Chooser,
        private readonly touches: Touches | null,
    ) {
        super(journal);
    }

    get active(): boolean {
        return this.threads.length > 0;
    }

    begin(threads: readonly Thread[], waiter: Thread): void {
        const edit = this.journal.edit<Scheduler>(this);
        edit.threads = threads;
        edit.waiter = waiter;
        edit.used = true;
        this.touches?.begun();
    }

    /** Adds a thread: a process outside the `concurrently` is killed. */
    join(thread: Thread): void {
        if (!this.threads.includes(thread)) {
            this.journal.edit<Scheduler>(this).threads = [...this.threads, thread];
        }
    }

    /** Removes a thread that has ended. Only operations that touch everything ask whether a process exists. */
    leave(thread: Thread): void {
        this.touches?.placeReached(thread);
        this.journal.edit<Scheduler>(this).threads = this.threads.filter((t) => t !== thread);
    }

    /** Switches to a thread, possibly the same one. */
    chosen(now: number): void {
        this.journal.edit<Scheduler>(this).since = now;
    }

    /** The end of a `concurrently`. */
    end(): void {
        if (this.active || this.waiter) {
            const edit = this.journal.edit<Scheduler>(this);
            edit.threads = [];
            edit.waiter = null;
        }
    }

    /**
     * The thread to continue with. If none is runnable, the one that wakes first: it lets the time pass.
     * @param current where the search begins.
     * @param others whether `current` comes last, regardless of the chooser.
     */
    choose(current: Thread, now: number, others: boolean): Thread | undefined {
        this.touches?.placeReached(current);
        const at = this.threads.indexOf(current);
        const order = [...this.threads.slice(at + 1), ...this.threads.slice(0, at + 1)];
        const able = order.filter((t) => !t.waiting || (t.waiting.kind === 'sleep' && t.waiting.until <= now));
        const candidates = others && able.some((t) => t !== current) ? able.filter((t) => t !== current) : able;
        if (candidates.length === 0) {
            return soonest(order, current);
        }
        if (this.policy === 'slices' && candidates.includes(current) && now - this.since < SLICE) {
            return current;
        }
        return candidates.length === 1
            ? candidates[0]
            : candidates[this.chooser.pick(SCHEDULE, candidates.length, candidates)];
    }

    /** A choice that is not about who runs. */
    pick(name: string, alternatives: number): number {
        this.journal.edit<Scheduler>(this).used = true;
        return this.chooser.pick(name, alternatives);
    }

    hash(hasher: Hasher): void {
        this.chooser.hash(hasher);
        // with the other policy nothing depends on it, and equal states have different ones
        hasher.num(this.policy === 'slices' ? this.since : 0).num(this.waiter?.id ?? 0);
        for (const t of this.threads) {
            hasher.num(t.id);
        }
    }
}

/**
 * The thread that wakes first. Of several the current one, so that one of them lets the time pass instead of leaving
 * that to the others forever.
 */
function soonest(threads: readonly Thread[], current: Thread): Thread | undefined {
    let found: Thread | undefined;
    let first = Infinity;
    for (const t of threads) {
        if (t.waiting?.kind === 'sleep' && (t.waiting.until < first || (t.waiting.until === first && t === current))) {
            found = t;
            first = t.waiting.until;
        }
    }
    return found;
}

/** The interpreter, as far as the scheduler needs it. */
export interface Scheduled {
    readonly scheduler: Scheduler;
    readonly clock: Clock;
    readonly touches: Touches | null;
    readonly threads: readonly Thread[];
    current: Thread;
    /** Other frames than those of the current operation come first. */
    switchFrames(): void;
    fail(kind: 'failed-call', message: string): number;
    /** Whether a thread hangs for ever and nobody waits for it: it has died in the kernel. Then others go on. */
    leaveHanging(thread: Thread, waiting: LockWait): boolean;
}

/** True while the current thread is one of several. */
function takesTurns({ scheduler, current }: Scheduled): boolean {
    return scheduler.active && scheduler.threads.includes(current);
}

/** A place where the running process may be preempted. */
export function preemptionPoint(run: Scheduled): void {
    if (takesTurns(run)) {
        switchTo(run, run.scheduler.choose(run.current, run.clock.now, false));
    }
}

/** Work that takes so long that others continue in the meantime, on a machine with more than one processor. */
export function yieldToOthers(run: Scheduled): void {
    if (takesTurns(run)) {
        switchTo(run, run.scheduler.choose(run.current, run.clock.now, true));
    }
}

/**
 * The current thread sleeps.
 * @returns false if no other thread is runnable, so that it must let the time pass itself.
 */
export function sleepInTurn(run: Scheduled, until: number): boolean {
    if (!takesTurns(run) || run.clock.now >= until) {
        return false;
    }
    const thread = run.current;
    thread.waiting = { kind: 'sleep', until };
    switchTo(run, run.scheduler.choose(thread, run.clock.now, false));
    return run.current !== thread;
}

/** The current thread waits for user space inside a native, and continues after it. Nanoseconds. */
export function delayInKernel(run: Scheduled, ns: number): void {
    const { clock } = run;
    run.touches?.everything();
    if (!takesTurns(run)) {
        clock.advance(ns);
        return;
    }
    run.current.waiting = { kind: 'sleep', until: clock.now + ns, inNative: true };
    switchTo(run, run.scheduler.choose(run.current, clock.now, false));
}

/** The current thread is blocked. If all threads are, the scenario fails. */
export function park(run: Scheduled, waiting: LockWait): void {
    const thread = run.current;
    thread.waiting = waiting;
    if (run.leaveHanging(thread, waiting)) {
        return;
    }
    if (!takesTurns(run)) {
        deadlock(run, [thread]);
        return;
    }
    schedule(run);
}

/** Switches to another thread, if one is runnable. */
export function schedule(run: Scheduled): void {
    const { scheduler } = run;
    const next = scheduler.choose(run.current, run.clock.now, false);
    if (!next) {
        deadlock(run, scheduler.threads);
        return;
    }
    switchTo(run, next);
}

function switchTo(run: Scheduled, next: Thread | undefined): void {
    const { clock } = run;
    if (next?.waiting?.kind === 'sleep') {
        const { until, inNative } = next.waiting;
        next.waiting = null;
        // a statement that sleeps lets the time pass by itself
        if (inNative === true && clock.now < until) {
            clock.advance(until - clock.now);
        }
    }
    const { now } = clock;
    if (next && (next !== run.current || now - run.scheduler.since >= SLICE)) {
        run.scheduler.chosen(now);
    }
    if (next && next !== run.current) {
        run.current = next;
        run.switchFrames();
    }
}
