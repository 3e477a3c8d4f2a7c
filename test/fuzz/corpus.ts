/** The files that inputs are made of: shipped scenarios, the catalogue, kernel code, recordings of real kernels. */
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { SHIPPED_SOURCES } from '../../emulator/std/texts';
import { EVERYTHING, NIC, TOUR } from '../support/language-samples';
import { inRepository } from '../support/repository';

function textsIn(ending: string, ...folder: readonly string[]): [string, string][] {
    const full = inRepository(...folder);
    return readdirSync(full)
        .filter((f) => f.endsWith(ending))
        .sort()
        .map((f) => [f, readFileSync(path.join(full, f), 'utf8')]);
}

/** Source texts by name. */
export const SOURCES: ReadonlyMap<string, string> = new Map([
    ['sample-tour.lus', TOUR],
    ['sample-nic.lus', NIC],
    ['sample-everything.lus', EVERYTHING],
    ...textsIn('.lus', 'extension', 'examples'),
    ...textsIn('.lus', 'extension', 'learn'),
    ...textsIn('.lus', 'extension', 'templates'),
    ...textsIn('.lus', 'test', 'catalogue'),
    ...[...SHIPPED_SOURCES].map(([uri, text]): [string, string] => [uri.replace(/^.*\//, 'kernel-'), text]),
]);

export const SOURCE_NAMES: readonly string[] = [...SOURCES.keys()];

/** The words of all sources. */
export const WORDS: readonly string[] = [
    ...new Set([...SOURCES.values()].flatMap((text) => text.match(/\w+|"[^"\n]*"|[^\w\s]+/g) ?? [])),
].sort();

/** Recordings that replay quickly, by name. */
export function recordings(): ReadonlyMap<string, string> {
    const all = textsIn('.jsonl', 'test', 'conformance', 'recordings');
    return new Map(all.filter(([, text]) => text.split('\n').length <= 80));
}
