/** What programs import from the package: `lus check` and `lus run` as functions. See api-types.d.ts. */
import { loadProgram } from '../run/load-program';
import type { Check, Run } from './api-types';
import { findings, openAll } from './check';
import { Files } from './files';
import { totals } from './report/reporter';
import { planned, runAll } from './run';

const listOf = (names: string | readonly string[]): readonly string[] => (typeof names === 'string' ? [names] : names);

export const check: Check = (names) => {
    const files = new Files();
    return findings(files, openAll(files, listOf(names)));
};

export const run: Run = (names, { scenario, kernel, seed = 0, log = false, strict = false } = {}) => {
    const files = new Files();
    const options = { kernel, seed, log, strict };
    const programs = openAll(files, listOf(names)).map((uri) => loadProgram(files, uri));
    let report: ReturnType<Run> = { passed: 0, failed: 0, broken: 0, files: [] };
    runAll(files, planned(programs, scenario, options), options, {
        start() {},
        broken() {},
        scenario() {},
        end(results) {
            report = { ...totals(results), files: results };
        },
    });
    return report;
};
