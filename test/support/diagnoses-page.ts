/** The pages of the documentation about diagnoses: an index, and a page for each group. */
import { readFileSync } from 'node:fs';
import { DIAGNOSES } from './documentation';
import { inRepository } from './repository';

/** The sections of the pages by code, in the order of the codes, with the examples. */
export function sections(): Map<string, { readonly title: string; readonly severity: string; readonly text: string }> {
    const pages = DIAGNOSES.map((p) => readFileSync(inRepository(p), 'utf8')).join('\n');
    const severities = new Map(
        [...pages.matchAll(/^\| \[(LU\d{4})\]\([^)]*\) \| (\w+) \|/gm)].map((m) => [m[1], m[2]]),
    );
    const found = [...pages.matchAll(/^## (LU\d{4}): ([^\n]*)\n(?:(?!^## ).)*?```lus run\n(.*?)^```$/gms)];
    return new Map(
        found
            .map((m) => ({ code: m[1] ?? '', title: m[2] ?? '', text: m[3] ?? '' }))
            .sort((a, b) => (a.code < b.code ? -1 : 1))
            .map(({ code, title, text }) => [code, { title, severity: severities.get(code) ?? '', text }]),
    );
}
