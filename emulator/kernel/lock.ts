/**
 * The kernel's sleeping locks, as far as somebody can be seen to wait for one: mutexes and read-write semaphores with
 * owners and a queue. Who waits is parked by the interpreter; here is only who holds and who comes next.
 */
import { JournaledRecord, type Journal } from '../machine/journal';

/** Who holds a lock or waits for it: a thread of the run. */
export interface Task {
    readonly id: number;
    readonly name: string;
}

/** A mutex is always taken for writing. */
export type LockMode = 'read' | 'write';

/** What somebody has of a lock, or wants. */
export interface Claim {
    readonly task: Task;
    readonly mode: LockMode;
}

/**
 * First come, first served: a writer who waits keeps readers out that come later (kernel/locking/rwsem.c), so nobody
 * waits for ever behind readers that come and go. A lock that is given up goes straight to whoever is next.
 */
export class Lock extends JournaledRecord {
    readonly holders: readonly Claim[] = [];
    /** Who waits, the longest first. */
    readonly queue: readonly Claim[] = [];

    constructor(
        private readonly journal: Journal,
        /** As it is spoken of: `the serialize lock`. */
        readonly name: string,
    ) {
        super(journal);
    }

    /** Takes the lock, or queues for it. @returns whether it is taken. */
    acquire(task: Task, mode: LockMode): boolean {
        const edit = this.journal.edit<Lock>(this);
        if (this.queue.length === 0 && this.admits(mode)) {
            edit.holders = [...this.holders, { task, mode }];
            return true;
        }
        edit.queue = [...this.queue, { task, mode }];
        return false;
    }

    /** Gives it up. @returns who has it now and waited before. @throws RangeError where the task does not hold it. */
    release(task: Task): readonly Claim[] {
        const at = this.holders.findLastIndex((h) => h.task === task);
        if (at < 0) {
            throw new RangeError(`${task.name} gives up ${this.name}, which it does not hold`);
        }
        const edit = this.journal.edit<Lock>(this);
        edit.holders = this.holders.toSpliced(at, 1);
        const woken: Claim[] = [];
        for (let [next] = this.queue; next && this.admits(next.mode); [next] = this.queue) {
            edit.queue = this.queue.slice(1);
            edit.holders = [...this.holders, next];
            woken.push(next);
        }
        return woken;
    }

    heldBy(task: Task): boolean {
        return this.holders.some((h) => h.task === task);
    }

    display(): string {
        const [first] = this.holders;
        if (!first) {
            return `${this.name}: free`;
        }
        const who = this.holders.map((h) => h.task.name).join(', ');
        const waiting = this.queue.length > 0 ? `; waiting: ${this.queue.map((w) => w.task.name).join(', ')}` : '';
        return `${this.name}: held by ${who}${first.mode === 'read' ? ' for reading' : ''}${waiting}`;
    }

    private admits(mode: LockMode): boolean {
        return this.holders.length === 0 || (mode === 'read' && this.holders.every((h) => h.mode === 'read'));
    }
}
