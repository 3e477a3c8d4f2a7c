/** Which threads wait for which locks, as text for messages. */
import { listed } from '../text/text';
import type { Task } from '../kernel/lock';
import { labelOf } from './call-stack';
import type { Thread } from './code';

/** `waits for the serialize lock, held by luod (reboot(KEXEC))`; undefined if the thread waits for no lock. */
export function waitsFor(threads: readonly Thread[], thread: Thread): string | undefined {
    const { waiting } = thread;
    if (waiting?.kind !== 'lock') {
        return undefined;
    }
    const { lock } = waiting;
    const holders = lock.holders.map((h) => doing(threads, h.task, thread));
    const before = lock.queue
        .slice(
            0,
            lock.queue.findIndex((w) => w.task === thread),
        )
        .filter((w) => waiting.mode === 'write' || w.mode === 'write');
    const behind =
        before.length > 0 ? `, queued behind ${listed(before.map((w) => doing(threads, w.task, thread)))}` : '';
    return `waits for ${lock.name}, held by ${listed(holders)}${behind}`;
}

/**
 * The state of a process as in ps(1): R (running), S (sleeping) or D (waiting for a lock of the kernel,
 * uninterruptible).
 */
export function stateOf(thread: Thread): 'R' | 'S' | 'D' {
    const { waiting } = thread;
    if (waiting?.kind === 'lock') {
        return 'D';
    }
    if (waiting?.kind === 'sleep') {
        return thread.top?.mode === 'kernel' ? 'D' : 'S';
    }
    return thread.top ? 'R' : 'S';
}

/** `luod (reboot(KEXEC))` */
function doing(threads: readonly Thread[], task: Task, asked: Thread): string {
    if (task.id === asked.id) {
        return 'itself';
    }
    const thread = threads.find((t) => t.id === task.id);
    if (!thread) {
        return `${task.name}, which is dead`;
    }
    const what = inKernel(thread);
    return what === undefined ? thread.name : `${thread.name} (${what})`;
}

/** The system call that a thread is in. */
export function inKernel(thread: Thread): string | undefined {
    const frames = thread.frames.filter((f) => f.mode === 'kernel');
    const frame = frames.find((f) => f.purpose?.kind !== 'release') ?? frames[0];
    return frame && labelOf(thread, frame, undefined);
}
/** The interpreter, as far as a deadlock needs it. */
export interface Deadlocking {
    readonly threads: readonly Thread[];
    current: Thread;
    fail(kind: 'failed-call', message: string): number;
}

/** Fails the scenario: none of these threads can continue. */
export function deadlock(run: Deadlocking, stuck: readonly Thread[]): void {
    const [first] = stuck;
    if (first && !stuck.includes(run.current)) {
        run.current = first;
    }
    const lines = stuck.map((t) => `${t.name} ${waitsFor(run.threads, t) ?? 'waits'}`);
    run.fail('failed-call', `deadlock: ${lines.join('; ')}.`);
}
