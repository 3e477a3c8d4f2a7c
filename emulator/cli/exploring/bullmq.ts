/**
 * What the queue of an exploration needs of BullMQ (https://docs.bullmq.io), an optional peer dependency: it is loaded
 * from the current folder, or from where lus is installed. BullMQ needs ioredis beside it.
 */
import * as path from 'node:path';
import { BadArguments } from '../options';

export interface Connection {
    readonly connection: { readonly url: string };
}

export interface Job<Data> {
    readonly id?: string;
    readonly data: Data;
}

export interface Closable {
    close(): Promise<void>;
    on(event: 'error', listener: (error: Error) => void): unknown;
}

export interface Queue<Data> extends Closable {
    add(
        name: string,
        data: Data,
        options: {
            readonly jobId: string;
            readonly removeOnComplete: true;
            readonly removeOnFail: true;
            readonly priority?: number;
        },
    ): Promise<Job<Data>>;
    remove(jobId: string): Promise<number>;
}

/** What has become of the jobs of a queue. */
export interface QueueEvents {
    close(): Promise<void>;
    waitUntilReady(): Promise<unknown>;
    on(event: 'completed', listener: (of: { readonly jobId: string; readonly returnvalue: unknown }) => void): unknown;
    on(event: 'failed', listener: (of: { readonly jobId: string; readonly failedReason: string }) => void): unknown;
    on(event: 'error', listener: (error: Error) => void): unknown;
}

export interface WorkerOptions extends Connection {
    /** Milliseconds without a sign of life after which another worker gets the job. */
    readonly lockDuration: number;
    readonly stalledInterval: number;
    /** How often a job may be given to another worker. */
    readonly maxStalledCount: number;
}

export interface BullMq {
    readonly Queue: new <Data>(name: string, options: Connection) => Queue<Data>;
    readonly QueueEvents: new (name: string, options: Connection) => QueueEvents;
    readonly Worker: new <Data, Result>(
        name: string,
        work: (job: Job<Data>) => Promise<Result>,
        options: WorkerOptions,
    ) => Closable;
}

/** @throws BadArguments if it is not installed */
export async function loadBullMq(): Promise<BullMq> {
    const { createRequire } = await import('node:module');
    for (const from of [path.join(process.cwd(), 'lus'), __filename]) {
        const require = createRequire(from);
        try {
            require.resolve('ioredis');
            const module: BullMq = require('bullmq');
            return module;
        } catch (e) {
            if (!(e instanceof Error && 'code' in e && e.code === 'MODULE_NOT_FOUND')) {
                throw e;
            }
        }
    }
    throw new BadArguments('A queue needs BullMQ and a client of Redis: npm install bullmq ioredis.');
}

/** @throws BadArguments if it is not the address of a server */
export function connectionTo(url: string): Connection {
    if (!/^rediss?:\/\/[^/]/.test(url)) {
        throw new BadArguments(`--queue must be an address like redis://localhost:6379, not "${url}".`);
    }
    return { connection: { url } };
}
