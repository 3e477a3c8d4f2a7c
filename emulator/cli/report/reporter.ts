/** The interface of reports; the methods are called in this order. */
import type { Comparison, FileResult, ScenarioResult } from '../results';

export type Write = (text: string) => void;

export interface Reporter {
    /** @param count the number of results; a file with errors is one result */
    start(count: number): void;
    /** A file that is not run because of its errors. */
    broken(file: FileResult): void;
    /** A scenario is over. @param seconds of the host's time */
    scenario(file: string, result: ScenarioResult, seconds: number): void;
    end(summary: Summary): void;
}

/** A finished run. */
export interface Summary {
    readonly files: readonly FileResult[];
    /** The number of scenarios that did not run, because `--bail` ended the run. */
    readonly skipped: number;
    /** With `--baseline`. */
    readonly comparison: Comparison | null;
}

export interface Totals {
    readonly passed: number;
    readonly failed: number;
    /** The number of files that were not run because of their errors. */
    readonly broken: number;
}

export function totals(results: readonly FileResult[]): Totals {
    const scenarios = results.flatMap((r) => r.scenarios);
    const passed = scenarios.filter((s) => s.passed).length;
    return { passed, failed: scenarios.length - passed, broken: results.filter((r) => r.errors.length > 0).length };
}

const EXIT_FAILED = 1;
const EXIT_UNUSABLE = 2;

/** The exit code of the command that reports this. */
export function exitCode({ files, comparison }: Summary): number {
    const failed = files.flatMap((r) => r.scenarios).filter((s) => !s.passed);
    if (files.some((r) => r.errors.length > 0) || failed.some((s) => s.failure?.kind === 'setup')) {
        return EXIT_UNUSABLE;
    }
    return failed.length > 0 || comparison?.changes.some((c) => c.tooLong) === true ? EXIT_FAILED : 0;
}
