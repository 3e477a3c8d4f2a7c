/**
 * The fuzzer: inputs of every kind that the product takes, and what must hold for each.
 *
 *     npm run fuzz                                        one minute of all targets
 *     npm run fuzz -- --minutes 60                        the run that is part of a release
 *     npm run fuzz -- --target dap --minutes 5            one target; may be given several times
 *     npm run fuzz -- --target dap --seed 7 --runs 100    the inputs of one trial, as a failure names them
 *
 * An input that fails is made smaller and written to a file under .build/fuzz. The exit code is 1 if one failed.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';
import * as z from 'zod';
import { inRepository } from '../support/repository';
import { Coverage } from './coverage';
import { kindOf, type Failure, type Target } from './target';
import { TARGETS } from './targets';
import { Watchdog, watch } from './watchdog';

/** Inputs of a trial: few, so that a failure is repeated quickly. */
const RUNS = 50;
/** Milliseconds for making an input smaller. */
const SHRINKING_MS = 60_000;
const MINUTE_MS = 60_000;
/** Between two lines of the report. */
const REPORT_MS = 10_000;
/** Bytes by which the process may grow with one input, and the heap by all inputs of a target. */
const MOST_GROWTH = 2 ** 30;
const MOST_LEFT = 2 ** 29;
const MIB = 2 ** 20;

const gcSchema = z.function({ input: [], output: z.void() });

/** Makes the collector of garbage callable. */
function collector(): () => void {
    setFlagsFromString('--expose-gc');
    const gc: unknown = runInNewContext('gc');
    return gcSchema.implement(z.custom<() => void>((f) => typeof f === 'function').parse(gc));
}

/** What a target has done so far. */
interface Sums {
    tried: number;
    ms: number;
    /** CPU time, in milliseconds. */
    cpu: number;
    /** Bytes of the heap after the first trial. */
    heap: number | undefined;
    trials: number;
}

class Fuzzer {
    private readonly kinds = new Map<string, number>();
    private readonly sums = new Map<string, Sums>();
    private readonly coverage = new Coverage(__filename);
    private readonly watchdog: Watchdog;
    private readonly gc = collector();
    private readonly begin = performance.now();
    /** Functions that were reached until the last line of the report. */
    private reached = 0;

    constructor(private readonly targets: readonly Target[]) {
        this.watchdog = new Watchdog(
            __filename,
            targets.map((t) => t.name),
        );
    }

    async trial(target: Target, seed: number, runs: number): Promise<void> {
        const sums = this.sums.get(target.name) ?? { tried: 0, ms: 0, cpu: 0, heap: undefined, trials: 0 };
        this.sums.set(target.name, sums);
        this.watchdog.trial(this.targets.indexOf(target), seed);
        const started = performance.now();
        const { user, system } = process.cpuUsage();
        let size = process.memoryUsage.rss();
        let run = 0;
        const grown = (): void => {
            const now = process.memoryUsage.rss();
            if (run > 0 && now - size > MOST_GROWTH) {
                this.failed(target, seed, run, {
                    error: new Error(`an input takes ${Math.round((now - size) / MIB)} MiB`),
                    input: '',
                });
            }
            size = now;
        };
        const { tried, failure } = await target.trial({
            seed,
            runs,
            limit: SHRINKING_MS,
            begin: () => {
                grown();
                this.watchdog.input();
                run++;
            },
        });
        grown();
        sums.tried += tried;
        sums.ms += performance.now() - started;
        const used = process.cpuUsage();
        sums.cpu += (used.user - user + used.system - system) / 1000;
        sums.trials++;
        if (failure) {
            this.failed(target, seed, runs, failure);
        }
    }

    /** Reports what a target leaves in memory. */
    private left(target: Target, sums: Sums): number {
        this.gc();
        const { heapUsed, arrayBuffers } = process.memoryUsage();
        const now = heapUsed + arrayBuffers;
        sums.heap ??= now;
        if (now - sums.heap > MOST_LEFT) {
            this.failed(target, 0, 0, {
                error: new Error(`memory grows: ${Math.round((now - sums.heap) / MIB)} MiB are left`),
                input: '',
            });
            sums.heap = now;
        }
        return now;
    }

