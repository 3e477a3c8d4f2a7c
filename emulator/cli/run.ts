/** `lus run`: runs the scenarios of files and reports. */
import { errorsOf } from '../run/load-program';
import { Run } from '../run/run';
import { UsageError } from '../run/usage-error';
import type { Program } from '../language/program';
import type { ScenarioDecl } from '../language/syntax/ast';
import { Files } from './files';
import { parse, type Command } from './options';
import { complain } from './print';
import { exitCode, type Reporter, type Summary } from './report/reporter';
import type { FileResult, ScenarioResult } from './results';
import { HandoverFiles, VMCORE } from './save-handover';
import { compared } from './suite/baseline';
import { readConfig } from './suite/config';
import { Coverage } from './suite/coverage';
import { filesNamed } from './suite/find-files';
import { InOrder, type Item, type ItemOptions, type ItemResult, itemsOf, runItem } from './suite/items';
import { readReport } from './suite/json-report';
import { allOf, fileReport, FORMATS, saveText, standardOutput } from './suite/outputs';
import { isBroken, type PlannedFile, planOf } from './suite/plan';
import { RUN_OPTIONS, type RunSettings, settingsOf } from './suite/settings';
import { runOnThreads } from './suite/threads';
import { watchFiles } from './suite/watch';
import { TraceFile } from './trace-file';
import { findingOf } from './where';

export const command: Command = async (args) => {
    const settings = settingsOf(parse(args, RUN_OPTIONS), readConfig(), FORMATS);
    return settings.watch
        ? watchFiles(settings.names, (files) => runOnce(files, settings))
        : runOnce(new Files(), settings);
};

/** @returns the exit code */
async function runOnce(files: Files, settings: RunSettings): Promise<number> {
    const before = settings.baseline === undefined ? undefined : readReport(settings.baseline);
    const plan = planOf(files, await filesNamed(settings.names), settings);
    const count = plan.reduce((n, p) => n + p.scenarios.length, 0);
    const trace =
        settings.trace === undefined ? undefined : new TraceFile(settings.trace, count > 1, settings.traceMemory);
    const saved = settings.saveHandover === undefined ? undefined : new HandoverFiles(settings.saveHandover);
    const dumps = settings.saveVmcore === undefined ? undefined : new HandoverFiles(settings.saveVmcore, VMCORE);
    const coverage = settings.coverage === undefined ? undefined : new Coverage();
    const { kernel, choices, log, strict, timeoutMs, virtualTimeoutNs, wholeMemory } = settings;
    const options: ItemOptions = {
        kernel,
        choices,
        log,
        strict,
        timeoutMs,
        virtualTimeoutNs,
        coverage,
        trace,
        saveVmcore: dumps,
        saveHandover: saved && { files: saved, whole: wholeMemory },
    };
    const reporter = allOf([
        standardOutput(settings.format, files),
        ...settings.reports.map((wish) => fileReport(wish, files)),
    ]);
    reporter.start(plan.reduce((n, p) => n + (isBroken(p.program) ? 1 : p.scenarios.length), 0));
    const results = await resultsOf(files, plan, settings, options, reporter);
    const done = results.reduce((n, r) => n + r.scenarios.length, 0);
    const comparison =
        before && settings.baseline !== undefined
            ? compared(settings.baseline, before.files, results, settings.tolerance)
            : null;
    const summary: Summary = { files: results, skipped: count - done, comparison };
    reporter.end(summary);
    if (coverage && settings.coverage !== undefined) {
        saveText(settings.coverage, coverage.lcov(files));
    }
    if (trace) {
        trace.write();
        complain(`${trace.summary()}\n`);
    }
    for (const files of [saved, dumps]) {
        if (files) {
            complain(`${files.summary()}\n`);
        }
    }
    return exitCode(summary);
}

/**
 * Runs the plan and reports each file and scenario in the plan's order. With `--bail`, nothing is reported after the
 * first failure.
 */
async function resultsOf(
    files: Files,
    plan: readonly PlannedFile[],
    { seeds, jobs, bail }: RunSettings,
    options: ItemOptions,
    reporter: Reporter,
): Promise<FileResult[]> {
    const results: FileResult[] = [];
    let bailed = false;
    /** Reports the files before this one that have no results yet: those with errors. */
    const startFile = (index: number): ScenarioResult[] | undefined => {
        while (results.length < index && !bailed) {
            const planned = plan[results.length];
            if (!planned) {
                return undefined;
            }
            const { program } = planned;
            const file = files.display(program.main);
            const errors = errorsOf(program).map((d) => findingOf(files, d));
            const scenarios: ScenarioResult[] = [];
            const result: FileResult = { file, errors, scenarios };
            results.push(result);
            if (errors.length > 0) {
                reporter.broken(result);
                bailed = bail;
            }
            if (results.length === index) {
                return scenarios;
            }
        }
        return undefined;
    };
    let current: { index: number; scenarios: ScenarioResult[] } | undefined;
    const receive = (item: Item, { result, seconds }: ItemResult): void => {
        if (current?.index !== item.file) {
            const scenarios = startFile(item.file + 1);
            if (!scenarios) {
                return;
            }
            current = { index: item.file, scenarios };
        }
        if (bailed) {
            return;
        }
        current.scenarios.push(result);
        reporter.scenario(results[item.file]?.file ?? '', result, seconds);
        bailed = bail && !result.passed;
    };
    await runItems(files, plan, itemsOf(plan, seeds, jobs), { jobs, bail }, options, receive);
    startFile(plan.length);
    return results;
}

/** Makes the code of a file known to the coverage, so that it has what no thread reaches, too. */
function knowCode(coverage: Coverage, program: Program, first: ScenarioDecl, kernel: string | undefined): void {
    try {
        coverage.watch(program, Run.start(program, { scenario: first.name.value, kernel }).host);
    } catch (e) {
        // the scenario reports it
        if (!(e instanceof UsageError)) {
            throw e;
        }
    }
}

/** Runs the items, here or on threads, and hands on the results of scenarios in order. */
async function runItems(
    files: Files,
    plan: readonly PlannedFile[],
    items: readonly Item[],
    { jobs, bail }: Pick<RunSettings, 'jobs' | 'bail'>,
    options: ItemOptions,
    receive: (item: Item, result: ItemResult) => void,
): Promise<void> {
    const inOrder = new InOrder(items, receive);
    // the first item that failed: with --bail, later ones need not run
    let failed = Infinity;
    const wanted = (index: number): boolean => !bail || index < failed;
    const ended = (index: number, result: ItemResult): void => {
        if (!result.result.passed) {
            failed = Math.min(failed, index);
        }
        inOrder.add(index, result);
    };
    // a trace and saved handovers are written by one thread, in the order of the scenarios
    if (jobs > 1 && items.length > 1 && !options.trace && !options.saveHandover) {
        const { coverage, ...plain } = options;
        const setup = { options: plain, covers: coverage !== undefined, texts: files.unreadable };
        for (const { program, scenarios } of plan) {
            const [first] = scenarios;
            if (coverage && first) {
                knowCode(coverage, program, first, plain.kernel);
            }
        }
        await runOnThreads(__filename, jobs, items, setup, wanted, (index, result, reached) => {
            coverage?.add(reached ?? new Map());
            ended(index, result);
        });
        return;
    }
    for (const [index, item] of items.entries()) {
        const program = plan[item.file]?.program;
        if (program && wanted(index)) {
            ended(index, runItem(files, program, item, options));
        }
    }
}
