/** The `lus` command; in its other threads, the work that it shares out. */
import { isMainThread } from 'node:worker_threads';
import { commandLine } from './command-line';
import { serveItems } from './suite/threads';

if (isMainThread) {
    void commandLine(process.argv.slice(2));
} else {
    serveItems();
}
