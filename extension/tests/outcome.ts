/** What runs of scenarios gave, from the JSON that the `lus` command prints (extension/docs/command-line.md). */
import * as z from 'zod/mini';
import { counted, listed } from '../../emulator/text/text';

const whereSchema = z.object({ file: z.string(), line: z.number(), column: z.number() });
const stackSchema = z.array(z.object({ label: z.string(), where: z.nullable(whereSchema) }));
const causeSchema = z.object({ message: z.string(), where: z.nullable(whereSchema), stack: stackSchema });
const lineSchema = z.object({ level: z.string(), text: z.string() });

const scenarioSchema = z.object({
    name: z.string(),
    passed: z.boolean(),
    seed: z.nullable(z.number()),
    /** With `--seeds`: those that failed. */
    seeds: z.nullish(z.object({ failed: z.array(z.number()) })),
    output: z.array(lineSchema),
    updates: z.array(z.object({ sessions: z.number(), files: z.number() })),
    diagnoses: z.array(
        z.object({ code: z.string(), severity: z.string(), message: z.string(), expected: z.boolean() }),
    ),
    failure: z.nullable(
        z.object({
            message: z.string(),
            where: z.nullable(whereSchema),
            stack: stackSchema,
            cause: z.nullable(causeSchema),
            kernelLog: z.array(lineSchema),
        }),
    ),
});

export const runSchema = z.object({
    files: z.array(
        z.object({
            errors: z.array(z.object({ code: z.string(), message: z.string(), where: whereSchema })),
            scenarios: z.array(scenarioSchema),
        }),
    ),
});

const compatSchema = z.object({
    matrices: z.array(
        z.object({
            scenario: z.string(),
            cells: z.array(
                z.object({
                    outcome: z.string(),
                    reason: z.string(),
                    message: z.nullable(z.string()),
                    where: z.nullable(whereSchema),
                    kernelLog: z.array(z.string()),
                }),
            ),
        }),
    ),
});

const exploredSchema = z.object({
    scenarios: z.array(
        z.object({
            scenario: z.string(),
            complete: z.boolean(),
            ends: z.number(),
            violations: z.array(
                z.object({ message: z.string(), where: z.nullable(whereSchema), choices: z.array(z.string()) }),
            ),
        }),
    ),
});

/** A place in a file; line and column count from 1. */
export type Where = z.infer<typeof whereSchema>;

export type ScenarioRun = z.infer<typeof scenarioSchema>;

/** What `lus run --format json` printed. */
export type Printed = z.infer<typeof runSchema>;

/** Why a scenario failed. */
export interface Failed {
    readonly text: string;
    /** Where the error came up; null if the run has no such place. */
    readonly where: Where | null;
    /** The innermost frame first. */
    readonly stack: readonly { readonly label: string; readonly where: Where | null }[];
}

/** The outcome of a scenario as a test. `unsuited`: this kernel lacks what the scenario needs before the kexec. */
export type Outcome =
    | { readonly kind: 'passed' | 'unsuited'; readonly output: readonly string[] }
    | { readonly kind: 'failed' | 'broken'; readonly output: readonly string[]; readonly failure: Failed };

export interface NamedOutcome {
    readonly name: string;
    readonly outcome: Outcome;
}

/** What `lus run --format json` printed, per scenario. A file with errors gives one outcome for all names. */
export function outcomesOfRun(printed: string, names: readonly string[]): NamedOutcome[] {
    return runSchema.parse(JSON.parse(printed)).files.flatMap(({ errors, scenarios }): NamedOutcome[] => {
        const [first] = errors;
        if (first) {
            const failure = { text: `${first.code}: ${first.message}`, where: first.where, stack: [] };
            const outcome: Outcome = { kind: 'broken', output: [], failure };
            return names.map((name) => ({ name, outcome }));
        }
        return scenarios.map((s) => ({ name: s.name, outcome: outcomeOf(s) }));
    });
}

function outcomeOf({ failure, output, diagnoses, seed, seeds }: ScenarioRun): Outcome {
    const lines = [
        ...output.map((l) => l.text),
        ...diagnoses.filter((d) => !d.expected).map((d) => `${d.code}: ${d.message}`),
    ];
    if (!failure) {
        return { kind: 'passed', output: lines };
    }
    const { cause, kernelLog } = failure;
    const text = [
        ...(seeds
            ? [`It fails with ${seeds.failed.length === 1 ? 'seed' : 'the seeds'} ${listed(seeds.failed.map(String))}.`]
            : []),
        `${seeds && seed !== null ? `Seed ${seed}: ` : ''}${failure.message}`,
        ...(cause ? [`Cause: ${cause.message}`] : []),
        ...(kernelLog.length > 0 ? ['', 'Kernel log:', ...kernelLog.map((l) => l.text)] : []),
    ].join('\n');
    const { where, stack } = cause ?? failure;
    return { kind: 'failed', output: lines, failure: { text, where: where ?? failure.where, stack } };
}

/** What `lus compat --kernels K --format json` printed for one kernel, per scenario. */
export function outcomesOfCompat(printed: string): NamedOutcome[] {
    return compatSchema.parse(JSON.parse(printed)).matrices.flatMap(({ scenario, cells }) =>
        cells.map(({ outcome, reason, message, where, kernelLog }): NamedOutcome => {
            const named = (o: Outcome): NamedOutcome => ({ name: scenario, outcome: o });
            if (outcome === 'works' || outcome === 'unsuited') {
                return named({ kind: outcome === 'works' ? 'passed' : 'unsuited', output: reason ? [reason] : [] });
            }
            const text = [message ?? reason, ...kernelLog].join('\n');
            return named({ kind: 'failed', output: [], failure: { text, where, stack: [] } });
        }),
    );
}

/** What `lus explore --format json` printed, per scenario: an outcome for each violation, or one if there is none. */
export function outcomesOfExplore(printed: string): NamedOutcome[] {
    return exploredSchema
        .parse(JSON.parse(printed))
        .scenarios.flatMap(({ scenario: name, complete, ends, violations }): NamedOutcome[] => {
            const tried = `${counted(ends, 'end')} tried${complete ? '' : '; the search is not complete'}`;
            if (violations.length === 0) {
                return [{ name, outcome: { kind: 'passed', output: [tried] } }];
            }
            return violations.map(({ message, where, choices }) => {
                const text = [message, ...choices.map((c) => `It happens with: ${c}`)].join('\n');
                return { name, outcome: { kind: 'failed', output: [tried], failure: { text, where, stack: [] } } };
            });
        });
}
