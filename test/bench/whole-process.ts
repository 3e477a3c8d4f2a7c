/** Whole processes of the built bundles: how long they take, and how much processor time and memory. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { z } from 'zod';

/** What a process, or a part of what it did, took. */
export interface Taken {
    readonly ms: number;
    /** Processor time of all its threads, in the process and in the kernel; absent where the system does not tell. */
    readonly cpuMs?: number | undefined;
    /** The most memory that was resident; absent where it was not asked for. */
    readonly residentMiB?: number;
}

const usageSchema = z.object({ userCPUTime: z.number(), systemCPUTime: z.number(), maxRSS: z.number() });

const scratch = mkdtempSync(path.join(tmpdir(), 'lus-bench-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));

/** A file for as long as this process lives. */
export function scratchFile(name: string, text: string): string {
    const file = path.join(scratch, name);
    writeFileSync(file, text);
    return file;
}

/** Says at the end what the process used, on a pipe of its own. */
const SAY_USAGE = scratchFile(
    'say-usage.cjs',
    "process.on('exit', () => require('fs').writeSync(3, JSON.stringify(process.resourceUsage())));\n",
);

/**
 * Runs Node.js with arguments.
 * @throws Error where it does not end with exit code 0
 */
export function nodeProcess(args: readonly string[]): Taken {
    const begin = performance.now();
    const { status, stderr, output } = spawnSync(process.execPath, ['--require', SAY_USAGE, ...args], {
        stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
        encoding: 'utf8',
    });
    const ms = performance.now() - begin;
    if (status !== 0) {
        throw new Error(stderr.trim().split('\n')[0] || `exit code ${status}`);
    }
    const { userCPUTime, systemCPUTime, maxRSS } = usageSchema.parse(JSON.parse(output[3] ?? ''));
    return { ms, cpuMs: (userCPUTime + systemCPUTime) / 1000, residentMiB: maxRSS / 1024 };
}

/** `lus` of the state that is built in a folder. */
export function lus(folder: string, ...args: readonly string[]): Taken {
    return nodeProcess([path.join(folder, 'dist', 'lus.js'), ...args]);
}

/** The debug adapter of the state that is built in a folder. */
export function adapterOf(folder: string): string {
    return path.join(folder, 'dist', 'debug-adapter.js');
}

/** Processor time that a running process has used, of all its threads; undefined where the system does not tell. */
export function cpuMsOf(pid: number | undefined): number | undefined {
    const tasks = `/proc/${pid}/task`;
    return existsSync(tasks)
        ? readdirSync(tasks).reduce((ms, id) => ms + cpuMsOfThread(`${tasks}/${id}`), 0)
        : undefined;
}

/** The same of its main thread, for which others wait. */
export function mainCpuMsOf(pid: number | undefined): number | undefined {
    const main = `/proc/${pid}/task/${pid}`;
    return existsSync(main) ? cpuMsOfThread(main) : undefined;
}

/** Documentation/scheduler/sched-stats.rst: the first number is the time on a processor, in nanoseconds. */
function cpuMsOfThread(folder: string): number {
    return Number(readFileSync(path.join(folder, 'schedstat'), 'utf8').split(' ')[0]) / 1e6;
}
