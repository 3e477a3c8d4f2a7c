/**
 * Who runs next in a `concurrently`. Its processes share one processor: one of them runs until a place where it may be
 * overtaken, where it has to wait, or where it sleeps. Which one comes then is the schedule. Where there is a choice is
 * the policy's to say; which way it goes, a chooser's.
 */
import { type Chooser, SCHEDULE } from '../machine/chooser';
import type { Hasher } from '../machine/hash';
import { JournaledRecord, type Journal } from '../machine/journal';
import type { Clock } from '../machine/clock';
import type { LockWait, Thread } from './code';
import { deadlock } from './waiting';

/** Nanoseconds that a process runs while others could, under the policy `slices`. */
const SLICE = 10e6;

/**
 * Where the running process may be overtaken by others that could go on. `slices`: at the end of its slice. `anywhere`:
 * at every place of the kernel where a processor might be given to somebody else.
 */
export type Policy = 'slices' | 'anywhere';

export class Scheduler extends JournaledRecord {
    /**
     * The threads whose blocks have not ended, in the order of the blocks. None: nothing runs at the same time as
     * anything else.
     */
    readonly threads: readonly Thread[] = [];
    /** The thread of the scenario, which waits for the blocks. */
    readonly waiter: Thread | null = null;
    /** Something has run at the same time as something else: the run depends on the chooser. */
    readonly used: boolean = false;
    /** When the process that runs was chosen, in nanoseconds of the machine's clock. */
    readonly since: number = 0;

    constructor(
        private readonly journal: Journal,
        private readonly policy: Policy,
        private readonly chooser: Chooser,
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
    }

    /** One more thread has something to do: a process that did not take part is killed. */
    join(thread: Thread): void {
        if (!this.threads.includes(thread)) {
            this.journal.edit<Scheduler>(this).threads = [...this.threads, thread];
        }
    }

    leave(thread: Thread): void {
        this.journal.edit<Scheduler>(this).threads = this.threads.filter((t) => t !== thread);
    }

    /** Somebody else runs, or the same one once more. */
    chosen(now: number): void {
        this.journal.edit<Scheduler>(this).since = now;
    }

    /** Nothing runs at the same time as anything else any more. */
    end(): void {
        if (this.active || this.waiter) {
            const edit = this.journal.edit<Scheduler>(this);
            edit.threads = [];
            edit.waiter = null;
        }
    }

    /**
     * The thread to go on with. Where nobody can, the one that sleeps for the shortest time: it lets the time pass.
     * @param current where the search begins.
     * @param others whether it comes last, whatever the chooser would pick.
     */
    choose(current: Thread, now: number, others: boolean): Thread | undefined {
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
        return candidates.length === 1 ? candidates[0] : candidates[this.chooser.pick(SCHEDULE, candidates.length)];
    }

    hash(hasher: Hasher): void {
        this.chooser.hash(hasher);
        hasher.num(this.since).num(this.waiter?.id ?? 0);
        for (const t of this.threads) {
            hasher.num(t.id);
        }
    }
}

/**
 * Who wakes first. Of several the current one, so that it lets the time pass and they do not leave that to each other
 * for ever.
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

/** What has threads that take turns: the interpreter. */
export interface Scheduled {
    readonly scheduler: Scheduler;
    readonly clock: Clock;
    readonly threads: readonly Thread[];
    current: Thread;
    /** Other frames than those of the operation that runs come first. */
    switchFrames(): void;
    fail(kind: 'failed-call', message: string): number;
    /** Whether a thread hangs for ever and nobody waits for it: it has died in the kernel. Then others go on. */
    leaveHanging(thread: Thread, waiting: LockWait): boolean;
}

/** True while the thread that runs is one of several. */
function takesTurns({ scheduler, current }: Scheduled): boolean {
    return scheduler.active && scheduler.threads.includes(current);
}

/** A place where the process that runs may be overtaken. */
export function preemptionPoint(run: Scheduled): void {
    if (takesTurns(run)) {
        switchTo(run, run.scheduler.choose(run.current, run.clock.now, false));
    }
}

/** A place where it takes so long, on a machine with more than one processor, that others get on meanwhile. */
export function yieldToOthers(run: Scheduled): void {
    if (takesTurns(run)) {
        switchTo(run, run.scheduler.choose(run.current, run.clock.now, true));
    }
}

/**
 * The thread that runs sleeps.
 * @returns false where nobody else can go on, so that it has to let the time pass by itself.
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

/** The thread that runs waits for user space, inside of a native: it goes on behind that. Nanoseconds. */
export function delayInKernel(run: Scheduled, ns: number): void {
    const { clock } = run;
    if (!takesTurns(run)) {
        clock.advance(ns);
        return;
    }
    run.current.waiting = { kind: 'sleep', until: clock.now + ns, inNative: true };
    switchTo(run, run.scheduler.choose(run.current, clock.now, false));
}

/** The thread that runs cannot go on. Where nobody can, the scenario has failed. */
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

/** Somebody else runs, where somebody can. */
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
