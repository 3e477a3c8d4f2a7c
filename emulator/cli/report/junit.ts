/** JUnit XML for CI systems: one test suite per file, one test case per scenario. */
import { updateLine } from '../../diagnosis/update-report';
import { diagnosisLine } from '../diagnoses';
import type { Failure, FileResult, ScenarioResult } from '../results';
import { logLine } from '../text';
import { spot } from '../where';
import { totals, type Reporter, type Write } from './reporter';

export function junitReporter(write: Write): Reporter {
    const seconds = new Map<ScenarioResult, number>();
    return {
        start() {},
        broken() {},
        scenario(_file, result, time) {
            seconds.set(result, time);
        },
        end({ files: results, skipped }) {
            const { passed, failed, broken } = totals(results);
            const whole = {
                tests: passed + failed + broken,
                failures: failed,
                errors: broken,
                ...(skipped > 0 ? { skipped } : {}),
                time: total(results, seconds),
            };
            write('<?xml version="1.0" encoding="UTF-8"?>\n');
            write(
                element(
                    'testsuites',
                    { name: 'lus', ...whole },
                    results.map((r) => suite(r, seconds)),
                ),
            );
        },
    };
}

function total(results: readonly FileResult[], seconds: ReadonlyMap<ScenarioResult, number>): string {
    return results
        .flatMap((r) => r.scenarios)
        .reduce((sum, s) => sum + (seconds.get(s) ?? 0), 0)
        .toFixed(3);
}

function suite(file: FileResult, seconds: ReadonlyMap<ScenarioResult, number>): string {
    const { passed, failed, broken } = totals([file]);
    const cases =
        broken > 0
            ? [element('testcase', { name: 'the file has no errors', classname: file.file }, [brokenFile(file)])]
            : file.scenarios.map((s) => testCase(file.file, s, seconds.get(s) ?? 0));
    return element(
        'testsuite',
        {
            name: file.file,
            tests: passed + failed + broken,
            failures: failed,
            errors: broken,
            time: total([file], seconds),
        },
        cases,
    );
}

function brokenFile(file: FileResult): string {
    const lines = file.errors.map((e) => `${spot(e.where)}: ${e.code}: ${e.message}`);
    return element('error', { type: 'check', message: lines[0] ?? '' }, lines.join('\n'));
}

function testCase(file: string, s: ScenarioResult, time: number): string {
    const children = [
        ...properties(s),
        ...(s.failure
            ? [element('failure', { type: s.failure.kind, message: s.failure.message }, details(s.failure))]
            : []),
        ...(s.output.length > 0 ? [element('system-out', {}, s.output.map(logLine).join('\n'))] : []),
    ];
    return element(
        'testcase',
        { name: s.name, classname: file, file, line: s.where.line, time: time.toFixed(3) },
        children,
    );
}

/** Updates and diagnoses. */
function properties(s: ScenarioResult): string[] {
    const all = [
        ...(s.seed === null ? [] : [{ name: 'seed', value: String(s.seed) }]),
        ...s.updates.map((u) => ({ name: 'update', value: updateLine(u, s.updates) })),
        ...s.diagnoses.map((d) => ({ name: d.code, value: diagnosisLine(d) })),
    ];
    return all.length > 0
        ? [
              element(
                  'properties',
                  {},
                  all.map((p) => element('property', p, [])),
              ),
          ]
        : [];
}

function details(f: Failure): string {
    return [
        f.where ? `${spot(f.where)}: ${f.message}` : f.message,
        ...f.stack.map((s) => (s.where ? `    at ${s.label} (${spot(s.where)})` : `    at ${s.label}`)),
        ...(f.cause ? [`first: ${f.cause.where ? `${spot(f.cause.where)}: ` : ''}${f.cause.message}`] : []),
        ...f.waiting.flatMap((w) => [
            `${w.process} ${w.message}`,
            ...w.stack.map((s) => (s.where ? `    at ${s.label} (${spot(s.where)})` : `    at ${s.label}`)),
        ]),
        ...(f.kernelLog.length > 0 ? ['kernel log:', ...f.kernelLog.map((l) => `    ${logLine(l)}`)] : []),
    ].join('\n');
}

/** @param content text, which is escaped, or elements */
function element(
    name: string,
    attributes: Readonly<Record<string, string | number>>,
    content: string | readonly string[],
): string {
    const head = Object.entries(attributes)
        .map(([key, value]) => ` ${key}="${escaped(String(value), true)}"`)
        .join('');
    if (content.length === 0) {
        return `<${name}${head}/>\n`;
    }
    return typeof content === 'string'
        ? `<${name}${head}>${escaped(content, false)}</${name}>\n`
        : `<${name}${head}>\n${content.join('')}</${name}>\n`;
}

const ENTITIES: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    '\n': '&#10;',
    '\t': '&#9;',
    '\r': '&#13;',
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be replaced
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Replaces characters that are invalid in XML 1.0 by U+FFFD. */
function escaped(text: string, attribute: boolean): string {
    return text
        .replace(CONTROL, '\ufffd')
        .replace(LONE_SURROGATE, '\ufffd')
        .replace(attribute ? /[&<>"\n\t\r]/g : /[&<>\r]/g, (c) => ENTITIES[c] ?? c);
}
