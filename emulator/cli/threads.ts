/** Threads of this process that run this program: how they start, and how they know that they are such threads. */
import type { Worker } from 'node:worker_threads';

/** The only argument of a thread: the main thread must not load what threads need just to see that it is none. */
export const THREAD = '--as-thread';

/**
 * Node's part for threads is loaded only where they are wanted.
 * @param script this program
 * @param setup what each thread gets when it starts
 */
export async function startThreads(script: string, count: number, setup: object): Promise<readonly Worker[]> {
    const { Worker } = await import('node:worker_threads');
    return Array.from(
        { length: count },
        () => new Worker(script, { argv: [THREAD], workerData: setup, stdout: false }),
    );
}
