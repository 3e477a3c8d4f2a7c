/** What `lus run` runs: the scenarios of its files, in order, and the part of them that this shard runs. */
import type { Program } from '../../language/program';
import type { ScenarioDecl } from '../../language/syntax/ast';
import { isNamed } from '../../language/syntax/variants';
import { errorsOf, loadProgram } from '../../run/load-program';
import { Run } from '../../run/run';
import { UsageError } from '../../run/usage-error';
import { capital } from '../../text/text';
import { openAll } from '../check';
import type { Files } from '../files';
import { BadArguments } from '../options';
import type { NamedFile } from './find-files';

/** A file and its scenarios to run; none if it has errors. */
export interface PlannedFile {
    readonly program: Program;
    readonly scenarios: readonly ScenarioDecl[];
}

/** Part `index` of `count`, from 1. */
export interface Shard {
    readonly index: number;
    readonly count: number;
}

export interface Wish {
    readonly scenario: string | undefined;
    readonly kernel: string | undefined;
    readonly shard: Shard | undefined;
}

/** `3/16`. @throws BadArguments */
export function shardOf(text: string): Shard {
    const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
    const shard = { index: Number(index), count: Number(count) };
    if (!(shard.index >= 1 && shard.index <= shard.count)) {
        throw new BadArguments(`--shard must be a part such as 3/16, not "${text}".`);
    }
    return shard;
}

/**
 * @throws BadArguments if a file cannot be read, the wish names an unknown scenario or kernel, or there is nothing to
 * run; a shard may be empty
 */
export function planOf(files: Files, named: readonly NamedFile[], wish: Wish): PlannedFile[] {
    const names = named.map((n) => n.name);
    const uris = openAll(files, names);
    const byName = new Set(named.flatMap((n) => (n.byName ? openAll(files, [n.name]) : [])));
    const programs = uris
        .map((uri) => loadProgram(files, uri))
        .filter((p) => byName.has(p.main) || p.scenarios.length > 0 || errorsOf(p).length > 0);
    const plan = programs.map(
        (program): PlannedFile => ({
            program,
            scenarios: isBroken(program)
                ? []
                : program.scenarios.filter((s) => wish.scenario === undefined || isNamed(s, wish.scenario)),
        }),
    );
    if (plan.every((p) => p.scenarios.length === 0) && !programs.some(isBroken)) {
        throw new BadArguments(nothingToRun(programs, wish.scenario));
    }
    if (wish.kernel !== undefined) {
        for (const { program, scenarios } of plan) {
            checkKernel(program, scenarios[0], wish.kernel);
        }
    }
    return wish.shard ? partOf(plan, wish.shard) : plan;
}

export function isBroken(program: Program): boolean {
    return errorsOf(program).length > 0;
}

/** Every `count`-th scenario; a file with errors counts as one. */
function partOf(plan: readonly PlannedFile[], { index, count }: Shard): PlannedFile[] {
    let n = 0;
    const mine = (): boolean => n++ % count === index - 1;
    return plan.flatMap((file): PlannedFile[] => {
        if (isBroken(file.program)) {
            return mine() ? [file] : [];
        }
        const scenarios = file.scenarios.filter(mine);
        return scenarios.length > 0 ? [{ ...file, scenarios }] : [];
    });
}

function nothingToRun(programs: readonly Program[], name: string | undefined): string {
    const names = programs.flatMap((p) => p.scenarios.map((s) => `"${s.name.value}"`));
    if (name === undefined || names.length === 0) {
        return `${programs.length === 1 ? 'This file has' : 'These files have'} no scenario. Write scenario "name" { … }.`;
    }
    return `There is no scenario "${name}". Scenarios: ${names.join(', ')}.`;
}

/** Reports an unknown kernel once before anything runs, instead of as a failure of every scenario. */
function checkKernel(program: Program, scenario: ScenarioDecl | undefined, kernel: string): void {
    if (!scenario) {
        return;
    }
    try {
        Run.start(program, { scenario: scenario.name.value, kernel });
    } catch (e) {
        throw e instanceof UsageError ? new BadArguments(capital(e.message)) : e;
    }
}
