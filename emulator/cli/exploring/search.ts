/** Searches through the courses of one scenario, on this thread first, then on several. */
import { Explorer, type Exploration, explorationOf, type ExploreOptions } from '../../explore/explore';
import { Frontier, type SavedFrontier } from '../../explore/frontier';
import type { Program } from '../../language/program';
import { UsageError } from '../../run/usage-error';
import { capital } from '../../text/text';
import type { Files } from '../files';
import { BadArguments } from '../options';
import type { Shard } from '../suite/plan';
import type { Connection } from './bullmq';
import { exploreOnQueue } from './queue';
import { exploreOnThreads } from './threads';

/** The time after which a search goes on on several threads: they take as long to start. Milliseconds. */
const ALONE = 300;
/** Between two looks at whether the search is to stop. Milliseconds. */
const LOOK = 50;
/** Memory for the states that a search has been in, if nothing else is asked for. Bytes. */
export const MEMORY = 512 * 2 ** 20;
/** Items that a search finds for each part before it is divided. */
const ITEMS_OF_PART = 32;

export interface Searching {
    readonly files: Files;
    readonly program: Program;
    readonly options: ExploreOptions;
    /** Threads. */
    readonly jobs: number;
    /** The server whose workers do the work. */
    readonly queue: Connection | undefined;
    /** Where it goes on from. */
    readonly saved: SavedFrontier | undefined;
    readonly shard: Shard | undefined;
    /** Whether it is to stop: it is called often. */
    readonly stopped: () => boolean;
    /** Is told now and then how far it is. */
    readonly progress: (frontier: Frontier, left: number) => void;
}

export interface Searched {
    readonly exploration: Exploration;
    readonly frontier: Frontier;
}

/** @param script this program @throws BadArguments if the scenario cannot be run */
export async function search(script: string, searching: Searching): Promise<Searched> {
    try {
        return await searched(script, searching);
    } catch (e) {
        throw e instanceof UsageError ? new BadArguments(capital(e.message)) : e;
    }
}

async function searched(script: string, searching: Searching): Promise<Searched> {
    const { files, program, options, jobs, queue, saved, shard, stopped, progress } = searching;
    // a part tries all switches, because it does not learn what the other parts see
    const from = saved ? Frontier.joined([saved]) : shard ? new Frontier() : undefined;
    let explorer = new Explorer(program, options, from);
    const { frontier } = explorer;
    if (shard && !saved) {
        divide(explorer, shard);
        // what the parts have in common was found already
        explorer = new Explorer(program, options, frontier);
    }
    const begin = performance.now();
    let last = begin;
    for (const _ of explorer.run()) {
        const now = performance.now();
        if (now - last < LOOK) {
            continue;
        }
        last = now;
        await turn();
        explorer.settle();
        progress(frontier, explorer.left);
        if (stopped() || ((jobs > 1 || queue) && now - begin > ALONE)) {
            break;
        }
    }
    if (queue && !frontier.complete && !stopped()) {
        const texts = [...program.files.keys()].flatMap((uri): [string, string][] => {
            const text = files.read(uri);
            return text === undefined ? [] : [[uri, text]];
        });
        await exploreOnQueue(queue, { main: program.main, texts }, options, frontier, () => {
            progress(frontier, frontier.left);
            return stopped();
        });
    } else if (jobs > 1 && !frontier.complete && !stopped()) {
        const setup = { uri: program.main, texts: files.unreadable, options };
        await exploreOnThreads(script, jobs, setup, frontier, explorer.visited, () => {
            progress(frontier, frontier.left);
            return stopped();
        });
    }
    return { exploration: explorationOf(explorer.scenario, frontier, options), frontier };
}

/** Lets the process hear of signals. */
function turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
}

/** Searches until there is enough for all parts, and keeps one of them: each part finds the same until then. */
function divide(explorer: Explorer, { index, count }: Shard): void {
    for (const _ of explorer.run()) {
        if (explorer.left >= ITEMS_OF_PART * count) {
            break;
        }
    }
    explorer.frontier.keep({ index, count });
}
