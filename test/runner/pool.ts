/**
 * Runs commands on all cores, each in a process of its own, longest first. What a process prints is kept whole: it
 * appears in the order in which the tasks were given, that of the first one that has not ended as it comes. A process
 * that breaks off without results, or does not end, is a failure that names its task.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import * as path from 'node:path';
import { ROOT } from '../support/repository';
import { Durations } from './durations';
import { add, failure, handedOn, NOTHING, type Results } from './results';

export interface Task {
    readonly name: string;
    /** What it is counted with in the summary. */
    readonly part: string;
    readonly command: string;
    readonly args: readonly string[];
    /** Whether its process hands on results; else the task is one test by itself. */
    readonly counts: boolean;
    /** Of the tasks with the same word here one runs at a time. */
    readonly oneAtATime?: string;
}

export interface Ended {
    readonly task: Task;
    readonly seconds: number;
    readonly results: Results;
}

/** Against what hangs beyond mocha's own limit, such as a loop that never ends. */
const LIMIT_MS = 40 * 60_000;
/** What a process has to clean up after itself, when it is told to end. */
const GRACE_MS = 10_000;
/** Of the output of a process that broke off, for the failures at the end. */
const LAST_CHARACTERS = 4000;

const running = new Set<ChildProcess>();

/** A process and all that it has started: it leads a group. */
function signal(child: ChildProcess, name: 'SIGTERM' | 'SIGKILL'): void {
    try {
        if (child.pid !== undefined) {
            process.kill(-child.pid, name);
        }
    } catch {
        // it has ended
    }
}

// Processes that lead groups of their own do not see the signals that end the run.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => {
        for (const child of running) {
            signal(child, 'SIGTERM');
        }
        process.exit(1);
    });
}

interface Exit {
    readonly status: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly hung: boolean;
}

function run(task: Task, resultsFile: string, print: (text: string) => void): Promise<Exit> {
    return new Promise((resolve, reject) => {
        const child = spawn(task.command, task.args, {
            cwd: ROOT,
            stdio: ['ignore', 'pipe', 'pipe'],
            detached: true,
            env: { ...process.env, TEST_RESULTS: resultsFile },
        });
        running.add(child);
        for (const stream of [child.stdout, child.stderr]) {
            stream.setEncoding('utf8').on('data', print);
        }
        let hung = false;
        const limit = setTimeout(() => {
            hung = true;
            signal(child, 'SIGTERM');
            setTimeout(signal, GRACE_MS, child, 'SIGKILL').unref();
        }, LIMIT_MS);
        child.on('error', reject);
        // What it has left behind holds its output open.
        child.on('exit', () => signal(child, 'SIGKILL'));
        child.on('close', (status, by) => {
            clearTimeout(limit);
            running.delete(child);
            resolve({ status, signal: by, hung });
        });
    });
}

function resultsOf(task: Task, exit: Exit, handed: Results | undefined, output: string): Results {
    const shown = output.slice(-LAST_CHARACTERS).trimEnd();
    const how = exit.hung
        ? `has not ended after ${LIMIT_MS / 60_000} minutes`
        : `ended with ${exit.signal ?? `exit code ${exit.status}`}`;
    if (!task.counts) {
        return exit.status === 0 ? { ...NOTHING, passed: 1 } : failure(`${task.name} ${how}\n${shown}`);
    }
    if (!handed) {
        return failure(`${task.name} ${how} and has no results\n${shown}`);
    }
    return exit.status !== 0 && handed.failed === 0 ? add(handed, failure(`${task.name} ${how}\n${shown}`)) : handed;
}

function lineOf({ task, seconds, results: { passed, failed, skipped } }: Ended): string {
    const counts = [`${passed} passed`, `${failed} failed`, `${skipped} skipped`];
    const said = counts.filter((_, i) => i === 0 || [passed, failed, skipped][i] !== 0).join(', ');
    return `${failed > 0 ? 'FAIL' : 'ok  '} ${task.name.padEnd(58)} ${seconds.toFixed(1).padStart(6)} s  ${said}\n`;
}

/**
 * Runs them all.
 * @param whole whether the tasks are run as a whole, so that it says something how long they take
 * @returns in the order in which they were given
 */
export async function runAll(tasks: readonly Task[], whole = true): Promise<Ended[]> {
    const scratch = mkdtempSync(path.join(tmpdir(), 'lus-test-'));
    const durations = new Durations();
    const output = tasks.map(() => '');
    const ended = tasks.map((): Ended | undefined => undefined);
    let shown = 0;

    /** Prints what of the output has its turn. */
    function show(): void {
        for (; shown < tasks.length; shown++) {
            process.stdout.write(output[shown] ?? '');
            output[shown] = '';
            const one = ended[shown];
            if (!one) {
                return;
            }
            process.stdout.write(lineOf(one));
        }
    }

    /** Type check and lint begin first, however short they are: nobody wants to wait for what they say. */
    const length = (task: Task): number => (task.counts ? durations.of(task) : Number.MAX_VALUE);

    async function runOne(task: Task, index: number): Promise<void> {
        const file = path.join(scratch, `${index}.json`);
        const begin = performance.now();
        let last = '';
        const exit = await run(task, file, (text) => {
            last = `${last}${text}`.slice(-LAST_CHARACTERS);
            output[index] += text;
            show();
        });
        const seconds = (performance.now() - begin) / 1000;
        ended[index] = { task, seconds, results: resultsOf(task, exit, handedOn(file), last) };
        durations.keep(task, seconds);
        show();
    }

    const waiting = [...tasks.entries()].sort(([, a], [, b]) => length(b) - length(a));
    const busy = new Set<string>();
    async function work(): Promise<void> {
        for (;;) {
            const at = waiting.findIndex(([, t]) => t.oneAtATime === undefined || !busy.has(t.oneAtATime));
            const [next] = at < 0 ? [] : waiting.splice(at, 1);
            if (!next) {
                // what is left waits for a task of its kind, and whoever has that goes on with it
                return;
            }
            const [index, task] = next;
            if (task.oneAtATime !== undefined) {
                busy.add(task.oneAtATime);
            }
            await runOne(task, index);
            if (task.oneAtATime !== undefined) {
                busy.delete(task.oneAtATime);
            }
        }
    }

    try {
        await Promise.all(Array.from({ length: availableParallelism() }, work));
        if (whole) {
            durations.save();
        }
        return ended.filter((e) => e !== undefined);
    } finally {
        rmSync(scratch, { recursive: true, force: true });
    }
}

export function totalOf(ended: readonly Ended[]): Results {
    return ended.map((e) => e.results).reduce(add, NOTHING);
}

/** The failures again, all in one place. */
export function showFailures({ failures }: Results): void {
    for (const text of failures) {
        console.log(`\nFAIL ${text}`);
    }
}
