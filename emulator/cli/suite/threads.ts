/** Runs items on several threads of this process. Each thread loads the programs of its items itself. */
import type { MessagePort, Worker } from 'node:worker_threads';
import type { Program } from '../../language/program';
import { loadProgram } from '../../run/load-program';
import { Files } from '../files';
import { BadArguments } from '../options';
import { startThreads } from '../threads';
import { Coverage, type Reached } from './coverage';
import { type Item, type ItemOptions, type ItemResult, runItem } from './items';

/** What a thread gets when it starts. */
export interface ItemsSetup {
    readonly options: ItemOptions;
    readonly covers: boolean;
    /** Texts that a thread cannot read itself, such as standard input, by URI. */
    readonly texts: ReadonlyMap<string, string>;
}

interface Request {
    readonly index: number;
    readonly item: Item;
}

type Reply =
    | { readonly index: number; readonly ended: ItemResult; readonly reached: Reached | undefined }
    | { readonly index: number; readonly badArguments: string };

/**
 * Runs items until all are done or `wanted` says that an item need not run.
 * @param script this program
 * @param ended gets the results in any order
 * @throws BadArguments if an item cannot run as asked; Error if a thread dies
 */
export async function runOnThreads(
    script: string,
    count: number,
    items: readonly Item[],
    setup: ItemsSetup,
    wanted: (index: number) => boolean,
    ended: (index: number, result: ItemResult, reached: Reached | undefined) => void,
): Promise<void> {
    let next = 0;
    const workers = await startThreads(script, Math.min(count, items.length), setup);
    const work = (worker: Worker): Promise<void> =>
        new Promise((resolve, reject) => {
            const give = (): void => {
                while (next < items.length && !wanted(next)) {
                    next++;
                }
                const index = next++;
                const item = items[index];
                if (item) {
                    worker.postMessage({ index, item } satisfies Request);
                } else {
                    resolve();
                }
            };
            worker.on('error', reject);
            worker.on('message', (reply: Reply) => {
                if ('badArguments' in reply) {
                    reject(new BadArguments(reply.badArguments));
                    return;
                }
                try {
                    ended(reply.index, reply.ended, reply.reached);
                } catch (e) {
                    reject(e);
                    return;
                }
                give();
            });
            give();
        });
    try {
        await Promise.all(workers.map(work));
    } finally {
        await Promise.all(workers.map((w) => w.terminate()));
    }
}

/** The other side: runs the items that the main thread sends. */
export function serveItems({ options, texts, covers }: ItemsSetup, mainThread: MessagePort): void {
    const coverage = covers ? new Coverage() : undefined;
    const files = new Files(texts);
    const programs = new Map<string, Program>();
    mainThread.on('message', ({ index, item }: Request) => {
        const program = programs.get(item.uri) ?? loadProgram(files, item.uri);
        programs.set(item.uri, program);
        mainThread.postMessage(answer(index, coverage, () => runItem(files, program, item, { ...options, coverage })));
    });
}

function answer(index: number, coverage: Coverage | undefined, run: () => ItemResult): Reply {
    try {
        return { index, ended: run(), reached: coverage?.take() };
    } catch (e) {
        if (e instanceof BadArguments) {
            return { index, badArguments: e.message };
        }
        throw e;
    }
}
