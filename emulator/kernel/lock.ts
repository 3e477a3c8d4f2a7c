/**
 * The kernel's sleeping locks, if a wait for them can be observed: mutexes and read-write semaphores with owners and a
 * queue. The interpreter suspends waiting threads; this file decides who holds a lock and who is next.
 */
import { JournaledRecord, type Journal } from '../machine/journal';

/** A holder of a lock, or a waiter: a thread of the run. */
export interface Task {
    readonly id: number;
    readonly name: string;
}

/** A mutex is always taken for writing. */
export type LockMode = 'read' | 'write';

/** A hold on a lock, or a request for one. */
export interface Claim {
    readonly task: Task;
    readonly mode: LockMode;
}

/**
 * First come, first served: a waiting writer blocks later readers (kernel/locking/rwsem.c), so no task waits forever
 * for a stream of readers. A released lock is passed directly to the next waiter.
 */
export class Lock extends JournaledRecord {
    /** In the order of their ids: in which order readers came makes no difference. */
    readonly holders: readonly Claim[] = [];
    /** The waiters, the longest waiting first. */
    readonly queue: readonly Claim[] = [];

    constructor(
        private readonly journal: Journal,
        /** Name in messages: `the serialize lock`. */
        readonly name: string,
    ) {
        super(journal);
    }

    /** Takes the lock, or queues for it. @returns whether it is taken. */
    acquire(task: Task, mode: LockMode): boolean {
        const edit = this.journal.edit<Lock>(this);
        if (this.queue.length === 0 && this.admits(mode)) {
            edit.holders = withHolder(this.holders, { task, mode });
            return true;
        }
        edit.queue = [...this.queue, { task, mode }];
        return false;
    }

    /**
     * Releases the lock. @returns the tasks that have it now and waited before. @throws RangeError if the task does not
     * hold it.
     */
    release(task: Task): readonly Claim[] {
        const at = this.holders.findLastIndex((h) => h.task === task);
        if (at < 0) {
            throw new RangeError(`${task.name} releases ${this.name}, which it does not hold`);
        }
        const edit = this.journal.edit<Lock>(this);
        edit.holders = this.holders.toSpliced(at, 1);
        const woken: Claim[] = [];
        for (let [next] = this.queue; next && this.admits(next.mode); [next] = this.queue) {
            edit.queue = this.queue.slice(1);
            edit.holders = withHolder(this.holders, next);
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

function withHolder(holders: readonly Claim[], holder: Claim): readonly Claim[] {
    const at = holders.findLastIndex((h) => h.task.id <= holder.task.id) + 1;
    return holders.toSpliced(at, 0, holder);
}
