/** Explores a scenario on several threads of this process. They share the states that the search has been in. */
import { availableParallelism } from 'node:os';
import type { MessagePort, Worker } from 'node:worker_threads';
import { Course } from '../../explore/course';
import type { ExploreOptions } from '../../explore/explore';
import type { Frontier, Yield } from '../../explore/frontier';
import type { Item } from '../../explore/item';
import type { TouchedData } from '../../explore/reduction';
import { Visited } from '../../explore/visited';
import { Walk } from '../../explore/walk';
import { loadProgram } from '../../run/load-program';
import { Files } from '../files';
import { startThreads } from '../threads';

/** What a thread gets when it starts. */
export interface ExploreSetup {
    readonly explores: true;
    readonly uri: string;
    /** Texts that a thread cannot read itself, such as standard input, by URI. */
    readonly texts: ReadonlyMap<string, string>;
    readonly options: ExploreOptions;
    readonly visited: SharedArrayBuffer;
}

/** Work that the main thread sends. */
interface Batch {
    readonly items: readonly Item[];
    readonly known: readonly TouchedData[] | null;
}

/** @param done whether it has done the items that it was given, or returned them */
interface Reply {
    readonly yield: Yield;
    readonly done: boolean;
}

/** Items that a thread gets at once: each of them may lead to many more. */
const MOST_ITEMS = 64;
/** What a thread has found that it hands on before it is done. Edges. */
const MOST_PENDING = 5000;

/** Between two looks at whether the search is to stop. Milliseconds. */
const LOOK = 20;

/** How many threads this machine has work for. */
export function threadsHere(): number {
    return availableParallelism();
}

/**
 * Goes on with a search until it is complete, or is to stop.
 * @param script this program
 * @param stopped is asked now and then
 * @throws Error if a thread dies
 */
export async function exploreOnThreads(
    script: string,
    count: number,
    setup: Omit<ExploreSetup, 'explores' | 'visited'>,
    frontier: Frontier,
    visited: Visited,
    stopped: () => boolean,
): Promise<void> {
    visited.stopping = false;
    const workerSetup: ExploreSetup = { ...setup, explores: true, visited: visited.memory };
    const workers = await startThreads(script, count, workerSetup);
    const idle = new Set(workers);
    const given = new Map<Worker, number>();
    const watch = setInterval(() => {
        visited.stopping ||= stopped();
    }, LOOK);
    try {
        await new Promise<void>((resolve, reject) => {
            const serve = (): void => {
                visited.stopping ||= stopped() || visited.full;
                for (const worker of visited.stopping ? [] : idle) {
                    const items = frontier.take(Math.min(MOST_ITEMS, Math.ceil(frontier.waiting / (2 * count))));
                    if (items.length === 0) {
                        break;
                    }
                    idle.delete(worker);
                    given.set(worker, items.length);
                    worker.postMessage({ items, known: frontier.known } satisfies Batch);
                }
                visited.hungry = idle.size;
                if (idle.size === count) {
                    resolve();
                }
            };
            for (const worker of workers) {
                worker.on('error', reject);
                worker.on('message', (reply: Reply) => {
                    frontier.give(reply.yield, reply.done ? (given.get(worker) ?? 0) : 0);
                    if (reply.done) {
                        idle.add(worker);
                    }
                    serve();
                });
            }
            serve();
        });
    } finally {
        clearInterval(watch);
        await Promise.all(workers.map((w) => w.terminate()));
    }
}

/** The other side: goes on with the items that the main thread sends. */
export function serveExploring({ uri, texts, options, visited: memory }: ExploreSetup, mainThread: MessagePort): void {
    const visited = new Visited(memory);
    const walk = new Walk(
        new Course(loadProgram(new Files(texts), uri), options, options.tried),
        visited,
        options,
        options.limit,
    );
    mainThread.on('message', ({ items, known }: Batch) => {
        for (const _ of walk.walk(items, known)) {
            if (visited.stopping || visited.full) {
                break;
            }
            const shared = visited.hungry > 0 ? walk.share() : [];
            if (shared.length > 0) {
                visited.feed();
            }
            if (shared.length > 0 || walk.pending >= MOST_PENDING) {
                mainThread.postMessage({ yield: walk.hand(shared), done: false } satisfies Reply);
            }
        }
        mainThread.postMessage({ yield: walk.take(), done: true } satisfies Reply);
    });
}
