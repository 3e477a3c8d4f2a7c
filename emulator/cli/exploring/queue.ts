/**
 * Explores a scenario with workers on other machines, which take items from a queue in Redis or Valkey. This side
 * knows the whole search; a worker gets some items, goes on with them for a while, and returns what it has found.
 */
import type { ExploreOptions } from '../../explore/explore';
import type { Frontier, Yield } from '../../explore/frontier';
import { type Item, keyOfItem } from '../../explore/item';
import type { TouchedData } from '../../explore/reduction';
import { type Connection, loadBullMq } from './bullmq';

/** The queue of all explorations. */
export const QUEUE = 'lus-explore';

/** A job, which any worker can do: it depends on nothing that is on this machine. */
export interface JobData {
    readonly main: string;
    /** The program, by URI. */
    readonly texts: readonly (readonly [uri: string, text: string])[];
    /** JSON, for numbers that are not finite. */
    readonly options: string;
    readonly items: readonly Item[];
    /** What the search knows for leaving out switches; null: it tries all switches. */
    readonly known: readonly TouchedData[] | null;
}

/** Items of one job. */
const MOST_ITEMS = 32;
/** Jobs that wait or run at the same time. */
const MOST_JOBS = 256;
/** Between two looks at whether the search is to stop. Milliseconds. */
const LOOK = 50;

/**
 * Goes on with a search until it is complete, or is to stop.
 * @throws Error if a job fails
 */
export async function exploreOnQueue(
    connection: Connection,
    program: Pick<JobData, 'main' | 'texts'>,
    options: ExploreOptions,
    frontier: Frontier,
    stopped: () => boolean,
): Promise<void> {
    const { Queue, QueueEvents } = await loadBullMq();
    const queue = new Queue<JobData>(QUEUE, connection);
    const events = new QueueEvents(QUEUE, connection);
    const search = crypto.randomUUID();
    const waiting = new Map<string, readonly Item[]>();
    /** Items that came up: several workers may come to the same state. */
    const known = new Set<string>();
    let { rounds } = frontier;
    const isNew = (item: Item): boolean => {
        const key = keyOfItem(item);
        const first = !known.has(key);
        known.add(key);
        return first;
    };
    let look: NodeJS.Timeout | undefined;
    let jobs = 0;
    const text = JSON.stringify(options, (_, v: unknown) => (v === Infinity ? 'unbounded' : v));
    try {
        await events.waitUntilReady();
        await new Promise<void>((resolve, reject) => {
            queue.on('error', reject);
            events.on('error', reject);
            const serve = (): void => {
                while (waiting.size < MOST_JOBS && !stopped()) {
                    const items = frontier.take(Math.min(MOST_ITEMS, Math.ceil(frontier.waiting / 8)));
                    if (items.length === 0) {
                        break;
                    }
                    const jobId = `${search}-${jobs++}`;
                    waiting.set(jobId, items);
                    const data = { ...program, options: text, items, known: frontier.known };
                    queue
                        .add('items', data, { jobId, removeOnComplete: true, removeOnFail: true })
                        .catch((e: unknown) => reject(e));
                }
                if (waiting.size === 0) {
                    resolve();
                }
            };
            events.on('completed', ({ jobId, returnvalue }) => {
                const items = waiting.get(jobId);
                // a job of another search, or one that was done twice
                if (items) {
                    waiting.delete(jobId);
                    const result: unknown = typeof returnvalue === 'string' ? JSON.parse(returnvalue) : returnvalue;
                    if (isYield(result)) {
                        const own = new Set(items.map(keyOfItem));
                        const rest = result.rest.filter((i) => own.has(keyOfItem(i)) || isNew(i));
                        frontier.give({ ...result, rest, later: result.later.filter(isNew) }, items.length);
                        if (frontier.rounds !== rounds) {
                            // the search has begun again
                            ({ rounds } = frontier);
                            known.clear();
                        }
                    }
                    serve();
                }
            });
            events.on('failed', ({ jobId, failedReason }) => {
                if (waiting.has(jobId)) {
                    reject(new Error(`a worker could not do its work: ${failedReason}`));
                }
            });
            look = setInterval(() => {
                if (stopped()) {
                    resolve();
                }
            }, LOOK);
            serve();
        });
    } finally {
        clearInterval(look);
        for (const [jobId, items] of waiting) {
            // a job that runs cannot be removed: its result is not waited for
            await queue.remove(jobId);
            const found = { questions: [], outcomes: [], edges: [] };
            frontier.give({ found, rest: items, later: [], lesson: null }, items.length);
        }
        await events.close();
        await queue.close();
    }
}

function isYield(x: unknown): x is Yield {
    return typeof x === 'object' && x !== null && 'found' in x && 'rest' in x && 'later' in x;
}
