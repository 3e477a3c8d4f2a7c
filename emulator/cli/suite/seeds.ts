/** Runs a scenario with several seeds of the scheduler. */
import type { Program } from '../../language/program';
import type { ScenarioDecl } from '../../language/syntax/ast';
import { execute, type ExecuteOptions } from '../execute';
import type { Files } from '../files';
import { BadArguments } from '../options';
import type { ScenarioResult } from '../results';

/** Seeds, both ends included. */
export interface Seeds {
    readonly first: number;
    readonly last: number;
}

const MOST = 1_000_000;

/** `0..500`, or one seed. @throws BadArguments */
export function seedsOf(text: string): Seeds {
    const [, from, to = from] = /^(\d+)(?:\.\.(\d+))?$/.exec(text) ?? [];
    const first = Number(from);
    const last = Number(to);
    if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || last < first) {
        throw new BadArguments(`--seeds must be a range such as 0..500, not "${text}".`);
    }
    if (last - first >= MOST) {
        throw new BadArguments(`--seeds must be at most ${MOST} seeds.`);
    }
    return { first, last };
}

/**
 * Runs a scenario with each seed. The result is that of the first seed that fails, else of the first seed. A scenario
 * in which nothing runs concurrently does not depend on the seed and runs once.
 */
export function executeSeeds(
    files: Files,
    program: Program,
    scenario: ScenarioDecl,
    options: Omit<ExecuteOptions, 'seed'>,
    { first, last }: Seeds,
): ScenarioResult {
    const begin = execute(files, program, scenario, { ...options, seed: first });
    if (last === first || begin.seed === null || begin.failure?.kind === 'setup') {
        return begin;
    }
    let shown = begin;
    const failed = begin.passed ? [] : [first];
    for (let seed = first + 1; seed <= last; seed++) {
        const result = execute(files, program, scenario, { ...options, seed });
        if (!result.passed) {
            if (failed.length === 0) {
                shown = result;
            }
            failed.push(seed);
        }
    }
    return { ...shown, seeds: { first, last, failed } };
}

/** Joins the results of consecutive ranges of seeds of one scenario, in their order. */
export function joined(results: readonly [ScenarioResult, ...ScenarioResult[]]): ScenarioResult {
    const [begin] = results;
    const end = results.at(-1) ?? begin;
    if (begin.seed === null || results.length === 1) {
        return begin;
    }
    const shown = results.find((r) => !r.passed) ?? begin;
    const failed = results.flatMap((r) => r.seeds?.failed ?? (r.passed || r.seed === null ? [] : [r.seed]));
    return {
        ...shown,
        seeds: { first: begin.seeds?.first ?? begin.seed, last: end.seeds?.last ?? end.seed ?? begin.seed, failed },
    };
}
