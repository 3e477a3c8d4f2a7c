/** `lus check`: checks files without running them. */
import { loadProgram } from '../run/load-program';
import { UsageError } from '../run/usage-error';
import { excerpt } from './excerpt';
import { Files } from './files';
import { jsonDocument } from './json';
import { BadArguments, parse, type Command } from './options';
import type { FindingReport } from './results';
import { styleFor, type Style } from './style';
import { findingOf, spot } from './where';
import { counted } from '../text/text';
import { print } from './print';

export const command: Command = (args) => {
    const parsed = parse(args, { format: { type: 'string' } });
    const format = parsed.oneOf('format', ['pretty', 'json']);
    if (parsed.positionals.length === 0) {
        throw new BadArguments('Name at least one file.');
    }
    const files = new Files();
    const found = findings(files, openAll(files, parsed.positionals));
    const errors = found.filter((f) => f.severity === 'error').length;
    print(
        format === 'json'
            ? json(parsed.positionals, found, errors)
            : pretty(files, found, errors, parsed.positionals.length, styleFor(process.stdout, process.env)),
    );
    return errors > 0 ? 1 : 0;
};

/** @throws BadArguments if one of them cannot be read */
export function openAll(files: Files, names: readonly string[]): string[] {
    try {
        return [...new Set(names.map((name) => files.open(name)))];
    } catch (e) {
        throw e instanceof UsageError ? new BadArguments(e.message) : e;
    }
}

/** The findings of all files and their imports, each once. */
export function findings(files: Files, uris: readonly string[]): FindingReport[] {
    const found = new Map<string, FindingReport>();
    for (const uri of uris) {
        for (const d of loadProgram(files, uri).diagnostics) {
            found.set(`${d.uri} ${d.span.start} ${d.span.end} ${d.code} ${d.message}`, findingOf(files, d));
        }
    }
    return [...found.values()];
}

function json(names: readonly string[], found: readonly FindingReport[], errors: number): string {
    return jsonDocument(1, { files: names, errors, warnings: found.length - errors, findings: found });
}

/** One finding with its line of source. */
export function prettyFinding(files: Files, f: FindingReport, style: Style): string {
    const severity = f.severity === 'error' ? style.bad('error') : style.warn('warning');
    const head = `${style.strong(spot(f.where))}: ${severity} ${f.code}: ${f.message}`;
    const hint = f.fix === null ? [] : [`  fix: ${f.fix}`];
    return [head, ...excerpt(files.linesShownAs(f.where.file), f.where, style).map((l) => `  ${l}`), ...hint]
        .map((l) => `${l}\n`)
        .join('');
}

function pretty(files: Files, found: readonly FindingReport[], errors: number, count: number, style: Style): string {
    const text = found.map((f) => `${prettyFinding(files, f, style)}\n`).join('');
    return `${text}${counted(count, 'file')}: ${counted(errors, 'error')}, ${counted(found.length - errors, 'warning')}\n`;
}
