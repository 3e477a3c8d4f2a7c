/** The report of a run as one web page without scripts: outcomes, failures with source and history, blackouts. */
import { version } from '../../../package.json';
import { counted } from '../../text/text';
import type { Files } from '../files';
import type {
    Cause,
    Comparison,
    DiagnosisReport,
    Failure,
    FileResult,
    ScenarioResult,
    StackLine,
    Where,
} from '../results';
import { excerpt } from '../excerpt';
import { PLAIN } from '../style';
import { logLine } from '../text';
import { spot } from '../where';
import { changeText } from './comparison';
import { attribute, html, Markup } from './markup';
import { totals, type Reporter, type Summary, type Write } from './reporter';
import { seedOf } from './seed';
import { blackoutBar, HATCHING } from './blackout-bar';
import css from './report.css';

/** The number of source lines shown above a place. */
const CONTEXT = 3;

export function htmlReporter(write: Write, files: Files): Reporter {
    return {
        start() {},
        broken() {},
        scenario() {},
        end(summary) {
            write(page(summary, files));
        },
    };
}

function page(summary: Summary, files: Files): string {
    const { passed, failed, broken } = totals(summary.files);
    const title = failed + broken > 0 ? `${failed + broken} of ${passed + failed + broken} failed` : `${passed} passed`;
    const body = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>lus: ${title}</title>
<style>${new Markup(css)}</style>
</head>
<body>
${HATCHING}
<header>
<h1>${title}</h1>
<p>${counted(passed, 'scenario')} passed, ${failed} failed${broken > 0 ? `, ${counted(broken, 'file')} with errors` : ''}${summary.skipped > 0 ? `, ${summary.skipped} not run` : ''} · lus ${version}</p>
</header>
<main>
${summary.comparison ? comparison(summary.comparison) : ''}
${summary.files.map((f) => fileSection(f, files))}
</main>
</body>
</html>
`;
    return body.text;
}

function comparison(c: Comparison): Markup {
    const long = c.changes.filter((x) => x.tooLong).length;
    return html`<section>
<h2>Blackout compared with ${c.baseline}</h2>
<p>${counted(c.compared, 'update')} compared: ${c.changes.length} changed, ${long} longer than the tolerance of ${c.tolerance} % allows.</p>
${c.changes.length > 0 ? html`<ul>${c.changes.map((x) => html`<li class="${x.tooLong ? 'bad' : ''}">${changeText(x)}</li>`)}</ul>` : ''}
</section>`;
}

function fileSection(f: FileResult, files: Files): Markup {
    return html`<section>
<h2>${f.file}</h2>
${f.errors.map(
    (e) =>
        html`<details open class="result bad"><summary>✗ ${e.code}: ${e.message}</summary><p>${spot(e.where)}</p>${source(files, e.where)}</details>`,
)}
${f.scenarios.map((s) => scenarioSection(s, files))}
</section>
`;
}

function scenarioSection(s: ScenarioResult, files: Files): Markup {
    const unexpected = s.diagnoses.filter((d) => !d.expected);
    const kind = !s.passed ? 'bad' : unexpected.length > 0 ? 'warn' : 'good';
    return html`<details class="result ${kind}"${s.passed ? '' : attribute('open')}>
<summary>${s.passed ? '✓' : '✗'} ${s.name}${seedOf(s)}${unexpected.length > 0 ? ` · ${[...new Set(unexpected.map((d) => d.code))].join(', ')}` : ''}</summary>
<p class="dim">${spot(s.where)} · ${counted(s.boots, 'boot')} · ${(s.timeNs / 1e9).toFixed(6)} s of virtual time</p>
${s.failure && s.failure.kind !== 'diagnosis' ? failureSection(s.failure, files) : ''}
${s.diagnoses.map((d) => diagnosisSection(d, files))}
${s.updates.map((u) => blackoutBar(u))}
${s.output.length > 0 ? html`<h3>Output</h3><pre>${s.output.map(logLine).join('\n')}</pre>` : ''}
</details>
`;
}

function failureSection(f: Failure, files: Files): Markup {
    return html`<div class="failure">
<p class="message">${f.message}</p>
${f.where ? html`<p>${spot(f.where)}</p>${source(files, f.where)}` : ''}
${stack('Call stack', f.stack)}
${f.cause ? origin(f.cause, files) : ''}
${f.waiting.map((w) => stack(`${w.process} ${w.message}`, w.stack))}
${f.kernelLog.length > 0 ? html`<h3>Kernel log</h3><pre>${f.kernelLog.map(logLine).join('\n')}</pre>` : ''}
</div>`;
}

function origin(c: Cause, files: Files): Markup {
    return html`<h3>Origin of the error</h3>
<p>${c.where ? `${spot(c.where)}: ` : ''}${c.message}</p>
${c.where ? source(files, c.where) : ''}
${stack('', c.stack)}`;
}

function diagnosisSection(d: DiagnosisReport, files: Files): Markup {
    if (d.expected) {
        return html`<p class="dim">${d.code}, as the scenario says: ${d.message}</p>`;
    }
    return html`<div class="failure">
<p class="message">${d.severity} ${d.code}: ${d.message}</p>
${d.where ? html`<p>${spot(d.where)}</p>${source(files, d.where)}` : ''}
${d.cause ? html`<p>Follows from ${d.cause.code}: ${d.cause.message}</p>` : ''}
${
    d.history.length > 0
        ? html`<h3>History</h3><ol>${d.history.map(
              (h) =>
                  html`<li>kernel ${h.boot + 1}: ${h.text}${h.where ? html` <span class="dim">${spot(h.where)}</span>` : ''}</li>`,
          )}</ol>`
        : ''
}
<p><b>What to do</b> ${d.advice}</p>
</div>`;
}

function stack(title: string, lines: readonly StackLine[]): Markup | '' {
    return lines.length === 0
        ? ''
        : html`${title === '' ? '' : html`<h3>${title}</h3>`}<ol class="stack">${lines.map(
              (s) => html`<li>${s.label}${s.where ? html` <span class="dim">${spot(s.where)}</span>` : ''}</li>`,
          )}</ol>`;
}

function source(files: Files, where: Where): Markup | '' {
    const lines = files.linesShownAs(where.file);
    return lines.line(where.line) === '' ? '' : html`<pre>${excerpt(lines, where, PLAIN, CONTEXT).join('\n')}</pre>`;
}
