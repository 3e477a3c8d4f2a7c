/** What programs import from the package: `lus check` and `lus run` as functions. See api-types.d.ts. */
import { errorsOf } from '../run/load-program';
import type { Check, Run } from './api-types';
import { findings, openAll } from './check';
import { execute } from './execute';
import { Files } from './files';
import { totals } from './report/reporter';
import { planOf } from './suite/plan';
import { findingOf } from './where';

const listOf = (names: string | readonly string[]): readonly string[] => (typeof names === 'string' ? [names] : names);

export const check: Check = (names) => {
    const files = new Files();
    return findings(files, openAll(files, listOf(names)));
};

export const run: Run = (names, { scenario, kernel, seed = 0, log = false, strict = false } = {}) => {
    const files = new Files();
    const named = listOf(names).map((name) => ({ name, byName: true }));
    const results = planOf(files, named, {
        scenarios: scenario === undefined ? [] : [scenario],
        kernel,
        shard: undefined,
    }).map(({ program, scenarios }) => ({
        file: files.display(program.main),
        errors: errorsOf(program).map((d) => findingOf(files, d)),
        scenarios: scenarios.map((decl) => execute(files, program, decl, { kernel, seed, log, strict })),
    }));
    return { ...totals(results), files: results };
};
