/** Diagnoses of a run, for the reports. */
import type { ScenarioDecl } from '../language/syntax/ast';
import { rootOf } from '../diagnosis/causes';
import type { Diagnosis } from '../findings/diagnosis';
import { lex } from '../language/syntax/lexer';
import type { Program } from '../language/program';
import { excerpt } from './excerpt';
import type { Files } from './files';
import type { DiagnosisReport, Failure, ScenarioResult } from './results';
import type { Style } from './style';
import { spot, whereOf } from './where';

export function reportsOf(
    files: Files,
    program: Program,
    scenario: ScenarioDecl,
    found: Iterable<Diagnosis>,
): DiagnosisReport[] {
    const asked = askedFor(program, scenario);
    return [...found].map(
        (d): DiagnosisReport => ({
            code: d.code,
            severity: d.severity,
            message: d.message,
            where: d.place ? whereOf(files, d.place.uri, d.place) : null,
            boot: d.boot,
            timeNs: d.time,
            history: d.history.map((h) => ({
                boot: h.boot,
                text: h.text,
                where: h.place ? whereOf(files, h.place.uri, h.place) : null,
            })),
            advice: d.advice,
            expected:
                asked.has(d.code) ||
                (scenario.finds?.some((f) => f.name === d.code || f.name === rootOf(d).code) ?? false),
            cause: d.cause && {
                code: d.cause.code,
                message: d.cause.message,
                where: d.cause.place ? whereOf(files, d.cause.place.uri, d.cause.place) : null,
            },
            data: d.data,
        }),
    );
}

/** The codes in `diagnosed("…")` of a scenario: those it expects. */
function askedFor(program: Program, scenario: ScenarioDecl): ReadonlySet<string> {
    const text = program.files.get(program.uriOf.get(scenario) ?? program.main)?.text ?? '';
    const { tokens } = lex(program.main, text.slice(scenario.start, scenario.end));
    return new Set(
        tokens.flatMap((t, i) =>
            t.kind === 'string' && tokens[i - 1]?.text === '(' && tokens[i - 2]?.text === 'diagnosed' ? [t.text] : [],
        ),
    );
}

/** `--strict`: the first unexpected diagnosis fails the scenario. Hints do not. */
export function strictFailure(diagnoses: readonly DiagnosisReport[]): Failure | null {
    const d = diagnoses.find((x) => !x.expected && x.severity !== 'hint');
    return d
        ? {
              kind: 'diagnosis',
              message: `${d.code}: ${d.message}`,
              where: d.where,
              stack: [],
              cause: null,
              waiting: [],
              kernelLog: [],
          }
        : null;
}

/** Lines for people. An expected diagnosis takes one line. */
export function prettyDiagnoses(files: Files, { diagnoses }: ScenarioResult, style: Style): string[] {
    return diagnoses.flatMap((d) => {
        const head = `${mark(d, style)}: ${d.message}`;
        if (d.expected) {
            return [style.dim(`${d.code}, as the scenario says: ${d.message}${following(d)}`)];
        }
        return [
            '',
            `${d.where ? `${style.strong(spot(d.where))}: ` : ''}${head}`,
            ...(d.where ? ['', ...excerpt(files.linesShownAs(d.where.file), d.where, style).map((l) => `  ${l}`)] : []),
            ...(d.cause ? ['', `${style.strong('Follows from')}  ${causeText(d.cause)}: ${d.cause.message}`] : []),
            ...(d.history.length > 0
                ? [
                      '',
                      style.strong('History'),
                      ...d.history.map(
                          (h) => `  kernel ${h.boot + 1}: ${h.text}${h.where ? `  ${style.dim(spot(h.where))}` : ''}`,
                      ),
                  ]
                : []),
            '',
            `${style.strong('What to do')}  ${d.advice}`,
        ];
    });
}

function mark(d: DiagnosisReport, style: Style): string {
    const text = `${d.severity} ${d.code}`;
    return d.severity === 'error' ? style.bad(text) : d.severity === 'warning' ? style.warn(text) : style.dim(text);
}

/** One line each, without colours. */
export function diagnosisLine(d: DiagnosisReport): string {
    return `${d.where ? `${spot(d.where)}: ` : ''}${d.severity} ${d.code}: ${d.message}${following(d)}`;
}

function following({ cause }: DiagnosisReport): string {
    return cause ? ` (follows from ${causeText(cause)})` : '';
}

function causeText({ code, where }: NonNullable<DiagnosisReport['cause']>): string {
    return where ? `${code} at ${spot(where)}` : code;
}
