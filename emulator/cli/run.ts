/** `lus run`: runs the scenarios of files and reports. */
import type { ScenarioDecl } from '../language/syntax/ast';
import type { Program } from '../language/program';
import { errorsOf, loadProgram } from '../run/load-program';
import { Run } from '../run/run';
import { UsageError } from '../run/usage-error';
import { openAll } from './check';
import { execute, type ExecuteOptions } from './execute';
import { Files } from './files';
import { BadArguments, parse, type Command, type Parsed } from './options';
import { jsonReporter } from './report/json';
import { junitReporter } from './report/junit';
import { prettyReporter } from './report/pretty';
import type { Reporter } from './report/reporter';
import { tapReporter } from './report/tap';
import type { FileResult, ScenarioResult } from './results';
import { HandoverFiles } from './save-handover';
import { styleFor } from './style';
import { TraceFile } from './trace-file';
import { findingOf } from './where';
import { capital } from '../text/text';
import { complain, print } from './print';

const EXIT_FAILED = 1;
const EXIT_UNUSABLE = 2;

const FORMATS = ['pretty', 'tap', 'junit', 'json'] as const;

/** A file and its scenarios to run; none if it has errors. */
interface Planned {
    readonly program: Program;
    readonly scenarios: readonly ScenarioDecl[];
}

export const command: Command = (args) => {
    const parsed = parse(args, {
        scenario: { type: 'string' },
        kernel: { type: 'string' },
        seed: { type: 'string' },
        format: { type: 'string' },
        log: { type: 'boolean' },
        strict: { type: 'boolean' },
        trace: { type: 'string' },
        // the old name of --trace
        timeline: { type: 'string' },
        'save-handover': { type: 'string' },
        'whole-memory': { type: 'boolean' },
    });
    const format = parsed.oneOf('format', FORMATS);
    const options: ExecuteOptions = {
        kernel: parsed.text('kernel'),
        seed: parsed.integer('seed', 0, Number.MAX_SAFE_INTEGER) ?? 0,
        log: parsed.flag('log'),
        strict: parsed.flag('strict'),
        saveHandover: saveOption(parsed),
    };
    if (parsed.positionals.length === 0) {
        throw new BadArguments('Name at least one file.');
    }
    const files = new Files();
    const plan = planned(
        openAll(files, parsed.positionals).map((uri) => loadProgram(files, uri)),
        parsed.text('scenario'),
        options,
    );
    const name = parsed.text('trace') ?? parsed.text('timeline');
    const trace =
        name === undefined ? undefined : new TraceFile(name, plan.reduce((n, p) => n + p.scenarios.length, 0) > 1);
    const code = runAll(files, plan, { ...options, trace }, reporterOf(format, files));
    if (trace) {
        trace.write();
        complain(`${trace.summary()}\n`);
    }
    if (options.saveHandover) {
        complain(`${options.saveHandover.files.summary()}\n`);
    }
    return code;
};

/** @throws BadArguments if `--whole-memory` is given without a file */
function saveOption(parsed: Parsed): ExecuteOptions['saveHandover'] {
    const name = parsed.text('save-handover');
    const whole = parsed.flag('whole-memory');
    if (name === undefined && whole) {
        throw new BadArguments('--whole-memory needs --save-handover FILE.');
    }
    return name === undefined ? undefined : { files: new HandoverFiles(name), whole };
}

function reporterOf(format: (typeof FORMATS)[number], files: Files): Reporter {
    const write = print;
    switch (format) {
        case 'pretty':
            return prettyReporter(write, files, styleFor(process.stdout, process.env));
        case 'tap':
            return tapReporter(write);
        case 'junit':
            return junitReporter(write);
        case 'json':
            return jsonReporter(write);
    }
}

/**
 * @throws BadArguments if the arguments name an unknown scenario or kernel, or there is nothing to run
 */
export function planned(programs: readonly Program[], name: string | undefined, options: ExecuteOptions): Planned[] {
    const plan = programs.map(
        (program): Planned => ({
            program,
            scenarios:
                errorsOf(program).length > 0
                    ? []
                    : program.scenarios.filter((s) => name === undefined || s.name.value === name),
        }),
    );
    const broken = programs.some((p) => errorsOf(p).length > 0);
    const first = plan.find((p) => p.scenarios.length > 0);
    if (!first && !broken) {
        throw new BadArguments(nothingToRun(programs, name));
    }
    if (options.kernel !== undefined) {
        for (const { program, scenarios } of plan) {
            checkKernel(program, scenarios[0], options);
        }
    }
    return plan;
}

function nothingToRun(programs: readonly Program[], name: string | undefined): string {
    const names = programs.flatMap((p) => p.scenarios.map((s) => `"${s.name.value}"`));
    if (name === undefined || names.length === 0) {
        return `${programs.length === 1 ? 'This file has' : 'These files have'} no scenario. Write scenario "name" { … }.`;
    }
    return `There is no scenario "${name}". Scenarios: ${names.join(', ')}.`;
}

/** Reports an unknown kernel once before anything runs, instead of as a failure of every scenario. */
function checkKernel(program: Program, scenario: ScenarioDecl | undefined, options: ExecuteOptions): void {
    if (!scenario) {
        return;
    }
    try {
        Run.start(program, { scenario: scenario.name.value, kernel: options.kernel });
    } catch (e) {
        throw e instanceof UsageError ? new BadArguments(capital(e.message)) : e;
    }
}

/** @returns the exit code */
export function runAll(files: Files, plan: readonly Planned[], options: ExecuteOptions, reporter: Reporter): number {
    const results: FileResult[] = [];
    reporter.start(plan.reduce((n, p) => n + Math.max(p.scenarios.length, errorsOf(p.program).length > 0 ? 1 : 0), 0));
    for (const { program, scenarios } of plan) {
        const diagnostics = errorsOf(program);
        const file = files.display(program.main);
        if (diagnostics.length > 0) {
            const result: FileResult = { file, errors: diagnostics.map((d) => findingOf(files, d)), scenarios: [] };
            results.push(result);
            reporter.broken(result);
            continue;
        }
        const done: ScenarioResult[] = [];
        for (const scenario of scenarios) {
            const begin = performance.now();
            const result = execute(files, program, scenario, options);
            done.push(result);
            reporter.scenario(file, result, (performance.now() - begin) / 1000);
        }
        results.push({ file, errors: [], scenarios: done });
    }
    reporter.end(results);
    if (results.some((r) => r.errors.length > 0)) {
        return EXIT_UNUSABLE;
    }
    const failed = results.flatMap((r) => r.scenarios).filter((s) => !s.passed);
    return failed.some((s) => s.failure?.kind === 'setup') ? EXIT_UNUSABLE : failed.length > 0 ? EXIT_FAILED : 0;
}
