/** Reads reports in JSON that `lus run` has written: baselines, and parts that are merged. */
import { MOST_TEXT, readNamed } from '../../disk/read';
import { textOf } from '../../disk/source-files';
import { unreadable } from '../files';
import { BadArguments } from '../options';
import { noteInput } from '../output-file';
import type { FileResult } from '../results';

/** The version of the format of emulator/cli/report/json.ts. */
const VERSION = 1;

export interface JsonReport {
    readonly version: typeof VERSION;
    readonly skipped: number;
    readonly files: readonly FileResult[];
}

/** @throws BadArguments if the file cannot be read, or is not such a report */
export function readReport(name: string): JsonReport {
    let text: string;
    try {
        text = textOf(readNamed(name, MOST_TEXT));
        noteInput(name);
    } catch (e) {
        throw new BadArguments(unreadable(name, e));
    }
    let document: unknown;
    try {
        document = JSON.parse(text);
    } catch {
        throw new BadArguments(`${name} is not JSON. Write it with lus run --report json=FILE.`);
    }
    if (!isReport(document)) {
        throw new BadArguments(`${name} is not a report of lus run. Write it with lus run --report json=FILE.`);
    }
    return document;
}

/** Whether it has the form that this version writes, as far as the readers need it. */
function isReport(x: unknown): x is JsonReport {
    return (
        isObject(x) &&
        x['version'] === VERSION &&
        typeof x['skipped'] === 'number' &&
        Array.isArray(x['files']) &&
        x['files'].every(
            (f: unknown) =>
                isObject(f) &&
                typeof f['file'] === 'string' &&
                Array.isArray(f['errors']) &&
                Array.isArray(f['scenarios']) &&
                f['scenarios'].every(isScenario),
        )
    );
}

function isScenario(s: unknown): boolean {
    return (
        isObject(s) &&
        typeof s['name'] === 'string' &&
        typeof s['passed'] === 'boolean' &&
        isObject(s['where']) &&
        Array.isArray(s['output']) &&
        Array.isArray(s['diagnoses']) &&
        Array.isArray(s['updates']) &&
        s['updates'].every((u: unknown) => isObject(u) && Array.isArray(u['madeOf']) && Array.isArray(u['guests']))
    );
}

function isObject(x: unknown): x is Readonly<Record<string, unknown>> {
    return typeof x === 'object' && x !== null && !Array.isArray(x);
}

/** Joins the reports of shards: files by name, their scenarios by the line of their declaration. */
export function merged(reports: readonly JsonReport[]): FileResult[] {
    const files = new Map<string, FileResult>();
    for (const { file, errors, scenarios } of reports.flatMap((r) => r.files)) {
        const known = files.get(file);
        files.set(file, {
            file,
            errors: known?.errors.length ? known.errors : errors,
            scenarios: [...(known?.scenarios ?? []), ...scenarios].sort((a, b) => a.where.line - b.where.line),
        });
    }
    return [...files.values()].sort((a, b) => (a.file < b.file ? -1 : 1));
}
