/** The Test Anything Protocol, version 14. */
import { counted } from '../../text/text';
import { updateLine } from '../../diagnosis/update-report';
import { diagnosisLine } from '../diagnoses';
import type { Failure, FileResult, ScenarioResult } from '../results';
import { logLine } from '../text';
import { spot } from '../where';
import type { Reporter, Write } from './reporter';
import { seedOf } from './seed';

export function tapReporter(write: Write): Reporter {
    let n = 0;
    const line = (text: string): void => write(`${text}\n`);
    const point = (passed: boolean, description: string): void =>
        line(`${passed ? 'ok' : 'not ok'} ${++n} - ${escaped(description)}`);
    const yaml = (entries: readonly (readonly [string, unknown])[]): void => {
        line('  ---');
        for (const [key, value] of entries) {
            // JSON is valid YAML
            line(`  ${key}: ${JSON.stringify(value)}`);
        }
        line('  ...');
    };
    return {
        start(count) {
            line('TAP version 14');
            line(`1..${count}`);
        },
        broken(file: FileResult) {
            point(false, file.file);
            yaml([
                ['message', `${counted(file.errors.length, 'error')} in this file`],
                ['severity', 'fail'],
                ['errors', file.errors.map((e) => `${spot(e.where)}: ${e.code}: ${e.message}`)],
            ]);
        },
        scenario(file: string, result: ScenarioResult) {
            for (const entry of result.output) {
                for (const text of logLine(entry).split('\n')) {
                    line(`# ${text}`);
                }
            }
            for (const update of result.updates) {
                line(`# ${updateLine(update, result.updates)}`);
            }
            point(result.passed, `${file}: ${result.name}${seedOf(result)}`);
            const diagnoses: [string, unknown][] =
                result.diagnoses.length > 0 ? [['diagnoses', result.diagnoses.map(diagnosisLine)]] : [];
            if (result.failure) {
                yaml([...diagnosis(result.failure), ...diagnoses]);
            } else if (diagnoses.length > 0) {
                yaml(diagnoses);
            }
        },
        end({ skipped }) {
            if (skipped > 0) {
                line(`Bail out! ${counted(skipped, 'scenario')} not run`);
            }
        },
    };
}

function diagnosis(f: Failure): [string, unknown][] {
    return [
        ['message', f.message],
        ['severity', 'fail'],
        ['kind', f.kind],
        ...(f.where
            ? [['at', { file: f.where.file, line: f.where.line, column: f.where.column }] satisfies [string, unknown]]
            : []),
        ['stack', f.stack.map((s) => (s.where ? `${s.label} (${spot(s.where)})` : s.label))],
        ...(f.cause
            ? [
                  ['cause', f.cause.where ? `${f.cause.message} (${spot(f.cause.where)})` : f.cause.message] satisfies [
                      string,
                      unknown,
                  ],
              ]
            : []),
        ...(f.waiting.length > 0
            ? [['waiting', f.waiting.map((w) => `${w.process} ${w.message}`)] satisfies [string, unknown]]
            : []),
        ['kernel_log', f.kernelLog.map(logLine)],
    ];
}

/** A `#` would begin a directive such as `# SKIP`. */
function escaped(description: string): string {
    return description.replace(/[\\#]/g, '\\$&').replace(/\s*\n\s*/g, ' ');
}
