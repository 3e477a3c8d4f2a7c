/** The report for people: each scenario as soon as it is over, failures with source, call stack and kernel log. */
import { updateLine } from '../../diagnosis/update-report';
import { prettyFinding } from '../check';
import { prettyDiagnoses } from '../diagnoses';
import { excerpt } from '../excerpt';
import type { Files } from '../files';
import type { Cause, Failure, FileResult, ScenarioResult, StackLine, Where } from '../results';
import type { Style } from '../style';
import { logLine } from '../text';
import { spot } from '../where';
import { comparisonLines } from './comparison';
import { totals, type Reporter, type Write } from './reporter';
import { seedOf } from './seed';
import { counted } from '../../text/text';
import { oneLine } from '../print';

/** The number of source lines shown above a failure. */
const CONTEXT = 2;

export function prettyReporter(write: Write, files: Files, style: Style): Reporter {
    let current: string | undefined;
    const line = (text = ''): void => write(`${text}\n`);
    return {
        start() {},
        broken(file: FileResult) {
            for (const error of file.errors) {
                line(prettyFinding(files, error, style));
            }
            line(`${style.bad('✗')} ${file.file} was not run: ${counted(file.errors.length, 'error')}`);
            current = undefined;
        },
        scenario(file: string, result: ScenarioResult) {
            if (current !== file) {
                line(style.strong(file));
                current = file;
            }
            for (const entry of result.output) {
                // all of its lines are behind the margin: it cannot look like a result
                const text = logLine(entry).replaceAll('\n', '\n    ');
                line(`    ${entry.level === 'log' ? text : style.dim(text)}`);
            }
            line(`  ${result.passed ? style.good('✓') : style.bad('✗')} ${oneLine(result.name)}${seedOf(result)}`);
            for (const update of result.updates) {
                line(`    ${style.dim(updateLine(update, result.updates))}`);
            }
            for (const text of prettyDiagnoses(files, result, style)) {
                line(text === '' ? '' : `    ${text}`);
            }
            if (result.diagnoses.some((d) => !d.expected)) {
                line();
            }
            // the diagnosis that fails a scenario with --strict is already printed
            if (result.failure && result.failure.kind !== 'diagnosis') {
                line();
                for (const text of failure(files, result.failure, style)) {
                    line(text === '' ? '' : `    ${text}`);
                }
                line();
            }
        },
        end({ files: results, skipped, comparison }) {
            const { passed, failed, broken } = totals(results);
            for (const text of comparison ? comparisonLines(comparison, style) : []) {
                line(text);
            }
            const errors = broken > 0 ? `, ${style.bad(`${counted(broken, 'file')} with errors`)}` : '';
            const rest = skipped > 0 ? `, ${skipped} not run` : '';
            line();
            line(
                `${passed > 0 ? style.good(`${passed} passed`) : '0 passed'}, ${failed > 0 ? style.bad(`${failed} failed`) : '0 failed'}${errors}${rest}`,
            );
        },
    };
}

function failure(files: Files, f: Failure, style: Style): string[] {
    return [
        `${f.where ? `${style.strong(spot(f.where))}: ` : ''}${style.bad(f.message)}`,
        ...source(files, f.where, style),
        ...section(
            'Call stack',
            f.stack.map((s) => stackLine(s, style)),
            style,
        ),
        ...(f.cause ? origin(files, f.cause, style) : []),
        ...f.waiting.flatMap((w) =>
            section(
                `${w.process} ${w.message}`,
                w.stack.map((s) => stackLine(s, style)),
                style,
            ),
        ),
        ...section('Kernel log', f.kernelLog.map(logLine), style),
    ];
}

/** The origin of the error in the kernel. */
function origin(files: Files, cause: Cause, style: Style): string[] {
    const where = cause.where ? `${spot(cause.where)}: ` : '';
    return [
        '',
        style.strong('Origin of the error'),
        `  ${where}${cause.message}`,
        ...source(files, cause.where, style),
        '',
        ...cause.stack.map((s) => `  ${stackLine(s, style)}`),
    ];
}

function source(files: Files, where: Where | null, style: Style): string[] {
    return where ? ['', ...excerpt(files.linesShownAs(where.file), where, style, CONTEXT).map((l) => `  ${l}`)] : [];
}

function section(title: string, lines: readonly string[], style: Style): string[] {
    return lines.length === 0 ? [] : ['', style.strong(title), ...lines.map((l) => `  ${l}`)];
}

function stackLine(s: StackLine, style: Style): string {
    return s.where ? `${s.label}  ${style.dim(spot(s.where))}` : s.label;
}
