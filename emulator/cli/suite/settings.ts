/** The settings of `lus run`: its options, and those of the configuration file that no option overrides. */
import { choiceFrom, type Deviation } from '../../language/choice';
import { openAll } from '../check';
import { Files } from '../files';
import { BadArguments, type Parsed } from '../options';
import { nanoseconds } from '../durations';
import { type Config, MOST_JOBS } from './config';
import { type FORMATS, reportOf, type ReportWish } from './outputs';
import { type Shard, shardOf } from './plan';
import { type Seeds, seedsOf } from './seeds';

export interface RunSettings {
    readonly names: readonly string[];
    /** The scenarios to run; empty: all. */
    readonly scenarios: readonly string[];
    readonly kernel: string | undefined;
    readonly seeds: Seeds;
    /** The choices of every run. */
    readonly choices: readonly Deviation[] | undefined;
    readonly shard: Shard | undefined;
    readonly jobs: number;
    readonly bail: boolean;
    readonly strict: boolean;
    readonly log: boolean;
    readonly watch: boolean;
    readonly timeoutMs: number | undefined;
    readonly virtualTimeoutNs: number | undefined;
    readonly format: (typeof FORMATS)[number];
    readonly reports: readonly ReportWish[];
    readonly baseline: string | undefined;
    /** Per cent. */
    readonly tolerance: number;
    /** The file for the coverage. */
    readonly coverage: string | undefined;
    readonly trace: string | undefined;
    readonly traceMemory: boolean;
    readonly saveHandover: string | undefined;
    readonly saveVmcore: string | undefined;
    readonly wholeMemory: boolean;
}

export const RUN_OPTIONS = {
    scenario: { type: 'string' },
    kernel: { type: 'string' },
    seed: { type: 'string' },
    seeds: { type: 'string' },
    choices: { type: 'string' },
    shard: { type: 'string' },
    jobs: { type: 'string' },
    bail: { type: 'boolean' },
    timeout: { type: 'string' },
    'virtual-timeout': { type: 'string' },
    format: { type: 'string' },
    report: { type: 'string' },
    baseline: { type: 'string' },
    tolerance: { type: 'string' },
    coverage: { type: 'string' },
    watch: { type: 'boolean' },
    log: { type: 'boolean' },
    strict: { type: 'boolean' },
    trace: { type: 'string' },
    'trace-memory': { type: 'boolean' },
    // the old name of --trace
    timeline: { type: 'string' },
    'save-handover': { type: 'string' },
    'save-vmcore': { type: 'string' },
    'whole-memory': { type: 'boolean' },
} as const;

/** @throws BadArguments if an option or a setting has no valid value, or two contradict each other */
export function settingsOf(parsed: Parsed, config: Config, formats: typeof FORMATS): RunSettings {
    const names = parsed.positionals.length > 0 ? parsed.positionals : (config.files ?? []);
    if (names.length === 0) {
        throw new BadArguments('Name at least one file.');
    }
    const seed = parsed.integer('seed', 0, Number.MAX_SAFE_INTEGER);
    const range = parsed.text('seeds') ?? (seed === undefined ? config.seeds : undefined);
    if (seed !== undefined && parsed.text('seeds') !== undefined) {
        throw new BadArguments('--seed and --seeds exclude each other.');
    }
    const shard = parsed.text('shard');
    const timeout = parsed.text('timeout') ?? config.timeout;
    const virtual = parsed.text('virtual-timeout') ?? config.virtualTimeout;
    const reports = parsed.texts('report');
    const choices = parsed.text('choices');
    const settings: RunSettings = {
        names,
        scenarios: parsed.texts('scenario'),
        kernel: parsed.text('kernel') ?? config.kernel,
        seeds: range === undefined ? { first: seed ?? 0, last: seed ?? 0 } : seedsOf(range),
        choices: choices === undefined ? undefined : choicesIn(choices),
        shard: shard === undefined ? undefined : shardOf(shard),
        jobs: parsed.integer('jobs', 1, MOST_JOBS) ?? config.jobs ?? 1,
        bail: parsed.flag('bail') || config.bail === true,
        strict: parsed.flag('strict') || config.strict === true,
        log: parsed.flag('log'),
        watch: parsed.flag('watch'),
        timeoutMs: timeout === undefined ? undefined : nanoseconds(timeout) / 1e6,
        virtualTimeoutNs: virtual === undefined ? undefined : nanoseconds(virtual),
        format: parsed.oneOf('format', formats),
        reports: (reports.length > 0 ? reports : (config.reports ?? [])).map(reportOf),
        baseline: parsed.text('baseline') ?? config.baseline,
        tolerance: percentOf(parsed.text('tolerance')) ?? config.tolerance ?? 0,
        coverage: parsed.text('coverage') ?? config.coverage,
        trace: parsed.text('trace') ?? parsed.text('timeline'),
        traceMemory: parsed.flag('trace-memory'),
        saveHandover: parsed.text('save-handover'),
        saveVmcore: parsed.text('save-vmcore'),
        wholeMemory: parsed.flag('whole-memory'),
    };
    if (settings.traceMemory && settings.trace === undefined) {
        throw new BadArguments('--trace-memory needs --trace FILE.');
    }
    if (settings.wholeMemory && settings.saveHandover === undefined) {
        throw new BadArguments('--whole-memory needs --save-handover FILE.');
    }
    return settings;
}

/** The choices of a file, one a line. @throws BadArguments if it cannot be read, or has another line */
function choicesIn(name: string): Deviation[] {
    const files = new Files();
    const lines = (files.read(openAll(files, [name])[0] ?? '') ?? '').split('\n').map((l) => l.trim());
    return lines
        .filter((l) => l !== '')
        .map((line) => {
            const choice = choiceFrom(line);
            if (!choice) {
                throw new BadArguments(`"${line}" in ${name} is not a choice. A choice looks like schedule #7: luod.`);
            }
            return choice;
        });
}

/** `5` or `5%`. @throws BadArguments */
export function percentOf(text: string | undefined): number | undefined {
    if (text === undefined) {
        return undefined;
    }
    const [, digits] = /^(\d+(?:\.\d+)?)%?$/.exec(text) ?? [];
    if (digits === undefined) {
        throw new BadArguments(`--tolerance must be a percentage such as 5 or 2.5, not "${text}".`);
    }
    return Number(digits);
}
