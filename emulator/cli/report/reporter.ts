/** The interface of reports; the methods are called in this order. */
import type { FileResult, ScenarioResult } from '../results';

export type Write = (text: string) => void;

export interface Reporter {
    /** @param count the number of results; a file with errors is one result */
    start(count: number): void;
    /** A file that is not run because of its errors. */
    broken(file: FileResult): void;
    /** A scenario is over. @param seconds of the host's time */
    scenario(file: string, result: ScenarioResult, seconds: number): void;
    end(results: readonly FileResult[]): void;
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
