/**
 * Results of runs, as plain data. `--format json` of run, blackout and compat prints exactly this; the format is
 * documented and stable.
 */
import type { Datum } from '../findings/diagnosis';
import type { Severity } from '../findings/catalogue';
import type { CostChanges, CostName } from '../machine/costs';
import type { ExceptionKind } from '../runtime/stop';
import type { Negotiated, Offer } from '../runtime/host/compatibility';
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
    /** `log` for output of log(); the others are levels of the kernel log. */
    readonly level: string;
    readonly text: string;
    /** Nanoseconds of virtual time since the machine was switched on. */
    readonly timeNs: number;
    /** The number of boots before: 0 for kernel 1. */
    readonly boot: number;
}

/** A process that waited for a lock of the kernel when the scenario failed. */
export interface Waiter {
    readonly process: string;
    /** The lock and its holder. */
    readonly message: string;
    /** The innermost frame first. */
    readonly stack: readonly StackLine[];
}

/** The origin of the error of a failed system call. */
export interface Cause {
    readonly message: string;
    readonly where: Where | null;
    readonly stack: readonly StackLine[];
}

export interface Failure {
    /**
     * `emulator`: a bug in the emulator. `setup`: the machine of the program cannot be built. `timeout`: the scenario
     * ran longer than `--timeout` or `--virtual-timeout`.
     */
    readonly kind: ExceptionKind | 'setup' | 'emulator' | 'timeout';
    readonly message: string;
    readonly where: Where | null;
    /** The innermost frame first. */
    readonly stack: readonly StackLine[];
    readonly cause: Cause | null;
    readonly waiting: readonly Waiter[];
    /** The last lines of the kernel log. */
    readonly kernelLog: readonly LogEntry[];
}

/** A diagnosis: an error that the kernel does not report. */
export interface DiagnosisReport {
    /** `LU1001`; the page of diagnoses explains each. */
    readonly code: string;
    readonly severity: Severity;
    readonly message: string;
    readonly where: Where | null;
    /** The number of boots before (0 for kernel 1), and nanoseconds of virtual time. */
    readonly boot: number;
    readonly timeNs: number;
    /** The history of the page, session, file or FLB, oldest first. */
    readonly history: readonly { readonly boot: number; readonly text: string; readonly where: Where | null }[];
    readonly advice: string;
    /** Whether the scenario expects it: by `diagnosed("…")`, or because `finds` lists it or its cause. */
    readonly expected: boolean;
    /** The earlier finding that caused this one. */
    readonly cause: { readonly code: string; readonly message: string; readonly where: Where | null } | null;
    /** Names, addresses and numbers of the message. */
    readonly data: Readonly<Record<string, Datum>>;
}

export interface ScenarioResult {
    readonly name: string;
    /** The place of its declaration. */
    readonly where: Where;
    readonly passed: boolean;
    /** The seed of the schedule; null if no processes ran concurrently. */
    readonly seed: number | null;
    /** With `--seeds`: the range that was run, and the seeds with which it failed. Otherwise null. */
    readonly seeds: { readonly first: number; readonly last: number; readonly failed: readonly number[] } | null;
    /** Virtual time at its end, in nanoseconds. */
    readonly timeNs: number;
    /** The number of kernels that booted. */
    readonly boots: number;
    /** The output of log(), and with `--log` the kernel log. */
    readonly output: readonly LogEntry[];
    /** The updates that reached the jump. */
    readonly updates: readonly UpdateReport[];
    /** In the order of time. */
    readonly diagnoses: readonly DiagnosisReport[];
    readonly failure: Failure | null;
}

/** A finding of the checker. */
export interface FindingReport {
    readonly code: string;
    readonly severity: 'error' | 'warning';
    readonly message: string;
    readonly where: Where;
    /** The title of the quick fix. */
    readonly fix: string | null;
}

export interface FileResult {
    readonly file: string;
    /** The errors because of which the file was not run. */
    readonly errors: readonly FindingReport[];
    readonly scenarios: readonly ScenarioResult[];
}

/** The blackout of an update, now and in the baseline, nanoseconds. */
export interface BlackoutChange {
    readonly file: string;
    readonly scenario: string;
    /** From 1. */
    readonly update: number;
    readonly beforeNs: number;
    /** null: the blackout never ended. */
    readonly nowNs: number | null;
    /** Whether it is longer than the tolerance allows, so that the run fails. */
    readonly tooLong: boolean;
    /** The costs that differ, the largest difference first. */
    readonly causes: readonly { readonly cost: string; readonly beforeNs: number; readonly nowNs: number }[];
}

/** The comparison of a run with a baseline. */
export interface Comparison {
    /** The baseline's file. */
    readonly baseline: string;
    /** Per cent. */
    readonly tolerance: number;
    /** The number of updates that both have. */
    readonly compared: number;
    /** Updates whose blackout differs. */
    readonly changes: readonly BlackoutChange[];
}

/** One run of `lus blackout`. */
export interface BlackoutRow {
    /** The varied costs, nanoseconds. */
    readonly costs: CostChanges;
    readonly updates: readonly UpdateReport[];
    readonly passed: boolean;
    /** The reason of the failure. */
    readonly message: string | null;
}

export interface BlackoutTable {
    readonly scenario: string;
    /** The costs that vary, in the order of the arguments. */
    readonly vary: readonly CostName[];
    readonly rows: readonly BlackoutRow[];
}

/**
 * The outcome of an update: `works`; `lost`: the next kernel boots as if nothing had been preserved; `EIO`:
 * /dev/liveupdate cannot be opened; `panic`; `fails`: the scenario fails in another way; `unsuited`: it fails before
 * its first kexec.
 */
export type Outcome = 'works' | 'lost' | 'EIO' | 'panic' | 'fails' | 'unsuited';

/** A pair of kernels. */
export interface Cell {
    readonly from: string;
    readonly to: string;
    readonly outcome: Outcome;
    /** A few words; if it works, what of the handover the next kernel ignores, or nothing. */
    readonly reason: string;
    /** The failure of the scenario; null if it works. */
    readonly message: string | null;
    readonly where: Where | null;
    /** Related lines in the log of the last kernel. */
    readonly kernelLog: readonly string[];
    /** Bugs of the two releases without which it works: all of them have to be fixed for that. */
    readonly knownBugs: readonly string[];
    /** What the next kernel compared, in its order, up to the first part that it refused. Empty without a kexec. */
    readonly negotiated: readonly Negotiation[];
}

/** A part of the handover: what was sent, against what the next kernel understands. */
export type Negotiation = Pick<Negotiated, 'part' | 'way' | 'sent' | 'understood' | 'result'>;

/** The output of `lus compat` for a scenario. */
export interface Matrix {
    readonly file: string;
    readonly scenario: string;
    readonly kernels: readonly string[];
    /** The proposed code of these kernels: `vfio v5 (under review)`, by the name of the kernel. */
    readonly proposed: Readonly<Record<string, readonly string[]>>;
    /** By the name of the kernel: what it hands over and understands, part by part. */
    readonly formats: Readonly<Record<string, readonly Offer[]>>;
    /** Row by row: all pairs from the first kernel, then all from the second. */
    readonly cells: readonly Cell[];
}
