/** Ends a fuzz run in which an input takes too long: a thread of its own, which also looks at loops without an end. */
import { writeSync } from 'node:fs';
import { Worker, workerData } from 'node:worker_threads';
import * as z from 'zod';

/** The CPU time of an input; the slowest ones take some seconds. */
const LIMIT_MS = 60_000;
/** An input that takes so long without as much CPU time waits for something that does not come. */
const WAIT_MS = 900_000;
const LOOK_MS = 1000;

const dataSchema = z.object({ shared: z.instanceof(SharedArrayBuffer) });
/** The words of the shared memory: the number of the present input, and its trial's target and seed. */
const [INPUT, TARGET, SEED, RUN] = [0, 1, 2, 3];

export class Watchdog {
    private readonly words = new Int32Array(new SharedArrayBuffer(16));
    private readonly worker: Worker;

    /** @param bundle the script that calls {@link watch} in its other threads */
    constructor(bundle: string, names: readonly string[]) {
        this.worker = new Worker(bundle, { workerData: { shared: this.words.buffer, names } });
        this.worker.unref();
    }

    trial(target: number, seed: number): void {
        Atomics.store(this.words, TARGET, target);
        Atomics.store(this.words, SEED, seed);
        Atomics.store(this.words, RUN, 0);
    }

    /** An input begins. */
    input(): void {
        Atomics.add(this.words, INPUT, 1);
        Atomics.add(this.words, RUN, 1);
    }
}

/** The watching thread. */
export function watch(): void {
    const { shared } = dataSchema.parse(workerData);
    const { names } = z.object({ names: z.array(z.string()) }).parse(workerData);
    const words = new Int32Array(shared);
    let last = -1;
    let since = times();
    setInterval(() => {
        const now = Atomics.load(words, INPUT);
        if (now !== last) {
            last = now;
            since = times();
            return;
        }
        const { cpu, clock } = times();
        if (cpu - since.cpu > LIMIT_MS || clock - since.clock > WAIT_MS) {
            const name = names[Atomics.load(words, TARGET)] ?? '';
            const runs = Atomics.load(words, RUN);
            writeSync(
                2,
                `HANGS: an input of ${name} has taken ${Math.round((cpu - since.cpu) / 1000)} s of CPU time. Repeat: npm run fuzz -- --target ${name} --seed ${Atomics.load(words, SEED)} --runs ${runs}\n`,
            );
            process.kill(process.pid, 'SIGKILL');
        }
    }, LOOK_MS);
}

/** Milliseconds. */
function times(): { readonly cpu: number; readonly clock: number } {
    const { user, system } = process.cpuUsage();
    return { cpu: (user + system) / 1000, clock: performance.now() };
}
