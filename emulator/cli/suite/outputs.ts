/** The reports of a run: one on standard output, and any number of files. */
import { mkdirSync, statSync } from 'node:fs';
import * as path from 'node:path';
import { listed } from '../../text/text';
import type { Files } from '../files';
import { BadArguments } from '../options';
import { writeAll, writeOutput } from '../output-file';
import { print, shown } from '../print';
import { githubReporter } from '../report/github';
import { htmlReporter } from '../report/html';
import { jsonReporter } from '../report/json';
import { junitReporter } from '../report/junit';
import { prettyReporter } from '../report/pretty';
import type { Reporter, Write } from '../report/reporter';
import { sarifReporter } from '../report/sarif';
import { tapReporter } from '../report/tap';
import { PLAIN, styleFor } from '../style';

/** The formats of standard output. */
export const FORMATS = ['pretty', 'tap', 'junit', 'json'] as const;

/** The kinds of `--report`. */
const KINDS = [...FORMATS, 'html', 'sarif', 'github'] as const;
type Kind = (typeof KINDS)[number];

export interface ReportWish {
    readonly kind: Kind;
    /** undefined: standard output. */
    readonly file: string | undefined;
}

/** `junit=out.xml`, `html=report/`, `github`. @throws BadArguments */
export function reportOf(text: string): ReportWish {
    const at = text.indexOf('=');
    const name = at < 0 ? text : text.slice(0, at);
    const file = at < 0 ? undefined : text.slice(at + 1);
    const kind = KINDS.find((k) => k === name);
    if (!kind) {
        throw new BadArguments(`--report must be ${listed(KINDS, 'or')}, not "${name}".`);
    }
    if (file === '' || (file === undefined && kind !== 'github')) {
        throw new BadArguments(`--report ${kind} needs a file: --report ${kind}=FILE.`);
    }
    return { kind, file };
}

export function standardOutput(format: (typeof FORMATS)[number], files: Files): Reporter {
    return format === 'pretty'
        ? prettyReporter(print, files, styleFor(process.stdout, process.env))
        : reporterOf(format, print, files);
}

/** A report that is written to its file at the end. @throws BadArguments then, if it cannot be written */
export function fileReport({ kind, file }: ReportWish, files: Files): Reporter {
    if (file === undefined) {
        return reporterOf(kind, print, files);
    }
    let text = '';
    const reporter = reporterOf(
        kind,
        (more) => {
            text += more;
        },
        files,
    );
    return {
        ...reporter,
        end(summary) {
            reporter.end(summary);
            saveText(kind === 'html' ? pageIn(file) : file, shown(text));
        },
    };
}

/** Reports that get the same. */
export function allOf(reporters: readonly Reporter[]): Reporter {
    const each = (report: (r: Reporter) => void): void => {
        for (const r of reporters) {
            report(r);
        }
    };
    return {
        start: (count) => each((r) => r.start(count)),
        broken: (file) => each((r) => r.broken(file)),
        scenario: (file, result, seconds) => each((r) => r.scenario(file, result, seconds)),
        end: (summary) => each((r) => r.end(summary)),
    };
}

function reporterOf(kind: Kind, write: Write, files: Files): Reporter {
    switch (kind) {
        case 'pretty':
            return prettyReporter(write, files, PLAIN);
        case 'tap':
            return tapReporter(write);
        case 'junit':
            return junitReporter(write);
        case 'json':
            return jsonReporter(write);
        case 'html':
            return htmlReporter(write, files);
        case 'sarif':
            return sarifReporter(write);
        case 'github':
            return githubReporter(write);
    }
}

/** A folder gets the page as index.html. */
function pageIn(name: string): string {
    const folder = /[/\\]$/.test(name) || statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;
    return folder ? path.join(name, 'index.html') : name;
}

/** Writes a file, and creates its folder. @throws BadArguments if it cannot be written */
export function saveText(name: string, text: string): void {
    try {
        mkdirSync(path.dirname(name), { recursive: true });
    } catch (e) {
        throw new BadArguments(
            `The folder of ${name} cannot be created: ${e instanceof Error ? e.message : String(e)}.`,
        );
    }
    writeOutput(name, (fd) => writeAll(fd, text));
}
