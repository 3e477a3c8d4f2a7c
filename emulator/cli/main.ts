/** The `lus` command; in its other threads, the work that it shares out. */
import { commandLine } from './command-line';
import { type ExploreSetup, serveExploring } from './exploring/threads';
import { type ItemsSetup, serveItems } from './suite/threads';
import { THREAD } from './threads';

async function main(): Promise<void> {
    const args = process.argv.slice(2);
    if (args[0] === THREAD) {
        const { parentPort, workerData } = await import('node:worker_threads');
        if (parentPort) {
            const setup: ExploreSetup | ItemsSetup = workerData;
            if ('explores' in setup) {
                serveExploring(setup, parentPort);
            } else {
                serveItems(setup, parentPort);
            }
            return;
        }
    }
    await commandLine(args);
}

void main();
