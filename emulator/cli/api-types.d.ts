/**
 * The types of `import { check, run } from 'lus-debug'`. Results are what `--format json` of the commands prints; the
 * page about the command line describes them.
 */

/** A place in a file; lines and columns count from 1, the end is exclusive. */
export interface Where {
    readonly file: string;
    readonly line: number;
    readonly column: number;
    readonly endLine: number;
    readonly endColumn: number;
}

/** A finding of the checker. */
export interface Finding {
    /** `LU0202` */
    readonly code: string;
    readonly severity: 'error' | 'warning';
    readonly message: string;
    readonly where: Where;
    /** The title of the quick fix. */
    readonly fix: string | null;
}

export interface StackLine {
    readonly label: string;
    readonly where: Where | null;
}

export interface LogEntry {
    /** `log` for output of log(); the others are levels of the kernel log. */
    readonly level: string;
    readonly text: string;
    /** Nanoseconds of virtual time since the machine was switched on. */
    readonly timeNs: number;
    /** The number of boots before: 0 for kernel 1. */
    readonly boot: number;
}

/** Why a scenario failed. */
export interface Failure {
    /** `failed-call`, `failed-assertion`, …; `setup`: the machine cannot be built; `emulator`: its own bug. */
    readonly kind: string;
    readonly message: string;
    readonly where: Where | null;
    /** The innermost frame first. */
    readonly stack: readonly StackLine[];
    /** Where the error of a failed system call came up. */
    readonly cause: {
        readonly message: string;
        readonly where: Where | null;
        readonly stack: readonly StackLine[];
    } | null;
    /** The processes that wait for a lock of the kernel. */
    readonly waiting: readonly {
        readonly process: string;
        readonly message: string;
        readonly stack: readonly StackLine[];
    }[];
    /** The last lines of the kernel log. */
    readonly kernelLog: readonly LogEntry[];
}

/** An error that the kernel does not report. */
export interface Diagnosis {
    /** `LU1001` */
    readonly code: string;
    readonly severity: string;
    readonly message: string;
    readonly where: Where | null;
    readonly boot: number;
    readonly timeNs: number;
    readonly history: readonly { readonly boot: number; readonly text: string; readonly where: Where | null }[];
    readonly advice: string;
    /** Whether the scenario expects it. */
    readonly expected: boolean;
    /** The earlier finding that caused this one. */
    readonly cause: { readonly code: string; readonly message: string; readonly where: Where | null } | null;
    readonly data: Readonly<Record<string, unknown>>;
}

export interface ScenarioResult {
    readonly name: string;
    readonly where: Where;
    readonly passed: boolean;
    /** The seed of the schedule; null if no processes ran concurrently. */
    readonly seed: number | null;
    /** Virtual time at its end, in nanoseconds. */
    readonly timeNs: number;
    /** The number of kernels that booted. */
    readonly boots: number;
    readonly output: readonly LogEntry[];
    /** The updates that reached the jump: their phases, with times in nanoseconds. */
    readonly updates: readonly object[];
    readonly diagnoses: readonly Diagnosis[];
    readonly failure: Failure | null;
}

export interface FileResult {
    readonly file: string;
    /** The errors because of which the file was not run. */
    readonly errors: readonly Finding[];
    readonly scenarios: readonly ScenarioResult[];
}

export interface RunReport {
    /** Numbers of scenarios. */
    readonly passed: number;
    readonly failed: number;
    /** The number of files that were not run because of their errors. */
    readonly broken: number;
    readonly files: readonly FileResult[];
}

export interface RunOptions {
    /** Only the scenario with this name. */
    readonly scenario?: string | undefined;
    /** The kernel that replaces the default kernel of scenarios. */
    readonly kernel?: string | undefined;
    /** The same file, kernels and seed give the same result. Default: 0. */
    readonly seed?: number | undefined;
    /** Whether the kernel log is part of the output. */
    readonly log?: boolean | undefined;
    /** Whether an unexpected diagnosis fails a scenario. */
    readonly strict?: boolean | undefined;
}

/**
 * Checks files with their imports, without running them.
 * @param files paths
 * @throws Error if one of them cannot be read
 */
export type Check = (files: string | readonly string[]) => readonly Finding[];

/**
 * Runs the scenarios of files. It returns when all are over: there is no limit of time.
 * @param files paths of scenario files, or of recordings
 * @throws Error if a file cannot be read, there is no such scenario or kernel, or nothing to run
 */
export type Run = (files: string | readonly string[], options?: RunOptions) => RunReport;

export declare const check: Check;
export declare const run: Run;
