/** The `lus` command; in its other threads, the work that it shares out. */
import { isMainThread } from 'node:worker_threads';
import { commandLine } from './command-line';
import { isExploring, serveExploring } from './exploring/threads';
import { serveItems } from './suite/threads';

if (isMainThread) {
    void commandLine(process.argv.slice(2));
} else if (isExploring()) {
    serveExploring();
} else {
    serveItems();
}
