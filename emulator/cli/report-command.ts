/** `lus report merge`: joins the reports of several machines, and writes other kinds of report from them. */
import { mergeSearches } from './exploring/merge';
import { searchFileAt } from './exploring/state-file';
import { Files } from './files';
import { BadArguments, parse, type Command } from './options';
import { exitCode, type Summary } from './report/reporter';
import { compared } from './suite/baseline';
import { merged, readReport } from './suite/json-report';
import { allOf, fileReport, FORMATS, reportOf, standardOutput } from './suite/outputs';
import { percentOf } from './suite/settings';

export const command: Command = (args) => {
    const [verb, ...rest] = args;
    if (verb !== 'merge') {
        throw new BadArguments('Write lus report merge FILE...');
    }
    const parsed = parse(rest, {
        format: { type: 'string' },
        report: { type: 'string' },
        baseline: { type: 'string' },
        tolerance: { type: 'string' },
        state: { type: 'string' },
        output: { type: 'string', short: 'o' },
    });
    if (parsed.positionals.length === 0) {
        throw new BadArguments('Name at least one report.');
    }
    const parts = parsed.positionals.flatMap((name) => searchFileAt(name) ?? []);
    if (parts.length === parsed.positionals.length) {
        return mergeSearches(parts, {
            output: parsed.oneOf('format', ['pretty', 'json']),
            writes: parsed.text('output'),
            state: parsed.text('state'),
        });
    }
    const reports = parsed.positionals.map(readReport);
    const files = new Files();
    const reporter = allOf([
        standardOutput(parsed.oneOf('format', FORMATS), files),
        ...parsed.texts('report').map((text) => fileReport(reportOf(text), files)),
    ]);
    const results = merged(reports);
    reporter.start(results.reduce((n, f) => n + Math.max(f.scenarios.length, f.errors.length > 0 ? 1 : 0), 0));
    for (const file of results) {
        if (file.errors.length > 0) {
            reporter.broken(file);
        }
        for (const scenario of file.scenarios) {
            reporter.scenario(file.file, scenario, 0);
        }
    }
    const name = parsed.text('baseline');
    const summary: Summary = {
        files: results,
        skipped: reports.reduce((n, r) => n + r.skipped, 0),
        comparison:
            name === undefined
                ? null
                : compared(name, readReport(name).files, results, percentOf(parsed.text('tolerance')) ?? 0),
    };
    reporter.end(summary);
    return exitCode(summary);
};