    private failed(target: Target, seed: number, runs: number, { error, input }: Failure): void {
        const kind = `${target.name}: ${kindOf(error)}`;
        const times = this.kinds.get(kind) ?? 0;
        this.kinds.set(kind, times + 1);
        if (times > 0) {
            return;
        }
        const folder = inRepository('.build', 'fuzz');
        mkdirSync(folder, { recursive: true });
        const file = path.join(folder, `${target.name}-${seed}.txt`);
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        const repeat = `npm run fuzz -- --target ${target.name} --seed ${seed} --runs ${runs}`;
        writeFileSync(file, `${text}\n\nRepeat: ${repeat}\n\n${input}\n`);
        console.log(`FAILS: ${kind}\n  input: ${file}\n  repeat: ${repeat}`);
    }

    report(target: Target): void {
        const sums = this.sums.get(target.name);
        if (!sums) {
            return;
        }
        const heap = this.left(target, sums);
        const seconds = Math.round((performance.now() - this.begin) / 1000);
        const { functions, code, of } = this.coverage.take();
        const more = functions - this.reached;
        this.reached = functions;
        console.log(
            `${String(seconds).padStart(5)} s  ${target.name.padEnd(12)} ${String(sums.tried).padStart(8)} inputs, ${rate(sums)} a second; reached ${functions} functions, ${more} of them new, ${((100 * code) / of).toFixed(2)} % of the code; ${Math.round(heap / MIB)} MiB, ${this.kinds.size} faults`,
        );
    }

    /** Each kind of input with its figures. */
    summary(): boolean {
        let tried = 0;
        console.log(
            '\n| kind of input | inputs | seconds | CPU seconds | a CPU second |\n| --- | ---: | ---: | ---: | ---: |',
        );
        for (const { name, what } of this.targets) {
            const sums = this.sums.get(name);
            if (sums) {
                tried += sums.tried;
                console.log(
                    `| ${what} (\`${name}\`) | ${sums.tried} | ${Math.round(sums.ms / 1000)} | ${Math.round(sums.cpu / 1000)} | ${(sums.tried / Math.max(sums.cpu / 1000, 0.001)).toFixed(1)} |`,
                );
            }
        }
        const seconds = Math.round((performance.now() - this.begin) / 1000);
        console.log(`\n${tried} inputs in ${seconds} s, ${this.kinds.size} kinds of faults`);
        for (const [kind, times] of this.kinds) {
            console.log(`  ${times} times ${kind}`);
        }
        return this.kinds.size === 0;
    }
}

function rate({ tried, ms }: Sums): string {
    return (tried / Math.max(ms / 1000, 0.001)).toFixed(1);
}

/** @throws Error for bad arguments */
function number(name: string, text: string | undefined): number | undefined {
    if (text !== undefined && !/^\d+(?:\.\d+)?$/.test(text)) {
        throw new Error(`--${name} must be a number, not "${text}".`);
    }
    return text === undefined ? undefined : Number(text);
}

async function main(): Promise<void> {
    const { values } = parseArgs({
        options: {
            target: { type: 'string', multiple: true },
            seed: { type: 'string' },
            runs: { type: 'string' },
            minutes: { type: 'string' },
        },
    });
    const wanted = values.target ?? TARGETS.map((t) => t.name);
    const targets = TARGETS.filter((t) => wanted.includes(t.name));
    if (targets.length < new Set(wanted).size) {
        throw new Error(`The targets are ${TARGETS.map((t) => t.name).join(', ')}.`);
    }
    const [runs, minutes] = [number('runs', values.runs), number('minutes', values.minutes) ?? 1];
    const first = number('seed', values.seed) ?? 1;
    const fuzzer = new Fuzzer(targets);
    if (runs === undefined) {
        const end = performance.now() + minutes * MINUTE_MS;
        for (let seed = first; performance.now() < end; seed++) {
            for (const target of targets) {
                await round(fuzzer, target, seed, Math.min(end, performance.now() + REPORT_MS));
            }
        }
    } else {
        for (const target of targets) {
            await fuzzer.trial(target, first, runs);
        }
    }
    for (const target of targets) {
        target.close();
    }
    process.exitCode = fuzzer.summary() ? 0 : 1;
}

/** Seeds of a round: those of the next one begin after them. */
const SEEDS_OF_A_ROUND = 100_000;

async function round(fuzzer: Fuzzer, target: Target, number: number, end: number): Promise<void> {
    for (let i = 0; performance.now() < end && i < SEEDS_OF_A_ROUND; i++) {
        await fuzzer.trial(target, number * SEEDS_OF_A_ROUND + i, RUNS);
    }
    fuzzer.report(target);
}

if (isMainThread) {
    main().catch((e: unknown) => {
        console.error(e instanceof Error ? e.message : e);
        process.exitCode = 2;
    });
} else {
    watch();
}
