/**
 * What runs came to, as plain data. `--format json` of run, blackout and compat prints exactly this; its shape is
 * documented and stable.
 */
import type { Datum } from '../findings/diagnosis';
import type { Severity } from '../findings/catalogue';
import type { CostChanges, CostName } from '../machine/costs';
import type { ExceptionKind } from '../runtime/stop';
import type { UpdateReport } from '../diagnosis/update-report';

/** A place in a file; lines and columns count from 1, the end is exclusive. */
export interface Where {
    readonly file: string;
    readonly line: number;
    readonly column: number;
    readonly endLine: number;
    readonly endColumn: number;
}

export interface StackLine {
    readonly label: string;
    readonly where: Where | null;
}

export interface LogEntry {
    /** `log` is what the scenario printed with log(), the others are levels of the kernel log. */
    readonly level: string;
    readonly text: string;
    /** Nanoseconds of virtual time since the machine was switched on. */
    readonly timeNs: number;
    /** Which boot of the machine, 0 for the first. */
    readonly boot: number;
}

/** A process that waited for a lock of the kernel when the scenario failed. */
export interface Waiter {
    readonly process: string;
    /** For which lock, and who had it. */
    readonly message: string;
    /** The innermost frame first. */
    readonly stack: readonly StackLine[];
}

/** Where the error of a failing system call came up first. */
export interface Cause {
    readonly message: string;
    readonly where: Where | null;
    readonly stack: readonly StackLine[];
}

export interface Failure {
    /** `emulator`: the program is not to blame. `setup`: the machine it asks for cannot be had. */
    readonly kind: ExceptionKind | 'setup' | 'emulator';
    readonly message: string;
    readonly where: Where | null;
    /** The innermost frame first. */
    readonly stack: readonly StackLine[];
    readonly cause: Cause | null;
    readonly waiting: readonly Waiter[];
    /** The last lines of the kernel log. */
    readonly kernelLog: readonly LogEntry[];
}

/** Something wrong that the kernel does not tell. */
export interface DiagnosisReport {
    /** `LU1001`; the page of diagnoses explains each. */
    readonly code: string;
    readonly severity: Severity;
    readonly message: string;
    readonly where: Where | null;
    /** Which boot of the machine it was, 0 for the first, and nanoseconds of virtual time. */
    readonly boot: number;
    readonly timeNs: number;
    /** What happened to the page, session, file or FLB before, oldest first. */
    readonly history: readonly { readonly boot: number; readonly text: string; readonly where: Where | null }[];
    readonly advice: string;
    /** The scenario asks for this code with `diagnosed("…")`, or says that it `finds` it or what it follows from. */
    readonly expected: boolean;
    /** The earlier finding that this one follows from. */
    readonly cause: { readonly code: string; readonly message: string; readonly where: Where | null } | null;
    /** Names, addresses and numbers of the message. */
    readonly data: Readonly<Record<string, Datum>>;
}

export interface ScenarioResult {
    readonly name: string;
    /** Where it is declared. */
    readonly where: Where;
    readonly passed: boolean;
    /** What has picked the schedule, where processes ran at the same time; null: none did. */
    readonly seed: number | null;
    /** Virtual time at its end, in nanoseconds. */
    readonly timeNs: number;
    /** How many kernels booted. */
    readonly boots: number;
    /** What it printed with log(), and with `--log` the kernel log. */
    readonly output: readonly LogEntry[];
    /** Those that got as far as the jump. */
    readonly updates: readonly UpdateReport[];
    /** In the order in which they were made. */
    readonly diagnoses: readonly DiagnosisReport[];
    readonly failure: Failure | null;
}

/** A finding of the checker. */
export interface FindingReport {
    readonly code: string;
    readonly severity: 'error' | 'warning';
    readonly message: string;
    readonly where: Where;
    /** What a quick fix would do, in a few words. */
    readonly fix: string | null;
}

export interface FileResult {
    readonly file: string;
    /** What kept the file from running. */
    readonly errors: readonly FindingReport[];
    readonly scenarios: readonly ScenarioResult[];
}

/** One run of `lus blackout`. */
export interface BlackoutRow {
    /** The varied costs, nanoseconds. */
    readonly costs: CostChanges;
    readonly updates: readonly UpdateReport[];
    readonly passed: boolean;
    /** Why it failed. */
    readonly message: string | null;
}

export interface BlackoutTable {
    readonly scenario: string;
    /** The costs that vary, in the order of the arguments. */
    readonly vary: readonly CostName[];
    readonly rows: readonly BlackoutRow[];
}

/**
 * What came of an update: `works`; `lost`: the next kernel boots as if nothing had been preserved; `EIO`:
 * /dev/liveupdate cannot be opened; `panic`; `fails`: anything else that makes the scenario fail; `unsuited`: it fails
 * before its first kexec.
 */
export type Outcome = 'works' | 'lost' | 'EIO' | 'panic' | 'fails' | 'unsuited';

/** A pair of kernels. */
export interface Cell {
    readonly from: string;
    readonly to: string;
    readonly outcome: Outcome;
    /** A few words; empty where it works. */
    readonly reason: string;
    /** The failure of the scenario; null where it works. */
    readonly message: string | null;
    readonly where: Where | null;
    /** What the last kernel logged about it. */
    readonly kernelLog: readonly string[];
    /** Bugs of the two releases without which it works: all of them have to be fixed for that. */
    readonly knownBugs: readonly string[];
}

/** What `lus compat` prints of a scenario. */
export interface Matrix {
    readonly file: string;
    readonly scenario: string;
    readonly kernels: readonly string[];
    /** What of these kernels is proposed code: `vfio v5 (under review)`, by the name of the kernel. */
    readonly proposed: Readonly<Record<string, readonly string[]>>;
    /** Row by row: all pairs from the first kernel, then all from the second. */
    readonly cells: readonly Cell[];
}
